/* The experiment: two clouds, a critic, what is done to them, and what is measured. Draws nothing.
 *
 *     estimate = mean score(prior) - mean score(codes)
 *     W1       = min over pairings of the mean distance between partners
 *     pull     = the score's gradient at a code; one move shifts the code by 0.1 pull
 */
const labModel = (() => {
  "use strict";
  const { BATCH, LATENT, ORDER } = criticUpdate;
  const EXTENT = 4.5,
    NODES = 41; // the picture's half width, and the grid of the heat map

  const mean = (x) => x.reduce((sum, value) => sum + value, 0) / x.length;
  const asMatrix = (points) => ({ rows: BATCH, cols: LATENT, data: points });

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
    lab.history = [];
    lab.steepest = []; // the largest slope on the grid, where it was measured
    lab.points = { codes: null, prior: null };
    setCloud(lab, "codes");
    setCloud(lab, "prior");
    lab.pairRoom = npvaeCritic.makeActivations(lab.u.critic.w, 2 * BATCH);
    lab.gridRoom = npvaeCritic.makeActivations(lab.u.critic.w, NODES * NODES);
    for (let n = 0; n < NODES * NODES; n++) {
      lab.gridRoom.z.data[2 * n] = nodePlace(n % NODES);
      lab.gridRoom.z.data[2 * n + 1] = nodePlace(Math.floor(n / NODES));
    }
  }

  const nodePlace = (k) => EXTENT * ((2 * k) / (NODES - 1) - 1);

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

  function options({ weight, side, clip, bug, lr }) {
    const oneSided = side === "one",
      limit = clip === "off" ? 0 : Number(clip);
    return { weight: Number(weight), oneSided, clip: limit, bug, lr: Number(lr) };
  }

  function prepare(lab) {
    const { u, points, settings } = lab;
    const noise = criticUpdate.drawNoise(Number(settings.seed), u.t);
    criticUpdate.begin(u, points.codes, points.prior, noise, options(settings));
  }

  /* One update of the critic. */
  function update(lab) {
    finishSlow(lab);
    prepare(lab);
    criticUpdate.run(lab.u);
    record(lab);
  }

  function record(lab) {
    const { u } = lab;
    const { estimate, penalty } = u;
    lab.history.push({
      t: u.t - 1,
      estimate,
      penalty,
      w1: transport(lab).w1,
      slope: mixedSlope(u),
    });
    labState.note(lab.diary, "u", 1);
    if (u.t % 10 === 0) measureGrid(lab);
  }

  /* The score's mean slope at the mixed points, whatever a bug makes of it. */
  function mixedSlope(u) {
    const slopes = new Float64Array(BATCH);
    npvaeCritic.rowNorms(u.mixed.dz, slopes);
    return mean(slopes) / u.mixed.dscore[0];
  }

  /* Move every code by 0.1 of the score's gradient. */
  function move(lab) {
    finishSlow(lab);
    const { pull } = measure(lab),
      { codes } = lab.points;
    for (let n = 0; n < codes.length; n++)
      codes[n] = labState.snap(codes[n] + labState.MOVE * pull.data[n]);
    lab.transport = null;
    labState.note(lab.diary, "m", 1);
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
    const end = performance.now() + milliseconds;
    while (lab.todo.length && performance.now() < end) {
      const entry = lab.todo[0];
      if (entry.key === "u") update(lab);
      else if (entry.key === "m") move(lab);
      else change(lab, entry.key, entry.value);
      if (entry.key.length > 1 || --entry.value === 0) lab.todo.shift();
    }
    if (!lab.todo.length && lab.at) reopenSlow(lab);
    return lab.todo.length > 0;
  }

  // --------------------------------------------------------------------------- the slow motion

  /* Do the next stage of the current update, or the first stage of a new one. */
  function slowStep(lab) {
    const done = lab.view.at === "Adam" ? 0 : ORDER.indexOf(lab.view.at) + 1;
    if (done === 0) prepare(lab);
    criticUpdate.run(lab.u, done, done + 1);
    lab.view.at = ORDER[done];
    if (lab.view.at === "Adam") record(lab);
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
      const codes = asMatrix(lab.points.codes),
        prior = asMatrix(lab.points.prior);
      const partner = npvaeTransport.transport(codes, prior);
      lab.transport = { partner, w1: npvaeTransport.pairedDistance(codes, prior, partner) };
    }
    return lab.transport;
  }

  /* Estimate, pull at the codes (B, L), and the mean cosine between pull and transport, now. */
  function measure(lab) {
    const room = lab.pairRoom,
      { partner, w1 } = transport(lab);
    room.z.data.set(lab.points.codes);
    room.z.data.set(lab.points.prior, BATCH * LATENT);
    npvaeCritic.scoreAndGradient(lab.u.critic.w, room);
    const score = room.score;
    const estimate = mean(score.subarray(BATCH)) - mean(score.subarray(0, BATCH));
    const pull = npvaeMath.rowsOf(room.dz, 0, BATCH);
    return { estimate, w1, partner, pull, cosine: meanCosine(lab.points, partner, pull) };
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

  /* Score and slope on the grid of the heat map, and the largest slope on it. */
  function measureGrid(lab) {
    const room = lab.gridRoom,
      slope = new Float64Array(NODES * NODES);
    npvaeCritic.scoreAndGradient(lab.u.critic.w, room);
    npvaeCritic.rowNorms(room.dz, slope);
    const largest = slope.reduce((most, x) => Math.max(most, x), 0);
    if (lab.steepest.at(-1)?.t !== lab.u.t) lab.steepest.push({ t: lab.u.t, largest });
    return { score: room.score, slope, largest };
  }

  return {
    EXTENT,
    NODES,
    nodePlace,
    open,
    startOver,
    update,
    move,
    change,
    replay,
    slowStep,
    slowTo,
    finishSlow,
    measure,
    measureGrid,
    mixedSlope,
  };
})();
