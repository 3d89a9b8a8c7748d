/* The picture of the plane: heat map, lines of equal value, marks where the slope is above 1,
 * transport lines, the score's gradient as arrows, and the points. */
const labPlane = (() => {
  "use strict";
  const { EXTENT, NODES } = labModel,
    { BATCH } = criticUpdate;
  const ARROW = 0.6; // length of an arrow whose slope is 1, in units of the plane
  const MARK_EVERY = 2; // a mark at every second node of the grid
  const TOLERANCE = 1.005; // slopes up to here are not marked

  const place = (size, x, y) => [
    ((x + EXTENT) / (2 * EXTENT)) * size,
    ((EXTENT - y) / (2 * EXTENT)) * size,
  ];
  const toPlane = (size, px, py) => [
    (px / size) * 2 * EXTENT - EXTENT,
    EXTENT - (py / size) * 2 * EXTENT,
  ];

  /* Draw everything on a square canvas. Reads points, measured, grid, view, u, chosen, cursor. */
  function draw(canvas, scene, colours) {
    const { ctx, size } = labCanvas.prepare(canvas, canvas.clientWidth);
    const at = (x, y) => place(size, x, y);
    const { grid, view, measured, points } = scene;
    const shown = (letter) => view.show.includes(letter);
    const values = view.back === "slope" ? grid.slope : grid.score;
    const range = view.back === "slope" ? [0, 2] : [Math.min(...values), Math.max(...values)];
    heatMap(ctx, size, values, range, colours);
    const spacing = view.back === "slope" ? 0.25 : niceStep(range[1] - range[0]);
    contours(ctx, size, values, spacing, view.back === "slope" ? 1 : null, colours);
    axes(ctx, size, at, colours);
    if (shown("s")) steepMarks(ctx, size, at, grid.slope, colours);
    if (shown("l")) transportLines(ctx, at, points, measured.partner, colours);
    if (shown("m") && scene.u.options) mixedPoints(ctx, at, scene.u, colours);
    if (shown("a")) arrows(ctx, at, points.codes, measured.pull, colours);
    for (const which of ["prior", "codes"]) cloud(ctx, at, which, points[which], colours);
    if (view.at) followed(ctx, at, scene, colours);
    if (scene.chosen)
      ring(ctx, at(...pointOf(points[scene.chosen.which], scene.chosen.n)), 11, colours.ink);
    if (scene.cursor) crossHair(ctx, at(...scene.cursor), colours);
    return { range, spacing };
  }

  const pointOf = (points, n) => [points[2 * n], points[2 * n + 1]];

  /* A step of 1, 2 or 5 times a power of ten, about ten of them in the range. */
  function niceStep(range) {
    const rough = Math.max(range, 1e-9) / 10,
      power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  }

  function heatMap(ctx, size, values, [low, high], colours) {
    const image = new ImageData(NODES, NODES);
    for (let n = 0; n < values.length; n++) {
      const share = Math.max(0, Math.min(1, (values[n] - low) / (high - low || 1)));
      const pixel = 4 * ((NODES - 1 - Math.floor(n / NODES)) * NODES + (n % NODES));
      for (let c = 0; c < 3; c++) {
        image.data[pixel + c] = colours.low[c] + share * (colours.high[c] - colours.low[c]);
      }
      image.data[pixel + 3] = 255;
    }
    const small = new OffscreenCanvas(NODES, NODES);
    small.getContext("2d").putImageData(image, 0, 0);
    ctx.imageSmoothingEnabled = true;
    ctx.drawImage(small, 0.5, 0.5, NODES - 1, NODES - 1, 0, 0, size, size);
  }

  /* Lines of equal value, by marching squares: in each cell, join where the level is crossed. */
  function contours(ctx, size, values, spacing, strong, colours) {
    const cell = size / (NODES - 1);
    const thin = new Path2D(),
      thick = new Path2D();
    for (let row = 0; row < NODES - 1; row++) {
      for (let col = 0; col < NODES - 1; col++) {
        const corner = row * NODES + col;
        const v = [
          values[corner],
          values[corner + 1],
          values[corner + 1 + NODES],
          values[corner + NODES],
        ];
        const first = Math.ceil(Math.min(...v) / spacing),
          last = Math.floor(Math.max(...v) / spacing);
        for (let k = first; k <= last; k++) {
          const path = strong !== null && Math.abs(k * spacing - strong) < 1e-9 ? thick : thin;
          cellLines(path, v, k * spacing, col * cell, size - row * cell, cell);
        }
      }
    }
    stroke(ctx, thin, colours.contour, 1);
    stroke(ctx, thick, colours.ink, 2);
  }

  function cellLines(path, v, level, left, bottom, cell) {
    const corners = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ];
    const hits = [];
    for (let side = 0; side < 4; side++) {
      const next = (side + 1) % 4;
      if (v[side] < level === v[next] < level) continue;
      const share = (level - v[side]) / (v[next] - v[side]);
      const [x0, y0] = corners[side],
        [x1, y1] = corners[next];
      hits.push([left + cell * (x0 + share * (x1 - x0)), bottom - cell * (y0 + share * (y1 - y0))]);
    }
    for (let k = 0; k + 1 < hits.length; k += 2) {
      path.moveTo(...hits[k]);
      path.lineTo(...hits[k + 1]);
    }
  }

  function stroke(ctx, path, colour, width) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke(path);
  }

  function axes(ctx, size, at, colours) {
    ctx.fillStyle = colours.muted;
    ctx.font = "11px system-ui, sans-serif";
    for (let x = -4; x <= 4; x += 2) {
      const [px, py] = at(x, x);
      ctx.textAlign = "center";
      ctx.fillText(String(x).replace("-", "−"), px, size - 5);
      ctx.textAlign = "left";
      ctx.fillText(String(x).replace("-", "−"), 4, py + 4);
    }
  }

  /* A slanted stroke where the slope is above 1; the steeper, the longer. */
  function steepMarks(ctx, size, at, slope, colours) {
    const path = new Path2D(),
      most = (0.36 * MARK_EVERY * size) / (NODES - 1);
    for (let row = 0; row < NODES; row += MARK_EVERY) {
      for (let col = 0; col < NODES; col += MARK_EVERY) {
        const value = slope[row * NODES + col];
        if (value <= TOLERANCE) continue;
        const [x, y] = at(labModel.nodePlace(col), labModel.nodePlace(row));
        const half = most * Math.min(1, 0.2 + 2 * (value - 1));
        path.moveTo(x - half, y + half);
        path.lineTo(x + half, y - half);
      }
    }
    stroke(ctx, path, colours.steep, 1.6);
  }

  function transportLines(ctx, at, { codes, prior }, partner, colours) {
    const path = new Path2D();
    partner.forEach((j, i) => {
      path.moveTo(...at(...pointOf(codes, i)));
      path.lineTo(...at(...pointOf(prior, j)));
    });
    ctx.setLineDash([5, 4]);
    stroke(ctx, path, colours.line, 1.2);
    ctx.setLineDash([]);
  }

  function arrows(ctx, at, codes, pull, colours) {
    for (let i = 0; i < BATCH; i++) {
      const [x, y] = pointOf(codes, i),
        [gx, gy] = pointOf(pull.data, i);
      arrow(ctx, at(x, y), at(x + ARROW * gx, y + ARROW * gy), colours.ink, 1.6);
    }
  }

  function arrow(ctx, [x0, y0], [x1, y1], colour, width) {
    const length = Math.hypot(x1 - x0, y1 - y0);
    if (length < 1) return;
    const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length],
      head = Math.min(7, length / 2);
    const path = new Path2D();
    path.moveTo(x0, y0);
    path.lineTo(x1, y1);
    for (const side of [-0.5, 0.5]) {
      path.moveTo(x1, y1);
      path.lineTo(x1 - head * (ux - side * uy), y1 - head * (uy + side * ux));
    }
    stroke(ctx, path, colour, width);
  }

  /* Codes are discs, prior points are diamonds. */
  function cloud(ctx, at, which, points, colours) {
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = colours.paper;
    ctx.fillStyle = colours[which];
    for (let n = 0; n < BATCH; n++) {
      const [x, y] = at(...pointOf(points, n));
      ctx.beginPath();
      if (which === "codes") ctx.arc(x, y, 4.6, 0, 2 * Math.PI);
      else
        [
          [0, -6],
          [6, 0],
          [0, 6],
          [-6, 0],
        ].forEach(([dx, dy]) => ctx.lineTo(x + dx, y + dy));
      ctx.closePath();
      ctx.fill();
      ctx.stroke();
    }
  }

  function mixedPoints(ctx, at, u, colours) {
    const path = new Path2D();
    for (let n = 0; n < BATCH; n++) {
      const [x, y] = at(...pointOf(u.mixed.z.data, n));
      path.moveTo(x - 3, y);
      path.lineTo(x + 3, y);
      path.moveTo(x, y - 3);
      path.lineTo(x, y + 3);
    }
    stroke(ctx, path, colours.ink, 1.3);
  }

  /* The row that the slow motion follows: code, prior point, the mixed point between, its slope. */
  function followed(ctx, at, { u, view }, colours) {
    const row = Number(view.row),
      mixed = pointOf(u.mixed.z.data, row);
    const path = new Path2D();
    path.moveTo(...at(...pointOf(u.codes.z.data, row)));
    path.lineTo(...at(...pointOf(u.prior.z.data, row)));
    stroke(ctx, path, colours.ink, 2.5);
    ring(ctx, at(...pointOf(u.codes.z.data, row)), 8, colours.ink);
    ring(ctx, at(...pointOf(u.prior.z.data, row)), 8, colours.ink);
    const reached = criticUpdate.ORDER.indexOf(view.at) >= criticUpdate.ORDER.indexOf("dz");
    if (reached) {
      const [gx, gy] = pointOf(u.mixed.dz.data, row).map((g) => g / u.mixed.dscore[row]);
      arrow(ctx, at(...mixed), at(mixed[0] + gx, mixed[1] + gy), colours.steep, 3);
    }
    ctx.fillStyle = colours.paper;
    ctx.strokeStyle = colours.ink;
    ctx.lineWidth = 2;
    const [x, y] = at(...mixed);
    ctx.fillRect(x - 5, y - 5, 10, 10);
    ctx.strokeRect(x - 5, y - 5, 10, 10);
  }

  function ring(ctx, [x, y], radius, colour) {
    const path = new Path2D();
    path.arc(x, y, radius, 0, 2 * Math.PI);
    stroke(ctx, path, colour, 2);
  }

  function crossHair(ctx, [x, y], colours) {
    const path = new Path2D();
    path.moveTo(x - 12, y);
    path.lineTo(x + 12, y);
    path.moveTo(x, y - 12);
    path.lineTo(x, y + 12);
    stroke(ctx, path, colours.ink, 2);
  }

  return { draw, toPlane, place };
})();
