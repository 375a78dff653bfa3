customElements.define("explore-boundaries", class extends Machine {
  static viewBox = "0 0 480 386";
  static COLORS = [BLUE, VERMILION, GREEN];

  static softmax([x, y], W, b) {
    const scores = W.map(([u, v], c) => u * x + v * y + b[c]), top = Math.max(...scores);
    const powers = scores.map((o) => Math.exp(o - top)), sum = powers.reduce((a, p) => a + p);
    return powers.map((p) => p / sum);
  }

  // The mean cross-entropy and its gradient: the mean of (p − one-hot), times the features and times 1.
  static learnFrom(points, W, b) {
    let loss = 0, right = 0;
    const dW = W.map(() => [0, 0]), db = b.map(() => 0), n = points.length;
    for (const [x, y, c] of points) {
      const p = this.softmax([x, y], W, b);
      loss -= Math.log(Math.max(p[c], 1e-300)) / n;
      right += Number(p.indexOf(Math.max(...p)) === c); // of equal ones the first, as argmax does
      p.forEach((q, k) => {
        const error = (q - Number(k === c)) / n;
        dW[k][0] += error * x;
        dW[k][1] += error * y;
        db[k] += error;
      });
    }
    return { loss, accuracy: right / n, dW, db };
  }

  static step(points, W, b, rate) {
    const { dW, db } = this.learnFrom(points, W, b);
    return [W.map((row, k) => row.map((w, j) => w - rate * dW[k][j])), b.map((v, k) => v - rate * db[k])];
  }

  // Where two scores are equal: the ends of a straight line across the square of half the width `far`.
  static tie(W, b, i, j, far) {
    const [u, v, d] = [W[i][0] - W[j][0], W[i][1] - W[j][1], b[i] - b[j]], size = u * u + v * v;
    if (size < 1e-18) return [];
    const [x, y, r] = [-u * d / size, -v * d / size, 3 * far / Math.sqrt(size)];
    return [[x - v * r, y + u * r], [x + v * r, y - u * r]];
  }

  setup() {
    const { classes, labels, unit, far } = this.data, free = { min: -10, max: 10, step: "any", at: 0 };
    this.slider("chosen", "class", { min: 0, max: classes.length - 1, step: 1, at: 0, to: (k) => k, show: (k) => classes[k] });
    this.slider("w1", `weight of ${labels[0]}`, free);
    this.slider("w2", `weight of ${labels[1]}`, free);
    this.slider("b", "bias", free);
    this.slider("rate", "learning rate", { min: -2, max: 2, step: 0.02, at: 0, to: (u) => 10 ** u, show: short });
    this.button("Step", () => this.learn());
    this.player("Learn", () => this.learn() % 100);
    this.button("Reset", () => this.reset());
    const axis = (label) => ({ label: unit ? `${label}: ${unit}` : label, range: [-far, far], ticks: [-far, 0, far] });
    this.plot = plot([60, 10, 320, 320], axis(labels[0]), axis(labels[1]));
    this.reset();
  }

  reset() {
    [this.W, this.b, this.steps, this.old] = [this.data.W.map((row) => [...row]), [...this.data.b], 0, undefined];
    this.set({ rate: 0 });
  }

  learn() {
    [this.W, this.b] = this.constructor.step(this.data.points, this.W, this.b, this.state.rate);
    this.old = undefined; // the sliders follow
    this.steps += 1;
    this.update();
    return this.steps;
  }

  update() {
    if (this.quiet) return;
    const { chosen } = this.state, names = ["w1", "w2", "b"];
    if (this.old?.chosen !== chosen) { // another class, or a step: the sliders go to where its parameters are, and round nothing
      const [w1, w2] = this.W[chosen];
      this.place({ w1, w2, b: this.b[chosen] });
    } else {
      names.forEach((name, k) => {
        if (this.state[name] === this.old[name]) return;
        if (k < 2) this.W[chosen][k] = this.state[name]; else this.b[chosen] = this.state[name];
        this.steps = 0;
      });
    }
    this.old = { chosen, ...Object.fromEntries(names.map((name) => [name, this.state[name]])) };
    super.update();
  }

  draw({ rate }) {
    const { points, classes, far } = this.data, { W, b } = this, { COLORS } = this.constructor, { X, Y, axes, inside } = this.plot;
    const { loss, accuracy } = this.constructor.learnFrom(points, W, b), n = 32, side = 320 / n;
    const shade = Array.from({ length: n * n }, (_, k) => {
      const [left, top] = [60 + side * (k % n), 10 + side * Math.floor(k / n)], p = this.constructor.softmax(this.plot.at(left + side / 2, top + side / 2), W, b);
      const most = Math.max(...p);
      return `<rect x="${left}" y="${top}" width="${side}" height="${side}" fill="${COLORS[p.indexOf(most)]}" fill-opacity="${(0.6 * (most - 1 / p.length)).toFixed(2)}"/>`;
    });
    const ties = classes.flatMap((_, i) => classes.slice(i + 1).map((_, k) => this.constructor.tie(W, b, i, i + 1 + k, far)))
      .map((ends) => (ends.length ? `<path d="${path(ends.map(([x, y]) => [X(x), Y(y)]))}" stroke="currentColor" stroke-dasharray="4 4"/>` : ""));
    const marks = [(x, y) => `<circle cx="${x}" cy="${y}" r="4.5"`, (x, y) => `<rect x="${x - 4}" y="${y - 4}" width="8" height="8"`, (x, y) => `<path d="M${x} ${y - 5}l5.5 9.5h-11z"`];
    const mark = (x, y, c) => `${marks[c](x, y)} fill="${COLORS[c]}" stroke="currentColor"/>`;
    const said = `${this.steps ? `After ${this.steps} steps: l` : "L"}oss ${fixed(loss, 3)}, accuracy ${fixed(accuracy, 2)}. `
      + `${classes.map((name, c) => `${name}: weights ${fixed(W[c][0], 2)} and ${fixed(W[c][1], 2)}, bias ${fixed(b[c], 2)}`).join("; ")}.`;
    return {
      svg: `${inside(`<g shape-rendering="crispEdges">${shade.join("")}</g>${ties.join("")}`)}${axes}${points.map(([x, y, c]) => mark(X(x).toFixed(1), Y(y).toFixed(1), c)).join("")}
        ${classes.map((name, c) => `${mark(395, 30 + 24 * c, c)}<text x="408" y="${35 + 24 * c}">${escape(name)}</text>`).join("")}`,
      label: `${points.length} points of ${classes.length} classes; the plane is tinted by the most probable class, the stronger the more confident the model; dashed: two scores are equal. ${said}`,
      summary: said,
    };
  }
});
