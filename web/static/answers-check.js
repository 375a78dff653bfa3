// A question at the end of a lesson is marked, and says of each wrong choice what is wrong with it.
customElements.define("check-yourself", class extends HTMLElement {
  connectedCallback() {
    if (this.right) return;
    this.name = this.getAttribute("name");
    this.right = JSON.parse(this.getAttribute("about")).right;
    this.box = this.parentElement;
    this.fold = this.box.querySelector(":scope > details");
    const entries = [...this.box.querySelectorAll(":scope > ul > li")];
    const type = this.right.filter(Boolean).length > 1 ? "checkbox" : "radio";
    this.options = answers.order(this.name, entries.length).map((k) => {
      const option = choice(type, "choice", k, entries[k].firstElementChild.innerHTML);
      const feedback = make("p", { className: "feedback", innerHTML: entries[k].querySelector("ul > li")?.innerHTML ?? "" });
      return { k, option, input: option.firstChild, feedback };
    });
    this.says = make("p", { role: "status" });
    const form = make("form", {},
      make("fieldset", { className: "choices" }, make("legend", { className: "visually-hidden" }, WORDS.guess),
        ...this.options.flatMap(({ option, feedback }) => [option, feedback])),
      make("p", { className: "acts" }, make("button", {}, WORDS.check)));
    form.onsubmit = (event) => {
      event.preventDefault();
      const picked = this.options.filter(({ input }) => input.checked).map(({ k }) => k);
      if (!picked.length) this.says.textContent = WORDS.choose;
      else answers.change(({ checks }) => {
        checks[this.name] = { at: Date.now(), picked, passed: checks[this.name]?.passed || this.isRight(picked) };
      });
    };
    this.box.classList.add("asking");
    this.fold.before(make("div", { className: "answer" }, form, this.says));
    answers.watch(() => this.show());
  }

  isRight(picked) {
    return this.right.every((right, k) => right === picked.includes(k));
  }

  show() {
    const kept = answers.state.checks[this.name], drawn = JSON.stringify(kept ?? null);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const picked = kept?.picked ?? [];
    for (const { k, option, input, feedback } of this.options) {
      input.checked = picked.includes(k);
      option.className = input.checked ? (this.right[k] ? "right" : "wrong") : "";
      feedback.hidden = !input.checked || this.right[k];
    }
    const wrong = picked.some((k) => !this.right[k]), passed = kept && this.isRight(picked);
    this.says.textContent = !kept ? "" : passed ? WORDS.passed : wrong ? WORDS.wrong : WORDS.missing;
    this.box.classList.toggle("answered", Boolean(passed));
    this.fold.open = Boolean(passed);
  }
});
