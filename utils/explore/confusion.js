customElements.define("explore-confusion", class extends Explore {
  // The logits of one image, and what each pixel adds to them: pixel × weight, (classes, pixels).
  static shares(pixels, weights, bias) {
    const shares = bias.map((_, c) => Float64Array.from(pixels, (v, i) => v * weights[i * bias.length + c]));
    return { shares, logits: shares.map((share, c) => share.reduce((a, b) => a + b, bias[c])) };
  }

  static numbers(text, scale) { // base64 of 16-bit integers
    return Float64Array.from(new Int16Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer), (v) => v * scale);
  }

  setup() {
    const { counts, classes, weights, scale } = this.data;
    this.weights = weights && this.constructor.numbers(weights, scale);
    const totals = counts.map((row) => row.reduce((a, b) => a + b));
    // At most half a blue: the page's own text color stays readable on it, in light and in dark.
    const shade = (i, j) => `background: rgb(0 114 178 / ${0.5 * Math.sqrt(counts[i][j] / (totals[i] || 1))})`;
    const cell = (i, j) => `<td tabindex="-1" aria-selected="false" aria-label="${escape(this.name(i, j))}"
      class="${i === j ? "right" : ""}" style="${shade(i, j)}">${counts[i][j]}</td>`;
    this.find(".picture").innerHTML = `<style>
      .scroll { overflow-x: auto; padding: 3px }
      table { border-collapse: collapse; font-size: .8em; font-variant-numeric: tabular-nums; text-align: center }
      th { font-weight: normal; text-align: right; padding: 0 .4em }
      thead th { writing-mode: vertical-rl; text-align: left; padding: .3em 0 }
      td { min-width: 26px; height: 26px; padding: 0 1px }
      tbody td { cursor: pointer }
      .right { font-weight: bold }
      [aria-selected=true] { outline: 3px solid ${VERMILION}; outline-offset: -2px }
      .strip { display: flex; flex-wrap: wrap; gap: .4em .8em }
      .strip button { padding: 2px; border-radius: 2px; line-height: 0 }
      canvas { image-rendering: pixelated; width: 56px; height: 56px; background: black }
      .view { display: grid; grid-template-columns: repeat(2, 8.5em); gap: .4em .8em; margin-top: .8em }
      .cell { margin: .8em 0 .4em }
      @container (min-width: 42em) {
        .picture { display: grid; grid-template-columns: auto 1fr; gap: 0 1.6em }
        .cell { margin-top: 0 }
      }
      .view figure { margin: 0; max-width: 8.5em; font-size: .8em; line-height: 1.3 }
      .view canvas { width: 84px; height: 84px; outline: 1px solid }
      .view figure + figure canvas { background: none }
    </style><div class="scroll"><table role="grid" aria-label="Confusion matrix">
      <thead><tr><td>true&nbsp;↓<br>predicted&nbsp;→</td>${classes.map((c) => `<th scope="col">${escape(c)}</th>`).join("")}</tr></thead>
      <tbody>${classes.map((c, i) => `<tr><th scope="row">${escape(c)}</th>${
        classes.map((_, j) => cell(i, j)).join("")}</tr>`).join("")}</tbody>
    </table></div><div><p class="cell"></p><div class="strip"></div><div class="view"></div></div>`;
    const table = this.find("tbody");
    const where = (td) => td && [td.parentNode.rowIndex - 1, td.cellIndex - 1];
    table.addEventListener("focusin", (event) => this.select(...where(event.target.closest("td"))));
    table.addEventListener("keydown", (event) => this.move(event, ...where(event.target)));
    [this.state.row, this.state.column] = this.data.start;
  }

  name(i, j) {
    const { counts, classes } = this.data;
    return `true ${classes[i]}, predicted ${classes[j]}: ${counts[i][j]}`;
  }

  cell(i, j) { return this.find("tbody").rows[i].cells[j + 1]; }

  move(event, i, j) {
    const last = this.data.classes.length - 1;
    const goal = {
      ArrowUp: [i - 1, j], ArrowDown: [i + 1, j], ArrowLeft: [i, j - 1], ArrowRight: [i, j + 1],
      Home: [i, 0], End: [i, last],
    }[event.key];
    if (!goal) return;
    event.preventDefault();
    this.cell(...goal.map((k) => Math.min(Math.max(k, 0), last))).focus();
  }

  select(row, column) { // one cell at a time is in the tab order, and it is the one whose images are shown
    const old = this.cell(this.state.row, this.state.column);
    old.tabIndex = -1;
    old.ariaSelected = "false";
    this.state = { row, column };
    this.update();
  }

  update() {
    const { row, column } = this.state, { counts, classes, images } = this.data;
    const cell = this.cell(row, column), strip = images[`${row},${column}`];
    cell.tabIndex = 0;
    cell.ariaSelected = "true";
    const total = counts[row].reduce((a, b) => a + b);
    this.find(".cell").textContent = `true ${classes[row]}, predicted ${classes[column]}${strip ? ", for example:" : ": no image."}`;
    this.find(".strip").innerHTML = this.find(".view").innerHTML = "";
    if (strip) this.show(strip, row, column);
    this.say(`${this.name(row, column)} of ${total}, ${fixed(100 * counts[row][column] / (total || 1), 1)}%.`);
  }

  async show(strip, row, column) { // decoded only now; a press on an image shows how the weights see it
    const sheet = Object.assign(new Image(), { src: strip }), { classes } = this.data;
    await sheet.decode();
    if (this.data.images[`${this.state.row},${this.state.column}`] !== strip) return; // another cell since
    const canvases = Array.from({ length: sheet.width / 28 }, (_, k) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 28, height: 28 });
      canvas.getContext("2d", { willReadFrequently: true }).drawImage(sheet, -28 * k, 0);
      const name = `Image ${k + 1}: true ${classes[row]}, predicted ${classes[column]}`;
      if (!this.weights) {
        canvas.setAttribute("role", "img");
        canvas.ariaLabel = name;
        return canvas;
      }
      const button = Object.assign(document.createElement("button"), { type: "button", ariaLabel: name, ariaPressed: "false" });
      button.append(canvas);
      button.addEventListener("click", () => this.look(button, canvas, row, column));
      return button;
    });
    this.find(".strip").replaceChildren(...canvases);
    // Where there is room beside the matrix, the first is pressed already.
    if (this.weights && getComputedStyle(this.find(".picture")).display === "grid") this.look(canvases[0], canvases[0].firstChild, row, column, false);
  }

  look(button, canvas, row, column, aloud = true) {
    for (const other of button.parentNode.children) other.ariaPressed = String(other === button);
    const { classes, bias } = this.data, image = canvas.getContext("2d").getImageData(0, 0, 28, 28);
    const pixels = Array.from({ length: 784 }, (_, i) => image.data[4 * i] / 255);
    const { shares, logits } = this.constructor.shares(pixels, this.weights, bias);
    // The predicted class against the true one; where they are one, against the next best.
    const rival = row !== column ? row : logits.map((v, c) => [c === column ? -Infinity : v, c]).reduce((a, b) => (b[0] > a[0] ? b : a))[1];
    const views = [[`${classes[column]}: logit ${fixed(logits[column], 2)}`, shares[column]], [`${classes[rival]}: logit ${fixed(logits[rival], 2)}`, shares[rival]],
      [`${classes[column]} minus ${classes[rival]}: ${fixed(logits[column] - logits[rival], 2)}`, shares[column].map((v, i) => v - shares[rival][i])]];
    const most = Math.max(...views.flatMap(([, share]) => [...share].map(Math.abs)));
    const figure = (text, paint) => {
      const one = document.createElement("figure"), copy = Object.assign(document.createElement("canvas"), { width: 28, height: 28 });
      copy.setAttribute("role", "img");
      copy.ariaLabel = text;
      one.append(copy, Object.assign(document.createElement("figcaption"), { textContent: text }));
      copy.getContext("2d").putImageData(paint(new ImageData(28, 28)), 0, 0);
      return one;
    };
    const colors = [[0, 114, 178], [213, 94, 0]];
    const map = (share) => (picture) => { // blue speaks for the class, vermilion against it
      share.forEach((v, i) => picture.data.set([...colors[Number(v < 0)], 255 * Math.sqrt(Math.abs(v) / most)], 4 * i));
      return picture;
    };
    this.find(".view").replaceChildren(figure("the image", () => image), ...views.map(([text, share]) => figure(text, map(share))));
    if (aloud) this.say(`Pixel × weight, summed with the bias: ${views.slice(0, 2).map(([text]) => text).join(", ")}. Blue pixels speak for the class, vermilion ones against it.`);
  }
});
