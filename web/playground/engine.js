// Softmax regression, or a network with one hidden layer of ReLUs, trained by mini-batch gradient descent, with bugs to plant.
// Matrices are flat, row by row: entry (i, k) of (n, d) stands at i * d + k. Nothing here knows the page: a worker runs it.
class Engine {
  static PIXELS = 784;
  static CLASSES = 10;

  // A set: { images: uint8 (n, 784), labels: uint8 (n) }
  constructor(...sets) {
    [this.train, this.val] = sets.map((set) => ({ ...set, pixels: Engine.sparse(set.images, set.labels.length, Engine.PIXELS) }));
  }

  static random(seed) { // mulberry32: numbers from 0 to 1; neighboring seeds begin far apart
    let state = Math.imul(seed, 0x9E3779B9);
    return () => {
      state = (state + 0x6D2B79F5) | 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  // options: images, noise, hidden and seed count here; lr, batch, decay and bugs whenever they are set.
  start(options) {
    const { images, noise, hidden, seed } = options, { PIXELS, CLASSES } = Engine, random = Engine.random(seed);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const layer = (inputs, outputs, spread) => ({
      inputs, outputs, W: Float32Array.from({ length: inputs * outputs }, () => spread * normal()), b: new Float32Array(outputs),
      dW: new Float32Array(inputs * outputs), db: new Float32Array(outputs),
    });
    this.layers = hidden // He's initialization before a ReLU
      ? [layer(PIXELS, hidden, Math.sqrt(2 / PIXELS)), layer(hidden, CLASSES, Math.sqrt(2 / hidden))] : [layer(PIXELS, CLASSES, 0.01)];
    this.labels = this.train.labels.slice(0, images).map((y) => (random() < noise ? (y + 1 + Math.floor(9 * random())) % CLASSES : y));
    Object.assign(this, { order: [], random: Engine.random(seed + 1000), steps: 0, epochs: 0, records: [], loss: undefined });
    this.forget();
    this.set(options);
    this.record();
  }

  set(options) { this.options = options; }

  forget() { this.seen = { n: 0, loss: 0, right: 0 }; }

  next() { // the rows of the next batch: a new order each epoch; the last batch may be short
    const { images, batch, bugs } = this.options, { order } = this;
    if (!order.length) {
      for (let i = 0; i < images; i++) order[i] = i;
      if (bugs.sorted) order.sort((i, j) => this.labels[i] - this.labels[j]);
      else for (let i = images - 1; i > 0; i--) {
        const j = Math.floor((i + 1) * this.random());
        [order[i], order[j]] = [order[j], order[i]];
      }
    }
    return order.splice(0, batch);
  }

  // The entries of a matrix X (n, d) that are not 0: row i has those from start[i] on, in the columns `at`. Zeros at the end make
  // their number a multiple of four. Half of all pixels are black, and cost nothing.
  static sparse(X, n, d, unit = 1) {
    const start = new Int32Array(n + 1);
    for (let i = 0; i < n; i++) {
      let count = 0;
      for (let j = 0; j < d; j++) count += X[d * i + j] !== 0;
      start[i + 1] = start[i] + 4 * Math.ceil(count / 4);
    }
    const at = new Uint16Array(start[n]), values = new X.constructor(start[n]);
    for (let i = 0; i < n; i++) {
      for (let j = 0, p = start[i]; j < d; j++) {
        if (X[d * i + j] !== 0) [at[p], values[p++]] = [j, X[d * i + j]];
      }
    }
    return { start, at, values, unit };
  }

  // Some rows of X (sparse) times W (inputs, K), plus b (K). Four entries at a time, which halves the time.
  static forward({ outputs: K, W, b }, { start, at, values, unit }, rows) {
    const out = new Float32Array(rows.length * K);
    rows.forEach((row, i) => {
      const o = K * i;
      out.set(b, o);
      for (let p = start[row]; p < start[row + 1]; p += 4) {
        const [w0, w1, w2, w3] = [K * at[p], K * at[p + 1], K * at[p + 2], K * at[p + 3]];
        const [x0, x1, x2, x3] = [unit * values[p], unit * values[p + 1], unit * values[p + 2], unit * values[p + 3]];
        for (let k = 0; k < K; k++) out[o + k] += x0 * W[w0 + k] + x1 * W[w1 + k] + x2 * W[w2 + k] + x3 * W[w3 + k];
      }
    });
    return out;
  }

  // Adds to dW and db what delta (n, K), the gradient of the outputs, gives.
  static backward({ outputs: K, dW, db }, { start, at, values, unit }, rows, delta) {
    rows.forEach((row, i) => {
      const o = K * i;
      for (let k = 0; k < K; k++) db[k] += delta[o + k];
      for (let p = start[row]; p < start[row + 1]; p += 4) {
        const [w0, w1, w2, w3] = [K * at[p], K * at[p + 1], K * at[p + 2], K * at[p + 3]];
        const [x0, x1, x2, x3] = [unit * values[p], unit * values[p + 1], unit * values[p + 2], unit * values[p + 3]];
        for (let k = 0; k < K; k++) {
          const d = delta[o + k];
          dW[w0 + k] += x0 * d;
          dW[w1 + k] += x1 * d;
          dW[w2 + k] += x2 * d;
          dW[w3 + k] += x3 * d;
        }
      }
    });
  }

  // The gradient (n, inputs) of what went into a layer: 0 where the ReLU before it let nothing through.
  static through({ inputs, outputs: K, W }, { start, at, values }, delta) {
    const n = start.length - 1, dX = new Float32Array(n * inputs);
    for (let i = 0; i < n; i++) {
      for (let p = start[i]; p < start[i + 1] && values[p]; p++) {
        let sum = 0;
        for (let k = 0; k < K; k++) sum += W[K * at[p] + k] * delta[K * i + k];
        dX[inputs * i + at[p]] = sum;
      }
    }
    return dX;
  }

  // Softmax in place, of n numbers `stride` apart; returns their log-sum-exp.
  static softmax(z, at = 0, n = Engine.CLASSES, stride = 1) {
    const end = at + n * stride;
    let top = -Infinity, sum = 0;
    for (let i = at; i < end; i += stride) top = Math.max(top, z[i]);
    for (let i = at; i < end; i += stride) sum += z[i] = Math.exp(z[i] - top);
    for (let i = at; i < end; i += stride) z[i] /= sum;
    return top + Math.log(sum);
  }

  // The loss of logits z (n, 10) with labels y (n). With it z becomes its own gradient.
  static crossEntropy(z, y, { axis, twice, sum }) {
    const K = Engine.CLASSES, n = y.length;
    let loss = axis ? Engine.overTheBatch(z, y) : 0;
    for (let i = 0; !axis && i < n; i++) {
      const at = K * i, truth = at + y[i];
      let logit = z[truth], log = Engine.softmax(z, at);
      const p = twice && z.slice(at, at + K);
      if (twice) [logit, log] = [p[y[i]], Engine.softmax(z, at)];
      loss += log - logit;
      z[truth] -= 1;
      if (!twice) continue;
      const dot = p.reduce((total, v, k) => total + v * z[at + k], 0); // back through the first softmax
      for (let k = 0; k < K; k++) z[at + k] = p[k] * (z[at + k] - dot);
    }
    if (sum) return loss;
    for (let i = 0; i < z.length; i++) z[i] /= n;
    return loss / n;
  }

  static overTheBatch(z, y) { // softmax over the wrong axis: each class over the images
    const K = Engine.CLASSES, counts = new Float64Array(K);
    let loss = 0;
    y.forEach((c, i) => { counts[c]++; loss -= z[K * i + c]; });
    counts.forEach((count, k) => {
      loss += count * Engine.softmax(z, k, y.length, K);
      y.forEach((c, i) => { z[K * i + k] = count * z[K * i + k] - (c === k); });
    });
    return loss;
  }

  // Of some rows of a set: what goes into each layer, logits (n, 10), labels, predictions, and how many are right
  look(set, labels, rows) {
    const n = rows.length, K = Engine.CLASSES, inputs = [[{ ...set.pixels, unit: this.options.bugs.unscaled ? 1 : 1 / 255 }, rows]];
    let z;
    for (const layer of this.layers) {
      if (z) inputs.push([Engine.sparse(z.map((v) => Math.max(0, v)), n, layer.inputs), [...rows.keys()]]);
      z = Engine.forward(layer, ...inputs.at(-1));
    }
    const y = rows.map((row) => labels[row]), predicted = rows.map((_, i) => {
      let best = 0; // also where all is NaN
      for (let k = 1; k < K; k++) if (z[K * i + k] > z[K * i + best]) best = k;
      return best;
    });
    return { inputs, z, y, predicted, right: predicted.filter((p, i) => p === y[i]).length };
  }

  step(rows = this.next()) { // returns the batch's loss
    const { lr, decay, bugs, images } = this.options, n = rows.length, { seen } = this;
    const { inputs, z, y, right } = this.look(this.train, this.labels, rows), loss = Engine.crossEntropy(z, y, bugs);
    if (!bugs.stale) for (const { dW, db } of this.layers) { dW.fill(0); db.fill(0); }
    this.layers.reduceRight((delta, layer, l) => {
      Engine.backward(layer, ...inputs[l], delta);
      return l ? Engine.through(layer, inputs[l][0], delta) : undefined;
    }, z);
    for (const { W, b, dW, db } of this.layers) {
      for (let j = 0; j < W.length; j++) W[j] -= lr * (dW[j] + decay * W[j]);
      for (let k = 0; k < b.length; k++) b[k] -= lr * db[k];
    }
    this.steps++;
    this.epochs += n / images;
    this.seen = { n: seen.n + n, loss: seen.loss + n * loss, right: seen.right + right };
    return loss;
  }

  evaluate(set) { // in batches, whose size matters to some of the bugs
    const { batch, bugs } = this.options, size = bugs.axis || bugs.sum ? batch : 250, predictions = [];
    const { labels } = set;
    let loss = 0, correct = 0;
    for (let at = 0; at < labels.length; at += size) {
      const rows = Array.from({ length: Math.min(size, labels.length - at) }, (_, i) => at + i);
      const { z, y, predicted, right } = this.look(set, labels, rows);
      loss += rows.length * Engine.crossEntropy(z, y, bugs);
      correct += right;
      predictions.push(...predicted);
    }
    return { valLoss: loss / labels.length, valAccuracy: correct / labels.length, predictions };
  }

  record() { // the training figures are means since the last record, taken while the weights moved
    const { n, loss, right } = this.seen, { predictions, ...val } = this.evaluate(this.val);
    this.forget();
    this.predictions = predictions;
    this.records.push({ epochs: this.epochs, trainLoss: loss / n, trainAccuracy: right / n, ...val });
  }

  run(steps, ms) { // so many steps, or as many as fit into the time; recorded often at first, and later once an epoch
    const { images, batch } = this.options, epoch = Math.ceil(images / batch), end = performance.now() + ms;
    do {
      this.loss = this.step();
      const every = Math.ceil(Math.max(epoch / (this.epochs < 4 ? 5 : 1), 500 / batch));
      if (this.steps < 10 || this.steps % every === 0) this.record();
    } while (--steps > 0 && performance.now() < end);
  }

  // Near an image x (784) a network of ReLUs is linear: the weights (784, 10) and biases (10) that act on it.
  static acting([first, last], x) {
    if (!last) return first;
    const K = Engine.CLASSES, h = Engine.forward(first, Engine.sparse(x, 1, Engine.PIXELS), [0]), W = new Float32Array(Engine.PIXELS * K), b = Float32Array.from(last.b);
    h.forEach((v, u) => {
      for (let k = 0; v > 0 && k < K; k++) {
        const weight = last.W[K * u + k];
        b[k] += first.b[u] * weight;
        for (let j = 0; j < Engine.PIXELS; j++) W[K * j + k] += first.W[j * h.length + u] * weight;
      }
    });
    return { W, b };
  }

  // Base64 of deflated pairs of 4-bit numbers: gray values, then labels, of the training set and of the validation set.
  static async unpack({ train, val, packed }) {
    const { readable, writable } = new DecompressionStream("deflate"); // not fed by a Blob: WebKit reads none in the worker of a file
    new Response(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0))).body.pipeTo(writable);
    const pairs = new Uint8Array(await new Response(readable).arrayBuffer());
    let at = 0;
    const take = (n, unit) => {
      const values = new Uint8Array(n);
      for (let i = 0; i < n; i++, at++) values[i] = unit * (at % 2 ? pairs[at >> 1] & 15 : pairs[at >> 1] >> 4);
      return values;
    };
    const set = (n) => ({ images: take(Engine.PIXELS * n, 17), labels: take(n, 1) });
    return [set(train), set(val)];
  }

  // What answers messages: in a worker, or on the page where a policy forbids workers.
  static serve(post) {
    let engine;
    return async ({ data, start, set, steps, ms, record }) => {
      if (data) {
        const sets = await Engine.unpack(data);
        engine = new Engine(...sets);
        return post({ val: sets[1] });
      }
      if (start) engine.start(start);
      if (set) engine.set(set);
      if (steps) engine.run(steps, ms);
      if (record && engine.seen.n) engine.record();
      const { layers, options, loss, epochs, predictions, records } = engine;
      return post({ run: options.run, steps: engine.steps, loss, epochs, predictions, records: records.splice(0), layers: layers.map(({ dW, db, ...layer }) => layer) });
    };
  }
}
