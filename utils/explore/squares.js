customElements.define("explore-squares", class extends Machine {
  static viewBox = "0 0 480 336";

  // The line is known by its two ends, its heights over x = 0 and x = 5: they are what a hand can hold.
  static errors(points, left, right) { return points.map(([x, y]) => left + (right - left) * x / 5 - y); }
  static loss(points, left, right) {
    return this.errors(points, left, right).reduce((sum, e) => sum + e * e, 0) / points.length;
  }

  static gradient(points, left, right) { // of the loss, with respect to both ends
    const errors = this.errors(points, left, right);
    const slope = (share) => 2 * errors.reduce((sum, e, i) => sum + e * share(points[i][0] / 5), 0) / points.length;
    return [slope((u) => 1 - u), slope((u) => u)];
  }

  static step(points, left, right, rate = 1) { // of gradient descent on the loss: the rate times the gradient
    const [first, second] = this.gradient(points, left, right);
    return [left - rate * first, right - rate * second];
  }

  setup() {
    const { points, left, right, labels } = this.data, end = { min: 0, max: 30, step: 0.1 };
    this.points = points.map((point) => [...point]);
    this.chosen = 1;
    this.slider("left", "left end", { ...end, at: left });
    this.slider("right", "right end", { ...end, at: right });
    this.slider("rate", "learning rate", { min: -2, max: 1, step: 0.02, at: 0, to: (u) => 10 ** u, show: short });
    this.button("One step", () => this.learn());
    this.player("Let the machine learn it", () => this.learn() % 60 && !this.lost);
    this.button("Reset", () => this.reset());
    this.fold("Move a point by sliders", () => {
      this.slider("point", "point", { min: 1, max: points.length, step: 1, at: 1, show: String });
      this.slider("x", labels[0], { min: 0, max: 5, step: 0.1, at: points[0][0] });
      this.slider("y", labels[1], { ...end, at: points[0][1] });
    });
    this.plot = plot([50, 8, 415, 200], { label: labels[0], range: [0, 5], ticks: [0, 1, 2, 3, 4, 5] }, { label: labels[1], range: [0, 30], ticks: [0, 10, 20, 30] });
    const isEnd = (held) => held === "left" || held === "right";
    this.drag((held, ...place) => {
      const [x, y] = this.plot.at(...place);
      this.set(isEnd(held) ? { [held]: y } : { x, y });
    }, (held) => {
      if (!isEnd(held)) this.set({ point: held });
      return held;
    });
    this.reset();
  }

  reset() {
    const { left, right, points } = this.data;
    this.points = points.map((point) => [...point]);
    [this.chosen, this.yours, this.machine] = [0, undefined, undefined]; // both bests
    this.run = [[left, right]]; // the ends after each step: not rounded, as the sliders are
    this.ends = `${left} ${right}`;
    this.set({ left, right, rate: 0, point: 1 });
  }

  get lost() { return this.constructor.loss(this.points, ...this.run.at(-1)) > 1e6; } // more than its curve can show

  learn() {
    if (this.lost) return 0;
    const [left, right] = this.constructor.step(this.points, ...this.run.at(-1), this.state.rate);
    this.run.push([left, right]);
    this.machine = Math.min(this.machine ?? Infinity, this.constructor.loss(this.points, left, right));
    this.stepping = true;
    this.set({ left, right });
    this.stepping = false;
    return this.run.length - 1;
  }

  update() {
    if (this.quiet) return;
    const { point, x, y, left, right } = this.state, old = this.points[point - 1], ends = `${left} ${right}`;
    if (point !== this.chosen) { // another point: its sliders go to where it is
      this.chosen = point;
      return this.set({ x: old[0], y: old[1] });
    }
    const moved = x !== old[0] || y !== old[1];
    if (moved) { // other points: another contest
      this.points[point - 1] = [x, y];
      this.yours = this.machine = undefined;
    }
    if (!this.stepping && (moved || ends !== this.ends)) {
      this.run = [[left, right]];
      if (!moved) this.yours = Math.min(this.yours ?? Infinity, this.constructor.loss(this.points, left, right));
    }
    this.ends = ends;
    super.update();
  }

  draw({ rate, point }) {
    const { unit } = this.data, { points, run } = this, { X, Y, axes, inside } = this.plot, [left, right] = run.at(-1);
    const squares = this.constructor.errors(points, left, right).map((e, i) => {
      const [x, y] = points[i], side = Math.abs(e) * 20 / 3; // it leans away from the line's nearer side of the picture
      return `<rect x="${x < 2.5 ? X(x) : X(x) - side}" y="${Y(Math.max(y, y + e))}" width="${side}" height="${side}"
        fill="${VERMILION}" fill-opacity=".22" stroke="${VERMILION}"/>`;
    });
    const dots = points.map(([x, y], i) => `<circle class="point" cx="${X(x)}" cy="${Y(y)}" r="4.5" fill="currentColor"/>${
      this.find("details").open && i + 1 === point ? `<circle cx="${X(x)}" cy="${Y(y)}" r="9" fill="none" stroke="currentColor"/>` : ""}${handle(i + 1, X(x), Y(y))}`);
    const slopes = this.constructor.gradient(points, left, right);
    const arrow = (x, y, slope) => { // the next step: rate times gradient, downhill
      const to = Y(y - rate * slope), way = Math.sign(to - Y(y));
      return Math.abs(to - Y(y)) < 3 ? "" : `<path class="step" d="M${x} ${Y(y)}V${to}m-5 ${-7 * way}l5 ${7 * way}l5 ${-7 * way}" fill="none" stroke="${BLUE}" stroke-width="2.5"/>`;
    };
    const losses = run.map((ends) => this.constructor.loss(points, ...ends)), loss = losses.at(-1);
    const decade = (f, v) => 10 ** f(Math.log10(Math.min(Math.max(v, 0.01), 1e6)));
    const range = [decade(Math.floor, Math.min(...losses) / 1.01), decade(Math.ceil, Math.max(...losses) * 1.01)];
    const curve = plot([50, 258, 415, 56], { label: "", range: [0, Math.max(60, run.length - 1)], ticks: [] }, { label: "", range, ticks: range, log: true });
    const area = (v) => `${v < 1000 ? fixed(v, 2) : short(v)} ${unit}`.trim(), best = (v) => (v === undefined ? "none yet" : area(v));
    const steps = run.length - 1, slope = (v) => (Math.abs(v) < 1000 ? fixed(Math.round(100 * v) / 100 || 0, 2) : short(v));
    return {
      svg: `${axes}${inside(squares.join(""))}${dots.join("")}
        ${inside(`<path d="M${X(0)} ${Y(left)}L${X(5)} ${Y(right)}" stroke="${BLUE}" stroke-width="3"/>${arrow(X(0) + 14, left, slopes[0])}${arrow(X(5) - 14, right, slopes[1])}`)}
        ${[["left", X(0), Y(left)], ["right", X(5), Y(right)]].map(([name, x, y]) => dot(x, y) + handle(name, x, y, 20)).join("")}
        ${curve.axes}<text x="257" y="331" text-anchor="middle">loss after each step of the machine</text>${curve.inside(`<path d="${path(losses.map((v, k) => [curve.X(k), curve.Y(v)]))}" fill="none" stroke="${VERMILION}" stroke-width="3"/>`)}`,
      label: `${points.length} points, and a line from ${fixed(left, 1)} at the left to ${fixed(right, 1)} at the right; `
        + `a square on each error, of mean area ${area(loss)}; arrows at both ends: the next step; below, the loss after each step`,
      summary: this.lost ? `Step ${steps}: the loss is off the scale, ${area(loss)}. The learning rate is too large: press Reset.` : `${steps ? `Step ${steps}: mean area` : "Mean area of the squares:"} ${area(loss)}, its gradient ${slope(slopes[0])} at the left end, `
        + `${slope(slopes[1])} at the right. Your best: ${best(this.yours)}; the machine’s: ${best(this.machine)}.`,
    };
  }
});
