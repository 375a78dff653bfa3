// "Predict first" takes a guess, compares it with what was measured, and lifts the veil over the outputs below.

// How sure one may be, from a blind guess on: a third for one of three choices, and less for a number.
const levels = ({ right }) => {
  const chance = right ? Math.round(100 / right.length) : 10;
  return [chance, ...[30, 50, 60, 70, 80, 90, 99].filter((percent) => percent > chance + 9)];
};

const isRight = (guess, { right, answer, close, scale }) => right ? right[guess]
  : scale ? Math.max(guess / answer, answer / guess) <= close : Math.abs(guess - answer) <= close;
const withUnit = (value, unit, digits) => [written(value, digits), unit].filter(Boolean).join(" ");
const measured = ({ answer, spread, unit }) => [written(answer, 6), spread && `± ${written(spread)}`, unit].filter(Boolean).join(" ");

// A guess, and the answer, in words.
const guessed = (guess, { right, unit }, choices) => right ? WORDS.quoted(choices[guess]?.html ?? "?") : withUnit(guess, unit);
const truthOf = (about, choices) => about.right ? guessed(about.right.indexOf(true), about, choices) : measured(about);

// The value at a part of the slider's range, from 0 to 1; and the part at a value.
const valueAt = (part, { range: [low, high], scale }) => scale ? low * (high / low) ** part : low + (high - low) * part;
const partAt = (value, { range: [low, high], scale }) => Math.min(1, Math.max(0,
  scale ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)));

// Keep a guess, or that the answer was shown without one; and turn asking on or off, in the whole book.
const keep = (name, guess) => answers.change(({ predictions }) => { (predictions[name] ??= []).push({ at: Date.now(), ...guess }); });
const turn = (guessing) => answers.change((state) => Object.assign(state, { guessing }));

element("predict-first", (self, about) => {
  const name = self.getAttribute("name"), { box, fold, choices } = question(self);
  const says = make("p", { role: "status", tabIndex: -1 }), body = make("div");
  let again = false, turned = false, drawn;
  fold.before(make("div", { className: "answer" }, says, body));
  self.className = "answer";

  // Do what the reader asked for, and keep the focus here.
  function act(repeat, edit) {
    again = repeat;
    edit?.();
    show();
    (drawn.startsWith('["asking') ? box.querySelector(".answer input") : says).focus({ preventScroll: true });
  }

  const parts = {
    asking() {
      const near = about.right ? WORDS.sure(levels(about)[0]) : about.scale ? WORDS.factor(about.close) : WORDS.within(withUnit(about.close, about.unit, 6));
      const form = make("form", {},
        about.right ? group("choices", WORDS.guess, choices.map(({ html }, k) => option("radio", "guess", k, html))) : slider(about),
        group("sure", near, levels(about).map((percent) => option("radio", "sure", percent, `${percent}%`))),
        make("p", { className: "acts" }, make("button", {}, WORDS.commit),
          button(WORDS.show, () => act(false, () => keep(name, { shown: true }))),
          button(WORDS.off, () => { turned = true; act(false, () => turn(false)); })));
      form.oninput = () => says.replaceChildren();
      whenAnswered(form, () => {
        const given = new FormData(form), guess = Number(given.get("guess")), sure = Number(given.get("sure"));
        if (!given.has("guess")) says.textContent = about.right ? WORDS.choose : WORDS.move;
        else act(false, () => keep(name, { guess, right: isRight(guess, about), ...sure && { sure } }));
      });
      return { body: [form] };
    },
    answered({ guess, right, sure, shown }) {
      const hit = about.right && right, strong = (innerHTML) => make("strong", { innerHTML });
      return {
        says: [...shown ? [] : [hit ? WORDS.right : WORDS.said, " ", strong(guessed(guess, about, choices)), sure ? WORDS.confident(sure) : "", ". "],
          ...hit ? [] : [about.right ? WORDS.is : WORDS.measured, " ", strong(truthOf(about, choices)), "."]],
        body: [!about.right && comparison(guess, about), choices[guess]?.comment && comment(choices[guess].comment),
          answers.trouble && make("p", { className: "trouble" }, answers.trouble)].filter(Boolean),
        acts: right || shown ? [] : [button(WORDS.again, () => act(true))],
      };
    },
    // The first box of a page, and the one where it was switched off, offer to switch it on again.
    off: () => turned || self === document.querySelector("predict-first") ? { says: [WORDS.isOff], acts: [button(WORDS.on, () => act(false, () => turn(true)))] } : {},
  };

  // Draw anew what has changed. The status stays, so that a screen reader notices what is put into it.
  function show() {
    const fits = ({ guess, shown }) => shown || !about.right || guess in choices;
    const last = answers.state.predictions[name]?.findLast(fits);
    const mode = again || (!last && answers.state.guessing) ? "asking" : last ? "answered" : "off";
    if (drawn === (drawn = JSON.stringify([mode, last]))) return;
    box.classList.remove(...Object.keys(parts));
    box.classList.add(mode);
    fold.open = mode === "answered";
    const now = { says: [], body: [], acts: [], ...parts[mode](last) };
    says.replaceChildren(...now.says);
    body.replaceChildren(...now.body);
    self.replaceChildren(...now.acts);
  }
  answers.watch(show);
});

// A slider that has no value until it is moved, and the ends of its scale.
const ends = ({ range, unit }) => range.map((end) => make("span", {}, withUnit(end, unit)));
function slider(about) {
  const [low, high] = ends(about), output = make("span", { className: "value" }, "?");
  const input = make("input", { type: "range", max: 200, value: 100, ariaLabel: WORDS.guess, ariaValueText: "?" });
  const guess = make("input", { type: "hidden", name: "guess", disabled: true });
  input.oninput = input.onclick = () => { // whoever presses the thumb where it stands means that value
    guess.disabled = false;
    guess.value = Number(valueAt(input.value / 200, about).toPrecision(2));
    output.textContent = input.ariaValueText = withUnit(Number(guess.value), about.unit);
  };
  return make("div", { className: "amount" }, low, input, high, output, guess);
}

// The guess and what was measured, with its spread, on that scale: one is named above its mark and one below. The sentence above
// says the same.
function comparison(guess, about) {
  const { answer, spread = 0 } = about, [low, high] = ends(about), part = (value) => 100 * partAt(value, about);
  const mark = (className, name, from, to = from) => make("i", { className, style: `--at: ${part(from)}%; width: ${part(to) - part(from)}%` }, name && make("b", {}, name));
  return make("div", { className: "scale", ariaHidden: "true" }, low, make("div", { className: "track" },
    mark("spread", "", answer - spread, answer + spread), mark("truth", WORDS.there, answer), guess !== undefined && mark("guess", WORDS.you, guess)), high);
}

// A veil lies over what would give an answer away, until a guess is made or the reader wants to see it.
element("answer-veil", (veil) => {
  const name = veil.getAttribute("for"), over = veil.parentElement;
  const lift = button(WORDS.show, () => {
    keep(name, { shown: true });
    if (over.tabIndex < 0) over.tabIndex = -1;
    over.focus({ preventScroll: true });
  });
  answers.watch(() => {
    const lies = answers.state.guessing && !answers.state.predictions[name];
    if (lies === over.classList.contains("veiled")) return;
    over.classList.toggle("veiled", lies);
    veil.replaceChildren(...lies ? [make("span", {}, WORDS.veil, " ", make("a", { href: `#${name}` }, WORDS.veilLink), "."), lift] : []);
  });
});
