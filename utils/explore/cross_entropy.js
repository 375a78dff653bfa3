customElements.define("explore-cross-entropy", class extends Explore {
  static viewBox = "0 0 480 310";
  static crossEntropy(p) { return -Math.log(p); }
  static gradient(p) { return p - 1; } // with respect to the true class's logit
  static probability(u) { return 1 / (1 + 9999 ** -u); } // −1 … 1 → .0001 … .9999, evenly in log-odds

  setup() {
    const { probability, crossEntropy, gradient } = this.constructor;
    const p = this.data.p;
    this.slider("p", "probability of the true class", {
      min: -1, max: 1, step: "any", at: Math.log(p / (1 - p)) / Math.log(9999), to: probability,
      show: (v) => precise(v, 4),
    });
    const points = Array.from({ length: 201 }, (_, i) => probability(i / 100 - 1));
    const curve = (f) => points.map((v) => `${this.x(v)} ${this.y(f(v))}`).join("L");
    const line = (d) => `<path class="axis" d="${d}"/>`;
    this.plot = [0, 2, 4, 6, 8].map((v) => `${line(`M60 ${this.y(v)}H460`)}
        <text x="50" y="${this.y(v) + 5}" text-anchor="end">${v}</text>`).join("")
      + [0, 0.5, 1].map((v) => `${line(`M${this.x(v)} ${v % 1 ? 262 : 10}V270`)}
        <text x="${this.x(v)}" y="288" text-anchor="middle">${v}</text>`).join("")
      + `<text x="260" y="306" text-anchor="middle">probability of the true class, p</text>
        <path d="M${curve(crossEntropy)}" fill="none" stroke="${BLUE}" stroke-width="3"/>
        <path d="M${curve(gradient)}" fill="none" stroke="${VERMILION}" stroke-width="3" stroke-dasharray="8 5"/>`;
  }

  x(p) { return 60 + 400 * p; }
  y(value) { return 245 - 25 * value; } // −1 … 9.4

  draw({ p }) {
    const loss = this.constructor.crossEntropy(p), slope = this.constructor.gradient(p);
    const dot = (x, y) => `<circle cx="${x}" cy="${y}" r="8" fill="${BLUE}" stroke="currentColor"/>`;
    const box = (x, y) => `<rect x="${x - 7}" y="${y - 7}" width="14" height="14" fill="${VERMILION}" stroke="currentColor"/>`;
    return {
      svg: `${this.plot}${dot(this.x(p), this.y(loss))}${box(this.x(p), this.y(slope))}
        ${dot(210, 61)}<text x="226" y="66">loss −log p = ${precise(loss, 4)}</text>
        ${box(210, 83)}<text x="226" y="88">gradient p − 1 = ${precise(slope, 4)}</text>`,
      label: `Curve of the loss over p: at p = ${precise(p, 4)} the loss is ${precise(loss, 4)}, `
        + `the gradient ${precise(slope, 4)}`,
      summary: `At p = ${precise(p, 4)} the loss −log p is ${precise(loss, 4)}. Its gradient with respect to the true `
        + `class's logit is p − 1 = ${precise(slope, 4)}.`,
    };
  }
});
