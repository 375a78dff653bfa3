// "Predict first" takes a guess, compares it with what was measured, and lifts the veil over the outputs below.
const SURE = [50, 60, 70, 80, 90, 99];

function button(text, action, className = "quiet") {
  return make("button", { type: "button", textContent: text, className, onclick: action });
}

// A radio button or a box to tick, and what it stands for.
function choice(type, name, value, html) {
  return make("label", {}, make("input", { type, name, value }), make("span", { innerHTML: html }));
}

// Keep a guess, or that the answer was shown without one.
function keep(name, guess) {
  answers.change(({ predictions }) => { (predictions[name] ??= []).push({ at: Date.now(), ...guess }); });
}

const isClose = (guess, { answer, close, scale }) => scale
  ? guess / answer <= close && guess / answer >= 1 / close
  : Math.abs(guess - answer) <= close;
const isRight = (guess, about) => about.right ? about.right[guess] : isClose(guess, about);
const withUnit = (value, { unit }, digits) => `${written(value, digits)}${unit ? ` ${unit}` : ""}`;
const measured = (about) => `${written(about.answer, 6)}${about.spread ? ` ± ${written(about.spread)}` : ""}${about.unit ? ` ${about.unit}` : ""}`;

// The part of the slider's range that lies below a value, from 0 to 1.
function share(value, { range: [low, high], scale }) {
  const part = scale ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.min(1, Math.max(0, part));
}

