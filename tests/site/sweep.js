// Stands first in each page that test_every_browser.py opens: keeps what goes wrong, and does what the tests ask for.
const wrong = [];
addEventListener("error", (e) => wrong.push(e.message ?? `not loaded: ${e.target.outerHTML.slice(0, 150)}`), true);
addEventListener("unhandledrejection", (e) => wrong.push(`rejected: ${e.reason}`));
addEventListener("securitypolicyviolation", (e) => wrong.push(`forbidden: ${e.blockedURI} by ${e.violatedDirective}`));
for (const kind of ["error", "warn"]) {
  const say = console[kind];
  console[kind] = (...words) => { wrong.push(words.join(" ").slice(0, 300)); say.apply(console, words); };
}

const sweep = {
  wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),

  // Return whether something becomes true soon.
  async until(holds, tries = 40) {
    for (let i = 0; i < tries; i++) {
      if (holds()) return true;
      await sweep.wait(25);
    }
    return false;
  },

  // Once all is there: what went wrong, what another host was asked for, figures that were not drawn, formulas that
  // cannot be seen though what they stand in can be, and by how much the page is too wide.
  async look(home) {
    await document.fonts.ready;
    const asked = performance.getEntriesByType("resource").map((e) => e.name);
    const formulas = [...document.querySelectorAll(".math > mjx-container")];
    const seen = formulas.filter((e) => e.checkVisibility({ checkVisibilityCSS: true }));
    return {
      wrong,
      outside: asked.filter((name) => !name.startsWith(home) && !/^(data|blob):/.test(name)),
      undrawn: [...document.querySelectorAll(".explore")].filter((e) => !e.shadowRoot).length,
      untypeset: document.querySelectorAll(".math").length - formulas.length,
      unseen: seen.filter((e) => !(e.offsetWidth > 2 && e.offsetHeight > 2)).length,
      wide: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    };
  },

  figures: () => [...document.querySelectorAll("article .explore")],
  buttonOf: (figure, text) => [...figure.shadowRoot.querySelectorAll("button")].find((b) => b.textContent === text),

  // One slider of each figure; and what a reader sees of the figure in which it stands.
  sliders: () => sweep.figures().map((figure) => {
    return [...figure.shadowRoot.querySelectorAll("input[type=range]")].find((s) => s.checkVisibility() && !s.disabled);
  }).filter((slider) => slider),
  drawn: (slider) => [...slider.getRootNode().querySelectorAll("img, svg, canvas, .runs, input[type=range]")]
    .map((e) => (e === slider ? "" : e.src || e.toDataURL?.() || e.innerHTML || e.value)).join("|"),

  // Show all figures, begin what has steps, and return how many have a slider.
  begin() {
    turn(false);
    for (const figure of sweep.figures()) if (!figure.matches("explore-playground")) sweep.buttonOf(figure, "Step")?.click();
    return sweep.sliders().length;
  },

  // Give the focus to the slider of a figure.
  focus(k) {
    const slider = sweep.sliders()[k];
    slider.scrollIntoView({ block: "center" });
    slider.focus();
    sweep.before = sweep.drawn(slider);
    return slider.getRootNode().activeElement === slider;
  },

  // Has the figure changed since then? If not, return its slider.
  async moved(k) {
    const changes = await sweep.until(() => sweep.drawn(sweep.sliders()[k]) !== sweep.before, 12);
    return changes || sweep.sliders()[k].outerHTML.slice(0, 200);
  },

  // The first prediction: the focus to its first choice or its slider, then to its button; and what it says at last.
  box: () => document.querySelector("predict-first")?.parentElement,
  asked() {
    turn(true);
    const input = sweep.box()?.querySelector(".answer input");
    input?.scrollIntoView({ block: "center" });
    input?.focus();
    return Boolean(input);
  },
  commit: () => sweep.box().querySelector("form button").focus(),
  answered: () => [sweep.box().classList.contains("answered"), sweep.box().querySelector("[role=status]").textContent],

  // How light paper and ink are in the dark, from 0 to 255.
  dark() {
    const { dataset } = document.documentElement, before = dataset.theme;
    dataset.theme = "dark";
    const level = (color) => Math.max(...color.match(/[\d.]+/g).slice(0, 3).map(Number)) * (color.startsWith("color(") ? 255 : 1);
    const found = [
      level(getComputedStyle(document.body).backgroundColor), level(getComputedStyle(document.querySelector("main h1")).color),
    ];
    dataset.theme = before;
    return found;
  },

  // The playground: the focus to "Step", and what it says after that.
  step: () => sweep.buttonOf(document.querySelector("explore-playground"), "Step").focus(),
  async trained() {
    const now = document.querySelector("explore-playground").shadowRoot.querySelector(".now");
    await sweep.until(() => /^Step [1-9]/.test(now.textContent), 800);
    return now.textContent;
  },

  async found() {
    await sweep.until(() => document.querySelector("ul.search li"), 200);
    return document.querySelector("ul.search a")?.getAttribute("href");
  },

  mode() {
    document.querySelector(".theme-switch-button").click();
    return document.documentElement.dataset.theme;
  },

  // The words that a print must have: of the title, and of the last paragraph.
  ends() {
    const first = (text) => text.trim().split(/\s+/).slice(0, 3).join(" ");
    const last = [...document.querySelectorAll("article section > p")].at(-1);
    return [first(document.querySelector("h1").firstChild.textContent), first(last.textContent)];
  },
};
