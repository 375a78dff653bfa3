// What a reader has guessed, checked and read. It stays in this browser, under one key, and other tabs see it.
const answers = (() => {
  const KEY = "from-lines-to-labels", heard = new Set();
  const sound = { // what counts as an entry, of what another version or a strange hand may have written
    predictions: (e) => e.length > 0 && e.every(({ at, guess, sure = 0, shown }) => at > 0 && sure >= 0 && sure <= 100 && (shown || Number.isFinite(guess))),
    checks: ({ at, picked }) => at > 0 && picked.every(Number.isInteger),
    lessons: ({ at, seen }) => at > 0 && Array.isArray(seen),
  };

  // Return the state in a text, with what can't be read of it set aside.
  function read(text) {
    const state = { version: 1, guessing: true, predictions: {}, checks: {}, lessons: {} };
    const reading = (part) => { try { part(); } catch { state.aside = text; } };
    if (text !== null) reading(() => {
      const { version, guessing, seed, aside, ...found } = JSON.parse(text);
      if (version !== 1) throw new Error("of another version");
      Object.assign(state, guessing === false && { guessing }, Number.isInteger(seed) && { seed }, aside && { aside });
      for (const key in sound) for (const name in found[key]) reading(() => {
        if (!sound[key](found[key][name])) throw new Error("not an entry");
        state[key][name] = found[key][name];
      });
    });
    return state;
  }

  // Return a state with the entries of both; of two with one name, the first's.
  function joined(first, second) {
    const both = { ...second, ...first };
    for (const key in sound) both[key] = { ...second[key], ...first[key] };
    return both;
  }

  // What could not be written is joined with what is kept, by this tab earlier or by another.
  let state = read(null), trouble = "";
  const load = () => {
    try {
      const kept = read(localStorage.getItem(KEY));
      state = trouble ? joined(state, kept) : kept;
      if (localStorage.fleeting) trouble = "blocked"; // web/templates/layout.html
    } catch { trouble = "blocked"; }
  };
  load();

  const tell = () => heard.forEach((listener) => listener());
  addEventListener("storage", ({ key }) => { if (key === KEY || key === null) { load(); tell(); } });

  return {
    get state() { return state; },
    get trouble() { return WORDS[trouble || (state.aside && "aside")] ?? ""; },
    watch(listener) { heard.add(listener); listener(); },
    // Change the state as it is by now, perhaps in another tab, and keep it.
    change(edit) {
      load();
      edit(state);
      try { localStorage.setItem(KEY, JSON.stringify(state)); trouble = localStorage.fleeting ? "blocked" : ""; } catch { trouble ||= "full"; }
      tell();
    },
    // Take over what a file has and this browser has not; false if it is no export.
    merge(text) {
      const found = read(text);
      if (found.aside === text) return false;
      this.change((mine) => Object.assign(mine, joined(mine, found), { guessing: mine.guessing && found.guessing }));
      return true;
    },
    forget() {
      state = read(null);
      try { localStorage.removeItem(KEY); } catch { trouble = "blocked"; }
      tell();
    },
    // An order of a question's choices that is this reader's own, and stays.
    order(name, count) {
      if (state.seed === undefined) this.change((s) => { s.seed ??= Math.floor(Math.random() * 2 ** 31); });
      const mix = (h, c) => { h = Math.imul(h ^ c.charCodeAt(0), 16777619); return h ^ (h >>> 15); };
      const rank = (k) => [...`${k} ${state.seed} ${name}`].reduce(mix, 2166136261);
      return [...Array(count).keys()].sort((a, b) => rank(a) - rank(b));
    },
  };
})();

// ── what the elements of the page share ──

// Define an element: `begin` takes it, and what its attribute `about` says, once it is in the page.
function element(tag, begin) {
  customElements.define(tag, class extends HTMLElement {
    connectedCallback() {
      if (this.begun) return;
      this.begun = true;
      begin(this, JSON.parse(this.getAttribute("about")));
    }
  });
}

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child));
  return made;
}

function button(text, onclick, className = "quiet") {
  return make("button", { type: "button", textContent: text, className, onclick });
}

// What the page has of a question: its choices, each with the comment on whoever chooses it, and the answer in a fold.
function question(self) {
  const box = self.parentElement, text = (part) => part?.innerHTML.replace(/<\/?p>/g, "") ?? "";
  const choices = [...box.querySelectorAll(":scope > ul > li")].map((li) => ({ html: text(li.firstElementChild), comment: text(li.querySelector("ul > li")) }));
  return { box, choices, fold: box.querySelector(":scope > details") };
}

const comment = (innerHTML) => make("div", { className: "feedback", innerHTML });

// A radio button or a box to tick, and what it stands for; and several of them, with a name.
function option(type, name, value, html) {
  return make("label", {}, make("input", { type, name, value }), make("span", { innerHTML: html }));
}

function group(className, legend, choices) {
  return make("fieldset", { className }, make("legend", {}, legend), ...choices);
}

// What a form is asked to do. It is sent nowhere; in a frame that forbids forms it says nothing, but its button does.
function whenAnswered(form, act) {
  form.querySelector("button:not([type])").onclick = (event) => {
    event.preventDefault();
    act();
  };
}

// A number as the lessons write it: 50,000, 0.83, 5 · 10⁻⁵.
function written(value, digits = 2) {
  if (value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e7)) {
    return value.toLocaleString(document.documentElement.lang, { maximumSignificantDigits: digits }).replace("-", "−");
  }
  const [digit, power] = value.toExponential(digits - 1).split("e");
  return `${Number(digit)} · 10${power.replace("+", "").replace(/./g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)])}`;
}
