// What the figures share that have axes, things to drag, and a machine that takes steps.
const GREEN = "#009E73"; // Okabe–Ito, the third
const path = (points) => `M${points.map(([x, y]) => `${+x.toFixed(1)} ${+y.toFixed(1)}`).join("L")}`;

const power = (k) => `10${[...String(k)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")}`;

// Three digits, or as many; far from 1 with a power of ten.
const short = (value, digits = 3) => {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const [head, size] = value.toExponential(digits - 1).split("e").map(Number);
  if (value === 0 || (size > -4 && size < digits)) return precise(value, digits);
  if (size > 0 && size < 5) return grouped(Math.round(value)).replace("-", "−");
  return `${precise(head, digits)} × ${power(size)}`;
};

// A plot in the picture's units. x and y: { range, ticks, label, log }. It gives X and Y (value → place), at (place → values),
// the axes, and `inside`, which cuts off what lies outside.
const plot = ([left, top, width, height], x, y) => {
  const scale = ({ range, log }, from, length) => {
    const f = log ? Math.log10 : Number, [low, high] = range.map((v) => f(v));
    return {
      to: (v) => from + length * Math.min(Math.max((f(v) - low) / (high - low), -1e4), 1e4),
      back: (place) => (log ? (v) => 10 ** v : Number)(low + (high - low) * (place - from) / length),
    };
  };
  const across = scale(x, left, width), up = scale(y, top + height, -height), bottom = top + height, name = `clip-${left}-${top}`;
  const end = (v) => x.range.indexOf(v); // the first and the last label stay beside the corner, and within the picture
  const aside = y.log ? 50 : y.ticks.some((v) => String(v).length > 2) ? 36 : 33; // the title of the second axis is clear of its labels
  const word = ({ log }, v) => (log ? power(Math.round(Math.log10(v))) : grouped(v).replace("-", "−"));
  return {
    X: across.to,
    Y: up.to,
    at: (px, py) => [across.back(px), up.back(py)],
    inside: (svg) => `<clipPath id="${name}"><rect x="${left}" y="${top}" width="${width}" height="${height}"/></clipPath><g clip-path="url(#${name})">${svg}</g>`,
    axes: `<rect class="axis" x="${left}" y="${top}" width="${width}" height="${height}" fill="none"/>`
      + x.ticks.map((v) => `<path class="axis" d="M${across.to(v)} ${bottom}v4"/><text x="${across.to(v) + [0, -4, 4][end(v) + 1]}" y="${bottom + 18}" text-anchor="${["middle", "start", "end"][end(v) + 1]}">${word(x, v)}</text>`).join("")
      + y.ticks.map((v) => `<path class="axis" d="M${left} ${up.to(v)}h-4"/><text x="${left - 6}" y="${up.to(v) + (v === y.range[0] ? 2 : 5)}" text-anchor="end">${word(y, v)}</text>`).join("")
      + `<text x="${left + width / 2}" y="${bottom + 37}" text-anchor="middle">${escape(x.label)}</text>
        <text transform="translate(${left - aside} ${top + height / 2}) rotate(-90)" text-anchor="middle">${escape(y.label)}</text>`,
  };
};

// What can be dragged, and steps that play.
class Machine extends Explore {
  set(values) {
    this.place(values);
    this.update();
  }

  place(values) { // moves sliders, which keep to their range and step, and draws nothing
    this.quiet = true;
    for (const [name, value] of Object.entries(values)) {
      const input = this.find(`#${name}`);
      input.value = value;
      input.dispatchEvent(new Event("input"));
    }
    this.quiet = false;
  }

  update() { if (!this.quiet) super.update(); }

  button(text, press) { // buttons share a row
    super.button(text, press);
    const controls = this.find(".controls"), button = controls.lastElementChild;
    if (!this.find(".actions")) {
      controls.insertAdjacentHTML("beforeend", `<div class="actions" style="grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: .5em"></div>`);
    }
    this.find(".actions").append(button);
    return button;
  }

  toggle(name, text) {
    const button = this.button(text, () => {
      this.state[name] = !this.state[name];
      button.ariaPressed = String(this.state[name]);
      this.update();
    });
    button.ariaPressed = "false";
    return button;
  }

  // What can also be done by pointer: sliders, which add() makes, in a fold. All controls then stand below the picture.
  fold(title, add) {
    const controls = this.find(".controls"), before = controls.children.length, inside = controls.cloneNode();
    controls.insertAdjacentHTML("beforeend", `<details style="grid-column: 1 / -1"><summary>${escape(title)}</summary></details>`);
    const fold = controls.lastElementChild;
    add();
    inside.append(...[...controls.children].slice(before + 1));
    fold.append(inside);
    fold.addEventListener("toggle", () => this.update());
    this.find(".picture").after(controls);
  }

  // A button that calls step() twenty times a second until it returns false, or without a pause where motion is not wanted. Any
  // other control stops it.
  player(text, step) {
    const button = this.button(text, () => {
      if (this.playing) return this.stop();
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) while (step());
      else {
        const next = () => { if (!step()) this.stop(); };
        button.textContent = "Pause";
        this.playing = setInterval(next, 50);
        next();
      }
    });
    this.stop = () => {
      this.playing = void clearInterval(this.playing);
      button.textContent = text;
    };
    const other = (event) => { if (event.isTrusted && event.target !== button) this.stop(); };
    for (const kind of ["input", "click"]) this.find(".controls").addEventListener(kind, other, true);
  }

  // Handles, [data-handle], are dragged: move(handle, x, y) in the picture's units. For the keyboard each has its sliders.
  drag(move, start = (handle) => handle) {
    const svg = this.find("svg");
    const at = (event) => {
      const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return [x, y];
    };
    let held;
    svg.addEventListener("pointerdown", (event) => {
      const handle = event.target.closest("[data-handle]")?.dataset.handle;
      if (!handle) return;
      event.preventDefault();
      svg.setPointerCapture(event.pointerId);
      this.stop?.();
      held = start(handle, ...at(event));
    });
    svg.addEventListener("pointermove", (event) => { if (held) move(held, ...at(event)); });
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { held = undefined; });
  }
}

const handle = (name, x, y, r = 15) => `<circle cx="${x}" cy="${y}" r="${r}" fill="transparent" data-handle="${name}" style="cursor: grab; touch-action: none"/>`;
const dot = (x, y) => `<circle cx="${x}" cy="${y}" r="8" fill="${BLUE}" stroke="currentColor"/>`;
