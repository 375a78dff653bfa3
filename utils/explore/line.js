customElements.define("explore-line", class extends Machine {
  static viewBox = "0 0 480 306";
  static mean(points, f) { return points.reduce((sum, point) => sum + f(...point), 0) / points.length; }
  static loss(points, w, b) { return this.mean(points, (x, y) => (w * x + b - y) ** 2 / 2); }
  static gradient(points, w, b) { // with respect to w and b
    return [this.mean(points, (x, y) => (w * x + b - y) * x), this.mean(points, (x, y) => w * x + b - y)];
  }

  static moments(points) {
    const x = this.mean(points, (u) => u), y = this.mean(points, (_, v) => v);
    return { x, y, spread: this.mean(points, (u) => (u - x) ** 2) };
  }

  // Least squares; where all x are equal, the one of all best lines whose w² + b² is smallest.
  static optimum(points) {
    const { x, y, spread } = this.moments(points);
    if (spread < 1e-9) return [x * y / (x * x + 1), y / (x * x + 1)];
    const w = this.mean(points, (u, v) => (u - x) * (v - y)) / spread;
    return [w, y - w * x];
  }

  // 97 pairs (w, b) whose loss is the lowest plus the excess: an ellipse, or a pair of lines where all x are equal.
  static ring(points, excess) {
    const { x, spread } = this.moments(points), [w, b] = this.optimum(points), r = Math.sqrt(2 * excess);
    return Array.from({ length: 97 }, (_, i) => {
      const dw = r * Math.cos(Math.PI * i / 48) / Math.sqrt(Math.max(spread, 1e-6));
      return [w + dw, b + r * Math.sin(Math.PI * i / 48) - x * dw];
    });
  }

  setup() {
    const { points, ranges, labels, w, b } = this.data;
    this.points = points.map((point) => [...point]);
    this.chosen = 1;
    const scale = (name, at, label) => this.slider(name, label, { min: ranges[name][0], max: ranges[name][1], step: 0.1, at });
    scale("w", w, "slope w");
    scale("b", b, "intercept b");
    this.toggle("best", "Show the best line");
    this.fold("Move a point by sliders", () => {
      this.slider("point", "point", { min: 1, max: points.length, step: 1, at: 1, show: String });
      scale("x", points[0][0], labels[0]);
      scale("y", points[0][1], labels[1]);
    });
    this.start = `${this.state.w} ${this.state.b}`;
    // at(name, value) → where it is drawn; 180 units for each range
    const { left, right } = { left: 48, right: 292 };
    this.at = (name, v) => {
      const share = (v - ranges[name][0]) / (ranges[name][1] - ranges[name][0]);
      return { w: left, x: right }[name] === undefined ? 195 - 180 * share : { w: left, x: right }[name] + 180 * share;
    };
    const axes = (at, across, up, titles) => {
      const ends = (name) => [0, 0.5, 1].map((s) => ranges[name][0] + s * (ranges[name][1] - ranges[name][0]));
      return `<rect class="axis" x="${at}" y="15" width="180" height="180" fill="none"/>`
        + ends(across).map((v) => `<text x="${this.at(across, v)}" y="213" text-anchor="middle">${v.toString().replace("-", "−")}</text>`).join("")
        + ends(up).map((v, k) => `<text x="${at - 6}" y="${this.at(up, v) + (k ? 5 : 1)}" text-anchor="end">${v.toString().replace("-", "−")}</text>`).join("")
        + `<text x="${at + 90}" y="234" text-anchor="middle">${escape(titles[0])}</text>
          <text transform="translate(${at - 35} 105) rotate(-90)" text-anchor="middle">${escape(titles[1])}</text>`;
    };
    this.axes = axes(left, "w", "b", ["slope w", "intercept b"]) + axes(right, "x", "y", labels);
    this.drag((held, ...at) => {
      const value = (name, from, place) => {
        const [low, high] = this.data.ranges[name];
        return low + (high - low) * (place - from) / (name === "w" || name === "x" ? 180 : -180);
      };
      this.set(held === "line" ? { w: value("w", 48, at[0]), b: value("b", 195, at[1]) }
        : { x: value("x", 292, at[0]), y: value("y", 195, at[1]) });
    }, (held, ...at) => {
      if (held === "line") return held;
      const far = this.points.map(([x, y]) => Math.hypot(this.at("x", x) - at[0], this.at("y", y) - at[1]));
      this.set({ point: far.indexOf(Math.min(...far)) + 1 }); // handles overlap: the nearest point is meant
      return "point";
    });
  }

  update() {
    if (this.quiet) return;
    const { point, x, y, w, b } = this.state;
    if (point !== this.chosen) { // another point: its two sliders go to where it is
      this.chosen = point;
      const [atX, atY] = this.points[point - 1];
      return this.set({ x: atX, y: atY });
    }
    this.points[point - 1] = [x, y];
    super.update();
    const button = this.find("button"); // first the reader tries, then asks
    this.tried ||= this.start !== `${w} ${b}`;
    button.disabled = !this.tried;
    button.textContent = `Show the best line${this.tried ? "" : ": move yours first"}`;
  }

  draw({ w, b, point, best: shown }) {
    const { loss, points } = { loss: (...at) => this.constructor.loss(this.points, ...at), points: this.points };
    const best = this.constructor.optimum(points), one = this.constructor.moments(points).spread < 1e-9;
    const clip = (at, drawn) => `<clipPath id="from${at}"><rect x="${at}" y="15" width="180" height="180"/></clipPath>
      <g clip-path="url(#from${at})">${drawn}</g>`;
    const rings = [0.4, 1.6, 6.4, 25.6, 102.4].map((excess) => `<path fill="none" stroke="currentColor" stroke-opacity=".55" d="M${
      this.constructor.ring(points, excess).map(([u, v]) => `${this.at("w", u).toFixed(1)} ${this.at("b", v).toFixed(1)}`).join("L")}"/>`);
    const cross = (x, y) => `<path d="M${x - 7} ${y - 7}l14 14m0 -14l-14 14" stroke="${VERMILION}" stroke-width="3"/>`;
    const line = (u, v, look) => `<path d="M${[0, 1].map((i) => {
      const x = this.data.ranges.x[i];
      return `${this.at("x", x)} ${this.at("y", u * x + v)}`;
    }).join("L")}" fill="none" stroke-width="3" ${look}/>`;
    const blue = `stroke="${BLUE}"`, dashed = `stroke="${VERMILION}" stroke-dasharray="8 5"`;
    const residuals = points.map(([x, y]) => `<path stroke="currentColor" stroke-dasharray="2 2" d="M${this.at("x", x)} ${this.at("y", y)}V${this.at("y", w * x + b)}"/>`);
    const scatter = points.map(([x, y], i) => {
      const [cx, cy] = [this.at("x", x), this.at("y", y)];
      return `<circle class="point" cx="${cx}" cy="${cy}" r="4.5" fill="currentColor"/>${
        this.find("details").open && i + 1 === point ? `<circle cx="${cx}" cy="${cy}" r="9" fill="none" stroke="currentColor" stroke-width="1.5"/>` : ""}${handle(i + 1, cx, cy, 13)}`;
    });
    const [yours, least] = [loss(w, b), loss(...best)].map((v) => fixed(v, 3));
    const [atW, atB] = [this.at("w", w), this.at("b", b)];
    const [dw, db] = this.constructor.gradient(points, w, b).map((v) => fixed(v, 2));
    const [bw, bb] = best.map((v) => fixed(v, 2));
    return {
      svg: `${this.axes}${clip(48, rings.join("") + (shown ? cross(this.at("w", best[0]), this.at("b", best[1])) : ""))}
        ${clip(292, residuals.join("") + (shown ? line(...best, dashed) : "") + line(w, b, blue))}
        ${dot(atW, atB)}${handle("line", atW, atB, 13)}${scatter.join("")}
        <path d="M36 263H64" ${blue} stroke-width="3"/>${dot(50, 263)}<text x="76" y="268">your line: loss ${yours}</text>
        ${shown ? `<path d="M36 290H64" ${dashed} stroke-width="3"/>${cross(50, 290)}<text x="76" y="295">best: w = ${bw}, b = ${bb}, loss ${least}</text>` : ""}`,
      label: `First panel, the loss over w and b; second panel, ${points.length} points and your line w = ${fixed(w, 1)}, `
        + `b = ${fixed(b, 1)}, of loss ${yours}${shown ? `; also the best line w = ${bw}, b = ${bb}, of loss ${least}` : ""}`,
      summary: `At w = ${fixed(w, 1)}, b = ${fixed(b, 1)} the mean loss is ${yours}, its gradient (${dw}, ${db}).`
        + (!shown ? "" : one ? ` All points share one x: every line through their mean is best, with loss ${least}.`
          : ` The best line, by least squares, has w = ${bw} and b = ${bb}, and loss ${least}.`),
    };
  }
});
