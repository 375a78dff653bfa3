// The page "Your book": every prediction, how well its reader is calibrated, and what is done with all that.

// One prediction, hidden until it is made. The first guess is what counts.
element("past-guess", (self, about) => {
  const choices = [...self.parentElement.querySelectorAll(":scope > ul > li")].map((li) => li.innerHTML.replace(/<\/?p>/g, ""));
  const truth = about.right ? WORDS.quoted(choices[about.right.indexOf(true)]) : measured(about);
  answers.watch(() => {
    const { guess, sure, right, shown } = answers.state.predictions[self.getAttribute("name")]?.[0] ?? {};
    self.className = shown ? "shown" : guess === undefined ? "" : right ? "right" : "wrong";
    const mine = about.right ? WORDS.quoted(choices[guess] ?? "?") : withUnit(guess ?? 0, about.unit);
    const hit = about.right && right, said = `${hit ? WORDS.right : WORDS.said} <b>${mine}</b>${sure ? WORDS.confident(sure) : ""}`;
    self.innerHTML = `${shown ? WORDS.shown : said}.` + (hit ? "" : ` ${about.right ? WORDS.is : WORDS.measured} <b>${truth}</b>.`);
  });
});

// Of all guesses with the same confidence, the share that was right; on the diagonal the two are equal.
element("reliability-diagram", (self, { least }) => answers.watch(() => {
  const made = Object.values(answers.state.predictions).map(([first]) => first).filter(({ sure }) => sure);
  self.replaceChildren();
  if (made.length < least) return;
  const mean = (list, of) => list.reduce((sum, one) => sum + of(one), 0) / list.length;
  const bins = SURE.map((sure) => ({ sure, those: made.filter((one) => one.sure === sure) })).filter(({ those }) => those.length)
    .map(({ sure, those }) => ({ sure, n: those.length, share: mean(those, ({ right }) => right) }));
  const brier = mean(made, ({ sure, right }) => (sure / 100 - right) ** 2);
  const ece = bins.reduce((sum, { sure, n, share }) => sum + n / made.length * Math.abs(share - sure / 100), 0);
  const x = (percent) => 5 * percent - 206, y = (share) => 210 - 200 * share;
  const text = (at, below, words, anchor = "middle") => `<text x="${at}" y="${below}" text-anchor="${anchor}">${words}</text>`;
  const svg = `<svg viewBox="0 0 320 250" role="img" aria-label="${WORDS.diagram}"><path class="frame" d="M44 10V210H300"/>
    <path class="ideal" d="M44 110L294 10"/><path class="mine" d="M${bins.map((b) => `${x(b.sure)} ${y(b.share)}`).join("L")}"/>
    ${bins.map((b) => `<circle cx="${x(b.sure)}" cy="${y(b.share)}" r="${3 + 1.5 * Math.sqrt(b.n)}"/>`).join("")}
    ${[50, 60, 70, 80, 90, 100].map((percent) => text(x(percent), 226, `${percent}%`)).join("")}
    ${[0, 50, 100].map((percent) => text(38, y(percent / 100) + 4, `${percent}%`, "end")).join("")}${text(172, 246, WORDS.axes)}</svg>`;
  const row = (cells, tag) => make("tr", {}, ...cells.map((cell) => make(tag, {}, String(cell))));
  self.append(make("div", { className: "diagram", innerHTML: svg }), make("table", { className: "table" },
    make("thead", {}, row(WORDS.columns, "th")), make("tbody", {}, ...bins.map((b) => row([`${b.sure}%`, b.n, Math.round(b.n * b.share)], "td")))),
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
