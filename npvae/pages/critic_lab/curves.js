/* Sharp canvases, colours from the style sheet, and the three curves under one another. */
const labCanvas = (() => {
  "use strict";

  /* Give a canvas as many pixels as the screen has there, and return its pen. */
  function prepare(canvas, width, height = width) {
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    return { ctx, size: width };
  }

  /* The colours of the page as it is now, light or dark. */
  function colours() {
    const style = getComputedStyle(document.documentElement);
    const found = {};
    for (const name of [
      "paper",
      "ink",
      "muted",
      "line",
      "contour",
      "codes",
      "prior",
      "steep",
      "rule",
    ]) {
      found[name] = style.getPropertyValue(`--${name}`).trim();
    }
    for (const end of ["low", "high"]) {
      found[end] = style.getPropertyValue(`--heat-${end}`).trim().split(" ").map(Number);
    }
    return found;
  }

  /* A number with about four figures, or `digits` decimals if that is less, and a true minus. */
  function format(x, digits = 3) {
    if (!Number.isFinite(x)) return "not finite";
    const size = Math.abs(x),
      before = size < 1 ? 1 : Math.floor(Math.log10(size)) + 1;
    const plain = size === 0 || (size >= 10 ** -digits && size < 1e5);
    const places = Math.max(0, Math.min(digits, 5 - before));
    return (plain ? x.toFixed(places) : x.toExponential(1)).replaceAll("-", "−");
  }

  return { prepare, colours, format };
})();

const labCurves = (() => {
  "use strict";
  const LEFT = 44,
    RIGHT = 12,
    TOP = 34,
    BOTTOM = 10,
    AXIS = 20;
  const { format } = labCanvas;

  /* Draw three charts over the number of updates. Solid, dashed and dotted tell lines apart. */
  function draw(canvas, { history, steepest, now }, colours) {
    const width = canvas.clientWidth,
      height = canvas.clientHeight;
    const { ctx } = labCanvas.prepare(canvas, width, height);
    const each = (height - AXIS) / 3,
      last = Math.max(10, now.t);
    const past = (name) => history.map((entry) => [entry.t, entry[name]]);
    const solid = { dash: [], width: 2.2, colour: colours.ink };
    const dashed = { dash: [7, 4], width: 1.8, colour: colours.prior };
    const dotted = { dash: [2, 3], width: 1.8, colour: colours.steep };
    const grid = steepest.map(({ t, largest }) => [t, largest]);
    const charts = [
      [
        { ...solid, name: "estimate", data: [...past("estimate"), [now.t, now.estimate]] },
        { ...dashed, name: "exact W₁", data: [...past("w1"), [now.t, now.w1]] },
      ],
      [
        { ...solid, name: "mean slope", data: past("slope"), reference: 1 },
        { ...dotted, name: "largest on the grid", data: grid },
      ],
      [{ ...solid, name: "penalty", data: past("penalty") }],
    ];
    charts.forEach((lines, k) => {
      const box = {
        left: LEFT,
        right: width - RIGHT,
        top: k * each + TOP,
        bottom: (k + 1) * each - BOTTOM,
      };
      chart(ctx, box, lines, last, colours);
    });
    timeAxis(ctx, width, height, last, colours);
  }

  function chart(ctx, box, lines, last, colours) {
    const reference = lines[0].reference;
    const values = lines.flatMap(({ data }) => data.map(([, y]) => y)).concat(reference ?? []);
    const [least, most] = extremes(values),
      ticks = niceTicks(Math.min(0, least), Math.max(most, 1e-3));
    const low = ticks[0],
      high = ticks.at(-1);
    const x = (t) => box.left + (t / last) * (box.right - box.left);
    const y = (value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top);
    frame(ctx, box, ticks, y, colours);
    if (reference)
      line(
        ctx,
        [
          [0, reference],
          [last, reference],
        ],
        x,
        y,
        { dash: [], width: 1, colour: colours.muted },
      );
    for (const one of lines) line(ctx, one.data, x, y, one);
    legend(ctx, box, lines, colours);
  }

  function extremes(values) {
    const finite = values.filter(Number.isFinite);
    return finite.length
      ? [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))]
      : [0, 1];
  }

  /* Two to five round numbers, the first not above `low` and the last not below `high`. */
  function niceTicks(low, high) {
    const rough = (high - low) / 3,
      power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
    const first = Math.floor(low / step),
      count = Math.ceil(high / step) - first + 1;
    return Array.from({ length: count }, (_, k) => (first + k) * step);
  }

  function frame(ctx, box, ticks, y, colours) {
    ctx.font = "11px system-ui, sans-serif";
    ctx.textAlign = "right";
    ctx.lineWidth = 1;
    for (const tick of ticks) {
      const level = Math.round(y(tick)) + 0.5;
      ctx.strokeStyle = colours.rule;
      ctx.beginPath();
      ctx.moveTo(box.left, level);
      ctx.lineTo(box.right, level);
      ctx.stroke();
      ctx.fillStyle = colours.muted;
      ctx.fillText(format(tick, 2), box.left - 6, level + 4);
    }
  }

  function line(ctx, data, x, y, { dash, width, colour }) {
    const every = Math.ceil(data.length / 800); // more points than pixels help nobody
    ctx.setLineDash(dash);
    ctx.lineWidth = width;
    ctx.strokeStyle = colour;
    ctx.beginPath();
    data.forEach(([t, value], n) => {
      if (n % every === 0 || n === data.length - 1) ctx.lineTo(x(t), y(value));
    });
    ctx.stroke();
    ctx.setLineDash([]);
  }

  function legend(ctx, box, lines, colours) {
    let left = box.left;
    ctx.font = "12px system-ui, sans-serif";
    ctx.textAlign = "left";
    for (const one of lines) {
      line(
        ctx,
        [
          [0, 0],
          [1, 0],
        ],
        (t) => left + 24 * t,
        () => box.top - 16,
        one,
      );
      ctx.fillStyle = colours.ink;
      ctx.fillText(one.name, left + 30, box.top - 12);
      left += 30 + ctx.measureText(one.name).width + 16;
    }
  }

  function timeAxis(ctx, width, height, last, colours) {
    ctx.fillStyle = colours.muted;
    ctx.font = "11px system-ui, sans-serif";
    ctx.textAlign = "left";
    ctx.fillText("0", LEFT, height - 6);
    ctx.textAlign = "center";
    ctx.fillText("updates of the critic", LEFT + (width - LEFT - RIGHT) / 2, height - 6);
    ctx.textAlign = "right";
    ctx.fillText(last.toLocaleString("en"), width - RIGHT, height - 6);
  }

  return { draw };
})();
