// What a reader has guessed, checked and read. It stays in this browser, under one key, and other tabs see it.
const answers = (() => {
  const KEY = "from-lines-to-labels", heard = new Set();
  const sound = { // what counts as an entry, of what another version or a strange hand may have written
    predictions: (e) => Array.isArray(e) && e.length > 0 && e.every((g) => g.at > 0 && (g.shown || (Number.isFinite(g.guess) && typeof g.right === "boolean"))),
    checks: (e) => e.at > 0 && Array.isArray(e.picked) && e.picked.every(Number.isInteger),
    lessons: (e) => e.at > 0 && Array.isArray(e.seen),
  };

  // Return the state in a text, with what can't be read of it set aside.
  function read(text) {
    const state = { version: 1, guessing: true, predictions: {}, checks: {}, lessons: {} };
    if (text === null) return state;
    try {
      const found = JSON.parse(text);
      if (found.version !== 1) throw new Error("of another version");
      if (found.guessing === false) state.guessing = false;
      if (Number.isInteger(found.seed)) state.seed = found.seed;
      if (typeof found.aside === "string") state.aside = found.aside;
      for (const key in sound) {
        for (const [name, entry] of Object.entries(found[key] ?? {})) {
          if (entry && sound[key](entry)) state[key][name] = entry;
          else state.aside = text;
        }
      }
    } catch { state.aside = text; }
    return state;
  }

  // Return a state with the entries of both; of two with one name, the first's.
  function joined(first, second) {
    const both = { ...second, ...first, guessing: first.guessing && second.guessing };
    for (const key in sound) both[key] = { ...second[key], ...first[key] };
    return both;
  }

  // What could not be written is joined with what is kept, by this tab earlier or by another.
  let state = read(null), trouble = "";
  const load = () => {
    try {
      const kept = read(localStorage.getItem(KEY));
      state = trouble ? joined(state, kept) : kept;
    } catch { trouble = "blocked"; }
  };
  load();

  const tell = () => heard.forEach((listener) => listener());
  addEventListener("storage", (event) => {
    if (event.key !== KEY && event.key !== null) return;
    load();
    tell();
  });

  return {
    get state() { return state; },
    get trouble() { return trouble ? WORDS[trouble] : state.aside ? WORDS.corrupt : ""; },
    // Change the state as it is by now, perhaps in another tab, and keep it.
    change(edit) {
      load();
      edit(state);
      try {
        localStorage.setItem(KEY, JSON.stringify(state));
        trouble = "";
      } catch { trouble ||= "full"; }
      tell();
    },
    watch(listener) { heard.add(listener); listener(); },
    text: () => JSON.stringify(state, null, 1),
    // Take over what a file has and this browser has not; false if it is no export.
    merge(text) {
      const found = read(text);
      if (found.aside === text) return false;
      this.change((mine) => Object.assign(mine, joined(mine, found)));
      return true;
    },
    forget() {
      state = read(null);
      try { localStorage.removeItem(KEY); } catch { trouble = "blocked"; }
      tell();
    },
    // An order of a question's choices that is this reader's own, and stays.
    order(name, count) {
      if (!Number.isInteger(state.seed)) this.change((s) => { s.seed ??= Math.floor(Math.random() * 2 ** 31); });
      const rank = (k) => [...`${state.seed} ${name} ${k}`].reduce((h, c) => {
        h = Math.imul(h ^ c.charCodeAt(0), 16777619);
        return h ^ (h >>> 15);
      }, 2166136261);
      return [...Array(count).keys()].sort((a, b) => rank(a) - rank(b));
    },
  };
})();

// A number as the lessons write it: 50,000, 0.83, 5 · 10⁻⁵.
function written(value, digits = 2) {
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e7)) {
    const [digit, power] = value.toExponential(digits - 1).split("e");
    return `${Number(digit)} · 10${[...power.replace("+", "")].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")}`;
  }
  return value.toLocaleString(document.documentElement.lang, { maximumSignificantDigits: digits }).replace("-", "−");
}

// An element with properties and children.
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child));
  return element;
}
