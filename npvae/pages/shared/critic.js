/* The mathematics of npvae's critic, its gradient penalty and the second backward pass, in float64.
 *
 *     h1 = relu(a1),  a1 = z W1 + b1         h2 = relu(a2),  a2 = h1 W2 + b2
 *     units = h2 W3 + b3                     score = mean of the units          (R, L) -> (R,)
 *     penalty = mean of (|dz| - 1)^2         dz = the score's gradient at z
 */
const npvaeCritic = (() => {
  "use strict";
  const { matrix, rowsOf, matmul, matmulNT, addMatmulTN, sumRows } = npvaeMath;
  const { denseReluForward, meanForward, meanBackward } = npvaeMath;

  // -------------------------------------------------------------------- npvae/models/critic.py

  /* make_critic_activations: room for what `rows` latent vectors leave in the critic. */
  function makeActivations(w, rows) {
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
    for (const W of [dw.W1, dw.W2, dw.W3]) W.data.fill(0);
    addMatmulTN(act.h2, act.dunits, dw.W3); //             units = h2 W3 + b3
    addMatmulTN(act.h1, act.da2, dw.W2); //                a2 = h1 W2 + b2
    addMatmulTN(act.z, act.da1, dw.W1); //                 a1 = z W1 + b1
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

  /* Room for what the second backward pass makes of `rows` rows. */
  function makeSecondPass(w, rows) {
    const [latent, first, second] = [w.W1.rows, w.W1.cols, w.W2.cols];
    return { ddz: matrix(rows, latent), dda1: matrix(rows, first), dda2: matrix(rows, second) };
  }

  /* penalty_backward, its two products. They read ddz, and the gates h1 and h2 of the first pass. */
  function penaltyBackwardFirst(w, act, { ddz, dda1 }) {
    matmul(ddz, w.W1, dda1, { gate: act.h1 }); //          dz = da1 W1^T
  }
  function penaltyBackwardSecond(w, act, { dda1, dda2 }) {
    matmul(dda1, w.W2, dda2, { gate: act.h2 }); //         da1 = (da2 W2^T) [h1 > 0]
  }

  /* dW += the penalty's gradient. In each product a gradient of the second pass stands in the place
   * of the layer's input. The penalty has no gradient for a bias. */
  function penaltyBackwardWeights(dw, act, { ddz, dda1, dda2 }) {
    addMatmulTN(dda2, act.dunits, dw.W3); //               da2 = (dunits W3^T) [h2 > 0]
    addMatmulTN(dda1, act.da2, dw.W2); //                  da1 = (da2 W2^T) [h1 > 0]
    addMatmulTN(ddz, act.da1, dw.W1); //                   dz = da1 W1^T
  }

  /* mix of npvae/models/steps.py: one alpha for each row. */
  function mix(z, prior, alpha, mixed) {
    for (let n = 0; n < z.data.length; n++) {
      mixed.data[n] = z.data[n] + alpha[Math.floor(n / z.cols)] * (prior.data[n] - z.data[n]);
    }
  }

  return {
    makeActivations, activationRows, scoreForward, scoreBackwardSecond, scoreBackwardFirst,
    scoreBackwardInput, scoreAndGradient, scoreBackwardWeights, scoreBackwardBiases, oneSided,
    twoSided, rowNorms, penaltyForward, normBackward, makeSecondPass, penaltyBackwardFirst,
    penaltyBackwardSecond, penaltyBackwardWeights, mix,
  };
})();
