// What the book's elements share: sliders with labels and values, a picture that names itself, one spoken sentence.
// An element calls slider(…) in setup() and gives draw(state) → { svg, label, summary }. Nothing is fetched.
const BLUE = "#0072B2", VERMILION = "#D55E00"; // Okabe–Ito; at least 3:1 on white and on the dark theme alike
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const fixed = (value, digits) => value.toFixed(digits).replace("-", "−");
const precise = (value, digits) => value.toPrecision(digits).replace("-", "−");

class Explore extends HTMLElement {
  static viewBox = "0 0 480 200";

  connectedCallback() {
    if (this.shadowRoot) return; // moved within the page: it keeps its state
    this.data = JSON.parse(this.getAttribute("data"));
    this.state = {};
    this.dataset.lmSuppressShortcuts = "true"; // JupyterLab must not take the arrow keys
    // Text and axes take the page's own colour, so light and dark need no rule. The children that are not
    // slotted, the fallback, are what a browser without JavaScript shows.
    this.attachShadow({ mode: "open" }).innerHTML = `<style>
      :host { display: block; max-width: 36em }
      .controls { display: grid; grid-template-columns: fit-content(45%) 1fr 5em; gap: .3em .8em; align-items: center }
      input { width: 100%; min-width: 0; min-height: 24px; margin: 0; accent-color: ${BLUE} }
      output { text-align: right; font-variant-numeric: tabular-nums }
      svg { display: block; width: 100%; height: auto; margin: .5em 0; font-size: 16px }
      svg text { fill: currentColor }
      .axis { stroke: currentColor; stroke-opacity: .4 }
      :focus-visible { outline: 2px solid currentColor; outline-offset: 2px }
      @media print { .controls { display: none } }
    </style><slot name="heading"></slot><div class="controls"></div>
    <div class="picture"><svg role="img" viewBox="${this.constructor.viewBox}"></svg></div>
    <p class="summary" aria-live="polite"></p>`;
    this.setup();
    this.update();
  }

  find(selector) { return this.shadowRoot.querySelector(selector); }

  // to: the slider's position → the value in the state; show: that value → what is read and heard
  slider(name, label, { min, max, step, at, to = (v) => v, show = (v) => fixed(v, 1) }) {
    this.find(".controls").insertAdjacentHTML("beforeend", `<label for="${name}">${escape(label)}</label>
      <input type="range" id="${name}" min="${min}" max="${max}" step="${step}" value="${at}">
      <output for="${name}" aria-live="off"></output>`);
    const input = this.find(`#${name}`);
    const read = () => {
      this.state[name] = to(Number(input.value));
      input.nextElementSibling.value = show(this.state[name]);
      input.setAttribute("aria-valuetext", show(this.state[name]));
    };
    input.addEventListener("input", () => { read(); this.update(); });
    read();
  }

  update() {
    const { svg, label, summary } = this.draw(this.state);
    this.find("svg").innerHTML = svg;
    this.find("svg").setAttribute("aria-label", label);
    this.say(summary);
  }

  // Spoken once the slider rests, not at every step.
  say(summary) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.find(".summary").textContent = summary; }, 300);
  }
}
