/* The pad: an image of the data's size, drawn with mouse, finger or keys. */
const explorerPad = (() => {
  "use strict";
  const { showImage } = explorerImages;
  const BRUSH = 0.045; // its radius, in parts of the image's smaller side
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  /* Make white what lies under the brush along the way, (x, y) to (x, y) in pixels; soft edges. */
  function stroke(pixels, [rows, cols], from, to) {
    const radius = Math.max(0.5, BRUSH * Math.min(rows, cols));
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]],
      square = dx * dx + dy * dy;
    for (let n = 0; n < pixels.length; n++) {
      const [x, y] = [(n % cols) + 0.5 - from[0], Math.floor(n / cols) + 0.5 - from[1]];
      const t = square ? Math.min(1, Math.max(0, (x * dx + y * dy) / square)) : 0;
      const far = Math.hypot(x - t * dx, y - t * dy);
      pixels[n] = Math.max(pixels[n], Math.min(1, Math.max(0, radius + 0.5 - far)));
    }
  }

  /* Shift an image by whole pixels so that its centre of mass is its middle, as MNIST's are. */
  function centred(pixels, [rows, cols]) {
    let [sum, x, y] = [0, 0, 0];
    pixels.forEach((value, n) => {
      sum += value;
      x += value * ((n % cols) + 0.5);
      y += value * (Math.floor(n / cols) + 0.5);
    });
    if (!sum) return pixels.slice();
    const [right, down] = [Math.round(cols / 2 - x / sum), Math.round(rows / 2 - y / sum)];
    return pixels.map((_, n) => {
      const [col, row] = [(n % cols) - right, Math.floor(n / cols) - down];
      return col >= 0 && col < cols && row >= 0 && row < rows ? pixels[row * cols + col] : 0;
    });
  }

  /* Listen on the canvas. shown() gives its pixels, start() those that a stroke goes on from, and
   * drawn(pixels) hears of each change. Returns how to paint it. */
  function attach(canvas, shape, { shown, start, drawn }) {
    const [rows, cols] = shape;
    let last = null, pixels = null, keyed = false; // the cursor is for those who draw with keys
    let cursor = [cols, rows].map((size) => Math.floor(size / 2) + 0.5);

    function placeOf(event) {
      const box = canvas.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      return [(x / box.width) * cols, (y / box.height) * rows];
    }

    function draw(to) {
      stroke(pixels, shape, last ?? to, to);
      last = to;
      drawn(pixels);
    }

    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      pixels = start();
      last = null;
      keyed = false;
      draw(placeOf(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (last) draw(placeOf(event));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, () => { last = null; });
    }
    canvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });

    /* Arrows move a cursor; with Shift, or at the space bar, it draws. */
    canvas.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (!step && event.key !== " ") return;
      event.preventDefault();
      const from = cursor, limit = [cols, rows];
      const inside = (at, d) => Math.min(limit[d] - 0.5, Math.max(0.5, at));
      if (step) cursor = cursor.map((at, d) => inside(at + step[d], d));
      if (event.shiftKey || !step) {
        pixels = start();
        stroke(pixels, shape, from, cursor);
        drawn(pixels);
      }
      keyed = true;
      paint();
    });
    canvas.addEventListener("blur", () => {
      keyed = false;
      paint();
    });

    function paint() {
      showImage(canvas, shown(), shape);
      if (!keyed) return;
      const ctx = canvas.getContext("2d");
      ctx.fillStyle = npvaePictures.colour("ws");
      ctx.fillRect(Math.floor(cursor[0]), Math.floor(cursor[1]), 1, 1);
    }
    return { paint };
  }

  return { attach, stroke, centred };
})();
