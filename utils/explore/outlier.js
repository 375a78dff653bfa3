customElements.define("explore-outlier", class extends Machine {
  static viewBox = "0 0 480 318";
  static LOOKS = {
    squared: `stroke="${BLUE}" stroke-width="3"`,
    absolute: `stroke="${VERMILION}" stroke-width="2.5" stroke-dasharray="8 5"`,
    Huber: `stroke="${GREEN}" stroke-width="7"`, // broad: it often lies below another
  };

  static LOSSES = { // of an error; delta is where Huber's parabola becomes a straight line
    squared: (e) => e * e / 2,
    absolute: Math.abs,
    Huber: (e, delta) => (Math.abs(e) < delta ? e * e / 2 : delta * (Math.abs(e) - delta / 2)),
  };

  static loss(name, points, [w, b], delta = 1) {
    return points.reduce((sum, [x, y]) => sum + this.LOSSES[name](w * x + b - y, delta), 0) / points.length;
  }

  static weighted(points, weights) { // least squares: slope and intercept
    const total = weights.reduce((a, b) => a + b), mean = (f) => points.reduce((sum, p, i) => sum + weights[i] * f(...p), 0) / total;
    const [x, y] = [mean((u) => u), mean((_, v) => v)], w = mean((u, v) => (u - x) * (v - y)) / mean((u) => (u - x) ** 2);
    return [w, y - w * x];
  }

  static FITS = {
    squared: (points) => this.weighted(points, points.map(() => 1)),
    absolute: (points) => { // a best line runs through two points
      let best;
      points.forEach(([x, y], i) => points.slice(i + 1).forEach(([u, v]) => {
        if (x === u) return;
        const w = (v - y) / (u - x), line = [w, y - w * x], loss = this.loss("absolute", points, line);
        if (!(loss >= best?.loss)) best = { line, loss };
      }));
      return best.line;
    },
    Huber: (points, delta) => { // least squares, again and again, each point with the weight that its error leaves it
      let line = this.FITS.squared(points);
      for (let k = 0; k < 2000; k++) {
        const next = this.weighted(points, points.map(([x, y]) => Math.min(1, delta / Math.abs(line[0] * x + line[1] - y))));
        const done = Math.hypot(next[0] - line[0], next[1] - line[1]) < 1e-13;
        line = next;
        if (done) break;
      }
      return line;
    },
  };

  setup() {
    const { points, ranges: [across, up], chosen, labels } = this.data;
    this.points = points.map((point) => [...point]);
    this.chosen = chosen;
    this.slider("y", "height of the point", { min: up[0], max: up[1], step: 0.1, at: points[chosen - 1][1] });
    this.slider("x", "its place", { min: across[0], max: across[1], step: 0.01, at: points[chosen - 1][0], show: (v) => fixed(v, 2) });
    this.slider("point", "which point", { min: 1, max: points.length, step: 1, at: chosen, show: String });
    this.slider("delta", "Huber’s threshold", { min: -2, max: 2, step: 0.02, at: 0, to: (u) => 10 ** u, show: short });
    this.button("Reset", () => {
      this.points = points.map((point) => [...point]);
      this.chosen = 0;
      this.set({ point: chosen, delta: 0 });
    });
    this.plot = plot([48, 10, 420, 230], { label: labels[0], range: across, ticks: [across[0], (across[0] + across[1]) / 2, across[1]] },
      { label: labels[1], range: up, ticks: [up[0], (up[0] + up[1]) / 2, up[1]] });
    this.drag((_, ...place) => {
      const [x, y] = this.plot.at(...place);
      this.set({ x, y });
    }, (_, ...place) => { // points overlap: the nearest is meant
      const far = this.points.map(([x, y]) => Math.hypot(this.plot.X(x) - place[0], this.plot.Y(y) - place[1]));
      this.set({ point: far.indexOf(Math.min(...far)) + 1 });
      return "point";
    });
  }

  update() {
    if (this.quiet) return;
    const { point, x, y } = this.state;
    if (point !== this.chosen) { // another point: its sliders go to where it is
      this.chosen = point;
      return this.set({ x: this.points[point - 1][0], y: this.points[point - 1][1] });
    }
    this.points[point - 1] = [x, y];
    super.update();
  }

  draw({ point, delta }) {
    const { FITS, LOOKS } = this.constructor, { X, Y, axes, inside } = this.plot, { ranges: [across] } = this.data;
    const fits = Object.entries(FITS).map(([name, fit]) => [name, fit(this.points, delta)]).reverse(); // squared lies on top
    const lines = fits.map(([name, [w, b]]) => `<path d="${path(across.map((x) => [X(x), Y(w * x + b)]))}" ${LOOKS[name]}/>`);
    const dots = this.points.map(([x, y], i) => (i + 1 === point
      ? `<path class="point" data-x="${x}" data-y="${y}" d="M${X(x)} ${Y(y) - 10}l8 10l-8 10l-8 -10z" fill="${BLUE}" stroke="currentColor"/>`
      : `<circle class="point" data-x="${x}" data-y="${y}" cx="${X(x)}" cy="${Y(y)}" r="4" fill="currentColor"/>`) + handle(i + 1, X(x), Y(y)));
    const said = ([name, [w, b]]) => `${name}: slope ${fixed(w, 2)}, intercept ${fixed(b, 2)}`;
    const list = [...fits].reverse(), text = list.map(said).join("; ");
    return {
      svg: `${axes}${inside(lines.join(""))}${dots.join("")}${list.map(([name], k) => `<path d="M${48 + 145 * k} 302h36" ${LOOKS[name]}/>
        <text x="${92 + 145 * k}" y="307">${name}</text>`).join("")}`,
      label: `${this.points.length} points, of which one (diamond) is at ${fixed(this.points[point - 1][0], 2)}, ${fixed(this.points[point - 1][1], 1)}, `
        + `and the best lines under three losses. ${text}`,
      summary: `${text[0].toUpperCase()}${text.slice(1)}.`,
    };
  }
});
