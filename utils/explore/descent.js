customElements.define("explore-descent", class extends Machine {
  static viewBox = "0 0 480 238";

  // Parameters: a weight for each feature, and a bias. The last feature is multiplied by the scale.
  static rows(X, scale) { return X.map((x) => [...x.slice(0, -1), x.at(-1) * scale, 1]); }

  // The loss, the mean of ½ (error)², is ½ θᵀHθ − cᵀθ + ½ (mean of y²); H holds the curvatures.
  static quadratic(rows, y) {
    const mean = (f) => rows.reduce((sum, row, i) => sum + f(row, y[i]), 0) / rows.length;
    const each = rows[0].map((_, k) => k);
    return { H: each.map((i) => each.map((j) => mean((r) => r[i] * r[j]))), c: each.map((i) => mean((r, v) => r[i] * v)), yy: mean((_, v) => v * v) };
  }

  static dot(a, b) { return a.reduce((sum, v, k) => sum + v * b[k], 0); }
  static loss({ H, c, yy }, theta) { return theta.reduce((sum, t, i) => sum + t * (this.dot(H[i], theta) / 2 - c[i]), yy / 2); }

  static curvature({ H }) { // the largest, by power iteration
    let v = H.map((_, k) => 1 + k / 7), size;
    for (let k = 0; k < 500; k++) {
      v = H.map((row) => this.dot(row, v));
      size = Math.hypot(...v);
      v = v.map((u) => u / size);
    }
    return size;
  }

  // The loss over the first two parameters, where a bias beside them is at its best: the lowest place, all parameters, and
  // rings in the first two, on which the loss is so far above the lowest.
  static bowl({ H, c }) {
    const rest = (i, v) => (H[2] ? H[i][2] * v / H[2][2] : 0);
    const [[p, q], [, r]] = [0, 1].map((i) => [0, 1].map((j) => H[i][j] - rest(i, H[j][2])));
    const [u, v] = [0, 1].map((i) => c[i] - rest(i, c[2])), det = p * r - q * q;
    const lowest = [(r * u - q * v) / det, (p * v - q * u) / det];
    if (H[2]) lowest.push((c[2] - this.dot(H[2].slice(0, 2), lowest)) / H[2][2]);
    const ring = (excess) => Array.from({ length: 97 }, (_, k) => {
      const size = Math.sqrt(2 * excess), turn = Math.PI * k / 48, second = size * Math.sin(turn) / Math.sqrt(det / p);
      return [lowest[0] + (size * Math.cos(turn) / Math.sqrt(p)) - q / p * second, lowest[1] + second];
    });
    return { lowest, ring };
  }

  static random(seed) { // mulberry32: numbers from 0 to 1
    return () => {
      seed = (seed + 0x6D2B79F5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  static* batches(n, size, seed) { // of indices: every epoch in a new order; the last batch may be short
    const random = this.random(seed), order = Array.from({ length: n }, (_, i) => i);
    for (;;) {
      for (let i = n - 1; i > 0; i--) {
        const j = Math.floor(random() * (i + 1));
        [order[i], order[j]] = [order[j], order[i]];
      }
      for (let k = 0; k < n; k += size) yield order.slice(k, k + size);
    }
  }

  // The parameters before the first step and after each, as torch.optim.SGD takes them, until they leave all bounds.
  static path(rows, y, start, { rate, size = rows.length, momentum = 0, steps, seed = 0 }) {
    const { H, c } = this.quadratic(rows, y), all = size >= rows.length, batches = this.batches(rows.length, size, seed);
    const path = [start];
    let velocity = start.map(() => 0);
    while (path.length <= steps && Math.hypot(...path.at(-1)) < 1e6) {
      const theta = path.at(-1), gradient = all ? H.map((row, k) => this.dot(row, theta) - c[k]) : start.map(() => 0);
      const batch = all ? [] : batches.next().value;
      for (const i of batch) {
        const error = this.dot(rows[i], theta) - y[i];
        rows[i].forEach((x, k) => { gradient[k] += error * x / batch.length; });
      }
      velocity = velocity.map((v, k) => momentum * v + gradient[k]);
      path.push(theta.map((t, k) => t - rate * velocity[k]));
    }
    return path;
  }

  setup() {
    const { ranges, labels, start, rate, sizes, momentum, scales, steps } = this.data;
    const choice = (name, label, values) => { // in ascending order, beginning at the first of those given
      const all = [...values].sort((a, b) => a - b);
      this.slider(name, label, { min: 0, max: all.length - 1, step: 1, at: all.indexOf(values[0]), to: (k) => all[k], show: grouped });
    };
    // Its steps are counted from `min`, so that the slider can stand at the given rate exactly.
    const at = Math.log10(rate), low = at - 0.005 * Math.floor((at + 5) / 0.005 + 1e-9);
    this.slider("rate", "learning rate", { min: low, max: 1, step: 0.005, at, to: (u) => +(10 ** u).toPrecision(9), show: short });
    if (sizes.length) choice("size", "batch size", sizes);
    if (momentum) this.slider("momentum", "momentum", { min: 0, max: 0.99, step: 0.01, at: 0, show: (v) => fixed(v, 2) });
    if (scales.length) choice("scale", "feature scale", scales);
    this.slider("steps", "steps", { min: 0, max: 300, step: 1, at: steps, show: String });
    labels.forEach((label, k) => this.slider(`start${k}`, `start: ${label}`, {
      min: ranges[k][0], max: ranges[k][1], step: 0.05, at: start[k], show: (v) => fixed(v, 2),
    }));
    this.button("Step", () => this.set({ steps: this.state.steps + 1 }));
    this.player("Play", () => {
      this.set({ steps: this.state.steps + 1 + Math.floor(this.state.steps / 40) });
      return this.state.steps < 300;
    });
    this.button("Reset", () => this.set({ steps: 0 }));
    if (!sizes.length) this.toggle("limit", "Show the largest rate"); // it is known for steps with all points
    this.map = plot([48, 15, 180, 180], ...labels.map((label, k) => ({ label, range: ranges[k], ticks: ranges[k] })));
    this.drag((_, x, y) => {
      const [start0, start1] = this.map.at(x, y);
      this.set({ start0, start1 });
    });
  }

  scaled(scale) { // what depends on the scale alone: the data, the loss, its rings on the map, and the decades of its curve
    if (this.kept?.scale === scale) return this.kept;
    const D = this.constructor, { X, y, ranges: [across, up] } = this.data;
    const rows = D.rows(X, scale), loss = D.quadratic(rows, y), { lowest, ring } = D.bowl(loss), least = D.loss(loss, lowest);
    const most = Math.max(...across.flatMap((w) => up.map((v) => D.loss(loss, [w, v, ...lowest.slice(2)]))));
    const rings = [1, 2, 3, 4, 5].map((k) => `<path class="axis" fill="none" d="${
      path(ring((most - least) * 4 ** -k).map(([u, v]) => [this.map.X(u), this.map.Y(v)]))}"/>`);
    const [low, high] = [Math.floor(Math.log10(Math.max(least, most * 1e-9))), Math.ceil(Math.log10(most)) + 1];
    const decades = [low, high].map((k) => 10 ** k), every = Math.ceil((high - low) / 4);
    const ticks = Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, k) => 10 ** (low + k * every));
    return this.kept = { scale, rows, loss, lowest, rings: rings.join(""), decades, ticks, limit: 2 / D.curvature(loss) };
  }

  draw({ rate, size, momentum = 0, scale = 1, steps, start0, start1, limit: asked }) {
    const D = this.constructor, { y, labels } = this.data, { rows, loss, lowest, rings, decades, ticks, limit } = this.scaled(scale);
    const all = D.path(rows, y, [start0, start1, ...lowest.slice(2).map(() => 0)], { rate, size, momentum, steps });
    const losses = all.map((theta) => D.loss(loss, theta)), last = all.at(-1), { X, Y } = this.map;
    const wide = [20, 50, 100, 200, 300].find((k) => k >= steps);
    const curve = plot([290, 15, 180, 180], { label: "steps", range: [0, wide], ticks: [0, wide / 2, wide] }, { label: "loss", range: decades, ticks, log: true });
    const line = (points, color) => `<path d="${path(points)}" fill="none" stroke="${color}" stroke-width="2"/>${
      points.length < 60 ? points.map(([u, v]) => `<circle cx="${u.toFixed(1)}" cy="${v.toFixed(1)}" r="2.5" fill="${color}"/>`).join("") : ""}`;
    const [at, least] = [[X(start0), Y(start1)], [X(lowest[0]), Y(lowest[1])]];
    const largest = `; the largest rate that converges here is ${short(limit * (1 + momentum), 4)}`;
    const said = `${all.length > steps ? "After" : "It diverges: after"} ${all.length - 1} steps at learning rate ${short(rate)}: loss ${short(losses.at(-1))}, `
      + `${[...labels, "b"].slice(0, last.length).map((name, k) => `${name} = ${short(last[k])}`).join(", ")}${asked ? largest : ""}.`;
    return {
      svg: `<rect x="48" y="15" width="180" height="180" fill="transparent" data-handle="start" style="cursor: crosshair; touch-action: none"/>
        ${this.map.axes}${curve.axes}
        ${this.map.inside(`<g pointer-events="none">${rings}<path d="M${least[0] - 6} ${least[1]}h12m-6 -6v12" stroke="currentColor" stroke-width="2"/>${
          line(all.map((theta) => [X(theta[0]), Y(theta[1])]), VERMILION)}</g>`)}
        ${dot(...at)}${handle("start", ...at)}${curve.inside(line(losses.map((v, k) => [curve.X(k), curve.Y(v)]), VERMILION))}`,
      label: `First panel, rings of equal loss over ${labels.join(" and ")}, and the path of gradient descent; second panel, the loss after each step. ${said}`,
      summary: said,
    };
  }
});
