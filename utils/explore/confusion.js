customElements.define("explore-confusion", class extends Explore {
  setup() {
    const { counts, classes, images } = this.data;
    const totals = counts.map((row) => row.reduce((a, b) => a + b));
    // At most half a blue: the page's own text colour stays readable on it, in light and in dark.
    const shade = (i, j) => `background: rgb(0 114 178 / ${0.5 * Math.sqrt(counts[i][j] / (totals[i] || 1))})`;
    const cell = (i, j) => `<td tabindex="-1" aria-selected="false" aria-label="${escape(this.name(i, j))}"
      class="${i === j ? "right " : ""}${images[`${i},${j}`] ? "seen" : ""}" style="${shade(i, j)}">${counts[i][j]}</td>`;
    this.find(".picture").innerHTML = `<style>
      .scroll { overflow-x: auto; padding: 3px }
      table { border-collapse: collapse; font-size: .8em; font-variant-numeric: tabular-nums; text-align: center }
      th { font-weight: normal; text-align: right; padding: 0 .4em }
      thead th { writing-mode: vertical-rl; text-align: left; padding: .3em 0 }
      td { min-width: 26px; height: 26px; padding: 0 1px }
      tbody td { cursor: pointer }
      .right { font-weight: bold }
      .seen { text-decoration: underline; text-underline-offset: 2px }
      [aria-selected=true] { outline: 3px solid ${VERMILION}; outline-offset: -2px }
      img { image-rendering: pixelated; max-width: 100%; height: 56px; object-fit: contain; object-position: left }
      figure { margin: .5em 0; min-height: 84px }
    </style><div class="scroll"><table role="grid" aria-label="Confusion matrix">
      <thead><tr><td>true&nbsp;↓<br>predicted&nbsp;→</td>${classes.map((c) => `<th scope="col">${escape(c)}</th>`).join("")}</tr></thead>
      <tbody>${classes.map((c, i) => `<tr><th scope="row">${escape(c)}</th>${
        classes.map((_, j) => cell(i, j)).join("")}</tr>`).join("")}</tbody>
    </table></div><figure></figure>`;
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
    const what = `true ${classes[row]}, predicted ${classes[column]}`;
    this.find("figure").innerHTML = strip
      ? `<figcaption>${escape(what)}, for example:</figcaption><img src="${strip}" alt="Images: ${escape(what)}">`
      : `<figcaption>${escape(what)}: no image is kept (cells with images are underlined).</figcaption>`;
    this.say(`${this.name(row, column)} of ${total}, ${fixed(100 * counts[row][column] / (total || 1), 1)} %.`);
  }
});
