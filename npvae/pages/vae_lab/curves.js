/* What was measured at each step that was shown, and its curves. */
const labCurves = (() => {
  "use strict";
  const MOST = 500; // points; beyond, every second one goes
  const [LEFT, RIGHT, TOP, BOTTOM] = [40, 8, 8, 18];
  const { format, prepare, colour } = npvaePictures;

  /* The charts, and how each is read from what labModel.measure gives. */
  const CHARTS = {
    bce: (side) => side.bce,
    regulariser: ({ regulariser, options }) => regulariser * options.weight,
    sigma: (side) => side.sigma,
    scale: (side) => side.scale,
    shape: (side) => side.shape,
  };
  const NAMES = Object.keys(CHARTS);

  const read = (sides) =>
    Object.fromEntries(NAMES.map((name) => [name, sides.map(CHARTS[name])]));

  /* Note the present; the history stays in the order of its steps. */
  function note(history, { t, sides }) {
    const place = history.findIndex((entry) => entry.t >= t);
    const found = place >= 0 && history[place].t === t;
    history.splice(place < 0 ? history.length : place, found ? 1 : 0, { t, ...read(sides) });
    if (history.length <= MOST) return;
    const last = history.at(-1), thinned = history.filter((_, n) => n % 2 === 0);
    if (thinned.at(-1) !== last) thinned.push(last);
    history.splice(0, history.length, ...thinned);
  }

  /* Draw one chart: the left model solid, the right one dashed, and a line at the present. */
  function draw(canvas, name, history, now) {
    const { ctx, width, height } = prepare(canvas);
    const last = Math.max(20, history.at(-1)?.t ?? 0);
    const values = history.flatMap((entry) => entry[name]).filter(Number.isFinite);
    const sorted = Float64Array.from(values).sort(); // the first steps may be far above all others
    const most = sorted[Math.floor(0.985 * sorted.length)] ?? 1;
    const low = Math.min(name === "bce" ? Math.floor(sorted[0] ?? 0) : 0, sorted[0] ?? 0);
    const high = Math.max(most, low + 1e-3);
    const x = (t) => LEFT + (t / last) * (width - LEFT - RIGHT);
    const y = (v) => TOP + (1 - (v - low) / (high - low)) * (height - TOP - BOTTOM);
    ctx.textAlign = "right";
    const ticks = [low, (low + high) / 2, high].map((tick) => [format(tick, 2), tick]);
    for (const [text, tick] of sorted.length ? new Map(ticks) : []) { // no text twice
      ctx.fillStyle = colour("rule");
      ctx.fillRect(LEFT, Math.round(y(tick)), width - LEFT - RIGHT, 1);
      ctx.fillStyle = colour("muted");
      ctx.fillText(text, LEFT - 5, y(tick) + 4);
    }
    ctx.fillText(last.toLocaleString("en"), width - RIGHT, height - 4);
    ctx.textAlign = "left";
    ctx.fillText("0 steps", LEFT, height - 4);
    ctx.save();
    ctx.beginPath();
    ctx.rect(LEFT, TOP - 2, width - LEFT - RIGHT, height - TOP - BOTTOM + 4);
    ctx.clip();
    ["left", "right"].forEach((side, k) => line(ctx, history, name, k, x, y, colour(side)));
    ctx.restore();
    ctx.fillStyle = colour("muted");
    ctx.fillRect(Math.round(x(now)), TOP, 1, height - TOP - BOTTOM);
  }

  function line(ctx, history, name, k, x, y, colour) {
    ctx.setLineDash(k ? [6, 3] : []);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2;
    ctx.beginPath();
    for (const entry of history) {
      if (Number.isFinite(entry[name][k])) ctx.lineTo(x(entry.t), y(entry[name][k]));
    }
    ctx.stroke();
    ctx.setLineDash([]);
  }

  return { NAMES, read, note, draw };
})();
