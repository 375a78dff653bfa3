customElements.define("explore-polynomial", class extends Machine {
  static viewBox = "0 0 480 300";
  static RATE = 0.01;

  static features(x, degree) { // 1, x, x²/2!, …, x^degree/degree!
    const row = [1];
    for (let k = 1; k <= degree; k++) row.push(row[k - 1] * x / k);
    return row;
  }

  static value(theta, x) { return this.features(x, theta.length - 1).reduce((sum, v, k) => sum + v * theta[k], 0); }
  static error(theta, x, y) { return x.reduce((sum, u, i) => sum + (this.value(theta, u) - y[i]) ** 2, 0) / x.length; }

  // Least squares by modified Gram–Schmidt, the columns brought to one length first.
  static solve(x, y, degree) {
    const rows = x.map((u) => this.features(u, degree)), dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
    const columns = rows[0].map((_, k) => rows.map((row) => row[k])), lengths = columns.map((c) => Math.hypot(...c));
    const Q = columns.map((c, k) => c.map((v) => v / lengths[k])), R = Q.map(() => []), rest = [...y], right = [];
    Q.forEach((q, k) => {
      const size = R[k][k] = Math.hypot(...q);
      q.forEach((_, i) => { q[i] /= size; });
      for (const [j, other] of [...Q.entries(), ["y", rest]]) {
        if (j <= k) continue;
        const share = dot(q, other);
        other.forEach((_, i) => { other[i] -= share * q[i]; });
        if (j === "y") right[k] = share; else R[k][j] = share;
      }
    });
    for (let k = degree; k >= 0; k--) {
      for (let j = k + 1; j <= degree; j++) right[k] -= R[k][j] * right[j];
      right[k] /= R[k][k];
    }
    return right.map((v, k) => v / lengths[k]);
  }

  // Gradient descent from 0 on the mean squared error. A step is a matrix, applied to the coefficients and a 1; its power is
  // taken by squaring, so a million steps cost twenty products.
  static descend(x, y, degree, steps) {
    const n = x.length, rows = x.map((u) => this.features(u, degree)), each = [...rows[0].keys(), degree + 1];
    const times = (A, B) => A.map((row) => {
      const product = new Float64Array(row.length);
      for (let k = 0; k < row.length; k++) for (let j = 0; j < row.length; j++) product[j] += row[k] * B[k][j];
      return product;
    });
    const mean = (f) => 2 * this.RATE * rows.reduce((sum, row, i) => sum + f(row, y[i]), 0) / n;
    let step = each.map((i) => each.map((j) => {
      if (i > degree) return Number(j > degree);
      return j > degree ? mean((row, v) => row[i] * v) : Number(i === j) - mean((row) => row[i] * row[j]);
    }));
    let all = each.map((i) => each.map((j) => Number(i === j)));
    for (let left = steps; left >= 1; left = Math.floor(left / 2)) {
      if (left % 2) all = times(step, all);
      step = times(step, step);
    }
    return all.slice(0, -1).map((row) => row.at(-1));
  }

  setup() {
    const { x, truth, degrees, noise, up } = this.data, ends = [Math.min(...x) - 0.2, Math.max(...x) + 0.2];
    this.slider("degree", "degree", { min: degrees[0], max: degrees[1], step: 1, at: degrees[0], show: String });
    this.slider("noise", "noise σ", { min: -2, max: 1, step: 0.05, at: Math.log10(noise), to: (u) => 10 ** u, show: (v) => precise(v, 2) });
    // The last place is the closed form, where endless steps would lead.
    this.slider("steps", "steps of gradient descent", { min: 1, max: 8.1, step: 0.1, at: 8.1, to: (u) => (u > 8.05 ? Infinity : Math.round(10 ** u)),
      show: (v) => (v === Infinity ? "endless" : v.toLocaleString("en")) });
    this.left = plot([48, 15, 180, 200], { label: "x", range: ends, ticks: [-2, 0, 2] }, { label: "y", range: up, ticks: [up[0], 0, up[1]] });
    this.right = plot([290, 15, 174, 200], { label: "degree", range: [0.5, degrees[1] + 0.5], ticks: [1, 5, 10, 15, 19].filter((k) => k <= degrees[1]) },
      { label: "mean squared error", range: [1e-5, 1e7], ticks: [1e-4, 1e-2, 1, 1e2, 1e4, 1e6], log: true });
    this.grid = Array.from({ length: 241 }, (_, k) => ends[0] + (ends[1] - ends[0]) * k / 240);
    this.truth = path(this.grid.map((u) => [this.left.X(u), this.left.Y(this.constructor.value(truth, u))]));
  }

  targets(x, e) { return x.map((u, i) => this.constructor.value(this.data.truth, u) + this.state.noise * e[i]); }

  draw({ degree, noise, steps }) {
    const P = this.constructor, { x, e, x_val, e_val, degrees } = this.data, { left, right } = this;
    const y = this.targets(x, e), y_val = this.targets(x_val, e_val);
    if (this.kept?.noise !== noise || this.kept.steps !== steps) this.kept = { noise, steps, fits: [] }; // another degree: one more fit
    const fit = (k) => this.kept.fits[k] ??= steps === Infinity ? P.solve(x, y, k) : P.descend(x, y, k, steps);
    const fits = Array.from({ length: degree - degrees[0] + 1 }, (_, k) => fit(degrees[0] + k)), theta = fits.at(-1);
    const errors = fits.map((one) => [P.error(one, x, y), P.error(one, x_val, y_val)]), [training, validation] = errors.at(-1).map((v) => short(v));
    const spot = { circle: (u, v) => `<circle cx="${u}" cy="${v}" r="4" fill="${BLUE}"/>`, square: (u, v) => `<rect x="${u - 4}" y="${v - 4}" width="8" height="8" fill="${VERMILION}"/>` };
    const curve = (which, mark, look) => {
      const places = errors.map((pair, k) => [right.X(degrees[0] + k), right.Y(Math.max(pair[which], 1e-9))]);
      return `<path d="${path(places)}" fill="none" ${look}/>${places.map(([u, v]) => spot[mark](u, v)).join("")}`;
    };
    const blue = `stroke="${BLUE}" stroke-width="2.5"`, red = `stroke="${VERMILION}" stroke-width="2" stroke-dasharray="6 4"`;
    const fitted = path(this.grid.map((u) => [left.X(u), left.Y(P.value(theta, u))]));
    const said = `Degree ${degree}, noise ${precise(noise, 2)}, ${steps === Infinity ? "closed form" : `${steps.toLocaleString("en")} steps of gradient descent`}: `
      + `training error ${training}, validation error ${validation}.`;
    return {
      svg: `${left.axes}${right.axes}${left.inside(`${x.map((u, i) => `<circle cx="${left.X(u).toFixed(1)}" cy="${left.Y(y[i]).toFixed(1)}" r="3" fill="currentColor" fill-opacity=".6"/>`).join("")}
        <path d="${this.truth}" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="2 3"/><path d="${fitted}" fill="none" ${blue}/>`)}
        ${right.inside(curve(0, "circle", blue) + curve(1, "square", red))}
        <path d="M40 275h28" ${blue}/><text x="76" y="280">fit</text><path d="M120 275h28" stroke="currentColor" stroke-width="2" stroke-dasharray="2 3"/><text x="156" y="280">truth</text>
        <path d="M228 275h28" ${blue}/>${spot.circle(242, 275)}<text x="262" y="280">training</text><path d="M346 275h28" ${red}/>${spot.square(360, 275)}<text x="380" y="280">validation</text>`,
      label: `First panel, ${x.length} training points, the truth and the fitted polynomial; second panel, both errors up to this degree. ${said}`,
      summary: said,
    };
  }
});
