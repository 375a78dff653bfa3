customElements.define("explore-early-stopping", class extends Machine {
  static viewBox = "0 0 480 300";

  // The share of the way to the least-squares solution that is covered along a direction of this curvature.
  static stopped(curvature, rate, steps) { return -Math.expm1(steps * Math.log1p(-rate * curvature)); }
  static ridge(curvature, strength) { return curvature / (curvature + strength); }

  static theta({ curvatures, c }, share) { return c.map((v, k) => share(curvatures[k]) * v / curvatures[k]); }

  static loss({ H, c, yy }, theta) { // the mean of ½ (error)²
    return theta.reduce((sum, t, i) => sum + t * (H[i].reduce((a, h, j) => a + h * theta[j], 0) / 2 - c[i]), yy / 2);
  }

  setup() {
    const { curvatures, rate, steps } = this.data, ten = (v) => Math.log10(v);
    this.slider("steps", "steps before stopping", { min: 0, max: 5, step: 0.02, at: ten(steps), to: (u) => Math.round(10 ** u), show: (v) => v.toLocaleString("en") });
    this.slider("strength", "strength λ of the penalty", { min: -4, max: 2, step: 0.02, at: 2, to: (u) => 10 ** u, show: short });
    this.toggle("tied", "Tie: λ = 1 / (rate × steps)");
    const decades = (low, high) => Array.from({ length: high - low + 1 }, (_, k) => 10 ** (low + k));
    const [low, high] = [Math.floor(ten(Math.min(...curvatures))), Math.ceil(ten(Math.max(...curvatures)))];
    this.curvatures = Array.from({ length: 121 }, (_, k) => 10 ** (low + (high - low) * k / 120)).filter((v) => rate * v < 1);
    this.left = plot([48, 15, 180, 200], { label: "curvature κ", range: [10 ** low, 10 ** high], ticks: decades(low, high).filter((_, k) => k % 2 === 0), log: true },
      { label: "share of the way", range: [0, 1], ticks: [0, 0.5, 1] });
    this.right = plot([290, 15, 174, 200], { label: "rate × steps, and 1 / λ", range: [1e-2, 1e4], ticks: decades(-2, 4).filter((_, k) => k % 2 === 0), log: true },
      { label: "validation loss", range: [0, this.data.up], ticks: [0, this.data.up] });
  }

  update() {
    const { tied, steps } = this.state;
    this.find("#strength").disabled = Boolean(tied);
    if (tied && !this.quiet) this.place({ strength: -Math.log10(this.data.rate * steps) }); // the slider rounds, the figure does not
    super.update();
  }

  draw(state) {
    const E = this.constructor, { rate, training, validation } = this.data, { left, right } = this, { steps } = state;
    const strength = state.tied ? 1 / (rate * steps) : state.strength;
    const ways = [[(t) => (k) => E.stopped(k, rate, t / rate), rate * steps, BLUE, ""], [(t) => (k) => E.ridge(k, 1 / t), 1 / strength, VERMILION, `stroke-dasharray="7 5"`]];
    const at = (way, t) => E.loss(validation, E.theta(training, way(t)));
    const losses = ways.map(([way, t]) => at(way, t)), norms = ways.map(([way, t]) => Math.hypot(...E.theta(training, way(t))));
    const drawn = ways.map(([way, now, color, dash], k) => {
      const spot = (x, y) => (k ? `<rect x="${x - 3.5}" y="${y - 3.5}" width="7" height="7" fill="${color}"/>` : `<circle cx="${x}" cy="${y}" r="4" fill="${color}"/>`);
      const line = (points) => `<path d="${path(points)}" fill="none" stroke="${color}" stroke-width="2.5" ${dash}/>`;
      const past = Array.from({ length: 121 }, (_, i) => 10 ** (-2 + i / 20)).filter((t) => t < now).concat(now); // not what lies ahead
      return [left.inside(line(this.curvatures.map((v) => [left.X(v), left.Y(way(now)(v))])) + training.curvatures.map((v) => spot(left.X(v), left.Y(way(now)(v)))).join("")),
        right.inside(line(past.map((t) => [right.X(t), right.Y(at(way, t))]))) + spot(right.X(now), right.Y(losses[k]))].join("");
    });
    const said = `Stopped after ${steps.toLocaleString("en")} steps: validation loss ${fixed(losses[0], 4)}, norm of the weights ${fixed(norms[0], 3)}. `
      + `Ridge of strength ${short(strength)}: ${fixed(losses[1], 4)}, norm ${fixed(norms[1], 3)}.`;
    return {
      svg: `${left.axes}${right.axes}${drawn.join("")}<path d="M60 280h36" stroke="${BLUE}" stroke-width="2.5"/><circle cx="78" cy="280" r="4" fill="${BLUE}"/>
        <text x="104" y="285">early stopping</text><path d="M250 280h36" stroke="${VERMILION}" stroke-width="2.5" stroke-dasharray="7 5"/>
        <rect x="264.5" y="276.5" width="7" height="7" fill="${VERMILION}"/><text x="294" y="285">ridge (L2 penalty)</text>`,
      label: `First panel, the share of the way to least squares that each covers along ${training.curvatures.length} directions, over their curvature; second panel, the validation loss up to here. ${said}`,
      summary: said,
    };
  }
});