customElements.define("predict-first", class extends HTMLElement {
  connectedCallback() {
    if (this.about) return;
    this.name = this.getAttribute("name");
    this.about = JSON.parse(this.getAttribute("about"));
    this.box = this.parentElement;
    this.box.id ||= this.name;
    this.choices = [...this.box.querySelectorAll(":scope > ul > li")];
    this.fold = this.box.querySelector(":scope > details");
    this.says = make("p", { role: "status" });
    this.body = make("div");
    this.fold.before(make("div", { className: "answer" }, this.says, this.body));
    this.classList.add("answer");
    answers.watch(() => this.show());
  }

  // Draw anew what has changed. The status stays, so that a screen reader notices what is put into it.
  show() {
    const fits = ({ shown, guess }) => shown || !this.about.right || guess in this.choices;
    const last = answers.state.predictions[this.name]?.findLast(fits);
    const mode = this.again || (!last && answers.state.guessing) ? "asking" : last ? "answered" : "off";
    const drawn = JSON.stringify([mode, last]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.box.classList.remove("asking", "answered", "off");
    this.box.classList.add(mode);
    this.fold.open = mode === "answered";
    const { says = [], body = [], acts = [] } = this[mode](last);
    this.says.replaceChildren(...says);
    this.body.replaceChildren(...body);
    this.replaceChildren(...acts);
  }

  // Do what the reader asked for, and keep the focus here.
  act(again, edit) {
    this.again = again;
    edit?.();
    this.show();
    this.box.querySelector(".answer :is(input, button)")?.focus({ preventScroll: true });
  }

  asking() {
    const { about } = this;
    const field = about.right ? this.list() : this.slider();
    const near = about.right ? WORDS.sure : about.scale ? WORDS.factor(about.close) : WORDS.within(withUnit(about.close, about, 3));
    const sure = SURE.map((percent) => choice("radio", "sure", percent, `${percent}%`));
    const form = make("form", {}, field,
      make("fieldset", { className: "sure" }, make("legend", {}, near), ...sure),
      make("p", { className: "acts" }, make("button", {}, WORDS.commit),
        button(WORDS.show, () => this.act(false, () => keep(this.name, { shown: true }))),
        button(WORDS.off, () => { this.turned = true; this.act(false, () => turn(false)); })));
    form.onsubmit = (event) => {
      event.preventDefault();
      const given = new FormData(form);
      if (!given.has("guess")) this.says.replaceChildren(about.right ? WORDS.choose : WORDS.move);
      else {
        const guess = Number(given.get("guess")), sure = Number(given.get("sure"));
        this.act(false, () => keep(this.name, { guess, right: isRight(guess, about), ...sure && { sure } }));
      }
    };
    return { body: [form] };
  }

  list() {
    const options = this.choices.map((entry, k) => choice("radio", "guess", k, entry.firstElementChild.innerHTML));
    return make("fieldset", { className: "choices" }, make("legend", { className: "visually-hidden" }, WORDS.guess), ...options);
  }

  slider() {
    const { about, about: { range: [low, high], scale } } = this;
    const input = make("input", { type: "range", max: 200, value: 100, ariaLabel: WORDS.guess });
    const kept = make("input", { type: "hidden", name: "guess", disabled: true });
    const output = make("output", {}, "?");
    input.oninput = () => {
      const part = input.value / 200;
      const value = scale ? low * (high / low) ** part : low + (high - low) * part;
      kept.disabled = false;
      kept.value = Number(value.toPrecision(2));
      output.value = input.ariaValueText = withUnit(Number(kept.value), about);
    };
    input.setAttribute("aria-valuetext", "?");
    return make("div", { className: "amount" }, make("span", {}, withUnit(low, about)), input, make("span", {}, withUnit(high, about)), output, kept);
  }

  answered({ guess, right, sure, shown }) {
    const { about, choices } = this, strong = (innerHTML) => make("strong", { innerHTML });
    const named = (k) => strong(choices[k].firstElementChild.innerHTML);
    const mine = shown || (about.right ? named(guess) : strong(withUnit(guess, about)));
    const truth = about.right ? named(about.right.indexOf(true)) : strong(measured(about));
    const said = shown ? [] : [about.right && right ? WORDS.right : WORDS.said, " ", mine, sure ? WORDS.confident(sure) : "", ". "];
    const is = about.right && right ? [] : [about.right ? WORDS.is : WORDS.measured, " ", truth, "."];
    const feedback = about.right && !shown && choices[guess].querySelector("ul > li")?.innerHTML;
    return {
      says: [...said, ...is],
      body: [!about.right && this.scale(guess), feedback && make("p", { className: "feedback", innerHTML: feedback }),
        answers.trouble && make("p", { className: "trouble" }, answers.trouble)].filter(Boolean),
      acts: [button(WORDS.again, () => this.act(true))],
    };
  }

  // The guess and what was measured, with its spread, on the slider's scale. The sentence above says the same.
  scale(guess) {
    const { about } = this, mark = (className, from, to = from) => make("i", { className,
      style: `left: ${100 * share(from, about)}%; width: ${100 * (share(to, about) - share(from, about))}%` });
    const spread = about.spread ?? 0;
    const track = make("div", { className: "track" },
      spread && mark("spread", about.answer - spread, about.answer + spread), mark("truth", about.answer), guess !== undefined && mark("guess", guess));
    const [low, high] = about.range.map((end) => make("span", {}, withUnit(end, about)));
    const scale = make("div", { className: "scale" }, low, track, high);
    scale.ariaHidden = "true";
    return scale;
  }

  // Only where it was just switched off does the box offer to switch it on again.
  off() {
    return this.turned ? { says: [WORDS.isOff], acts: [button(WORDS.on, () => this.act(false, () => turn(true)))] } : {};
  }
});

function turn(on) {
  answers.change((state) => { state.guessing = on; });
}

// A veil lies over what would give an answer away, until a guess is made or the reader wants to see it.
customElements.define("answer-veil", class extends HTMLElement {
  connectedCallback() {
    if (this.over) return;
    this.over = this.parentElement;
    this.name = this.getAttribute("for");
    answers.watch(() => this.show());
  }

  show() {
    const lies = answers.state.guessing && !answers.state.predictions[this.name];
    if (lies === this.over.classList.contains("veiled")) return;
    this.over.classList.toggle("veiled", lies);
    this.replaceChildren(...lies ? [
      make("span", {}, WORDS.veil, " ", make("a", { href: `#${this.name}` }, WORDS.veilLink), "."),
      button(WORDS.show, () => {
        keep(this.name, { shown: true });
        this.over.tabIndex = this.over.tabIndex < 0 ? -1 : 0;
        this.over.focus({ preventScroll: true });
      }),
    ] : []);
  }
});
