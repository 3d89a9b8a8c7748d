/* The three curves under one another: estimate and exact W1, slope, penalty. */
const labCurves = (() => {
  "use strict";
  const LEFT = 64, RIGHT = 12, TOP = 34, BOTTOM = 10, AXIS = 20;
  const { prepare, colour, format, roundUp } = npvaePictures;

  /* Draw three charts over updates and moves. Solid and dashed lines are told apart without colour;
   * short strokes at the foot stand where the codes were moved. */
  function draw(canvas, { entries, moves, now, name }) {
    const { ctx, width, height } = prepare(canvas);
    const each = (height - AXIS) / 3, last = Math.max(10, now.step);
    const past = (key) => entries.map((entry) => [entry.step, entry[key]]);
    const solid = { dash: [], width: 2.2, ink: colour("ink") };
    const dashed = { dash: [7, 4], width: 1.8, ink: colour("prior") };
    const withNow = (key) => [...past(key), [now.step, now[key]]];
    const charts = [
      [
        { ...solid, name, data: withNow("estimate") },
        { ...dashed, name: "exact W₁", data: withNow("w1") },
      ],
      [{ ...solid, name: "mean slope", data: past("slope"), reference: 1 }],
      [{ ...solid, name: "penalty", data: past("penalty") }],
    ];
    charts.forEach((lines, k) => {
      const top = k * each + TOP, bottom = (k + 1) * each - BOTTOM;
      chart(ctx, { left: LEFT, right: width - RIGHT, top, bottom }, lines, last, moves);
    });
    timeAxis(ctx, width, height, last);
  }

  function chart(ctx, box, lines, last, moves) {
    const reference = lines[0].reference;
    const values = lines.flatMap(({ data }) => data.map(([, y]) => y)).concat(reference ?? []);
    const finite = values.filter(Number.isFinite);
    const ticks = niceTicks(Math.min(0, ...finite), Math.max(1e-3, ...finite));
    const low = ticks[0], high = ticks.at(-1);
    const x = (step) => box.left + (step / last) * (box.right - box.left);
    const y = (value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top);
    frame(ctx, box, ticks, y);
    if (reference) {
      const level = [[0, reference], [last, reference]];
      line(ctx, level, x, y, { dash: [], width: 1, ink: colour("muted") });
    }
    for (const one of lines) line(ctx, one.data, x, y, one);
    ctx.fillStyle = colour("codes");
    for (const step of moves) ctx.fillRect(x(step) - 0.75, box.bottom - 7, 1.5, 7);
    legend(ctx, box, lines);
  }

  /* Two to five round numbers, the first not above `low` and the last not below `high`. */
  function niceTicks(low, high) {
    const step = roundUp((high - low) / 3), first = Math.floor(low / step);
    const count = Math.ceil(high / step) - first + 1;
    return Array.from({ length: count }, (_, k) => (first + k) * step);
  }

  function frame(ctx, box, ticks, y) {
    ctx.textAlign = "right";
    for (const tick of ticks) {
      const level = Math.round(y(tick));
      ctx.fillStyle = colour("rule");
      ctx.fillRect(box.left, level, box.right - box.left, 1);
      ctx.fillStyle = colour("muted");
      ctx.fillText(format(tick, 2), box.left - 6, level + 4);
    }
  }

  function line(ctx, data, x, y, { dash, width, ink }) {
    ctx.setLineDash(dash);
    Object.assign(ctx, { lineWidth: width, strokeStyle: ink });
    ctx.beginPath();
    for (const [step, value] of data) ctx.lineTo(x(step), y(value));
    ctx.stroke();
    ctx.setLineDash([]);
  }

  function legend(ctx, box, lines) {
    let left = 0;
    ctx.font = "12px system-ui, sans-serif";
    ctx.textAlign = "left";
    for (const one of lines) {
      line(ctx, [[0, 0], [1, 0]], (t) => left + 24 * t, () => box.top - 16, one);
      ctx.fillStyle = colour("ink");
      ctx.fillText(one.name, left + 30, box.top - 12);
      left += 30 + ctx.measureText(one.name).width + 16;
    }
    ctx.font = "11px system-ui, sans-serif";
  }

  function timeAxis(ctx, width, height, last) {
    ctx.fillStyle = colour("muted");
    const write = (align, text, x) => {
      ctx.textAlign = align;
      ctx.fillText(text, x, height - 6);
    };
    write("left", "0", LEFT);
    write("center", "updates and moves", LEFT + (width - LEFT - RIGHT) / 2);
    write("right", last.toLocaleString("en"), width - RIGHT);
  }

  return { draw };
})();
