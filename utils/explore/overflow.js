customElements.define("explore-overflow", class extends Explore {
  static viewBox = "0 0 480 366";
  static FORMATS = { // binary digits, exponent of the smallest normal number, largest number
    bfloat16: [8, -126, (2 - 2 ** -7) * 2 ** 127],
    float16: [11, -14, 65504],
  };

  // The number of the dtype nearest to x, ties to even. A half is rounded from float32, in which torch's CPU computes.
  static round(x, dtype) {
    if (dtype === "float64") return x;
    x = Math.fround(x);
    if (dtype === "float32" || x === 0 || !Number.isFinite(x)) return x;
    const [digits, lowest, largest] = this.FORMATS[dtype];
    const spacing = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), lowest) - digits + 1);
    const anchor = 1.5 * 2 ** 52 * spacing; // beside it float64 itself has that spacing, and rounds
    const rounded = x + anchor - anchor;
    return Math.abs(rounded) > largest ? Math.sign(x) * Infinity : rounded;
  }

  // Loss of the logits [0, gap] for class 0, and its gradient: each operation of torch, and of its autograd, rounded.
  static run(form, gap, dtype) {
    const round = (x) => this.round(x, dtype), o = [0, gap];
    if (form === "lse") { // F.cross_entropy: of a half it rounds the sum and the ends, and stays in float32 between
      const inner = dtype === "float64" ? round : Math.fround;
      const total = round(inner(Math.exp(-gap)) + 1);
      const q = o.map((x) => round(x - gap - inner(Math.log(total))));
      return { loss: -q[0], gradient: q.map((x, i) => round(inner(Math.exp(x)) - (i ? 0 : 1))) };
    }
    const top = form === "naive" ? 0 : gap;
    const e = o.map((x) => round(Math.exp(x - top)));
    const sum = round(e[0] + e[1]);
    const p = e.map((x) => round(x / sum));
    const q = form === "clamp" ? round(p[0] + round(1e-8)) : p[0];
    const dp = [round(-1 / q), 0]; // backward from here: −log; then e / sum by both; then exp; then the shift
    const dsum = round(dp.map((d, i) => round(-d * round(p[i] / sum))).reduce((a, b) => a + b));
    const gradient = e.map((x, i) => round(round(round(dp[i] / sum) + dsum) * x));
    if (form !== "naive") gradient[1] = round(gradient[1] - round(gradient[0] + gradient[1]));
    return { loss: -round(Math.log(q)), gradient };
  }

  static truth(gap) {
    const p = 1 / (1 + Math.exp(-gap));
    return { loss: gap + Math.log1p(Math.exp(-gap)), gradient: [-p, p] };
  }

  static state(values, truths, tolerance) {
    if (!values.every(Number.isFinite)) return "NaN";
    if (values.every((v, i) => Math.abs(v) < 0.01 * Math.abs(truths[i]))) return "dead";
    return values.some((v, i) => Math.abs(v - truths[i]) > tolerance * Math.abs(truths[i])) ? "wrong" : "right";
  }

  setup() {
    const { gap, dtype, tolerances } = this.data, dtypes = Object.keys(tolerances);
    this.slider("gap", "logit gap M", { min: 0, max: 120, step: 0.5, at: gap });
    this.slider("dtype", "dtype", {
      min: 0, max: dtypes.length - 1, step: 1, at: dtypes.indexOf(dtype), to: (i) => dtypes[i], show: (name) => name,
    });
  }

  draw({ gap, dtype }) {
    const { forms, tolerances } = this.data, truth = this.constructor.truth(gap);
    const marks = { // a shape and a color for each state; its word has the page's own color
      right: [BLUE, "M0 8l5 5l9 -11"],
      wrong: [VERMILION, "M1 2l12 12m0 -12l-12 12"],
      dead: ["currentColor", "M0 8h14"],
      NaN: ["#CC79A7", "M7 2l6.5 12h-13z"], // Okabe–Ito as well
    };
    const write = (v) => (Number.isNaN(v) ? "NaN" : v === Infinity ? "inf"
      : v === 0 ? "0" : Math.abs(v) < 1e-3 ? v.toExponential(1).replace(/-/g, "−") : precise(v, 4));
    const tick = (x, y) => `<path d="M${x} ${y - 4}v18" stroke="currentColor" stroke-width="2"/>`;
    const bar = (x, w, y, color) => `<rect x="${Math.min(x, x + w)}" y="${y}" width="${Math.abs(w)}" height="10" fill="${color}"/>`;
    const part = (name, values, truths, y, x, end, zero, unit) => { // what is said, and drawn, of the loss or gradient
      const state = this.constructor.state(values, truths, tolerances[dtype]), [color, shape] = marks[state];
      const word = values[0] === Infinity ? "inf" : state, list = values.map(write).join(", ");
      const text = `${name} ${values[1] === undefined ? list : `[${list}]`}`;
      const long = (v) => (Number.isNaN(v) ? 0 : Math.min(v, 120) * unit); // inf fills the loss's axis
      return { said: `${text} (${word})`, brief: `${name} ${word}`, svg: `<text x="${x}" y="${y + 40}" font-size=".9em">${text}</text>
        <path transform="translate(${end} ${y + 27})" d="${shape}" fill="none" stroke="${color}" stroke-width="3"/>
        <text class="state" x="${end + 20}" y="${y + 40}" font-size=".95em">${word}</text>
        <path class="axis" d="M${zero} ${y + 48}v18"/>${values.map((v, i) => `${bar(zero, long(v), y + 52, color)}${tick(zero + long(truths[i]), y + 52)}`).join("")}` };
    };
    const rows = Object.entries(forms).map(([form, name], k) => {
      const { loss, gradient } = this.constructor.run(form, gap, dtype);
      const parts = [part("loss", [loss], [truth.loss], 82 * k, 0, 96, 0, 1.25),
        part("gradient", gradient, truth.gradient, 82 * k, 182, 406, 332, 100)];
      return { said: `${name}: ${parts.map(({ said }) => said).join(", ")}`,
        brief: `${name}: ${parts.map(({ brief }) => brief).join(", ")}`,
        svg: `<text y="${82 * k + 18}" font-weight="bold">${escape(name)}</text>${parts.map(({ svg }) => svg).join("")}` };
    });
    const all = (what) => `${rows.map((row) => row[what]).join("; ")}.`;
    const right = [`the true loss is ${write(truth.loss)}`, `the true gradient [${truth.gradient.map(write).join(", ")}]`];
    return {
      svg: `${rows.map((row) => row.svg).join("")}<text y="340" font-size=".9em">Upright strokes: ${right[0]},</text>
        <text y="358" font-size=".9em">${right[1]}.</text>`,
      label: `Four forms in ${dtype} at the logits [0, ${fixed(gap, 1)}], true class 0; ${right.join(", ")}. ${all("said")}`,
      summary: `In ${dtype}, at the logits [0, ${fixed(gap, 1)}]: ${all("brief")}`,
    };
  }
});
