/* Whole training steps of one model, as kl_step, ws_step and sw_step of npvae/models/steps.py.
 *
 *     KL   loss = BCE + weight * KL           WS   loss = BCE + weight * W1, by a critic
 *     SW   loss = BCE + weight * SW           AE   loss = BCE, and z = mu
 */
const labSteps = (() => {
  "use strict";
  const math = npvaeMath, V = npvaeVae, C = npvaeCritic;
  const BATCH = 32, PIXELS = 196, HIDDEN = 64, LATENT = 2, DIRECTIONS = 50;
  const NO_SIGMA = 1e-6; // what stands for sigma = 0, whose logarithm is not finite
  const KINDS = ["KL", "WS", "SW", "AE"];

  /* A model: VAE, critic, and room for one step of both. t and u count their updates. */
  function make(seed) {
    const layers = [[PIXELS, HIDDEN], [HIDDEN, 2 * LATENT], [LATENT, HIDDEN], [HIDDEN, PIXELS]];
    const vae = math.makeLayers(layers), critic = math.makeParameters([LATENT, 32, 32, 1]);
    math.drawParameters(vae, math.makeRandom(seed, 1, 0));
    math.drawParameters(critic, math.makeRandom(seed, 1, 1));
    const every = C.makeActivations(critic.w, 3 * BATCH);
    const part = (k) => C.activationRows(every, k * BATCH, (k + 1) * BATCH);
    return {
      vae, critic, every, t: 0, u: 0, norm: new Float64Array(BATCH),
      act: V.makeActivations(vae.w, BATCH), grad: V.makeGradients(vae.w, BATCH),
      codes: part(0), prior: part(1), mixed: part(2),
      pair: C.activationRows(every, 0, 2 * BATCH), second: C.makeSecondPass(critic.w, BATCH),
    };
  }

  // -------------------------------------------------------------------------- batches and noise

  let lastOrder = null; // the order of one epoch, kept while it lasts

  /* The digits of step t = 0, 1, ..: each epoch has an order of its own, and drops a few. */
  function batchOf(seed, t, digits) {
    const perEpoch = Math.floor(digits / BATCH), epoch = Math.floor(t / perEpoch);
    const key = `${seed} ${epoch} ${digits}`;
    if (lastOrder?.key !== key) {
      lastOrder = { key, order: math.permutation(digits, math.makeRandom(seed, 2, epoch)) };
    }
    const from = (t % perEpoch) * BATCH;
    return lastOrder.order.subarray(from, from + BATCH);
  }

  function normals(random, rows, cols) {
    const x = math.matrix(rows, cols);
    for (let n = 0; n < x.data.length; n++) x.data[n] = random.normal();
    return x;
  }

  /* The noise of step t. eps comes first, so that all kinds of model draw the same. */
  function drawNoise(seed, t, kind, updates) {
    const random = math.makeRandom(seed, 3, t);
    const noise = { eps: normals(random, BATCH, LATENT), critic: [] };
    if (kind === "SW") {
      noise.prior = normals(random, BATCH, LATENT);
      noise.lines = normals(random, DIRECTIONS, LATENT);
    }
    for (let k = 0; kind === "WS" && k < updates; k++) {
      const eps = normals(random, BATCH, LATENT), prior = normals(random, BATCH, LATENT);
      noise.critic.push({ eps, prior, alpha: Float64Array.from({ length: BATCH }, random.uniform) });
    }
    return noise;
  }

  // -------------------------------------------------------------------------------- the critic

  const mean = (x) => x.reduce((sum, value) => sum + value, 0) / x.length;

  /* critic_step: one update on gpWeight * penalty - distance. Reads the codes and the prior's z. */
  function criticStep(model, alpha, gpWeight, lr) {
    const { critic, every, codes, prior, mixed, pair, second, norm } = model;
    C.mix(codes.z, prior.z, alpha, mixed.z);
    C.scoreForward(critic.w, every);
    codes.dscore.fill(1 / BATCH); // loss = mean score(codes) - mean score(prior) + ..
    prior.dscore.fill(-1 / BATCH);
    mixed.dscore.fill(1);
    C.scoreBackwardSecond(critic.w, every);
    C.scoreBackwardFirst(critic.w, every);
    C.scoreBackwardInput(critic.w, mixed);
    C.penaltyForward(mixed.dz, norm);
    C.normBackward(mixed.dz, norm, gpWeight, second.ddz);
    C.penaltyBackwardFirst(critic.w, mixed, second);
    C.penaltyBackwardSecond(critic.w, mixed, second);
    C.scoreBackwardWeights(critic.dw, pair);
    C.scoreBackwardBiases(critic.dw, pair);
    C.penaltyBackwardWeights(critic.dw, mixed, second);
    model.u += 1;
    math.adamUpdate(critic, model.u, lr);
    return mean(prior.score) - mean(codes.score);
  }

  /* The critic's updates of one step of the VAE, on codes with fresh noise. */
  function criticSteps(model, noise, { gp, lr }) {
    let sum = 0;
    for (const { eps, prior, alpha } of noise.critic) {
      V.sampleForward({ stats: model.act.stats, z: model.codes.z }, eps.data);
      model.prior.z.data.set(prior.data);
      sum += criticStep(model, alpha, gp, lr);
    }
    return sum / noise.critic.length;
  }

  // ----------------------------------------------------------------------------------- the VAE

  /* The pull of the critic and of the lines is on z, that of the KL on mu and sigma. */
  function addCritic({ act, grad, codes, critic }, weight) {
    codes.z.data.set(act.z.data);
    C.scoreAndGradient(critic.w, codes);
    add(grad.dz, -weight / BATCH, codes.dz); // loss = BCE - weight * mean score(z)
  }

  function addSliced({ act, grad }, weight, { prior, lines }) {
    npvaeSliced.normalise(lines);
    const { distance, dz } = npvaeSliced.sliced(act.z, prior, lines);
    add(grad.dz, weight, dz);
    return distance;
  }

  function add(sum, factor, x) {
    for (let n = 0; n < x.data.length; n++) sum.data[n] += factor * x.data[n];
  }

  /* One step. options: kind, weight, gp, lr, sigma (a number where it is held, otherwise null).
   * Returns BCE and regulariser of the batch. */
  function step(model, images, index, noise, options) {
    const { vae, act, grad } = model, { kind, weight, lr } = options;
    const held = kind === "AE" ? NO_SIGMA : options.sigma;
    index.forEach((n, row) => {
      act.x.data.set(images.data.subarray(n * PIXELS, (n + 1) * PIXELS), row * PIXELS);
    });
    if (held !== null) V.holdSigma(vae.w, held);
    V.encodeForward(vae.w, act);
    let regulariser = kind === "WS" ? criticSteps(model, noise, options) : 0;
    V.sampleForward(act, noise.eps.data);
    V.decodeForward(vae.w, act);
    const bce = V.bernoulliBackward(act, grad.dlogits);
    V.decodeBackward(vae.w, vae.dw, act, grad);
    if (kind === "WS") addCritic(model, weight);
    if (kind === "SW") regulariser = addSliced(model, weight, noise);
    V.sampleBackward(act, noise.eps.data, grad);
    if (kind === "KL") regulariser = V.klForward(act);
    if (kind === "KL") V.klBackwardAdd(act, weight, grad.dstats);
    V.encodeBackward(vae.w, vae.dw, act, grad);
    if (held !== null) V.holdSigmaBackward(vae.dw);
    model.t += 1;
    math.adamUpdate(vae, model.t, lr);
    if (held !== null) V.holdSigma(vae.w, held);
    return { bce, regulariser };
  }

  return {
    BATCH, PIXELS, LATENT, KINDS, NO_SIGMA, make, batchOf, normals, drawNoise, criticStep, step,
  };
})();
