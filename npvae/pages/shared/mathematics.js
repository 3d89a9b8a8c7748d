/* Matrices, layers, Adam and random numbers, in float64, for all pages.
 *
 * Here and in the files beside this one, each function is the twin of an npvae function, whose name
 * stands above it. A matrix is { rows, cols, data }, row by row in a Float64Array; a vector is a
 * Float64Array. Weights W are (in, out), so that x W is the forward pass. Results go into arrays
 * that the caller owns.
 */
const npvaeMath = (() => {
  "use strict";

  // ---------------------------------------------------------------- matrices and parameters

  function matrix(rows, cols) {
    return { rows, cols, data: new Float64Array(rows * cols) };
  }

  /* A view of the rows first .. last-1. */
  function rowsOf(x, first, last) {
    const data = x.data.subarray(first * x.cols, last * x.cols);
    return { rows: last - first, cols: x.cols, data };
  }

  /* npvae/nn/parameters.py: one flat buffer each, of which W1, b1, W2, .. are named views. */
  function makeParameters(sizes) {
    return makeLayers(sizes.slice(1).map((out, k) => [sizes[k], out]));
  }

  /* The same for layers [in, out] that are not a chain, as those of a VAE. */
  function makeLayers(layers) {
    const total = layers.reduce((sum, [n_in, out]) => sum + (n_in + 1) * out, 0);
    const [theta, dtheta, m, v] = [0, 0, 0, 0].map(() => new Float64Array(total));
    return { w: views(theta, layers), dw: views(dtheta, layers), theta, dtheta, m, v };
  }

  function views(flat, layers) {
    const w = {};
    let offset = 0;
    const cut = (rows, cols) => {
      const data = flat.subarray(offset, offset + rows * cols);
      offset += rows * cols;
      return { rows, cols, data };
    };
    layers.forEach(([n_in, out], k) => {
      w[`W${k + 1}`] = cut(n_in, out);
      w[`b${k + 1}`] = cut(1, out).data;
    });
    return w;
  }

  /* W and b of a layer start uniform in +-1/sqrt(in). */
  function drawParameters(parameters, random) {
    const w = parameters.w;
    for (let k = 1; w[`W${k}`]; k++) {
      const bound = 1 / Math.sqrt(w[`W${k}`].rows);
      for (const values of [w[`W${k}`].data, w[`b${k}`]]) {
        for (let n = 0; n < values.length; n++) values[n] = bound * (2 * random.uniform() - 1);
      }
    }
  }

  // ------------------------------------------------------------------------- matrix products

  /* y = x W (+ b), and 0 where gate is not positive. y has memory of its own. */
  function matmul(x, W, y, { b = null, gate = null } = {}) {
    const X = x.data, V = W.data, Y = y.data, n_in = W.rows, out = W.cols;
    for (let row = 0; row < x.rows; row++) {
      if (b) Y.set(b, row * out);
      else Y.fill(0, row * out, (row + 1) * out);
      for (let k = 0; k < n_in; k++) {
        const scale = X[row * n_in + k];
        if (scale === 0) continue; // what relu has closed adds nothing
        for (let j = 0; j < out; j++) Y[row * out + j] += scale * V[k * out + j];
      }
    }
    for (let n = 0; gate && n < Y.length; n++) if (!(gate.data[n] > 0)) Y[n] = 0;
  }

  /* dx = dy W^T, and 0 where gate is not positive. */
  function matmulNT(dy, W, dx, gate = null) {
    const D = dy.data, V = W.data, n_in = W.rows, out = W.cols;
    for (let row = 0; row < dy.rows; row++) {
      for (let k = 0; k < n_in; k++) {
        const open = !gate || gate.data[row * n_in + k] > 0;
        let sum = 0;
        for (let j = 0; open && j < out; j++) sum += D[row * out + j] * V[k * out + j];
        dx.data[row * n_in + k] = sum;
      }
    }
  }

  /* dW += x^T dy */
  function addMatmulTN(x, dy, dW) {
    const X = x.data, D = dy.data, G = dW.data, n_in = x.cols, out = dy.cols;
    for (let row = 0; row < x.rows; row++) {
      for (let k = 0; k < n_in; k++) {
        const scale = X[row * n_in + k];
        if (scale === 0) continue;
        for (let j = 0; j < out; j++) G[k * out + j] += scale * D[row * out + j];
      }
    }
  }

  /* sum_rows: db = sum of the rows of dy, an even number. Each row meets its partner of the other
   * half first, so that codes and prior cancel exactly where they should. */
  function sumRows(dy, db) {
    const half = dy.data.length / 2;
    db.fill(0);
    for (let n = 0; n < half; n++) db[n % dy.cols] += dy.data[n] + dy.data[n + half];
  }

  // ------------------------------------------------------------------------ npvae/nn/layers.py

  /* dense_relu_forward: h = relu(x W + b) */
  function denseReluForward(x, W, b, h) {
    matmul(x, W, h, { b });
    for (let n = 0; n < h.data.length; n++) h.data[n] = Math.max(0, h.data[n]);
  }

  /* mean_forward: mean of each row */
  function meanForward(x, mean) {
    for (let row = 0; row < x.rows; row++) {
      let sum = 0;
      for (let j = 0; j < x.cols; j++) sum += x.data[row * x.cols + j];
      mean[row] = sum / x.cols;
    }
  }

  /* mean_backward. mean = sum of the row / cols, so dx = dmean / cols */
  function meanBackward(dmean, dx) {
    for (let n = 0; n < dx.data.length; n++) dx.data[n] = dmean[Math.floor(n / dx.cols)] / dx.cols;
  }

  // ------------------------------------------------------------------------- npvae/nn/adam.py

  const BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8;

  /* adam_update number t = 1, 2, .. */
  function adamUpdate(parameters, t, lr) {
    const { theta, dtheta, m, v } = parameters;
    const rate = lr / (1 - BETA1 ** t);
    const rootCorrection = 1 / Math.sqrt(1 - BETA2 ** t);
    for (let n = 0; n < theta.length; n++) {
      m[n] = BETA1 * m[n] + (1 - BETA1) * dtheta[n]; //        m = b1 m + (1 - b1) g
      v[n] = BETA2 * v[n] + (1 - BETA2) * dtheta[n] ** 2; //   v = b2 v + (1 - b2) g^2
      // theta = theta - lr * m_hat / (sqrt(v_hat) + 1e-8)
      theta[n] -= rate * m[n] / (Math.sqrt(v[n]) * rootCorrection + EPSILON);
    }
  }

  // --------------------------------------------------------------------------- random numbers

  /* Seeded numbers (sfc32 of the PractRand suite): three whole numbers in, the same stream out. */
  function makeRandom(...words) {
    let [a, b, c] = words.map((word) => word | 0), counter = 1;
    const next = () => {
      const sum = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      return sum >>> 0;
    };
    for (let n = 0; n < 15; n++) next();
    const uniform = () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992; // [0, 1)
    const radius = () => Math.sqrt(-2 * Math.log(1 - uniform()));
    const normal = () => radius() * Math.cos(2 * Math.PI * uniform()); // Box and Muller
    return { uniform, normal };
  }

  /* The numbers 0 .. n-1 in random order. */
  function permutation(n, random) {
    const order = Int32Array.from(Array(n).keys());
    for (let k = n - 1; k > 0; k--) {
      const other = Math.floor(random.uniform() * (k + 1));
      [order[k], order[other]] = [order[other], order[k]];
    }
    return order;
  }

  return {
    matrix, rowsOf, makeParameters, makeLayers, drawParameters, matmul, matmulNT, addMatmulTN,
    sumRows, denseReluForward, meanForward, meanBackward, adamUpdate, makeRandom, permutation,
  };
})();
