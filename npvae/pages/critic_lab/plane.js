/* The picture of the plane: heat map, lines of equal value, marks where the slope is above 1,
 * transport lines, the pull as arrows, and the points. */
const labPlane = (() => {
  "use strict";
  const { EXTENT } = labModel, { BATCH, ORDER } = criticUpdate;
  const { prepare, colour, minus, roundUp } = npvaePictures;
  const { stroke, arrow } = npvaeField;
  const ARROW = 0.6; // length of an arrow whose slope is 1, in units of the plane

  const place = (size, x, y) => [x + EXTENT, EXTENT - y].map((at) => (at / (2 * EXTENT)) * size);
  const toPlane = (size, px, py) => {
    const [x, y] = [px, py].map((at) => (at / size) * 2 * EXTENT);
    return [x - EXTENT, EXTENT - y];
  };

  /* Draw everything on a square canvas. Reads points, measured, grid, view, u, chosen, cursor. */
  function draw(canvas, scene, classifier) {
    const { ctx, width: size } = prepare(canvas);
    const at = (x, y) => place(size, x, y);
    const { grid, view, measured, points } = scene, slope = view.back === "slope";
    const shown = (letter) => view.show.includes(letter);
    const values = slope ? grid.slope : grid.score;
    const ends = [Math.min(...values), Math.max(...values)];
    const range = slope ? [0, 2] : classifier ? [0, 1] : ends;
    const height = Math.max(range[1] - range[0], 1e-9);
    const spacing = slope ? Math.max(0.25, roundUp(ends[1] / 20)) : roundUp(height / 10);
    npvaeField.heatMap(ctx, size, values, range);
    npvaeField.contours(ctx, size, values, spacing, slope ? 1 : null);
    axes(ctx, size, at);
    if (shown("s")) npvaeField.steepMarks(ctx, size, grid.slope);
    if (shown("l")) transportLines(ctx, at, points, measured.partner);
    if (shown("m") && scene.u.options) mixedPoints(ctx, at, scene.u);
    if (shown("a")) arrows(ctx, at, points.codes, measured.pull);
    for (const which of ["prior", "codes"]) cloud(ctx, at, which, points[which]);
    if (view.at) followed(ctx, at, scene);
    const { chosen, cursor } = scene;
    if (chosen) ring(ctx, at(...pointOf(points[chosen.which], chosen.n)), 11);
    if (cursor) cross(ctx, at(...cursor), 12, 2);
    return { range, spacing };
  }

  const pointOf = (points, n) => [points[2 * n], points[2 * n + 1]];

  function axes(ctx, size, at) {
    ctx.fillStyle = colour("ink");
    for (let x = -4; x <= 4; x += 2) {
      const [px, py] = at(x, x);
      ctx.textAlign = "center";
      ctx.fillText(minus(String(x)), px, size - 5);
      ctx.textAlign = "left";
      ctx.fillText(minus(String(x)), 4, py + 4);
    }
  }

  function transportLines(ctx, at, { codes, prior }, partner) {
    const path = new Path2D();
    partner.forEach((j, i) => {
      path.moveTo(...at(...pointOf(codes, i)));
      path.lineTo(...at(...pointOf(prior, j)));
    });
    ctx.setLineDash([5, 4]);
    stroke(ctx, path, colour("line"), 1.2);
    ctx.setLineDash([]);
  }

  function arrows(ctx, at, codes, pull) {
    const ink = colour("ink");
    for (let i = 0; i < BATCH; i++) {
      const [x, y] = pointOf(codes, i), [gx, gy] = pointOf(pull.data, i);
      arrow(ctx, at(x, y), at(x + ARROW * gx, y + ARROW * gy), ink, 1.6);
    }
  }

  const DIAMOND = [[0, -6], [6, 0], [0, 6], [-6, 0]];

  /* Codes are discs, prior points are diamonds. */
  function cloud(ctx, at, which, points) {
    Object.assign(ctx, { lineWidth: 1.5, strokeStyle: colour("paper"), fillStyle: colour(which) });
    for (let n = 0; n < BATCH; n++) {
      const [x, y] = at(...pointOf(points, n));
      ctx.beginPath();
      if (which === "codes") ctx.arc(x, y, 4.6, 0, 2 * Math.PI);
      else for (const [dx, dy] of DIAMOND) ctx.lineTo(x + dx, y + dy);
      ctx.closePath();
      ctx.fill();
      ctx.stroke();
    }
  }

  function mixedPoints(ctx, at, u) {
    for (let n = 0; n < BATCH; n++) cross(ctx, at(...pointOf(u.mixed.z.data, n)), 3, 1.3);
  }

  /* The row that the slow motion follows: code, prior point, the mixed point between, its slope. */
  function followed(ctx, at, { u, view }) {
    const row = Number(view.row), mixed = pointOf(u.mixed.z.data, row), path = new Path2D();
    const ends = [u.codes, u.prior].map(({ z }) => at(...pointOf(z.data, row)));
    path.moveTo(...ends[0]);
    path.lineTo(...ends[1]);
    stroke(ctx, path, colour("ink"), 2.5);
    for (const end of ends) ring(ctx, end, 8);
    if (ORDER.indexOf(view.at) >= ORDER.indexOf("dz")) {
      const [gx, gy] = pointOf(u.mixed.dz.data, row).map((g) => g / u.mixed.dscore[row]);
      arrow(ctx, at(...mixed), at(mixed[0] + gx, mixed[1] + gy), colour("steep"), 3);
    }
    Object.assign(ctx, { fillStyle: colour("paper"), strokeStyle: colour("ink"), lineWidth: 2 });
    const [x, y] = at(...mixed);
    ctx.fillRect(x - 5, y - 5, 10, 10);
    ctx.strokeRect(x - 5, y - 5, 10, 10);
  }

  function ring(ctx, [x, y], radius) {
    const path = new Path2D();
    path.arc(x, y, radius, 0, 2 * Math.PI);
    stroke(ctx, path, colour("ink"), 2);
  }

  function cross(ctx, [x, y], arm, width) {
    const path = new Path2D();
    path.moveTo(x - arm, y);
    path.lineTo(x + arm, y);
    path.moveTo(x, y - arm);
    path.lineTo(x, y + arm);
    stroke(ctx, path, colour("ink"), width);
  }

  return { draw, toPlane };
})();
