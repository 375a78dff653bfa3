// The page "Your book": every prediction, how well its reader is calibrated, and what is done with all that.

// One prediction: hidden until it is made. The first guess is what counts.
customElements.define("past-guess", class extends HTMLElement {
  connectedCallback() {
    const about = JSON.parse(this.getAttribute("about")), name = this.getAttribute("name");
    const choices = [...this.parentElement.querySelectorAll(":scope > ul > li")].map((e) => e.innerHTML.replace(/<\/?p>/g, ""));
    const truth = about.right ? choices[about.right.indexOf(true)] : measured(about);
    answers.watch(() => {
      const [first] = answers.state.predictions[name] ?? [];
      this.parentElement.classList.toggle("made", Boolean(first));
      if (!first) return;
      const guess = !first.shown && (about.right ? choices[first.guess] : withUnit(first.guess, about));
      this.className = first.shown ? "shown" : first.right ? "right" : "wrong";
      this.innerHTML = `${first.shown ? WORDS.shown : `${WORDS.said} <b>${guess}</b>${first.sure ? WORDS.confident(first.sure) : ""}`}. `
        + `${about.right ? WORDS.is : WORDS.measured} <b>${truth}</b>.`;
    });
  }
});

// Of all guesses with the same confidence, the share that was right; on the diagonal the two are equal.
customElements.define("reliability-diagram", class extends HTMLElement {
  connectedCallback() {
    const least = Number(this.getAttribute("least"));
    answers.watch(() => {
      const made = Object.values(answers.state.predictions).map(([first]) => first).filter(({ sure }) => sure);
      this.replaceChildren();
      if (made.length < least) return;
      const all = made.length, sum = (list, of) => list.reduce((total, one) => total + of(one), 0);
      const bins = SURE.map((sure) => {
        const those = made.filter((one) => one.sure === sure);
        return { sure, n: those.length, right: sum(those, (one) => one.right) };
      }).filter(({ n }) => n);
      const brier = sum(made, ({ sure, right }) => (sure / 100 - right) ** 2) / all;
      const ece = sum(bins, ({ sure, n, right }) => Math.abs(right - n * sure / 100)) / all;
      const x = (percent) => 44 + 5 * (percent - 50), y = (part) => 210 - 200 * part;
      const points = bins.map(({ sure, n, right }) => [x(sure), y(right / n), 3 + 1.5 * Math.sqrt(n)]);
      const tick = (at, label, end) => `<text x="${at[0]}" y="${at[1]}" text-anchor="${end}">${label}</text>`;
      const drawing = make("div", { className: "diagram", innerHTML: `<svg viewBox="0 0 320 250" role="img" aria-label="${WORDS.diagram}">
        <path class="frame" d="M44 10V210H300"/><path class="ideal" d="M${x(50)} ${y(0.5)}L${x(100)} ${y(1)}"/>
        <path class="mine" d="M${points.map(([a, b]) => `${a} ${b}`).join("L")}"/>
        ${points.map(([a, b, r]) => `<circle cx="${a}" cy="${b}" r="${r}"/>`).join("")}
        ${SURE.slice(0, 5).concat(100).map((sure) => tick([x(sure), 226], `${sure}%`, "middle")).join("")}
        ${[0, 0.5, 1].map((part) => tick([38, y(part) + 4], `${100 * part}%`, "end")).join("")}
        ${tick([172, 246], WORDS.axes, "middle")}</svg>` });
      const row = (cells, tag = "td") => make("tr", {}, ...cells.map((cell) => make(tag, {}, String(cell))));
      const table = make("table", { className: "table" }, make("thead", {}, row(WORDS.columns, "th")),
        make("tbody", {}, ...bins.map(({ sure, n, right }) => row([`${sure}%`, n, right]))));
      this.append(drawing, table, make("p", {}, WORDS.scores(all, written(brier), written(ece))));
    });
  }
});

// The switch, and the ways out and in.
customElements.define("your-book", class extends HTMLElement {
  connectedCallback() {
    const guessing = make("input", { type: "checkbox", onchange: () => turn(guessing.checked) });
    const says = make("p", { role: "status" }), trouble = make("p", { className: "trouble" });
    const file = make("input", { type: "file", accept: ".json", hidden: true, onchange: async () => {
      says.textContent = answers.merge(await file.files[0].text()) ? WORDS.imported : WORDS.notImported;
      file.value = "";
    } });
    const save = () => {
      const link = make("a", { href: URL.createObjectURL(new Blob([answers.text()])), download: "your-book.json" });
      link.click();
      URL.revokeObjectURL(link.href);
    };
    const forget = () => {
      if (!confirm(WORDS.forget)) return;
      answers.forget();
      says.textContent = WORDS.forgotten;
    };
    this.append(make("label", {}, guessing, make("span", {}, WORDS.switch)), trouble, make("p", { className: "acts" },
      button(WORDS.export, save, ""), button(WORDS.import, () => file.click(), ""), button(WORDS.forgetAll, forget, ""), file), says);
    answers.watch(() => {
      guessing.checked = answers.state.guessing;
      trouble.textContent = answers.trouble;
    });
  }
});
