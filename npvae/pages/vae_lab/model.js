/* The two models and their past. It runs in the worker; a test may run it in the page.
 *
 * A lab holds a state (labState), the step t that it has reached, and copies of all weights at some
 * steps, from which any earlier step can be done again.
 */
const labModel = (() => {
  "use strict";
  const { SHOWN, shown } = labDigits, S = labSteps, V = npvaeVae, C = npvaeCritic;
  const KEPT = 40; // copies at most: 1.3 MB each
  const FIRST_SPACING = 10; // steps between two copies, at first
  const FIXED = 12345; // the seed of the noise that measures; the same for all models

  /* Begin a state: two untrained models. */
  function open(state, images) {
    const seeds = [0, 1].map((side) => labState.optionsOf(state.start, side).seed);
    const lab = { state, images, t: 0, models: seeds.map(S.make), kept: [], spacing: FIRST_SPACING };
    lab.ruler = makeRuler(images);
    keep(lab);
    return lab;
  }

  /* One step of both models. */
  function step(lab) {
    const settings = labState.settingsAt(lab.state, lab.t);
    lab.models.forEach((model, side) => {
      const options = labState.optionsOf(settings, side);
      const index = S.batchOf(options.seed, lab.t, lab.images.rows);
      const noise = S.drawNoise(options.seed, lab.t, options.kind, options.updates);
      S.step(model, lab.images, index, noise, options);
    });
    lab.t += 1;
    if (lab.t % lab.spacing === 0) keep(lab);
  }

  // ------------------------------------------------------------------------------- the past

  const buffers = ({ vae, critic }) =>
    [vae, critic].flatMap(({ theta, m, v }) => [theta, m, v]);

  /* Copy the present. When there are too many copies, every second one goes. */
  function keep(lab) {
    if (lab.kept.some(({ t }) => t === lab.t)) return;
    const copies = lab.models.map((model) => ({
      t: model.t, u: model.u, copy: buffers(model).map((x) => x.slice()),
    }));
    lab.kept.push({ t: lab.t, copies });
    if (lab.kept.length <= KEPT) return;
    lab.spacing *= 2;
    lab.kept = lab.kept.filter(({ t }) => t % lab.spacing === 0);
  }

  /* Go to step t. Roughly: to the nearest copy before it. Exactly: the rest is done again. */
  function goTo(lab, t, exactly) {
    const before = lab.kept.filter((kept) => kept.t <= t);
    const nearest = before.reduce((a, b) => (b.t > a.t ? b : a));
    if (!(exactly && lab.t <= t && lab.t > nearest.t)) {
      lab.models.forEach((model, side) => {
        const { copy, ...counts } = nearest.copies[side];
        Object.assign(model, counts);
        buffers(model).forEach((x, k) => x.set(copy[k]));
      });
      lab.t = nearest.t;
    }
    while (exactly && lab.t < t) step(lab);
  }

  /* Take a state that has the same past up to now: what came later is forgotten. */
  function change(lab, state) {
    lab.state = state;
    lab.kept = lab.kept.filter(({ t }) => t <= lab.t);
    keep(lab);
  }

  // ----------------------------------------------------------------------- what is measured

  /* The digits that are shown, and fixed noise, so that curves do not jump. */
  function makeRuler(images) {
    const random = npvaeMath.makeRandom(FIXED, 0, 0), x = npvaeMath.matrix(SHOWN, S.PIXELS);
    shown.forEach((n, row) => {
      x.data.set(images.data.subarray(n * S.PIXELS, (n + 1) * S.PIXELS), row * S.PIXELS);
    });
    const draw = (rows) => S.normals(random, rows, S.LATENT);
    const [eps, prior, lines] = [draw(SHOWN), draw(SHOWN), draw(20)];
    npvaeSliced.normalise(lines);
    return { x, eps, prior, lines };
  }

  /* What is known of a model now, on the digits that are shown: codes (mu, logvar), BCE at z, the
   * regulariser, sigma, scale and shape of the codes, and copies of all weights. Where
   * sigma is held, it is measured so even before the first step. The model itself is not changed. */
  function measure(lab, side) {
    const model = lab.models[side], { ruler } = lab, { vae, critic } = model;
    const options = labState.optionsOf(labState.settingsAt(lab.state, lab.t), side);
    const held = options.kind === "AE" ? S.NO_SIGMA : options.sigma;
    const own = vae.theta.slice();
    if (held !== null) V.holdSigma(vae.w, held);
    const room = (ruler.room ??= V.makeActivations(vae.w, SHOWN));
    const grad = (ruler.grad ??= V.makeGradients(vae.w, SHOWN));
    room.x = ruler.x;
    V.encodeForward(vae.w, room);
    V.sampleForward(room, ruler.eps.data);
    V.decodeForward(vae.w, room);
    const bce = V.bernoulliBackward(room, grad.dlogits);
    const { sigma, scale } = spread(room.stats);
    vae.theta.set(own);
    return {
      options, bce, sigma, scale, shape: shape(room.z), stats: room.stats.data.slice(),
      regulariser: regulariser(model, options, room, ruler),
      theta: own, critic: critic.theta.slice(),
    };
  }

  /* The regulariser, unweighted: nats of KL, or a distance; NaN where there is none. */
  function regulariser({ critic }, { kind }, room, { prior, lines }) {
    if (kind === "KL") return V.klForward(room);
    if (kind === "SW") return npvaeSliced.sliced(room.z, prior, lines).distance;
    if (kind === "AE") return NaN;
    const mean = (z) => {
      const act = C.makeActivations(critic.w, SHOWN);
      act.z.data.set(z.data);
      C.scoreForward(critic.w, act);
      return act.score.reduce((sum, x) => sum + x, 0) / SHOWN;
    };
    return mean(prior) - mean(room.z);
  }

  /* Mean and covariance (xx, xy, yy) of the rows of x, of which the first two columns count. */
  function moments({ rows, cols, data }) {
    const mean = [0, 0], cov = [0, 0, 0];
    for (let n = 0; n < rows; n++) for (const j of [0, 1]) mean[j] += data[n * cols + j] / rows;
    for (let n = 0; n < rows; n++) {
      const [a, b] = [data[n * cols] - mean[0], data[n * cols + 1] - mean[1]];
      [a * a, a * b, b * b].forEach((value, k) => { cov[k] += value / rows; });
    }
    return { mean, cov };
  }

  /* Mean sigma; mean and covariance of all codes, the posteriors' own width included; and scale,
   * KL(N(mean, cov) || N(0, I)) = (tr cov + |mean|^2 - 2 - log det cov) / 2. */
  function spread(stats) {
    const { mean, cov } = moments(stats);
    let sigma = 0;
    for (let n = 0; n < stats.data.length; n++) {
      if (n % 4 < 2) continue; // mu, mu, logvar, logvar
      sigma += Math.exp(stats.data[n] / 2) / (2 * stats.rows);
      cov[n % 4 === 2 ? 0 : 2] += Math.exp(stats.data[n]) / stats.rows;
    }
    const [xx, xy, yy] = cov;
    const scale = (xx + yy + mean[0] ** 2 + mean[1] ** 2 - 2 - Math.log(xx * yy - xy * xy)) / 2;
    return { mean, cov, sigma, scale };
  }

  const WIDTH = 0.35; // of the kernel, in standard deviations of the codes

  /* Shape: how far the codes z are from a Gaussian of their own mean and covariance, in nats. Both
   * are blurred by the same kernel; the mean is over the codes, each left out of its own density. */
  function shape(z) {
    const { mean, cov } = moments(z), n = z.rows;
    const a = Math.sqrt(cov[0]), b = cov[1] / a, c = Math.sqrt(cov[2] - b * b); // Cholesky
    const white = Array.from({ length: n }, (_, k) => {
      const x = (z.data[2 * k] - mean[0]) / a;
      return [x, (z.data[2 * k + 1] - mean[1] - b * x) / c];
    });
    let total = 0;
    for (const [x, y] of white) {
      let sum = -1; // without itself
      for (const [u, v] of white) sum += Math.exp(-((x - u) ** 2 + (y - v) ** 2) / 2 / WIDTH ** 2);
      const blurred = 1 + WIDTH ** 2;
      const gauss = Math.exp(-(x * x + y * y) / 2 / blurred) / blurred;
      total += Math.log(Math.max(sum, 1e-300) / (n - 1) / WIDTH ** 2 / gauss); // 2 pi cancels
    }
    return total / n;
  }

  // ---------------------------------------------------------------------------- the messages

  /* What the page asks for; the answer is always the present.
   *   { do: "open", state }        begin a state
   *   { do: "change", state }      the same past, other settings from now on
   *   { do: "advance", steps, ms } do so many steps, but stop when the time is over
   *   { do: "goTo", t, exactly }   go back, or forward to a step that was reached before */
  function answer(lab, request, images, now) {
    if (request.do === "open") lab = open(request.state, images);
    if (request.do === "change") change(lab, request.state);
    if (request.do === "goTo") goTo(lab, request.t, request.exactly);
    const end = now() + request.ms;
    for (let n = 0; request.do === "advance" && n < request.steps && now() < end; n++) step(lab);
    const copies = lab.kept.map(({ t }) => t).sort((a, b) => a - b);
    return [lab, { t: lab.t, copies, sides: [measure(lab, 0), measure(lab, 1)] }];
  }

  return { makeRuler, open, step, goTo, change, measure, moments, spread, shape, answer };
})();
