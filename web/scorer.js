// Sphinx's own weights, but the pages that explain a word come before those that ask for it or use it.
var Scorer = {
  score: ([page, , , , score]) => score - (/solutions|homework|for-teachers/.test(page) ? 30 : 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
