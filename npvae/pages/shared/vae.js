/* The mathematics of npvae's autoencoder, in float64, with the matrices of mathematics.js.
 *
 *     encoder   hEnc = relu(x W1 + b1),   [mu | logvar] = hEnc W2 + b2       (B, P) -> (B, L)
 *     sampler   z = mu + exp(logvar / 2) * eps
 *     decoder   hDec = relu(z W3 + b3),   logits = hDec W4 + b4              (B, L) -> (B, P)
 */
const npvaeVae = (() => {
  "use strict";
  const { matrix, matmul, matmulNT, addMatmulTN, sumRows, denseReluForward } = npvaeMath;
  const LOGVAR_MAX = 20; // npvae/nn/layers.py

  /* make_vae_activations, of the forward pass. */
  function makeActivations(w, batch) {
    const [pixels, hidden, latent] = [w.W1.rows, w.W1.cols, w.W3.rows];
    return {
      x: matrix(batch, pixels), hEnc: matrix(batch, hidden), stats: matrix(batch, 2 * latent),
      z: matrix(batch, latent), hDec: matrix(batch, hidden), logits: matrix(batch, pixels),
    };
  }

  /* encode_forward. Reads x; writes hEnc and stats. */
  function encodeForward(w, act) {
    denseReluForward(act.x, w.W1, w.b1, act.hEnc); //            (B, P) -> (B, H)
    matmul(act.hEnc, w.W2, act.stats, { b: w.b2 }); //           (B, H) -> (B, 2 L): [mu | logvar]
  }

  /* posterior_sigma = exp(logvar / 2), with the guard of npvae. */
  function posteriorSigma(logvar) {
    return logvar.map((value) => Math.exp(0.5 * Math.min(value, LOGVAR_MAX)));
  }

  /* reparameterise_forward: z = mu + sigma * eps */
  function reparameterise(mu, sigma, eps) {
    return mu.map((value, j) => value + sigma[j] * eps[j]);
  }

  /* decode_forward. Reads z; writes hDec and logits. */
  function decodeForward(w, act) {
    denseReluForward(act.z, w.W3, w.b3, act.hDec); //            (B, L) -> (B, H)
    matmul(act.hDec, w.W4, act.logits, { b: w.b4 }); //          (B, H) -> (B, P)
  }

  /* The decoder's images, in (0, 1): s = 1 / (1 + e^-a) */
  function sigmoid(logits) {
    return logits.map((a) => 1 / (1 + Math.exp(-a)));
  }

  /* bernoulli_nll of one image: sum of max(a, 0) - a x + log(1 + e^-|a|), in nats. */
  function bernoulliNll(logits, x) {
    const term = (a, n) => Math.max(a, 0) - a * x[n] + Math.log1p(Math.exp(-Math.abs(a)));
    return logits.reduce((sum, a, n) => sum + term(a, n), 0);
  }

  /* SSE of one image: sum of (s - x)^2 */
  function squaredError(image, x) {
    return image.reduce((sum, s, n) => sum + (s - x[n]) ** 2, 0);
  }

  // ------------------------------------------------------------------- training: the way back

  /* Room for the gradients that the way back leaves. dstats is [dmu | dlogvar]. */
  function makeGradients(w, batch) {
    const [pixels, hidden, latent] = [w.W1.rows, w.W1.cols, w.W3.rows];
    return {
      dlogits: matrix(batch, pixels), daDec: matrix(batch, hidden), dz: matrix(batch, latent),
      dstats: matrix(batch, 2 * latent), daEnc: matrix(batch, hidden),
    };
  }

  /* The number of the mean, and of the log-variance, of dimension j of a row of stats. */
  const muAt = (latent, n) => 2 * n - (n % latent);
  const logvarAt = (latent, n) => muAt(latent, n) + latent;

  /* reparameterise_forward of a batch. Reads stats and eps; writes z. */
  function sampleForward({ stats, z }, eps) {
    for (let n = 0; n < z.data.length; n++) {
      const logvar = Math.min(stats.data[logvarAt(z.cols, n)], LOGVAR_MAX);
      z.data[n] = stats.data[muAt(z.cols, n)] + Math.exp(logvar / 2) * eps[n];
    }
  }

  /* bernoulli_nll: the mean BCE of the batch, and dlogits = (s - x) / B. */
  function bernoulliBackward({ logits, x }, dlogits) {
    let total = 0;
    for (let n = 0; n < x.data.length; n++) {
      const a = logits.data[n], e = Math.exp(-Math.abs(a)); // e cannot overflow
      total += Math.max(a, 0) - a * x.data[n] + Math.log1p(e);
      dlogits.data[n] = ((a < 0 ? e : 1) / (1 + e) - x.data[n]) / x.rows;
    }
    return total / x.rows;
  }

  /* kl_forward: the mean over the rows of (mu^2 + sigma^2 - 1 - logvar) / 2, summed. */
  function klForward({ stats, z }) {
    let total = 0;
    for (let n = 0; n < z.data.length; n++) {
      const logvar = stats.data[logvarAt(z.cols, n)];
      const variance = Math.exp(Math.min(logvar, LOGVAR_MAX));
      total += stats.data[muAt(z.cols, n)] ** 2 + variance - 1 - logvar;
    }
    return total / 2 / z.rows;
  }

  /* kl_backward_add: dstats += the gradient of beta * mean KL. */
  function klBackwardAdd({ stats, z }, beta, dstats) {
    for (let n = 0; n < z.data.length; n++) {
      const mu = muAt(z.cols, n), logvar = logvarAt(z.cols, n);
      const variance = Math.exp(Math.min(stats.data[logvar], LOGVAR_MAX));
      dstats.data[mu] += (beta / z.rows) * stats.data[mu];
      dstats.data[logvar] += ((beta / z.rows) * (variance - 1)) / 2;
    }
  }

  /* decode_backward. Reads z, hDec, dlogits; writes dW3 .. db4, daDec, dz. */
  function decodeBackward(w, dw, act, grad) {
    for (const W of [dw.W3, dw.W4]) W.data.fill(0);
    addMatmulTN(act.hDec, grad.dlogits, dw.W4); //               logits = hDec W4 + b4
    sumRows(grad.dlogits, dw.b4);
    decodeBackwardInput(w, act, grad);
    addMatmulTN(act.z, grad.daDec, dw.W3); //                    aDec = z W3 + b3
    sumRows(grad.daDec, dw.b3);
  }

  /* The part of it that leads to dz. */
  function decodeBackwardInput(w, act, grad) {
    matmulNT(grad.dlogits, w.W4, grad.daDec, act.hDec);
    matmulNT(grad.daDec, w.W3, grad.dz);
  }

  /* reparameterise_backward: dmu = dz, dlogvar = dz eps sigma / 2. Reads dz; writes dstats. */
  function sampleBackward({ stats }, eps, { dz, dstats }) {
    for (let n = 0; n < dz.data.length; n++) {
      const logvar = logvarAt(dz.cols, n);
      const sigma = Math.exp(Math.min(stats.data[logvar], LOGVAR_MAX) / 2);
      dstats.data[muAt(dz.cols, n)] = dz.data[n];
      dstats.data[logvar] = (dz.data[n] * eps[n] * sigma) / 2;
    }
  }

  /* encode_backward. Reads x, hEnc, dstats; writes dW1 .. db2, daEnc. */
  function encodeBackward(w, dw, act, { dstats, daEnc }) {
    for (const W of [dw.W1, dw.W2]) W.data.fill(0);
    addMatmulTN(act.hEnc, dstats, dw.W2); //                     stats = hEnc W2 + b2
    sumRows(dstats, dw.b2);
    matmulNT(dstats, w.W2, daEnc, act.hEnc);
    addMatmulTN(act.x, daEnc, dw.W1); //                         aEnc = x W1 + b1
    sumRows(daEnc, dw.b1);
  }

  /* hold_sigma: every image gets the same sigma. hold_sigma_backward: it is not learned. */
  function holdSigma(w, sigma) {
    setLogvarColumns(w, 2 * Math.log(sigma));
  }
  function holdSigmaBackward(dw) {
    setLogvarColumns(dw, 0);
  }
  function setLogvarColumns({ W2, b2 }, bias) {
    const latent = W2.cols / 2;
    for (let row = 0; row < W2.rows; row++) {
      W2.data.fill(0, row * W2.cols + latent, (row + 1) * W2.cols);
    }
    b2.fill(bias, latent);
  }

  return {
    makeActivations, encodeForward, posteriorSigma, reparameterise, decodeForward, sigmoid,
    bernoulliNll, squaredError, makeGradients, sampleForward, bernoulliBackward, klForward,
    klBackwardAdd, decodeBackward, decodeBackwardInput, sampleBackward, encodeBackward, holdSigma,
    holdSigmaBackward,
  };
})();
