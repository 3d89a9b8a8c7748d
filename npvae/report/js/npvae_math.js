/* The mathematics of npvae that the pages need, in float64.
 *
 * Each function is the twin of an npvae function, whose name stands above it. A matrix is
 * { rows, cols, data }, row by row in a Float64Array; a vector is a Float64Array. Weights W are
 * (in, out), so that x W is the forward pass. Results go into arrays that the caller owns.
 *
 *     h1 = relu(a1),  a1 = z W1 + b1         h2 = relu(a2),  a2 = h1 W2 + b2
 *     units = h2 W3 + b3                     score = mean of the units          (R, L) -> (R,)
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
    const layers = sizes.slice(1).map((out, k) => [sizes[k], out]);
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

  /* y = x W (+ b), and 0 where gate is not positive. Any of y, x and gate may share memory. */
  function matmul(x, W, y, { b = null, gate = null } = {}) {
    const X = x.data, V = W.data, n_in = W.rows, out = W.cols, sums = new Float64Array(out);
    for (let row = 0; row < x.rows; row++) {
      if (b) sums.set(b);
      else sums.fill(0);
      for (let k = 0; k < n_in; k++) {
        const scale = X[row * n_in + k];
        if (scale === 0) continue; // what relu has closed adds nothing
        for (let j = 0; j < out; j++) sums[j] += scale * V[k * out + j];
      }
      writeRow(sums, y.data, row * out, gate);
    }
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

  function writeRow(values, to, start, gate) {
    for (let j = 0; j < values.length; j++) {
      to[start + j] = gate && !(gate.data[start + j] > 0) ? 0 : values[j];
    }
  }

  /* dW = x^T dy */
  function matmulTN(x, dy, dW) {
    const X = x.data, D = dy.data, G = dW.data, n_in = x.cols, out = dy.cols;
    G.fill(0);
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

  // -------------------------------------------------------------------- npvae/models/critic.py

  /* make_critic_activations: room for what `rows` latent vectors leave in the critic. */
  function makeCriticActivations(w, rows) {
    const [latent, first, second, units] = [w.W1.rows, w.W1.cols, w.W2.cols, w.W3.cols];
    return {
      z: matrix(rows, latent), h1: matrix(rows, first), h2: matrix(rows, second),
      units: matrix(rows, units), score: new Float64Array(rows),
      dscore: new Float64Array(rows), dunits: matrix(rows, units),
      da2: matrix(rows, second), da1: matrix(rows, first), dz: matrix(rows, latent),
    };
  }

  /* CriticActivations.rows: views of the rows first .. last-1 of every array. */
  function activationRows(act, first, last) {
    const cut = (x) => (x.data ? rowsOf(x, first, last) : x.subarray(first, last));
    return Object.fromEntries(Object.entries(act).map(([name, x]) => [name, cut(x)]));
  }

  /* score_forward. Reads z; writes h1, h2, units, score. */
  function scoreForward(w, act) {
    denseReluForward(act.z, w.W1, w.b1, act.h1); //  (R, L) -> (R, H1)
    denseReluForward(act.h1, w.W2, w.b2, act.h2); // (R, H1) -> (R, H2)
    matmul(act.h2, w.W3, act.units, { b: w.b3 }); // (R, H2) -> (R, U)
    meanForward(act.units, act.score); //            (R, U) -> (R,)
  }

  /* score_backward_hidden, in the two halves that the slow motion shows. */
  function scoreBackwardSecond(w, act) {
    meanBackward(act.dscore, act.dunits); //               score = mean of the units
    matmulNT(act.dunits, w.W3, act.da2, act.h2); //        units = relu(a2) W3 + b3
  }
  function scoreBackwardFirst(w, act) {
    matmulNT(act.da2, w.W2, act.da1, act.h1); //           a2 = relu(a1) W2 + b2
  }
  function scoreBackwardHidden(w, act) {
    scoreBackwardSecond(w, act);
    scoreBackwardFirst(w, act);
  }

  /* score_backward_input. Rows with dscore = 1 then hold the score's input gradient. */
  function scoreBackwardInput(w, act) {
    matmulNT(act.da1, w.W1, act.dz); //                    a1 = z W1 + b1
  }

  /* score_backward_weights */
  function scoreBackwardWeights(dw, act) {
    matmulTN(act.h2, act.dunits, dw.W3); //                units = h2 W3 + b3
    matmulTN(act.h1, act.da2, dw.W2); //                   a2 = h1 W2 + b2
    matmulTN(act.z, act.da1, dw.W1); //                    a1 = z W1 + b1
  }

  /* score_backward_biases */
  function scoreBackwardBiases(dw, act) {
    sumRows(act.dunits, dw.b3); //                         units = .. + b3
    sumRows(act.da2, dw.b2); //                            a2 = .. + b2
    sumRows(act.da1, dw.b1); //                            a1 = .. + b1
  }

  /* The score and its input gradient of all rows of z. */
  function scoreAndGradient(w, act) {
    scoreForward(w, act);
    act.dscore.fill(1);
    scoreBackwardHidden(w, act);
    scoreBackwardInput(w, act);
  }

  // ------------------------------------------------------------------- npvae/models/penalty.py

  const twoSided = (norm) => norm - 1;
  const oneSided = (norm) => Math.max(0, norm - 1); // only slopes above 1 cost anything

  /* The length of each row of dz. */
  function rowNorms(dz, norm) {
    for (let row = 0; row < dz.rows; row++) {
      let square = 0; // over the dimensions of one sample, never over the batch
      for (let j = 0; j < dz.cols; j++) square += dz.data[row * dz.cols + j] ** 2;
      norm[row] = Math.sqrt(square);
    }
  }

  /* penalty_forward: P = mean of excess(norm)^2, and norm = |dz| of each row. */
  function penaltyForward(dz, norm, excess = twoSided) {
    rowNorms(dz, norm);
    return norm.reduce((sum, length) => sum + excess(length) ** 2, 0) / norm.length;
  }

  /* norm_backward. norm = |dz|, so ddz = 2/B excess(norm) dz / norm; 0 stands in at norm = 0. */
  function normBackward(dz, norm, gpWeight, ddz, excess = twoSided) {
    for (let row = 0; row < dz.rows; row++) {
      const slope = (2 * gpWeight / dz.rows) * excess(norm[row]);
      const factor = norm[row] > 0 ? slope / norm[row] : 0;
      for (let n = row * dz.cols; n < (row + 1) * dz.cols; n++) ddz.data[n] = factor * dz.data[n];
    }
  }

  /* penalty_backward, its two products: dda1 and dda2 overwrite h1 and h2, whose gates they keep.
   * ddz stands in z already. */
  function penaltyBackwardFirst(w, act) {
    matmul(act.z, w.W1, act.h1, { gate: act.h1 }); //      dz = da1 W1^T
  }
  function penaltyBackwardSecond(w, act) {
    matmul(act.h1, w.W2, act.h2, { gate: act.h2 }); //     da1 = (da2 W2^T) [h1 > 0]
  }

  /* mix of npvae/models/steps.py: one alpha for each row. */
  function mix(z, prior, alpha, mixed) {
    for (let n = 0; n < z.data.length; n++) {
      mixed.data[n] = z.data[n] + alpha[Math.floor(n / z.cols)] * (prior.data[n] - z.data[n]);
    }
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

  // ------------------------------------------------------------ npvae/evaluation/distances.py

  /* The pairing of two clouds (n, d) with the smallest total distance: partner of each row of x. */
  function transport(x, y) {
    const cost = matrix(x.rows, y.rows);
    for (let n = 0; n < cost.data.length; n++) {
      cost.data[n] = distance(x, Math.floor(n / y.rows), y, n % y.rows);
    }
    return assignment(cost);
  }

  /* assignment_w1: mean distance between partners. */
  function pairedDistance(x, y, partner) {
    return partner.reduce((sum, j, i) => sum + distance(x, i, y, j), 0) / x.rows;
  }

  function distance(x, i, y, j) {
    let square = 0;
    for (let d = 0; d < x.cols; d++) {
      square += (x.data[i * x.cols + d] - y.data[j * y.cols + d]) ** 2;
    }
    return Math.sqrt(square);
  }

  /* The cheapest assignment of rows to columns, by shortest augmenting paths (the Hungarian method
   * as Jonker and Volgenant 1987 speed it up). u and v are the dual prices: cost - u - v >= 0, and
   * = 0 on the chosen pairs, which proves the choice. Column n is a place to start from. */
  function assignment(cost) {
    const n = cost.rows;
    const u = new Float64Array(n), v = new Float64Array(n + 1);
    const rowOf = new Int32Array(n + 1).fill(-1);
    for (let row = 0; row < n; row++) {
      rowOf[n] = row;
      const { end, before } = shortestPath(cost, u, v, rowOf);
      for (let j = end; j !== n; j = before[j]) rowOf[j] = rowOf[before[j]]; // shift along the path
    }
    const partner = new Int32Array(n);
    for (let j = 0; j < n; j++) partner[rowOf[j]] = j;
    return partner;
  }

  /* Grow a tree of cheapest alternating paths from column n to a column that has no row yet. */
  function shortestPath(cost, u, v, rowOf) {
    const n = cost.rows;
    const slack = new Float64Array(n).fill(Infinity), before = new Int32Array(n), reached = [];
    const free = new Set(Array(n).keys());
    let j = n;
    while (rowOf[j] !== -1) {
      reached.push(j);
      free.delete(j);
      const row = rowOf[j];
      let nearest = -1;
      for (const k of free) {
        const reduced = cost.data[row * n + k] - u[row] - v[k];
        if (reduced < slack[k]) { slack[k] = reduced; before[k] = j; }
        if (nearest < 0 || slack[k] < slack[nearest]) nearest = k;
      }
      const step = slack[nearest];
      for (const k of reached) { u[rowOf[k]] += step; v[k] -= step; }
      for (const k of free) slack[k] -= step;
      j = nearest;
    }
    return { end: j, before };
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
    matrix, rowsOf, makeParameters, drawParameters, matmul, denseReluForward,
    makeCriticActivations, activationRows, scoreForward, scoreBackwardSecond, scoreBackwardFirst,
    scoreBackwardInput, scoreAndGradient, scoreBackwardWeights, scoreBackwardBiases, oneSided,
    twoSided, rowNorms, penaltyForward, normBackward, penaltyBackwardFirst, penaltyBackwardSecond,
    mix, adamUpdate, transport, pairedDistance, assignment, makeRandom, permutation,
  };
})();
