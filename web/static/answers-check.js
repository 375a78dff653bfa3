// A question at the end of a lesson is marked, and says of each wrong choice what is wrong with it.
element("check-yourself", (self, { right }) => {
  const name = self.getAttribute("name"), { box, fold, choices } = question(self), several = right.filter(Boolean).length > 1;
  const labels = answers.order(name, choices.length).map((k) => option(several ? "checkbox" : "radio", "choice", k, choices[k].html));
  const passes = (picked) => right.every((r, k) => r === picked.includes(k));
  const says = make("div", { role: "status" });
  const form = make("form", {}, group("choices", WORDS.answer, labels), make("p", { className: "acts" }, make("button", {}, WORDS.check)));
  form.oninput = () => { // what was said is of another choice
    says.replaceChildren();
    for (const label of labels) label.className = "";
  };
  whenAnswered(form, () => {
    const picked = new FormData(form).getAll("choice").map(Number).sort();
    if (!picked.length) says.textContent = WORDS.choose;
    else answers.change(({ checks }) => { checks[name] = { at: Date.now(), picked, passed: checks[name]?.passed || passes(picked) }; });
  });
  box.classList.add("asking");
  fold.before(make("div", { className: "answer" }, says, form));

  let drawn;
  answers.watch(() => {
    const picked = answers.state.checks[name]?.picked ?? [], passed = passes(picked);
    if (drawn === (drawn = JSON.stringify(picked))) return;
    for (const label of labels) {
      const { checked, value } = Object.assign(label.firstChild, { checked: picked.includes(Number(label.firstChild.value)) });
      label.className = checked ? (right[value] ? "right" : "wrong") : "";
    }
    const wrong = picked.filter((k) => !right[k]); // it is said below the button, which stays under the pointer
    says.replaceChildren(!picked.length ? "" : passed ? WORDS.passed : wrong.length ? WORDS.wrong : WORDS.missing,
      ...wrong.map((k) => comment(several ? `${WORDS.quoted(choices[k].html)}: ${choices[k].comment}` : choices[k].comment)));
    box.classList.toggle("answered", passed);
    fold.open = passed;
  });
});
