/* Images as pixels: strips of digits, the decoded plane, and the digit that is followed. */
const labPictures = (() => {
  "use strict";
  const SIDE = 14, PIXELS = SIDE * SIDE, F = labForces;
  const GRID = 11, REACH = 2.5; // of the decoded plane
  const STRIP = 10; // digits of a strip: one of each class

  /* Show images (n, 196), `cols` in a row, one screen pixel for each; the style sheet enlarges. */
  function show(canvas, images, cols) {
    const rows = images.length / PIXELS / cols, [w, h] = [cols * SIDE, rows * SIDE];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const picture = new ImageData(w, h);
    images.forEach((value, n) => {
      const [image, pixel] = [Math.floor(n / PIXELS), n % PIXELS];
      const x = (image % cols) * SIDE + (pixel % SIDE);
      const y = Math.floor(image / cols) * SIDE + Math.floor(pixel / SIDE);
      const grey = Math.round(255 * Math.min(1, Math.max(0, value)));
      picture.data.set([grey, grey, grey, 255], 4 * (y * w + x));
    });
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  /* The codes of the decoded plane, row by row from the upper left. */
  const PLANE = Array.from({ length: GRID * GRID }, (_, n) => {
    const line = (k) => (2 * REACH * k) / (GRID - 1) - REACH;
    return [line(n % GRID), -line(Math.floor(n / GRID))];
  });

  const sampled = (copy, n, eps) => {
    const sigma = F.sigmaOf(copy, n);
    return F.muOf(copy, n).map((x, j) => x + sigma[j] * eps[j]);
  };

  /* All pictures of one model. `part` finds a canvas of its panel; eps holds a pair for each digit. */
  function draw(part, copy, { ruler, eps }) {
    const digits = Array.from({ length: STRIP }, (_, n) => n);
    const own = (x, n) => Array.from(x.data.subarray(2 * n, 2 * n + 2));
    show(part("originals"), ruler.x.data.subarray(0, STRIP * PIXELS), STRIP);
    show(part("at-mu"), F.decode(copy, digits.map((n) => F.muOf(copy, n))), STRIP);
    show(part("at-z"), F.decode(copy, digits.map((n) => sampled(copy, n, eps[n]))), STRIP);
    show(part("samples"), F.decode(copy, digits.map((n) => own(ruler.prior, n))), STRIP);
    show(part("unrolled"), F.decode(copy, PLANE), GRID);
  }

  return { SIDE, PIXELS, STRIP, show, draw, sampled };
})();
