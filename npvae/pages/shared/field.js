/* A function over a square of the plane, on a grid of NODES by NODES places, line by line from the
 * lower edge up: as a heat map, as lines of equal value, marked where it is steep. And arrows. */
const npvaeField = (() => {
  "use strict";
  const { colour, rgb } = npvaePictures;
  const NODES = 41;
  const MARK_EVERY = 2; // a mark at every second node
  const TOLERANCE = 1.005; // slopes up to here are not marked

  /* Where node k lies, from -extent to extent. */
  const nodePlace = (k, extent) => extent * ((2 * k) / (NODES - 1) - 1);

  function stroke(ctx, path, ink, width) {
    Object.assign(ctx, { strokeStyle: ink, lineWidth: width });
    ctx.stroke(path);
  }

  function heatMap(ctx, size, values, [low, high]) {
    const image = new ImageData(NODES, NODES), [pale, strong] = ["heat-low", "heat-high"].map(rgb);
    values.forEach((value, n) => {
      const share = Math.max(0, Math.min(1, (value - low) / (high - low || 1)));
      const pixel = (NODES - 1 - Math.floor(n / NODES)) * NODES + (n % NODES);
      const ink = pale.map((from, c) => from + share * (strong[c] - from));
      image.data.set([...ink, 255], 4 * pixel);
    });
    const small = new OffscreenCanvas(NODES, NODES);
    small.getContext("2d").putImageData(image, 0, 0);
    ctx.drawImage(small, 0.5, 0.5, NODES - 1, NODES - 1, 0, 0, size, size);
  }

  /* Lines of equal value, by marching squares: in each cell, join where the level is crossed. The
   * line of level `strong` is thick. */
  function contours(ctx, size, values, spacing, strong = null) {
    const cell = size / (NODES - 1), thin = new Path2D(), thick = new Path2D();
    for (let row = 0; row < NODES - 1; row++) {
      for (let col = 0; col < NODES - 1; col++) {
        const v = [0, 1, 1 + NODES, NODES].map((next) => values[row * NODES + col + next]);
        const last = Math.floor(Math.max(...v) / spacing);
        for (let k = Math.ceil(Math.min(...v) / spacing); k <= last; k++) {
          const path = strong !== null && Math.abs(k * spacing - strong) < 1e-9 ? thick : thin;
          cellLines(path, v, k * spacing, col * cell, size - row * cell, cell);
        }
      }
    }
    stroke(ctx, thin, colour("contour"), 1);
    stroke(ctx, thick, colour("ink"), 2);
  }

  const CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]];

  function cellLines(path, v, level, left, bottom, cell) {
    const hits = [];
    for (let side = 0; side < 4; side++) {
      const next = (side + 1) % 4;
      if (v[side] < level === v[next] < level) continue;
      const share = (level - v[side]) / (v[next] - v[side]);
      const [x, y] = CORNERS[side].map((from, d) => from + share * (CORNERS[next][d] - from));
      hits.push([left + cell * x, bottom - cell * y]);
    }
    for (let k = 0; k + 1 < hits.length; k += 2) {
      path.moveTo(...hits[k]);
      path.lineTo(...hits[k + 1]);
    }
  }

  /* A slanted stroke where the slope is above 1; the steeper, the longer. */
  function steepMarks(ctx, size, slope) {
    const path = new Path2D(), most = (0.36 * MARK_EVERY * size) / (NODES - 1);
    for (let n = 0; n < slope.length; n++) {
      const [col, row] = [n % NODES, Math.floor(n / NODES)];
      if (slope[n] <= TOLERANCE || col % MARK_EVERY || row % MARK_EVERY) continue;
      const [x, y] = [col, NODES - 1 - row].map((k) => (k * size) / (NODES - 1));
      const half = most * Math.min(1, 0.2 + 2 * (slope[n] - 1));
      path.moveTo(x - half, y + half);
      path.lineTo(x + half, y - half);
    }
    stroke(ctx, path, colour("steep"), 1.6);
  }

  function arrow(ctx, [x0, y0], [x1, y1], ink, width) {
    const length = Math.hypot(x1 - x0, y1 - y0), head = Math.min(7, length / 2);
    if (length < 1) return;
    const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length], path = new Path2D();
    path.moveTo(x0, y0);
    path.lineTo(x1, y1);
    for (const side of [-0.5, 0.5]) {
      path.moveTo(x1, y1);
      path.lineTo(x1 - head * (ux - side * uy), y1 - head * (uy + side * ux));
    }
    stroke(ctx, path, ink, width);
  }

  return { NODES, nodePlace, stroke, heatMap, contours, steepMarks, arrow };
})();
