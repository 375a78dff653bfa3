// A question at the end of a lesson is marked, and says of each wrong choice what is wrong with it.
element("check-yourself", (self, { right }) => {
  const name = self.getAttribute("name"), box = self.parentElement, fold = box.querySelector(":scope > details");
  const entries = [...box.querySelectorAll(":scope > ul > li")], isRight = (picked) => right.every((r, k) => r === picked.includes(k));
  const type = right.filter(Boolean).length > 1 ? "checkbox" : "radio";
  const options = answers.order(name, entries.length).map((k) => {
    const label = choice(type, "choice", k, entries[k].firstElementChild.innerHTML);
    const feedback = make("div", { className: "feedback", innerHTML: entries[k].querySelector("ul > li")?.innerHTML ?? "" });
    return { k, label, input: label.firstChild, feedback };
  });
  const says = make("p", { role: "status" });
  const form = make("form", {}, group("choices", WORDS.answer, options.flatMap(({ label, feedback }) => [label, feedback])),
    make("p", { className: "acts" }, make("button", {}, WORDS.check)));
  form.oninput = () => { // what was said is of another choice
    says.textContent = "";
    for (const { label, feedback } of options) {
      label.className = "";
      feedback.hidden = true;
    }
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    const picked = options.filter(({ input }) => input.checked).map(({ k }) => k);
    if (!picked.length) says.textContent = WORDS.choose;
    else answers.change(({ checks }) => {
      checks[name] = { at: Date.now(), picked, passed: checks[name]?.passed || isRight(picked) };
    });
  };
  box.classList.add("asking");
  fold.before(make("div", { className: "answer" }, says, form));

  let drawn;
  answers.watch(() => {
    const kept = answers.state.checks[name], picked = kept?.picked ?? [], passed = isRight(picked);
    if (drawn === (drawn = JSON.stringify(picked))) return;
    for (const { k, label, input, feedback } of options) {
      input.checked = picked.includes(k);
      label.className = input.checked ? (right[k] ? "right" : "wrong") : "";
      feedback.hidden = !input.checked || right[k];
    }
    const wrong = picked.some((k) => !right[k]);
    says.textContent = !kept ? "" : passed ? WORDS.passed : wrong ? WORDS.wrong : WORDS.missing;
    box.classList.toggle("answered", passed);
    fold.open = passed;
  });
});
