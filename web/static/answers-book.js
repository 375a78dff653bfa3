// The page "Your book": every prediction, how well its reader is calibrated, and what is done with all that.

// One prediction, hidden until it is made. The first guess is what counts.
element("past-guess", (self, about) => {
  const { choices } = question(self);
  answers.watch(() => {
    const { guess, sure, right, shown } = answers.state.predictions[self.getAttribute("name")]?.[0] ?? {}, hit = about.right && right;
    self.className = shown ? "shown" : guess === undefined ? "" : right ? "right" : "wrong";
    if (!self.className) return self.replaceChildren();
    const said = () => `${hit ? WORDS.right : WORDS.said} <b>${guessed(guess, about, choices)}</b>${sure ? WORDS.confident(sure) : ""}`;
    const truth = hit ? "" : ` ${about.right ? WORDS.is : WORDS.measured} <b>${truthOf(about, choices)}</b>.`;
    self.innerHTML = `${shown ? WORDS.shown : said()}.${truth}`;
  });
});

// Of all guesses with about the same confidence, to ten percentage points, the share that was right; on the diagonal the two are equal.
element("reliability-diagram", (self, { least }) => answers.watch(() => {
  const made = Object.values(answers.state.predictions).map(([first]) => first).filter(({ sure }) => sure);
  self.replaceChildren();
  if (made.length < least) return self.append(make("p", {}, WORDS.few(least)));
  const mean = (list, of) => list.reduce((sum, one) => sum + of(one), 0) / list.length, percent = (part) => `${Math.round(100 * part)}%`;
  const bins = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((ten) => made.filter(({ sure }) => Math.round(sure / 10) === ten)).filter(({ length }) => length)
    .map((those) => ({ n: those.length, sure: mean(those, ({ sure }) => sure / 100), share: mean(those, ({ right }) => right) }));
  const brier = mean(made, ({ sure, right }) => (sure / 100 - right) ** 2);
  const ece = bins.reduce((sum, { sure, n, share }) => sum + n / made.length * Math.abs(share - sure), 0);
  const x = (sure) => 44 + 250 * sure, y = (share) => 210 - 200 * share;
  const text = (at, below, words, anchor = "middle") => `<text x="${at}" y="${below}" text-anchor="${anchor}">${words}</text>`;
  const svg = `<svg viewBox="0 0 320 250" role="img" aria-label="${WORDS.diagram}"><path class="frame" d="M44 10V210H300"/>
    <path class="ideal" d="M44 210L294 10"/><path class="mine" d="M${bins.map((b) => `${x(b.sure)} ${y(b.share)}`).join("L")}"/>
    ${bins.map((b) => `<circle cx="${x(b.sure)}" cy="${y(b.share)}" r="${3 + 1.5 * Math.sqrt(b.n)}"/>`).join("")}
    ${[0, 0.2, 0.4, 0.6, 0.8, 1].map((part) => text(x(part), 226, percent(part))).join("")}
    ${[0, 0.5, 1].map((part) => text(38, y(part) + 4, percent(part), "end")).join("")}${text(172, 246, WORDS.axes)}</svg>`;
  const row = (cells, tag) => make("tr", {}, ...cells.map((cell) => make(tag, {}, String(cell))));
  self.append(make("div", { className: "diagram", innerHTML: svg }), make("table", { className: "table" }, make("thead", {}, row(WORDS.columns, "th")),
    make("tbody", {}, ...bins.map((b) => row([percent(b.sure), b.n, Math.round(b.n * b.share)], "td")))),
  make("p", {}, WORDS.scores(made.length, written(brier), written(ece))));
}));

// The switch, and the ways out and in.
element("your-book", (self) => {
  const guessing = make("input", { type: "checkbox", onchange: () => turn(guessing.checked) });
  const says = make("p", { role: "status" }), trouble = make("p", { className: "trouble" });
  const file = make("input", { type: "file", accept: ".json", hidden: true, onchange: async () => {
    says.textContent = answers.merge(await file.files[0].text()) ? WORDS.imported : WORDS.notImported;
    file.value = "";
  } });
  const save = () => {
    const href = URL.createObjectURL(new Blob([JSON.stringify(answers.state, null, 1)]));
    make("a", { href, download: "your-book.json" }).click();
    setTimeout(() => URL.revokeObjectURL(href));
  };
  const forget = () => {
    if (!confirm(WORDS.forget)) return;
    answers.forget();
    says.textContent = WORDS.forgotten;
  };
  self.append(make("label", {}, guessing, make("span", {}, WORDS.switch)), trouble, make("p", { className: "acts" },
    button(WORDS.export, save, ""), button(WORDS.import, () => file.click(), ""), button(WORDS.forgetAll, forget), file), says);
  answers.watch(() => {
    guessing.checked = answers.state.guessing;
    trouble.textContent = answers.trouble;
  });
});
