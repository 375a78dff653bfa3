customElements.define("explore-squares", class extends Explore {
  static viewBox = "0 0 480 258";

  // The line is known by its two ends, its heights over x = 0 and x = 5: they are what a hand can hold.
  static errors(points, left, right) { return points.map(([x, y]) => left + (right - left) * x / 5 - y); }
  static loss(points, left, right) {
    return this.errors(points, left, right).reduce((sum, e) => sum + e * e, 0) / points.length;
  }

  static step(points, left, right, rate = 1) { // of gradient descent on half the loss
    const errors = this.errors(points, left, right);
    const slope = (share) => errors.reduce((sum, e, i) => sum + e * share(points[i][0] / 5), 0) / points.length;
    return [left - rate * slope((u) => 1 - u), right - rate * slope((u) => u)];
  }

  steps = 0; // that the machine has taken

  setup() {
    const end = { min: 0, max: 30, step: 0.1 };
    this.slider("left", "left end", { ...end, at: this.data.left });
    this.slider("right", "right end", { ...end, at: this.data.right });
    this.button("Let the machine learn it", () => this.learn());
    // A hand stops the machine, before the slider draws.
    this.find(".controls").addEventListener("input", (event) => { if (event.isTrusted) this.stop(); }, true);
    this.listen(this.find("svg"));
  }

  listen(svg) {
    let held;
    svg.addEventListener("pointerdown", (event) => {
      held = event.target.dataset.handle;
      if (!held) return;
      event.preventDefault();
      this.stop();
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      if (!held) return;
      const { y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      this.set({ [held]: (210 - y) * 30 / 200 });
    });
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { held = undefined; });
  }

  set(ends) {
    for (const [name, value] of Object.entries(ends)) {
      this.find(`#${name}`).value = value;
      this.find(`#${name}`).dispatchEvent(new Event("input"));
    }
  }

  stop() {
    clearInterval(this.learning);
    this.steps = 0;
  }

  learn() { // sixty steps in three seconds; at once for whoever wants nothing to move
    this.stop();
    let { left, right } = this.state;
    const step = () => {
      [left, right] = this.constructor.step(this.data.points, left, right);
      if (++this.steps === 60) clearInterval(this.learning);
    };
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      while (this.steps < 60) step();
      this.set({ left, right });
    } else this.learning = setInterval(() => { step(); this.set({ left, right }); }, 50);
  }

  draw({ left, right }) {
    const { points, labels, least, unit } = this.data;
    const [X, Y] = [(x) => 56 + 80 * x, (y) => 210 - 20 * y / 3];
    const ticks = [0, 1, 2, 3, 4, 5].map((x) => `<text x="${X(x)}" y="228" text-anchor="middle">${x}</text>`)
      .concat([0, 10, 20, 30].map((y) => `<path class="axis" d="M56 ${Y(y)}H456"/><text x="40" y="${Y(y) + 5}" text-anchor="end">${y}</text>`));
    const squares = this.constructor.errors(points, left, right).map((e, i) => {
      const [x, y] = points[i], side = Math.abs(e) * 20 / 3; // it leans away from the line's nearer side of the picture
      return `<rect x="${x < 2.5 ? X(x) : X(x) - side}" y="${Y(Math.max(y, y + e))}" width="${side}" height="${side}"
        fill="${VERMILION}" fill-opacity=".22" stroke="${VERMILION}"/>`;
    });
    const dots = points.map(([x, y]) => `<circle cx="${X(x)}" cy="${Y(y)}" r="4.5" fill="currentColor"/>`);
    const handle = (name, x, y) => `<circle cx="${X(x)}" cy="${Y(y)}" r="8" fill="${BLUE}" stroke="currentColor"/>
      <circle cx="${X(x)}" cy="${Y(y)}" r="20" fill="transparent" data-handle="${name}" style="cursor: ns-resize; touch-action: none"/>`;
    const area = (v) => `${fixed(v, 2)} ${unit}`.trim(), loss = area(this.constructor.loss(points, left, right));
    return {
      svg: `${ticks.join("")}<clipPath id="plot"><rect x="56" y="0" width="400" height="210"/></clipPath>
        <g clip-path="url(#plot)">${squares.join("")}</g>${dots.join("")}
        <path d="M${X(0)} ${Y(left)}L${X(5)} ${Y(right)}" stroke="${BLUE}" stroke-width="3"/>
        ${handle("left", 0, left)}${handle("right", 5, right)}
        <text x="256" y="252" text-anchor="middle">${escape(labels[0])}</text>
        <text transform="translate(14 110) rotate(-90)" text-anchor="middle">${escape(labels[1])}</text>`,
      label: `${points.length} points, and a line from ${fixed(left, 1)} at the left to ${fixed(right, 1)} at the right; `
        + `a square on each error, of mean area ${loss}`,
      summary: `${this.steps ? `Step ${this.steps} of 60: mean area` : "Mean area of the squares:"} ${loss}. `
        + `The least there can be: ${area(least)}.`,
    };
  }
});
