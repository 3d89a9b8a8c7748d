/* Planes through the latent space, and what lies in them: codes, the prior's rings, the critic. */
const explorerPlane = (() => {
  "use strict";
  const N = explorerNetworks, { NODES, nodePlace } = npvaeField;
  const ARROWS = 64; // codes at which the critic's pull is shown

  const dot = (a, b) => a.reduce((sum, value, j) => sum + value * b[j], 0);

  /* The plane through the mean of a model's codes, along two dimensions or the two principal
   * components: points base + a u + b v, with u and v of length 1. Twice the same dimension makes a
   * line, with v = 0. For t-SNE there is none. */
  function planeOf(model, { view, i, j }) {
    if (view === "tsne") return null;
    const base = model.mean.slice();
    if (view === "components") {
      return { base, u: N.row(model.components, 0), v: N.row(model.components, 1) };
    }
    const unit = (k) => Float64Array.from({ length: model.latent }, (_, n) => Number(n === k));
    base[i] = base[j] = 0;
    return { base, u: unit(i), v: i === j ? new Float64Array(model.latent) : unit(j) };
  }

  /* Where a code z is in the plane, seen along all other directions. */
  function placeIn({ base, u, v }, z) {
    const from = z.map((value, n) => value - base[n]);
    return [dot(from, u), dot(from, v)];
  }

  function pointAt({ base, u, v }, [a, b]) {
    return base.map((value, n) => value + a * u[n] + b * v[n]);
  }

  /* The places of a model's codes on the map. */
  function places(model, codes, setting) {
    const plane = planeOf(model, setting);
    return Array.from({ length: codes.rows }, (_, n) =>
      plane ? placeIn(plane, N.row(codes, n)) : [...N.row(model.tsne, n)],
    );
  }

  /* The number of the code whose place is nearest. */
  function nearest(marks, [a, b]) {
    const far = marks.map(([x, y]) => Math.hypot(x - a, y - b));
    return far.indexOf(far.reduce((least, value) => Math.min(least, value)));
  }

  /* Half the width of the map: nearly all marks of all models are inside. */
  function extentOf(clouds, view) {
    const far = clouds.flat(2).map(Math.abs).sort((a, b) => a - b);
    const most = far[Math.floor(0.9985 * (far.length - 1))];
    return view === "tsne" ? 1.06 * far.at(-1) || 1 : Math.max(3.2, Math.ceil(most * 2) / 2);
  }

  /* The critic's score and slope on a grid over the plane, given to done({ score, slope }). A few
   * lines of the grid at a time, so that the page stays awake, and none once it is stopped. */
  function askCritic(model, plane, extent, { done, stopped }) {
    const act = npvaeCritic.makeActivations(model.critic, NODES);
    const [score, slope] = [0, 0].map(() => new Float64Array(NODES * NODES));
    const line = (row) => {
      for (let k = 0; k < NODES; k++) {
        const place = [k, row].map((node) => nodePlace(node, extent));
        N.row(act.z, k).set(pointAt(plane, place));
      }
      npvaeCritic.scoreAndGradient(model.critic, act);
      score.set(act.score, row * NODES);
      npvaeCritic.rowNorms(act.dz, slope.subarray(row * NODES, (row + 1) * NODES));
    };
    const go = (row) => {
      if (stopped()) return;
      const end = performance.now() + 10;
      while (row < NODES && performance.now() < end) line(row++);
      if (row < NODES) setTimeout(go, 0, row);
      else done({ score, slope });
    };
    go(0);
  }

  /* The critic's pull at some of the marks: [place, gradient within the plane]. */
  function pulls(model, plane, marks) {
    const every = Math.ceil(marks.length / ARROWS);
    return marks.filter((_, n) => n % every === 0).map((place) => {
      const { gradient } = N.criticAt(model, pointAt(plane, place));
      return [place, [dot(gradient, plane.u), dot(gradient, plane.v)]];
    });
  }

  return { planeOf, placeIn, pointAt, places, nearest, extentOf, askCritic, pulls };
})();
