customElements.define("explore-softmax", class extends Explore {
  // The largest logit is taken away before dividing and exponentiating, so nothing overflows.
  static softmax(logits, temperature = 1) {
    const top = Math.max(...logits);
    const powers = logits.map((z) => Math.exp((z - top) / temperature));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((p) => p / sum);
  }

  setup() {
    const { logits, classes } = this.data;
    logits.forEach((at, i) => this.slider(`z${i}`, `logit of ${classes[i]}`, { min: -5, max: 5, step: 0.1, at }));
    this.slider("shift", "add to all logits", { min: -10, max: 10, step: 0.5, at: 0 });
    this.slider("temperature", "temperature", {
      min: -1, max: 1, step: 0.01, at: 0, to: (u) => 20 ** u, show: (t) => precise(t, 3),
    });
    this.find("svg").setAttribute("viewBox", `0 0 480 ${50 * classes.length + 24}`);
  }

  draw(state) {
    const { classes } = this.data;
    const logits = classes.map((_, i) => state[`z${i}`] + state.shift);
    const p = this.constructor.softmax(logits, state.temperature);
    const bottom = 50 * classes.length;
    const grid = [0, 0.5, 1].map((x) => `<path class="axis" d="M${130 + 280 * x} 0V${bottom}"/>
      <text x="${130 + 280 * x}" y="${bottom + 18}" text-anchor="middle">${x}</text>`);
    const bars = p.map((v, i) => `<text x="120" y="${50 * i + 21}" text-anchor="end">${escape(classes[i])}</text>
      <text x="120" y="${50 * i + 39}" text-anchor="end" font-size=".85em">logit ${fixed(logits[i], 1)}</text>
      <rect x="130" y="${50 * i + 8}" width="${280 * v}" height="34" fill="${BLUE}"/>
      <text x="475" y="${50 * i + 31}" text-anchor="end">${fixed(v, 3)}</text>`);
    const list = p.map((v, i) => `${classes[i]} ${fixed(v, 3)}`).join(", ");
    return {
      svg: [...grid, ...bars].join(""),
      label: `Bars of the probabilities: ${list}`,
      summary: `Temperature ${precise(state.temperature, 3)}, all logits shifted by ${fixed(state.shift, 1)}: ${list}.`,
    };
  }
});
