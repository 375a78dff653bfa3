// What the playground draws. Text and axes take the page's own color; where a picture is 0, the page shows through.
const Drawing = {
  // Red, green and blue of positive and of negative numbers: the page's own, lighter ones in the dark
  colors(element) {
    const style = getComputedStyle(element);
    return [["--blue", "#0072b2"], ["--vermilion", "#d55e00"]].map(([name, color]) => {
      const hex = style.getPropertyValue(name).trim() || color;
      return [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
    });
  },

  // 784 numbers, `stride` apart from `at` on: opaque from the limit on, and small ones can still be seen, also in the dark
  signed(canvas, [blue, vermilion], values, limit, at = 0, stride = 1) {
    const value = (j) => values[at + j * stride];
    Drawing.paint(canvas, (j) => (value(j) > 0 ? blue : vermilion), (j) => Math.sqrt(Math.abs(value(j)) / limit));
  },

  paint(canvas, color, opacity) { // of pixel j: [red, green, blue], and from 0 to 1
    const picture = new ImageData(28, 28), { data } = picture;
    for (let j = 0; j < 784; j++) {
      const c = color(j);
      for (let k = 0; k < 3; k++) data[4 * j + k] = c[k];
      data[4 * j + 3] = 255 * opacity(j);
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
  },

  ticks(low, high) { // 1, 2, 5, 10, …; powers of ten where these are too many
    const all = Array.from({ length: 24 }, (_, k) => k - 8).flatMap((k) => [1, 2, 5].map((m) => Number(`${m}e${k}`)));
    const inside = all.filter((v) => v >= low && v <= high);
    return inside.length > 7 ? inside.filter((v) => Math.abs(Math.log10(v) % 1) < 1e-9) : inside;
  },

  // The inside of an SVG of 360 by 216: lines [points, look], and a mark where a setting was changed last, over the epochs
  chart(title, lines, mark, { end, range, log = false, key }) {
    const [low, high] = range, ticks = log ? Drawing.ticks(low, high) : [0, 0.2, 0.4, 0.6, 0.8, 1];
    const { X, Y, axes, inside } = plot([44, 26, 306, 144], { range: [0, end], ticks: [0, end / 2, end], label: "epochs" }, { range, ticks: [], label: "", log });
    const word = (v) => { // at most five letters wide
      const [head, size] = v.toExponential().split("e").map(Number);
      return v && (size > 3 || size < -3) ? `${head === 1 ? "" : `${head}·`}${power(size)}` : grouped(v);
    };
    const grid = ticks.map((v) => `<path class="axis" stroke-dasharray="1 3" d="M44 ${Y(v)}h306"/><text x="39" y="${Y(v) + 4}" text-anchor="end">${word(v)}</text>`);
    const line = ([points, look]) => {
      const drawn = points.filter(([x, y]) => x <= 1.2 * end && Number.isFinite(y)).map(([x, y]) => [X(x), Y(y)]);
      return drawn.length ? `<path fill="none" stroke-linejoin="round" stroke-linecap="round" ${look} d="${path(drawn)}${drawn[1] ? "" : "h.1"}"/>` : "";
    };
    const marked = mark === undefined ? "" : `<path class="axis" d="M${X(mark)} 26v144"/>`;
    return `<text x="0" y="14" font-weight="600">${title}</text>${key}${axes}${grid.join("")}${inside(marked + lines.map(line).join(""))}`;
  },

  // Loss and accuracy of this run and, in gray, of the one before: two charts
  curves(now, before, mark) {
    const last = now.at(-1), epochs = last?.epochs ?? 0, dashed = 'stroke-dasharray="6 4"';
    const gray = 'stroke="currentColor" stroke-opacity=".5" stroke-width="1.5"';
    const looks = { train: `stroke="${BLUE}" stroke-width="2.5"`, val: `stroke="${VERMILION}" stroke-width="2.5" ${dashed}` };
    const end = [1, 10, 100, 1000].flatMap((m) => [m, 2 * m, 5 * m]).find((v) => v >= epochs - 1e-6) ?? epochs;
    const seen = [...now, ...before].filter((r) => r.epochs <= end).flatMap((r) => [r.trainLoss, r.valLoss]).filter((v) => v > 0 && v < Infinity);
    const high = 1.1 * Math.max(2.5, ...seen), low = Math.max(0.9 * Math.min(0.5, ...seen), high / 1e6);
    const draw = (title, options) => {
      const points = (records, who) => records.map((r) => [r.epochs, r[who + title]]);
      const key = ["training", "validation"].map((who, i) => {
        const value = last?.[["train", "val"][i] + title];
        return `<path d="M${68 + 138 * i} 10h20" ${looks[["train", "val"][i]]}/><text x="${93 + 138 * i}" y="14">${who} ${Number.isFinite(value) ? short(value) : ""}</text>`;
      });
      const lines = [[points(before, "train"), gray], [points(before, "val"), `${gray} ${dashed}`], [points(now, "train"), looks.train], [points(now, "val"), looks.val]];
      return Drawing.chart(title, lines, mark, { end, key: key.join(""), ...options });
    };
    return [draw("Loss", { log: true, range: [low, high] }), draw("Accuracy", { range: [0, 1] })];
  },
};
