/* The experiment: two clouds, a critic, what is done to them, and what is measured. Draws nothing.
 *
 *     estimate = mean score(prior) - mean score(codes)
 *     W1       = min over pairings of the mean distance between partners
 *     pull     = the score's gradient at a code; one move shifts the code by 0.1 pull
 *
 * A classifier in the critic's place pulls along the gradient of -log(1 - D): D times the score's.
 */
const labModel = (() => {
  "use strict";
  const { BATCH, LATENT, ORDER, separation, sigmoid } = criticUpdate;
  const { NODES, nodePlace } = npvaeField;
  const EXTENT = 4.5; // the picture's half width
  const ROUND = 5; // updates before each move, in "play with moves"
  const KEPT = 400; // entries of the curves: of more than twice as many, every second goes

  const mean = (x) => x.reduce((sum, value) => sum + value, 0) / x.length;
  const asMatrix = (points) => ({ rows: BATCH, cols: LATENT, data: points });
  const isClassifier = (lab) => lab.settings.judge === "classifier";

  /* Open an address. What the diary tells stands in `todo` and is still to be done. */
  function open(hash) {
    const { start, diary, view, unknown } = labState.read(hash);
    const lab = { start, view, unknown, todo: diary, diary: [], at: view.at };
    lab.view.at = "";
    begin(lab);
    return lab;
  }

  function begin(lab) {
    lab.settings = { ...lab.start };
    lab.diary = [];
    lab.u = criticUpdate.make(Number(lab.settings.seed));
    lab.steps = 0; // updates and moves
    lab.latest = {}; // slope and penalty that the latest update measured
    lab.history = { every: 1, entries: [], moves: [] };
    lab.points = { codes: null, prior: null };
    setCloud(lab, "codes");
    setCloud(lab, "prior");
    lab.pairRoom = npvaeCritic.makeActivations(lab.u.critic.w, 2 * BATCH);
    lab.gridRoom = npvaeCritic.makeActivations(lab.u.critic.w, NODES * NODES);
    for (let n = 0; n < NODES * NODES; n++) {
      const place = [n % NODES, Math.floor(n / NODES)].map((k) => nodePlace(k, EXTENT));
      lab.gridRoom.z.data.set(place, 2 * n);
    }
  }

  function setCloud(lab, which) {
    lab.points[which] = labState.makeCloud(which, lab.settings[which], Number(lab.settings.seed));
    lab.transport = null;
  }

  /* The same seed and switches, a new critic, and the clouds as they were last chosen or drawn. */
  function startOver(lab, seed = lab.settings.seed) {
    lab.start = { ...lab.settings, seed };
    lab.view.at = "";
    lab.todo = [];
    begin(lab);
  }

  // ------------------------------------------------------------------------------ what is done

  function options({ judge, weight, side, clip, bug, lr }) {
    const oneSided = side === "one", limit = clip === "off" ? 0 : Number(clip);
    const classifier = judge === "classifier";
    return { classifier, weight: Number(weight), oneSided, clip: limit, bug, lr: Number(lr) };
  }

  function prepare(lab) {
    const { u, points, settings } = lab;
    const noise = criticUpdate.drawNoise(Number(settings.seed), u.t);
    criticUpdate.begin(u, points.codes, points.prior, noise, options(settings));
  }

  /* One update of the critic. */
  function update(lab, noted = true) {
    finishSlow(lab);
    prepare(lab);
    criticUpdate.run(lab.u);
    updated(lab, noted);
  }

  function updated(lab, noted = true) {
    if (noted) labState.note(lab.diary, "u", 1);
    lab.latest = { slope: mixedSlope(lab.u), penalty: lab.u.penalty };
    record(lab, () => lab.u.estimate);
  }

  /* Count a step, and keep its numbers for the curves. These hold at most 2 KEPT entries: of more,
   * every second goes, and from then on fewer are kept. */
  function record(lab, estimate) {
    const { history, latest } = lab, step = lab.steps++;
    if (step % history.every) return;
    history.entries.push({ step, estimate: estimate(), w1: transport(lab).w1, ...latest });
    if (history.entries.length <= 2 * KEPT) return;
    history.every *= 2;
    history.entries = history.entries.filter((entry) => entry.step % history.every === 0);
  }

  /* The score's mean slope at the mixed points, whatever a bug makes of it. */
  function mixedSlope(u) {
    const slopes = new Float64Array(BATCH);
    npvaeCritic.rowNorms(u.mixed.dz, slopes);
    return mean(slopes) / u.mixed.dscore[0];
  }

  /* Move every code by 0.1 of its pull. */
  function move(lab, noted = true) {
    finishSlow(lab);
    const { pull } = measure(lab), { codes } = lab.points;
    codes.forEach((x, n) => { codes[n] = labState.snap(x + labState.MOVE * pull.data[n]); });
    lab.transport = null;
    if (noted) labState.note(lab.diary, "m", 1);
    lab.history.moves.push(lab.steps);
    if (lab.history.moves.length > 2 * KEPT) {
      lab.history.moves = lab.history.moves.filter((_, n) => n % 2);
    }
    record(lab, () => measure(lab).estimate);
  }

  /* What "play with moves" repeats: the critic learns a little, then the codes move. */
  function round(lab) {
    for (let n = 0; n < ROUND; n++) update(lab, false);
    move(lab, false);
    labState.note(lab.diary, "r", 1);
  }

  /* Change a switch or a cloud. Before the first update this changes the start. */
  function change(lab, key, value) {
    finishSlow(lab);
    lab.settings[key] = value;
    if (key === "codes" || key === "prior") setCloud(lab, key);
    if (lab.diary.length) labState.note(lab.diary, key, value);
    else lab.start[key] = value;
  }

  /* Do the diary's entries for at most `milliseconds`; return whether anything is left. */
  function replay(lab, milliseconds) {
    const end = performance.now() + milliseconds, act = { u: update, m: move, r: round };
    while (lab.todo.length && performance.now() < end) {
      const entry = lab.todo[0];
      if (!act[entry.key]) change(lab, entry.key, entry.value);
      else if (entry.value > 0) act[entry.key](lab);
      if (!act[entry.key] || --entry.value <= 0) lab.todo.shift();
    }
    if (!lab.todo.length && lab.at) reopenSlow(lab);
    return lab.todo.length > 0;
  }

  // ---------------------------------------------------------------------------- checkpoints

  const HELD = ["start", "settings", "diary", "steps", "latest", "history"];

  /* What is needed to go on from here, as text. Numbers come back exactly. */
  function keep(lab) {
    const { u, points } = lab, { theta, m, v } = u.critic;
    const arrays = [points.codes, points.prior, theta, m, v].map((x) => [...x]);
    return JSON.stringify([HELD.map((name) => lab[name]), u.t, arrays]);
  }

  /* Go on from a text of `keep`, if what the address tells begins so. At least one update must be
   * left, because the slow motion and the picture show arrays of the latest. */
  function resume(lab, text) {
    const [held, t, [codes, prior, theta, m, v]] = JSON.parse(text);
    const kept = Object.fromEntries(HELD.map((name, n) => [name, held[n]]));
    const same = Object.entries(lab.start).every(([key, value]) => kept.start[key] === value);
    const todo = same && labState.rest(lab.todo, kept.diary);
    if (!todo || !todo.some(({ key }) => key === "u" || key === "r")) return;
    Object.assign(lab, kept, { todo, transport: null });
    lab.points = { codes: Float64Array.from(codes), prior: Float64Array.from(prior) };
    for (const [name, values] of Object.entries({ theta, m, v })) lab.u.critic[name].set(values);
    lab.u.t = t;
  }

  // --------------------------------------------------------------------------- the slow motion

  /* Do the next stage of the current update, or the first stage of a new one. */
  function slowStep(lab) {
    const done = lab.view.at === "Adam" ? 0 : ORDER.indexOf(lab.view.at) + 1;
    if (done === 0) prepare(lab);
    criticUpdate.run(lab.u, done, done + 1);
    lab.view.at = ORDER[done];
    if (lab.view.at === "Adam") updated(lab);
  }

  /* Go to a stage of the current update, or of a new one. A stage that is past is done again from
   * the points on, which changes nothing: only Adam changes a weight. */
  function slowTo(lab, name) {
    if (ORDER.indexOf(name) <= ORDER.indexOf(lab.view.at)) lab.view.at = "";
    while (lab.view.at !== name) slowStep(lab);
  }

  /* Do what is left of an update that the slow motion has begun. */
  function finishSlow(lab) {
    while (lab.view.at && lab.view.at !== "Adam") slowStep(lab);
    lab.view.at = "";
  }

  /* An address may name a stage. The last one, Adam, belongs to the update that is done already. */
  function reopenSlow(lab) {
    const { at } = lab;
    lab.at = "";
    if (at === "Adam") lab.view.at = lab.u.t ? at : "";
    else slowTo(lab, at);
  }

  // -------------------------------------------------------------------------- what is measured

  /* The optimal pairing and the exact W1, computed once for each position of the points. */
  function transport(lab) {
    if (!lab.transport) {
      const codes = asMatrix(lab.points.codes), prior = asMatrix(lab.points.prior);
      const partner = npvaeTransport.transport(codes, prior);
      lab.transport = { partner, w1: npvaeTransport.pairedDistance(codes, prior, partner) };
    }
    return lab.transport;
  }

  /* Now: the estimate, the pull at the codes (B, L) and its mean length, and the mean cosine
   * between pull and transport. */
  function measure(lab) {
    const room = lab.pairRoom, { partner, w1 } = transport(lab), lengths = new Float64Array(BATCH);
    room.z.data.set(lab.points.codes);
    room.z.data.set(lab.points.prior, BATCH * LATENT);
    npvaeCritic.scoreAndGradient(lab.u.critic.w, room);
    const [codes, prior] = [room.score.subarray(0, BATCH), room.score.subarray(BATCH)];
    const { estimate } = separation(isClassifier(lab), codes, prior);
    if (isClassifier(lab)) weaken(room);
    const pull = npvaeMath.rowsOf(room.dz, 0, BATCH);
    npvaeCritic.rowNorms(pull, lengths);
    const cosine = meanCosine(lab.points, partner, pull);
    return { estimate, w1, partner, pull, force: mean(lengths), cosine };
  }

  /* A classifier's pull: dz = D times the score's gradient. */
  function weaken({ score, dz }) {
    dz.data.forEach((x, n) => { dz.data[n] = sigmoid(score[Math.floor(n / LATENT)]) * x; });
  }

  function meanCosine({ codes, prior }, partner, pull) {
    const cosines = [];
    partner.forEach((j, i) => {
      const [dx, dy] = [prior[2 * j] - codes[2 * i], prior[2 * j + 1] - codes[2 * i + 1]];
      const [gx, gy] = [pull.data[2 * i], pull.data[2 * i + 1]];
      const lengths = Math.hypot(dx, dy) * Math.hypot(gx, gy);
      if (lengths > 0) cosines.push((dx * gx + dy * gy) / lengths);
    });
    return cosines.length ? mean(cosines) : 0;
  }

  /* On the grid of the heat map: score and slope; of a classifier, D and the length of its pull. */
  function measureGrid(lab) {
    const room = lab.gridRoom, slope = new Float64Array(NODES * NODES);
    npvaeCritic.scoreAndGradient(lab.u.critic.w, room);
    if (isClassifier(lab)) weaken(room);
    npvaeCritic.rowNorms(room.dz, slope);
    return { score: isClassifier(lab) ? room.score.map(sigmoid) : room.score, slope };
  }

  return {
    EXTENT, ROUND, open, startOver, update, move, round, change, replay, keep, resume, slowStep,
    slowTo, finishSlow, isClassifier, measure, measureGrid, mixedSlope,
  };
})();
