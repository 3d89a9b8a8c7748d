/* What a model in the page is asked: images of codes, and the forces on codes. */
const labForces = (() => {
  "use strict";
  const { SHOWN } = labDigits, { PIXELS, LATENT } = labSteps;
  const { matrix } = npvaeMath, V = npvaeVae, C = npvaeCritic;

  /* The two models of the page: copies of those in the worker, and room to use them. */
  function makeCopy() {
    const { vae, critic } = labSteps.make(0);
    return { vae, critic, options: null, stats: null, rooms: new Map() };
  }

  /* Take over what the worker measured (labModel.measure). */
  function update(copy, side) {
    copy.vae.theta.set(side.theta);
    copy.critic.theta.set(side.critic);
    Object.assign(copy, { options: side.options, stats: side.stats });
  }

  function roomOf(copy, rows) {
    if (!copy.rooms.has(rows)) {
      const { w } = copy.vae, act = V.makeActivations(w, rows);
      const room = { act, grad: V.makeGradients(w, rows), dots: C.makeActivations(copy.critic.w, rows) };
      copy.rooms.set(rows, room);
    }
    return copy.rooms.get(rows);
  }

  const muOf = (copy, n) => Array.from(copy.stats.subarray(4 * n, 4 * n + 2));
  const sigmaOf = (copy, n) =>
    Array.from(copy.stats.subarray(4 * n + 2, 4 * n + 4), (logvar) => Math.exp(logvar / 2));

  /* The images (rows, P) of codes z, given as rows [x, y]. */
  function decode(copy, z) {
    const { act } = roomOf(copy, z.length);
    act.z.data.set(z.flat());
    V.decodeForward(copy.vae.w, act);
    return V.sigmoid(act.logits.data);
  }

  /* The score and its gradient at each z. */
  function scores(copy, z) {
    const { dots } = roomOf(copy, z.length);
    dots.z.data.set(z.flat());
    C.scoreAndGradient(copy.critic.w, dots);
    return dots;
  }

  /* How the regulariser pulls the codes of the digits: minus its gradient at mu, for each digit by
   * itself, in nats for each unit of the plane. */
  function pulls(copy, digits, { prior, lines }) {
    const { kind, weight } = copy.options, mu = digits.map((n) => muOf(copy, n));
    if (kind === "KL") return mu.map((place) => place.map((x) => -weight * x));
    const rows = (x) => mu.map((_, k) => Array.from(x.subarray(2 * k, 2 * k + 2)));
    if (kind === "WS") return rows(scores(copy, mu).dz.data.map((slope) => weight * slope));
    if (kind === "AE") return mu.map(() => [0, 0]);
    const all = matrix(SHOWN, LATENT); // the sliced distance compares all codes at once
    for (let n = 0; n < SHOWN; n++) all.data.set(muOf(copy, n), 2 * n);
    const { dz } = npvaeSliced.sliced(all, prior, lines);
    return digits.map((n) => [0, 1].map((j) => -weight * SHOWN * dz.data[2 * n + j]));
  }

  /* How the reconstruction pulls the same codes: minus the BCE's gradient at z = mu. */
  function wishes(copy, digits, images) {
    const { act, grad } = roomOf(copy, digits.length);
    digits.forEach((n, row) => {
      act.z.data.set(muOf(copy, n), 2 * row);
      act.x.data.set(images.data.subarray(n * PIXELS, (n + 1) * PIXELS), row * PIXELS);
    });
    V.decodeForward(copy.vae.w, act);
    V.bernoulliBackward(act, grad.dlogits);
    V.decodeBackwardInput(copy.vae.w, act, grad);
    const share = digits.length; // the gradient is that of a mean
    return digits.map((_, k) => [0, 1].map((j) => -share * grad.dz.data[2 * k + j]));
  }

  return { makeCopy, update, muOf, sigmaOf, decode, scores, pulls, wishes };
})();
