// Find the sections of the book that say what was asked for. Loaded by search.html alone; the texts, 0.3 MB when
// packed, come from search-texts.js once there is a question: [[page, its title, [[anchor, title, text, hidden, taught], …]], …].
// What is hidden is an answer to be guessed: it is found and not quoted. `taught` is the lesson of a term of the glossary.
"use strict";

const BookSearch = (() => {
  const STOP = new Set(("a about after all always am an and any are as at be because but by can could did do does every for from get "
    + "gets give gives go goes going has have how i if in into is it its just me mean my no of on or so some that the their then there these they this to "
    + "use was we what when where which why will with you your").split(" "));
  const GREEK = Object.fromEntries(("alpha:α beta:β gamma:γ delta:δ epsilon:ε eta:η theta:θ kappa:κ lambda:λ mu:μ pi:π sigma:σ tau:τ nabla:∇ "
    + "ell:ℓ").split(" ").map((pair) => pair.split(":")));
  // What beginners write, and what the book says of it.
  const ALIKE = ["fall decrease drop down lower improve", "rise increase grow explode diverge up higher", "stay stuck constant plateau same flat",
    "differ another vary", "mistake bug error", "image picture photo", "run execute", "guess chance"].map((words) => words.split(" ").map(stem));
  // Pages that ask for a word come after those that explain it, unless they are what is asked for.
  const ASKS = /solutions|homework|for-teachers/;
  const ASKED = /solution|homework|exercise|teacher|grad(e|ing)|sheet|submission/;
  const SIDE = /sources|d2l-programs|measurements|your-book/;
  const ASIDE = /^(Sources|Exercises|Check yourself|Where next)$/;
  const UNSPACED = "\\p{Script=Han}\\p{Script=Hangul}";

  // ── words ──

  const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/[-_\s.,:;?!()“”"'`]+/gu, " ").trim();

  // "shapes" also finds "shape", "overfitting" also "overfit", "optimiser" also "optimizer".
  function stem(word) {
    if (!/^[a-z]+$/.test(word)) return word;
    const found = word.match(/^(.{4,}?)(izations?|isations?|ations?|ings?|ied|ies|ers?|ed|es|e|s|y)$/);
    return found ? found[1].replace(/([^lsaeiou])\1$/, "$1") : word;
  }

  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

  // A word of the question: a pattern that finds it, and what it is worth if it is found as it stands or only begins so.
  function term(word, loose = false) {
    const cjk = new RegExp(`[${UNSPACED}]`, "u").test(word);
    let body = escaped(cjk ? word : stem(word)).replace(/i[sz]$/, "i[sz]");
    if (loose) body = [...word].map(escaped).join(cjk ? "\\s?" : "[-_ ]?");
    const alike = ALIKE.flatMap((words) => words.some((one) => stem(word).startsWith(one)) ? words : []);
    const others = [GREEK[word], ...alike.map((one) => one.length < 4 ? `${one}(?![\\p{L}])` : one)].filter(Boolean);
    if (others.length) body = `(?:${[body, ...others].join("|")})`;
    const pattern = cjk ? `()(${body})` : /^\d/.test(word) ? `(^|[^\\p{N}.])(${body})(?![\\p{N}])` : `(^|[^\\p{L}\\p{N}])(${body}\\p{L}*)`;
    return { word, pattern: new RegExp(pattern, "giu") };
  }

  function wordsOf(query) {
    const own = new RegExp(`[${UNSPACED}]+|\\d+(?:\\.\\d+)?|(?:(?![${UNSPACED}])[\\p{L}\\p{N}_∇])+`, "gu");
    const words = query.normalize("NFKC").toLowerCase().match(own) ?? [];
    const telling = words.filter((word) => !STOP.has(word));
    return [...new Set(telling.length ? telling : words)];
  }

  const near = (word, found) => found === word || found === `${word}s` || word === `${found}s` ? 1 : 0.6;

  // How often a text has a term: what begins with it counts less, and so does code where words were meant.
  function count({ word, pattern }, text) {
    let sum = 0;
    for (const found of text.matchAll(pattern)) sum += near(word, found[2].toLowerCase());
    return sum;
  }

  // ── the ranking ──

  const saturated = (count, length, mean) => 2.2 * count / (count + 1.2 * (0.3 + 0.7 * length / mean));
  const meanOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

  // Of all sections, those of each page that fit best: Okapi's BM25 of the section and of its page, with more for a word in
  // a title, for a phrase, for a name.
  function find(query, pages) {
    const sections = pages.flatMap(([page, title, found]) => found.map(([anchor, head, text, hidden = "", taught]) => {
      return { page, title, anchor, head, text, all: `${text} ${hidden}`, taught };
    }));
    const lengths = {};
    for (const { page, all } of sections) lengths[page] = (lengths[page] ?? 0) + all.length;
    const mean = meanOf(sections.map(({ all }) => all.length)), meanPage = meanOf(Object.values(lengths));
    const asked = plain(query), letter = GREEK[asked.replace(/^what (does|is) | mean$/g, "")];
    const scored = (terms) => terms.map((one) => {
      const counts = sections.map(({ title, head, all }) => ({
        text: count(one, all), head: Math.min(1, count(one, head)), title: Math.min(1, count(one, title)),
      }));
      const having = counts.filter((found) => found.text || found.head).length, within = {};
      counts.forEach((found, k) => { within[sections[k].page] = (within[sections[k].page] ?? 0) + found.text; });
      // A word that no section has says little.
      return { ...one, counts, within, having, worth: having ? Math.log(1 + (sections.length - having + 0.5) / (having + 0.5)) : 3 };
    });
    let terms = scored(wordsOf(query).map((word) => term(word)));
    // What no page has may be written apart, or be a longer piece of Chinese: then its pairs of letters are looked for.
    terms = terms.flatMap((one) => {
      if (one.having) return [one];
      const [again] = scored([term(one.word, true)]);
      const pairs = new RegExp(`^[${UNSPACED}]{3,}$`, "u").test(one.word) ? [...one.word].slice(1).map((_, k) => one.word.slice(k, k + 2)) : [];
      const split = one.word.includes("_") ? one.word.split("_").filter(Boolean) : pairs;
      return again.having || !split.length ? [again] : scored(split.map((word) => term(word)));
    });
    const whole = terms.reduce((sum, { worth }) => sum + Math.sqrt(worth), 0);
    // The question in words that the book has.
    const said = terms.filter(({ having }) => having).map(({ word }) => word).join(" ");
    const isAsked = (name) => [asked, said].some((text) => text === name || `${text}s` === name || text === `${name}s`);
    const wanted = ASKED.test(asked);
    const best = new Map(), lessons = {};
    sections.forEach((section, k) => {
      let score = 0, covered = 0;
      for (const { counts, within, worth } of terms) {
        const { text, head, title } = counts[k];
        if (!text && !head && !title) continue;
        covered += Math.sqrt(worth) * (text || head ? 1 : 0.6);
        score += worth * (saturated(text, section.all.length, mean) + 2 * head + 0.8 * title
          + saturated(within[section.page], lengths[section.page], meanPage));
      }
      const covers = covered / whole;
      if (!(covers > 0.45)) return;
      const head = plain(section.head), name = section.head.toLowerCase().split(/[.(]/).at(-1);
      score *= covers * covers;
      if (isAsked(head) || asked.replaceAll(" ", "_") === name || (letter && section.head.startsWith(letter))) {
        score += 12;
        if (section.taught) lessons[section.taught] = 10;
      }
      else if (terms.length > 1 && head.includes(said)) score += 6;
      if (terms.length > 1 && plain(section.all).includes(said)) score += 5;
      if (ASIDE.test(section.head)) score *= 0.4;
      if (SIDE.test(section.page)) score *= 0.7;
      const page = best.get(section.page) ?? { page: section.page, score: 0, found: [] };
      page.found.push({ ...section, score, covers });
      best.set(section.page, page);
    });
    const found = [...best.values()];
    for (const one of found) {
      one.found.sort((a, b) => b.score - a.score);
      one.score = one.found[0].score + 0.1 * (one.found[1]?.score ?? 0) + (lessons[one.page] ?? 0);
      one.later = !wanted && ASKS.test(one.page);
      one.covers = one.found[0].covers;
    }
    const most = Math.max(...found.map(({ covers }) => covers));
    const kept = found.filter(({ covers }) => covers > 0.6 * most).sort((a, b) => a.later - b.later || b.score - a.score);
    return kept.map(({ found: [first] }) => ({ ...first, terms }));
  }

  // The part of a text, of so many letters, in which most of the terms stand; it begins with a word.
  function excerpt({ text, terms }, length = 240) {
    const places = terms.flatMap(({ pattern }, k) => [...text.matchAll(pattern)].slice(0, 200).map((found) => [found.index, k]));
    places.sort(([a], [b]) => a - b);
    let start = 0, most = 0;
    for (const [place] of places) {
      const inside = new Set(places.filter(([other]) => other >= place && other < place + length - 60).map(([, k]) => k)).size;
      if (inside > most) [start, most] = [place, inside];
    }
    start = start < 60 ? 0 : text.indexOf(" ", start - 60) + 1 || start;
    const end = start + length < text.length ? text.lastIndexOf(" ", start + length) : text.length;
    return `${start ? "… " : ""}${text.slice(start, end > start ? end : start + length)}${end < text.length ? " …" : ""}`;
  }

  // ── the page ──

  let texts, waiting;

  const make = (tag, attributes = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.append(...children);
    return element;
  };

  function marked(text, terms) {
    const parts = [];
    let last = 0;
    const places = terms.flatMap(({ pattern }) => [...text.matchAll(pattern)].map((m) => [m.index + m[1].length, m.index + m[0].length]));
    for (const [from, to] of places.sort(([a], [b]) => a - b)) {
      if (from < last) continue;
      parts.push(text.slice(last, from), make("mark", {}, text.slice(from, to)));
      last = to;
    }
    return [...parts, text.slice(last)];
  }

  function show(query) {
    const results = find(query, texts);
    const pages = `${results.length} page${results.length === 1 ? "" : "s"}`;
    const said = results.length ? `${pages} found.`
      : "No page of the book has all of these words. Try fewer, or another spelling.";
    const list = make("ul", { className: "search" }, ...results.map((one) => {
      const link = make("a", { href: `${one.page}.html${one.anchor ? `#${one.anchor}` : ""}` }, one.title);
      if (one.head !== one.title) link.append(make("span", { className: "section" }, one.head));
      const remember = () => { try { localStorage.setItem("sphinx_highlight_terms", one.terms.map(({ word }) => word).join(" ")); } catch { /* no store here */ } };
      link.addEventListener("click", remember); // to be marked on that page
      return make("li", {}, link, make("p", { className: "context" }, ...marked(excerpt(one), one.terms)));
    }));
    document.querySelector("#search-results").replaceChildren(make("p", { className: "search-summary", role: "status" }, said), list);
  }

  return {
    find,
    excerpt,
    begin(pages) { // called by search-texts.js
      texts = pages;
      if (waiting) show(waiting);
    },
    ask(query) {
      waiting = query;
      if (texts) show(query);
      else document.head.append(make("script", { src: "_static/search-texts.js" }));
    },
  };
})();

if (typeof document !== "undefined") addEventListener("DOMContentLoaded", () => {
  const query = new URLSearchParams(location.search).get("q")?.trim();
  for (const input of document.querySelectorAll('input[name="q"]')) input.value = query ?? "";
  if (query) BookSearch.ask(query);
});
