// The playground's controls: it trains in a worker, shows what comes back, and asks for more. See engine.js and drawing.js.
const SETTINGS = { // what each slider is called and offers, and where it stands in the baseline
  lr: ["learning rate", Array.from({ length: 41 }, (_, k) => +(10 ** (k / 10 - 3)).toPrecision(2)), 0.1],
  images: ["training images", [20, 50, 100, 200, 500, 1000, 2000, 5000], 5000],
  batch: ["batch size", [1, 4, 16, 64, 256, 1024], 256],
  noise: ["wrong labels", [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], 0],
  decay: ["weight decay", [0, 0.0001, 0.001, 0.01, 0.1, 1], 0],
  hidden: ["hidden units", [0, 4, 8, 16, 32, 64], 0],
  seed: ["seed", Array.from({ length: 20 }, (_, k) => k + 1), 11],
};

customElements.define("explore-playground", class extends Machine {
  setup() {
    const { classes, bugs, experiments, sets } = this.data, { connection } = navigator;
    this.set = connection?.saveData || /2g|3g/.test(connection?.effectiveType) ? "images-small" : "images";
    this.most = sets[this.set][0];
    this.start = Object.fromEntries(Object.entries(SETTINGS).map(([name, [, , value]]) => [name, name === "images" ? this.most : value]));
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    Object.assign(this, { records: [], before: [], recent: [], runs: 0, waiting: 0, steps: 0, epochs: 0, chosen: 0, x: new Float32Array(784) });
    const title = (slug) => slug[0].toUpperCase() + slug.slice(1).replaceAll("-", " ");
    const options = (all) => all.map(([value, text]) => `<option value="${value}">${escape(text)}</option>`).join("");
    const canvas = (name) => `<canvas class="${name}" width="28" height="28" role="img" aria-label="${name}"></canvas>`;
    const rates = [1, 5, 20, 60].map((v) => [v, `${v} step${v > 1 ? "s" : ""} a second`]);
    this.find(".controls").insertAdjacentHTML("beforebegin", `<style>${STYLE}</style><div class="still"><slot></slot></div><div class="top">
      <label>Experiment <select id="experiment"><option value="" hidden disabled>Your own</option>${options(Object.keys(experiments).map((slug) => [slug, title(slug)]))}</select></label>
      <div class="notice" aria-live="polite"></div>
      <div class="row"></div><p class="now"></p>
      <div class="curves">${'<svg role="img" viewBox="0 0 360 216" aria-label="No run yet."></svg>'.repeat(2)}</div><p class="runs"></p>
      <fieldset class="guess" hidden><legend>Which bug is it?</legend></fieldset><p class="feedback" aria-live="polite"></p></div>`);
    this.playButton = this.button(this.calm ? "One epoch" : "Play", () => this.play());
    this.playButton.className = "play";
    this.button("Step", () => this.act(() => { this.pause(); this.ask({ steps: 1, record: true }); }));
    this.button("Reset", () => { this.pause(); this.restart(); });
    this.find(".row").append(this.find(".actions"));
    this.find(".row").insertAdjacentHTML("beforeend", `<label ${this.calm ? "hidden" : ""}>Speed <select id="speed">${options([...rates, [1e6, "as fast as it can"]])}</select></label>`);
    for (const [name, [label, all]] of Object.entries(SETTINGS)) {
      const values = all.filter((value) => name !== "images" || value <= this.most);
      this.slider(name, label, { min: 0, max: values.length - 1, step: 1, at: values.indexOf(this.start[name]), to: (i) => values[i], show: (v) => this.told(name, v) });
    }
    this.find(".controls").insertAdjacentHTML("afterend", `<fieldset class="bugs"><legend>Plant one or more bugs</legend></fieldset>`);
    this.toggles = Object.fromEntries(Object.entries(bugs).filter(([name]) => name !== "none").map(([name, [text]]) => [name, this.toggle(name, text)]));
    this.hideButton = this.button("Hide one for me", () => this.hide());
    this.find(".bugs").append(...Object.values(this.toggles), this.hideButton);
    this.guesses = Object.entries(bugs).map(([name, [text]]) => this.button(text, () => this.guess(name)));
    this.find(".guess").append(...this.guesses, this.button("Tell me", () => this.guess(this.secret, "It is")));
    this.find(".picture").innerHTML = `<h2>Why this class? Choose an image, or draw one</h2><div class="evidence">
      <div><canvas class="pad" width="28" height="28" tabindex="0" role="application"
        aria-label="Drawing pad of 28 by 28 pixels. Draw by pointer, or move with the arrow keys, paint with space, erase with delete."></canvas>
        <p class="keys">Arrows move, space paints, delete erases.</p><div class="picks"></div></div>
      <div><p class="verdict">Press Play or Step first.</p><div class="why">${classes.map((c) => `<figure>${canvas("weights")}${canvas("parts")}
        <figcaption><span>${escape(c)}</span><span class="p"></span></figcaption><i></i></figure>`).join("")}</div></div></div>
      <div class="panels"><div><h2>What does it confuse?</h2><table role="grid" aria-label="Confusion matrix of the validation images">
        <thead><tr><td>true ↓<br>predicted →</td>${classes.map((c) => `<th scope="col">${escape(c)}</th>`).join("")}</tr></thead>
        <tbody>${classes.map((c) => `<tr><th scope="row">${escape(c)}</th>${'<td tabindex="-1" aria-selected="false"></td>'.repeat(10)}</tr>`).join("")}</tbody></table></div>
      <div><h2>Confused most often</h2><ol class="confused"></ol><p>Choose a cell, and its next image goes to the pad above; choose it again for one more.</p>
        <div class="deep" hidden><h2>What have the hidden units learned?</h2><p>The initial weights are noise. Drawn is what training has added to them, one image for each unit.</p><div class="units"></div></div></div></div>`;
    for (const [text, press] of [["Back", () => this.choose(this.chosen - 1)], ["Next", () => this.choose(this.chosen + 1)],
      ["Mistake", () => this.seek((truth, guess) => truth !== guess)], ["Blank", () => this.choose()]]) this.find(".picks").append(this.button(text, press));
    this.all = (selector) => [...this.shadowRoot.querySelectorAll(selector)];
    this.cell = (i, j) => this.find("tbody").rows[i].cells[j + 1];
    this.cell(0, 0).tabIndex = 0;
    this.listen();
    this.try("baseline");
    const fromAddress = () => { // playground.html#no-zero-grad
      const slug = location.hash.slice(1);
      if (!(slug in experiments)) return;
      this.try(slug);
      this.scrollIntoView();
    };
    addEventListener("hashchange", fromAddress);
    addEventListener("load", () => { this.introduce(); fromAddress(); });
  }

  listen() {
    const on = (selector, kind, act) => this.find(selector).addEventListener(kind, act), within = (v, most) => Math.min(most, Math.max(0, v));
    const arrow = ({ key }) => ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] })[key];
    on("#experiment", "change", ({ target }) => this.try(target.value));
    const where = (cell) => [cell.parentNode.rowIndex - 1, cell.cellIndex - 1];
    on("tbody", "focusin", ({ target }) => this.select(...where(target)));
    const next = (cell) => { if (cell === this.shadowRoot.activeElement) this.select(...where(cell)); else cell.focus(); if (+cell.textContent) this.find(".pad").scrollIntoView({ block: "nearest" }); };
    on("tbody", "mousedown", (event) => event.preventDefault()); // the click gives the focus
    on("tbody", "click", ({ target }) => { if (target.matches("td")) next(target); });
    on("tbody", "keydown", (event) => {
      const move = arrow(event), at = where(event.target);
      if (!move && !["Enter", " "].includes(event.key)) return;
      event.preventDefault();
      if (!move) return next(event.target);
      this.cell(...at.map((v, i) => within(v + move[i], 9))).focus();
    });
    const spot = ({ target, clientX, clientY }) => {
      const { left, top, width } = target.getBoundingClientRect();
      return [clientY - top, clientX - left].map((v) => Math.floor(28 * v / width));
    };
    let tip;
    const brush = (event) => { // also what lies between two events
      const from = tip, to = tip = spot(event), n = Math.max(1, ...to.map((v, i) => Math.abs(v - from[i])));
      for (let k = 1; k <= n; k++) this.dab(...to.map((v, i) => Math.round(from[i] + (v - from[i]) * k / n)), event.shiftKey ? -1 : 1);
    };
    on(".pad", "pointerdown", (event) => { event.target.setPointerCapture(event.pointerId); tip = spot(event); brush(event); });
    on(".pad", "pointermove", (event) => { if (event.buttons && tip) brush(event); });
    on(".pad", "blur", () => { this.cursor = undefined; this.explain(); });
    on(".pad", "keydown", (event) => {
      const move = arrow(event), paint = { " ": 1, Delete: -1, Backspace: -1 }[event.key];
      if (!move && !paint) return;
      event.preventDefault();
      this.cursor = (this.cursor ?? [14, 14]).map((v, i) => within(v + (move?.[i] ?? 0), 27));
      if (paint) this.dab(...this.cursor, paint);
      else this.explain();
    });
  }

  // Fetching and asking

  async act(what) { // what needs the images
    this.loading ??= this.load();
    if (await this.loading) what();
  }

  async load() { // the images come as a script, which works from a disk as well as from a server
    const megabytes = { "images": "1.4", "images-small": "0.6" }[this.set];
    this.find(".now").textContent = `Fetching the images, ${megabytes} MB …`;
    try {
      await new Promise((onload, onerror) => {
        document.head.append(Object.assign(document.createElement("script"), { src: `${this.data.folder}${this.set}.js`, onload, onerror }));
      });
      this.val = await new Promise((loaded) => { this.loaded = loaded; this.hire({ data: playgroundImages }); });
      this.choose(0);
      this.restart();
      return true;
    } catch {
      this.loading = undefined;
      this.find(".now").textContent = "The images could not be fetched. Press the button again to try once more.";
      return false;
    }
  }

  hire(first) { // a worker; where a policy forbids it the page itself computes, in short turns
    const onPage = () => {
      const answer = Engine.serve((message) => this.receive(structuredClone(message)));
      this.worker = { postMessage: (message) => setTimeout(() => answer(message)) };
      this.turnLength = 8;
      this.worker.postMessage(first);
    };
    this.turnLength = 25;
    try {
      const code = `${Engine}\nconst answer = Engine.serve(postMessage); onmessage = ({ data }) => answer(data); onunhandledrejection = ({ reason }) => { throw reason; };`;
      this.worker = new Worker(URL.createObjectURL(new Blob([code])));
      this.worker.onmessage = ({ data }) => this.receive(data);
      this.worker.onerror = (event) => { event.preventDefault(); onPage(); };
      this.worker.postMessage(first);
    } catch { onPage(); }
  }

  ask(message) {
    if (!this.val) return;
    this.waiting++;
    this.worker.postMessage(message);
  }

  receive({ val, records, run, ...state }) {
    if (val) return this.loaded(val);
    this.waiting--;
    if (run !== this.runs) return; // of a run that was given up
    Object.assign(this, state);
    if (!this.steps) this.initial = this.layers[0].W;
    this.records.push(...records);
    if (this.records.length > 600) this.records = this.records.filter((_, i, all) => i % 2 || i === all.length - 1);
    this.fresh ||= records.length > 0;
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = undefined;
      this.find(".now").textContent = `Step ${grouped(this.steps)}, epoch ${fixed(this.epochs, 2)}${this.steps ? `, loss of this batch ${short(this.loss)}` : ""}`;
      if (this.steps) for (const button of this.guesses) button.disabled = false;
      if (this.fresh) this.report();
      this.fresh = false;
      this.explain();
    });
  }

  // Settings and runs

  told(name, value) { return name === "noise" ? `${Math.round(100 * value)}%` : grouped(value); }

  withBugs(names, { lr, batch, images, hidden, noise, decay, seed }) { // what the engine takes
    return { lr, batch: Math.min(batch, images), images, hidden, noise, decay, seed, bugs: Object.fromEntries(names.map((name) => [name, true])) };
  }

  settings() {
    const planted = this.secret ? [this.secret].filter((name) => name !== "none") : Object.keys(this.toggles).filter((name) => this.state[name]);
    return { ...this.withBugs(planted, this.state), secret: this.secret, run: this.runs };
  }

  plan(slug) { // what an experiment sets
    const { bugs = [], speed = 60, ...changes } = this.data.experiments[slug], values = { ...this.start, ...changes };
    return { bugs, speed, values: { ...values, images: Math.min(values.images, this.most) } };
  }

  words({ bugs, secret, ...settings }) { // in what it is not the lesson's run
    const names = secret ? ["a hidden bug, or none"] : Object.keys(bugs).map((name) => this.data.bugs[name][0]);
    const changed = Object.entries(SETTINGS).filter(([name]) => settings[name] !== this.start[name]);
    return [...names, ...changed.map(([name, [label]]) => `${label} ${this.told(name, settings[name])}`)].join(", ") || "as in the lesson";
  }

  story() { // of this run: how it began, and what holds since the last change
    const first = this.words(this.origin);
    return this.mark === undefined ? first : `at first ${first}; since epoch ${fixed(this.mark, 2)} ${this.words(this.begun)}`;
  }

  update() { // another model, other data or a bug begin anew; the other settings take effect in the next step
    if (this.quiet || !this.toggles) return;
    if (!this.secret) this.find(".feedback").textContent = "";
    const now = this.settings(), was = this.begun, anew = (s) => JSON.stringify([s.images, s.noise, s.hidden, s.seed, s.bugs]);
    if (!was || anew(was) !== anew(now)) return this.restart();
    if (!this.steps) this.origin = now;
    else if (this.words(was) !== this.words(now)) this.mark = this.epochs;
    this.begun = now;
    this.show({ set: now });
  }

  restart() { // from the same seed, so that what differs from the run before is what was changed
    if (this.records.length > 2) Object.assign(this, { before: this.records, beforeWords: this.story() });
    Object.assign(this, { records: [], mark: undefined, runs: this.runs + 1, steps: 0, epochs: 0 });
    this.begun = this.origin = this.settings();
    this.show({ start: this.begun });
  }

  show(message) {
    if (message) this.ask(message);
    this.introduce();
    this.report();
  }

  try(slug) {
    this.reveal([]);
    this.arrange(slug);
  }

  arrange(slug) { // it waits for Play
    const { bugs, speed, values } = this.plan(slug);
    this.pause();
    this.place(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, SETTINGS[name][1].indexOf(value)])));
    this.press(bugs);
    this.find("#speed").value = speed;
    this.find(".feedback").textContent = "";
    this.restart();
  }

  introduce() { // the experiment as which this run began, in the words that the page has below: its question and, folded, what to notice
    const began = this.words(this.origin), slug = Object.keys(this.data.experiments).find((slug) => {
      const { bugs, values } = this.plan(slug);
      return this.words(this.withBugs(bugs, values)) === began;
    });
    this.find("#experiment").value = slug ?? "";
    const [question, notice] = document.getElementById(slug)?.querySelectorAll(":scope > p") ?? [];
    const text = question ? `<p>${question.innerHTML}</p><details><summary>What to notice</summary><p>${notice.innerHTML}</p></details>` : "";
    const hidden = "<p>One of the six bugs is planted, or none. Press Step to see the first loss, then Play. Change a setting if it helps. Then name the bug.</p>";
    const told = this.secret ? hidden : text;
    if (told !== this.introduced) this.find(".notice").innerHTML = this.introduced = told; // else the fold would close
  }

  press(bugs) {
    for (const [name, button] of Object.entries(this.toggles)) {
      this.state[name] = bugs.includes(name);
      button.ariaPressed = String(this.state[name]);
    }
  }

  // A hidden bug

  hide() { // at the settings of the baseline, of which the symptoms speak
    const names = Object.keys(this.data.bugs).filter((name) => !this.recent.includes(name)); // so that each is soon met
    this.recent = [this.secret = names[Math.floor(names.length * Math.random())], ...this.recent.slice(0, 3)];
    [this.find(".bugs").hidden, this.find(".guess").hidden] = [true, false];
    for (const button of this.guesses) button.disabled = true; // until there is something to see
    this.arrange("baseline");
    this.playButton.focus({ preventScroll: true });
    this.find(".notice").scrollIntoView({ block: "nearest" });
  }

  guess(name, verdict = name === this.secret ? "Yes, it is" : "It is not") {
    const [text, symptom] = this.data.bugs[name], wrong = verdict === "It is not", baseline = "at the settings of the baseline, you would see this";
    const no = name === "none" ? `There is a bug. Without one, ${baseline}` : `It is not “${text}”. With it, ${baseline}`;
    this.find(".feedback").textContent = `${wrong ? no : `${verdict} “${text}”. The symptom`}: ${symptom}`;
    if (wrong) return;
    this.reveal([name]);
    const { bugs, secret } = this.begun = this.settings();
    Object.assign(this.origin, { bugs, secret });
    this.hideButton.focus({ preventScroll: true });
    this.show();
  }

  reveal(bugs) { // ends the guessing, if there is one
    if (!this.secret) return;
    this.secret = undefined;
    this.press(bugs);
    [this.find(".bugs").hidden, this.find(".guess").hidden] = [false, true];
  }

  // Playing

  play() {
    if (this.playing) return this.pause();
    this.act(() => {
      if (this.calm) return this.ask({ steps: Math.ceil(this.begun.images / this.begun.batch), ms: Infinity, record: true });
      if (this.playing) return; // pressed twice while the images came
      Object.assign(this, { playing: true, owed: 1, then: performance.now() });
      this.playButton.textContent = "Pause";
      this.turn(this.then);
    });
  }

  pause() {
    if (!this.playing) return;
    cancelAnimationFrame(this.frame);
    this.playing = false;
    this.playButton.textContent = "Play";
    this.ask({ record: true }); // so that all pictures show one moment
  }

  turn(now) { // once a frame: ask for the steps that are due, unless earlier ones are still on their way
    if (!this.waiting) {
      const speed = Number(this.find("#speed").value);
      this.owed = Math.min(this.owed + (now - this.then) / 1000 * speed, Math.max(1, speed / 10));
      this.then = now;
      if (this.owed >= 1) this.ask({ steps: Math.floor(this.owed), ms: this.turnLength });
      this.owed %= 1;
    }
    this.frame = requestAnimationFrame((later) => this.turn(later));
  }

  // Showing

  report() { // curves, and what is confused
    const last = this.records.at(-1), { classes } = this.data, pairs = [], before = this.secret ? [] : this.before;
    Drawing.curves(this.records, before, this.mark).forEach((svg, i) => {
      const name = ["Loss", "Accuracy"][i], value = (who) => (Number.isFinite(last?.[who + name]) ? short(last[who + name]) : "none yet");
      this.all(".curves svg")[i].innerHTML = svg;
      this.all(".curves svg")[i].setAttribute("aria-label", `${name} after ${fixed(last?.epochs ?? 0, 2)} epochs: training ${value("train")}, validation ${value("val")}`);
    });
    this.find(".runs").textContent = `This run: ${this.story()}.${before.length ? ` In gray, the run before: ${this.beforeWords}.` : ""}`;
    if (!last) return;
    const counts = classes.map(() => Array(10).fill(0));
    this.val.labels.forEach((y, i) => counts[y][this.predictions[i]]++);
    counts.forEach((row, i) => row.forEach((count, j) => {
      const share = 0.5 * Math.sqrt(count / row.reduce((a, b) => a + b)), name = `true ${classes[i]}, predicted ${classes[j]}`;
      Object.assign(this.cell(i, j), { textContent: count, ariaLabel: `${name}: ${count}` }).style.background = `rgb(${i === j ? "0 114 178" : "213 94 0"} / ${share})`;
      if (i !== j && count) pairs.push([count, `${name}: ${count}`]);
    }));
    this.find(".confused").innerHTML = pairs.sort((a, b) => b[0] - a[0]).slice(0, 3).map(([, text]) => `<li>${escape(text)}</li>`).join("");
    if (!this.playing) this.say(`Step ${grouped(this.steps)}: validation loss ${short(last.valLoss)}, validation accuracy ${fixed(last.valAccuracy, 3)}.`);
  }

  select(i, j) { // a cell of the matrix: its next image goes to the pad
    for (const old of this.all("td[tabindex='0']")) Object.assign(old, { tabIndex: -1, ariaSelected: "false" });
    Object.assign(this.cell(i, j), { tabIndex: 0, ariaSelected: "true" });
    this.seek((truth, guess) => truth === i && guess === j);
  }

  seek(wanted) { // the next image of which this is so
    if (!this.val || !this.predictions) return this.say("Press Play or Step first.");
    const { labels } = this.val, order = [...labels.keys()].map((k) => (this.chosen + 1 + k) % labels.length);
    const found = order.find((i) => wanted(labels[i], this.predictions[i]));
    if (found !== undefined) this.choose(found);
  }

  choose(i) { // a validation image, or a blank pad
    if (!this.val) this.say("Press Play or Step first.");
    this.drawn = i === undefined || !this.val;
    this.x = new Float32Array(784);
    if (!this.drawn) {
      const { images, labels } = this.val;
      this.chosen = (i + labels.length) % labels.length;
      this.x = Float32Array.from(images.subarray(784 * this.chosen, 784 * (this.chosen + 1)), (v) => v / 255);
    }
    this.explain();
  }

  dab(row, column, sign) { // a soft brush, three pixels wide
    for (const [down, right, gray] of [[0, 0, 0.9], [0, 1, 0.5], [0, -1, 0.5], [1, 0, 0.5], [-1, 0, 0.5]]) {
      const [i, j] = [row + down, column + right];
      if (i >= 0 && i < 28 && j >= 0 && j < 28) this.x[28 * i + j] = Math.min(1, Math.max(0, this.x[28 * i + j] + sign * gray));
    }
    this.drawn = true;
    this.explain();
  }

  explain() { // a class's logit is the sum of pixel × weight over all pixels, and its bias
    const { classes } = this.data, pad = this.find(".pad"), largest = (values) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-9);
    const [row, column] = this.cursor ?? [], at = 28 * row + column;
    Drawing.paint(pad, (j) => (j === at ? [213, 94, 0] : [255, 255, 255]), (j) => (j === at ? 1 : this.x[j])); // on black
    if (!this.layers) return;
    const x = this.x.map((v) => v * (this.begun.bugs.unscaled ? 255 : 1)), { W, b } = Engine.acting(this.layers, x), deep = this.layers.length > 1;
    const parts = classes.map((_, k) => x.map((v, j) => v * W[10 * j + k])), logits = parts.map((part, k) => part.reduce((sum, v) => sum + v, b[k]));
    const p = [...logits];
    Engine.softmax(p);
    const best = p.indexOf(Math.max(...p)), most = Math.max(...parts.map(largest)), widest = largest(W), colors = Drawing.colors(this);
    this.all(".why figure").forEach((figure, k) => {
      const [weights, part] = figure.querySelectorAll("canvas");
      Drawing.signed(weights, colors, W, 0.8 * widest, k, 10);
      Drawing.signed(part, colors, parts[k], 0.6 * most);
      weights.ariaLabel = `Weights of ${classes[k]}`;
      part.ariaLabel = `Pixel × weight for ${classes[k]}: logit ${short(logits[k])}, probability ${fixed(p[k], 2)}`;
      figure.className = k === best ? "best" : "";
      figure.querySelector(".p").textContent = fixed(p[k], 2);
      figure.querySelector("i").style.width = `${100 * p[k]}%`;
    });
    const truth = this.drawn ? "" : `; the label is <b>${escape(classes[this.val.labels[this.chosen]])}</b>`;
    this.find(".verdict").innerHTML = `The model says <b>${escape(classes[best])}</b> with probability ${fixed(p[best], 2)}${truth}.
      Left: the weights of each class${deep ? " that act on this image, through the hidden units that are on, with the noise of the initial weights" : ""}. Right: pixel × weight. Blue speaks for the class, vermilion against it.`;
    this.units(deep ? this.layers[0] : { outputs: 0, W: [] }, largest, colors);
  }

  units({ outputs, W }, largest, colors) { // what training has added to the weights of each hidden unit
    const units = this.find(".units"), added = W.map((v, j) => v - this.initial[j]), limit = 0.8 * largest(added);
    if (units.children.length !== outputs) {
      units.innerHTML = Array.from({ length: outputs }, (_, u) => `<canvas width="28" height="28" role="img" aria-label="Hidden unit ${u + 1}: what training has added to its weights"></canvas>`).join("");
      this.find(".deep").hidden = !outputs;
    }
    [...units.children].forEach((canvas, u) => Drawing.signed(canvas, colors, added, limit, u, outputs));
  }
});
