/* The mathematics of npvae's autoencoder, in float64, with the matrices of mathematics.js.
 *
 *     encoder   hEnc = relu(x W1 + b1),   [mu | logvar] = hEnc W2 + b2       (B, P) -> (B, L)
 *     sampler   z = mu + exp(logvar / 2) * eps
 *     decoder   hDec = relu(z W3 + b3),   logits = hDec W4 + b4              (B, L) -> (B, P)
 */
const npvaeVae = (() => {
  "use strict";
  const { matrix, matmul, denseReluForward } = npvaeMath;
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

  return {
    makeActivations, encodeForward, posteriorSigma, reparameterise, decodeForward, sigmoid,
    bernoulliNll, squaredError,
  };
})();
