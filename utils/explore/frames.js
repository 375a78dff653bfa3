// Frames that were drawn beforehand, chosen by a slider or by buttons for each of one or two parameters.
// data: { parameters: [{ name, values: [texts], radio }], start: [an index each], play, alts: [a text a frame],
//         row: CSS of a row of panels, frames: [a row's <svg>s as text] }; the last parameter varies fastest.
customElements.define("explore-frames", class extends Explore {
  setup() {
    const { parameters, start, play, row } = this.data;
    this.find(".picture").innerHTML = `<style>
      :host { max-width: none }
      .controls { --reading: minmax(5em, auto) }
      fieldset { grid-column: 1 / -1; display: flex; flex-wrap: wrap; align-items: center; border: 0; margin: 0; padding: 0 }
      legend { float: left; margin-inline-end: .8em; padding: 0 }
      label:has([type=radio]) { display: flex; align-items: center; min-height: 24px; padding: .1em .7em;
        border: 1px solid; margin-inline-start: -1px; cursor: pointer }
      label:has(:checked) { box-shadow: inset 0 0 0 2px currentColor }
      label:has(:focus-visible) { outline: 2px solid currentColor; outline-offset: 2px }
      [type=radio] { position: absolute; opacity: 0; width: 1px; min-height: 0 }
      .panels { margin: .5em 0; font-size: 10px }
      .panels svg { margin: 0; width: auto; font-size: inherit; overflow: visible }
      .summary, .stills { display: none }
      @media print { .picture { display: none } .stills { display: block } }
    </style><div class="panels" role="img" style="${row}"></div>`;
    this.find(".picture").insertAdjacentHTML("afterend", `<div class="stills"><slot></slot></div>`);
    this.frame = this.find(".panels");
    const kept = this.kept();
    parameters.forEach(({ name, values, radio }, i) => {
      const at = kept[i] in values ? kept[i] : start[i];
      if (radio) this.radio(`p${i}`, name, values, at);
      else this.slider(`p${i}`, name, { min: 0, max: values.length - 1, step: 1, at, show: (k) => values[k] });
    });
    if (play) this.playButton(parameters[0].values.length);
  }

  radio(name, label, values, at) {
    this.state[name] = at;
    this.find(".controls").insertAdjacentHTML("beforeend", `<fieldset><legend>${escape(label)}</legend>${
      values.map((text, k) => `<label><input type="radio" name="${name}" value="${k}"${k === at ? " checked" : ""}>${
        escape(text)}</label>`).join("")}</fieldset>`);
    this.find(".controls").lastElementChild.addEventListener("input", (event) => {
      this.state[name] = Number(event.target.value);
      this.update();
    });
  }

  playButton(n) { // from where the first slider stands to its end; one step a press for whoever wants no motion
    const slider = this.find("#p0"), calm = matchMedia("(prefers-reduced-motion: reduce)");
    let timer;
    const show = (playing) => { button.textContent = playing ? "Pause" : calm.matches ? "Next" : "Play"; };
    const stop = () => { timer = clearInterval(timer); show(false); };
    const step = () => {
      slider.value = (Number(slider.value) + 1) % n;
      slider.dispatchEvent(new Event("input"));
      if (Number(slider.value) === n - 1) stop();
    };
    this.button("Play", () => {
      if (timer) return stop();
      if (!calm.matches) timer = setInterval(step, 600);
      show(timer);
      step();
    });
    const button = this.find("button");
    calm.addEventListener("change", stop);
    stop();
    this.find(".controls").addEventListener("input", (event) => { if (event.isTrusted) stop(); });
  }

  // What was chosen outlives a reload of the page, for as long as its tab.
  get key() { return `${location.pathname} ${this.getAttribute("aria-label")}`; }

  kept() {
    try { return JSON.parse(sessionStorage.getItem(this.key)) ?? []; } catch { return []; } // none in some frames
  }

  keep(chosen) {
    try { sessionStorage.setItem(this.key, JSON.stringify(chosen)); } catch { /* nothing is kept, nothing lost */ }
  }

  update() {
    const { parameters, alts, frames } = this.data, chosen = parameters.map((_, i) => this.state[`p${i}`]);
    const k = parameters.reduce((at, { values }, i) => at * values.length + chosen[i], 0);
    this.frame.innerHTML = frames[k];
    this.frame.setAttribute("aria-label", alts[k]);
    this.say(alts[k]);
    this.keep(chosen);
  }
});
