/* One update of the critic, cut into the stages that the slow motion shows.
 *
 *     loss = mean score(codes) - mean score(prior) + weight * penalty
 *
 * `run` does all stages in order; the slow motion does the same ones, one at a time. Without a
 * switch the stages are critic_objective of npvae/models/objectives.py, followed by adam_update.
 * The wrong penalties and the classifier stand here, apart from the mathematics of all pages.
 */
const criticUpdate = (() => {
  "use strict";
  const math = npvaeMath, C = npvaeCritic;
  const BATCH = 64, LATENT = 2, SIZES = [LATENT, 32, 32, 1];
  const TEN = 10; // the units whose sum the third classical bug penalises

  /* A critic and the room for its updates. */
  function make(seed) {
    const critic = math.makeParameters(SIZES);
    math.drawParameters(critic, math.makeRandom(seed, 1, 0));
    const every = C.makeActivations(critic.w, 3 * BATCH);
    const ofScores = math.makeParameters(SIZES), before = math.makeParameters(SIZES);
    return {
      critic, every, ofScores, // the first part of the gradient: without the penalty's
      before, // the parameters, m and v that the latest update found
      t: 0, loss: 0, estimate: 0, penalty: 0, options: null, partner: null, alpha: null,
      norm: new Float64Array(BATCH),
      second: C.makeSecondPass(critic.w, BATCH), // ddz, dda1, dda2 of the mixed rows
      pair: C.activationRows(every, 0, 2 * BATCH),
      codes: C.activationRows(every, 0, BATCH),
      prior: C.activationRows(every, BATCH, 2 * BATCH),
      mixed: C.activationRows(every, 2 * BATCH, 3 * BATCH),
    };
  }

  /* The randomness of update t: which prior point each code meets, and how far the mixed point
   * lies on the way. The second 64 numbers serve the bug that draws an alpha for each dimension. */
  function drawNoise(seed, t) {
    const random = math.makeRandom(seed, 2, t);
    const partner = math.permutation(BATCH, random);
    const alpha = Float64Array.from({ length: LATENT * BATCH }, random.uniform);
    return { partner, alpha };
  }

  /* Set the points, the noise and the switches of the next update. options: classifier, weight,
   * oneSided, clip (0: none), bug (none, batch, alpha or sum) and lr. */
  function begin(u, codes, prior, { partner, alpha }, options) {
    u.codes.z.data.set(codes);
    for (let row = 0; row < BATCH; row++) {
      const from = partner[row] * LATENT;
      u.prior.z.data.set(prior.subarray(from, from + LATENT), row * LATENT);
    }
    Object.assign(u, { partner, alpha, options });
  }

  // ------------------------------------------------------------------------------ the switches

  const excessOf = (options) => (options.oneSided ? C.oneSided : C.twoSided);
  const weightOf = (options) => (options.clip ? 0 : options.weight);

  /* Bug: alpha drawn for each dimension. The mixed points leave the line between their two ends. */
  function mixPerDimension(z, prior, alpha, mixed) {
    for (let n = 0; n < z.data.length; n++) {
      mixed.data[n] = z.data[n] + alpha[n] * (prior.data[n] - z.data[n]);
    }
  }

  /* Bug: one norm over the whole batch. penalty = excess(|dz|)^2, |dz| over all its numbers. */
  function batchPenaltyForward(dz, norm, excess) {
    norm.fill(Math.sqrt(dz.data.reduce((sum, x) => sum + x * x, 0)));
    return excess(norm[0]) ** 2;
  }
  function batchNormBackward(dz, norm, gpWeight, ddz, excess) {
    const factor = norm[0] > 0 ? (2 * gpWeight * excess(norm[0])) / norm[0] : 0;
    ddz.data.set(dz.data.map((x) => factor * x)); // norm = |dz|
  }

  /* Arjovsky et al. 2017: after the update, every parameter back into [-limit, limit]. */
  function clip(theta, limit) {
    for (let n = 0; n < theta.length; n++) theta[n] = Math.max(-limit, Math.min(limit, theta[n]));
  }

  /* In the critic's place: a classifier, as in the first GANs (Goodfellow et al. 2014).
   *
   *     D = 1 / (1 + e^-score): the probability of "prior"
   *     loss = -mean log D(prior) - mean log(1 - D(codes)) = 2 log 2 - 2 JS
   */
  const sigmoid = (score) => 1 / (1 + Math.exp(-score));
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))); // log(1 + e^x)
  const mean = (x) => x.reduce((sum, value) => sum + value, 0) / x.length;

  /* The loss without its penalty, and what it is an estimate of: W1, or the Jensen-Shannon
   * divergence JS. */
  function separation(classifier, codes, prior) {
    if (!classifier) {
      const loss = mean(codes) - mean(prior);
      return { loss, estimate: -loss };
    }
    const loss = mean(prior.map((score) => softplus(-score))) + mean(codes.map(softplus));
    return { loss, estimate: Math.LN2 - loss / 2 };
  }

  // -------------------------------------------------------------------------------- the stages

  const STAGES = {
    mixed(u) {
      const mix = u.options.bug === "alpha" ? mixPerDimension : C.mix;
      mix(u.codes.z, u.prior.z, u.alpha, u.mixed.z);
    },
    score(u) {
      C.scoreForward(u.critic.w, u.every);
      Object.assign(u, separation(u.options.classifier, u.codes.score, u.prior.score));
    },
    da2(u) {
      const { classifier, bug } = u.options;
      const slope = (score) => (classifier ? sigmoid(score) : 1) / BATCH;
      u.codes.dscore.set(u.codes.score.map(slope)); // loss = mean score(codes) - mean score(prior)
      u.prior.dscore.set(u.prior.score.map((score) => -slope(-score)));
      u.mixed.dscore.fill(bug === "sum" ? TEN : 1); // bug: ten units' sum, not their mean
      C.scoreBackwardSecond(u.critic.w, u.every);
    },
    da1(u) { C.scoreBackwardFirst(u.critic.w, u.every); },
    dz(u) { C.scoreBackwardInput(u.critic.w, u.mixed); },
    norm(u) {
      const forward = u.options.bug === "batch" ? batchPenaltyForward : C.penaltyForward;
      u.penalty = forward(u.mixed.dz, u.norm, excessOf(u.options));
    },
    ddz(u) {
      const backward = u.options.bug === "batch" ? batchNormBackward : C.normBackward;
      backward(u.mixed.dz, u.norm, weightOf(u.options), u.second.ddz, excessOf(u.options));
    },
    dda1(u) { C.penaltyBackwardFirst(u.critic.w, u.mixed, u.second); },
    dda2(u) { C.penaltyBackwardSecond(u.critic.w, u.mixed, u.second); },
    dW(u) {
      C.scoreBackwardWeights(u.ofScores.dw, u.pair);
      C.scoreBackwardBiases(u.ofScores.dw, u.pair);
      u.critic.dtheta.set(u.ofScores.dtheta);
      C.penaltyBackwardWeights(u.critic.dw, u.mixed, u.second);
    },
    Adam(u) {
      u.t += 1;
      for (const name of ["theta", "m", "v"]) u.before[name].set(u.critic[name]);
      math.adamUpdate(u.critic, u.t, u.options.lr);
      if (u.options.clip) clip(u.critic.theta, u.options.clip);
    },
  };
  const ORDER = Object.keys(STAGES);

  /* Do the stages from number `first` to the one before `last`. */
  function run(u, first = 0, last = ORDER.length) {
    for (const name of ORDER.slice(first, last)) STAGES[name](u);
  }

  return { BATCH, LATENT, ORDER, make, drawNoise, begin, separation, sigmoid, run };
})();
