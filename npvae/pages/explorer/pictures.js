/* Small pictures: images in grey, bars, and numbers as text. */
const explorerPictures = (() => {
  "use strict";

  /* Make an element with attributes and children; text goes in as text, never as HTML. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in element && name !== "list") element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  /* Show pixels (P,) in a canvas, one canvas pixel each: 0 is black, 1 is white. */
  function showImage(canvas, pixels, [rows, cols]) {
    if (canvas.width !== cols || canvas.height !== rows) {
      Object.assign(canvas, { width: cols, height: rows });
    }
    const ctx = canvas.getContext("2d"),
      picture = ctx.createImageData(cols, rows);
    pixels.forEach((value, n) => {
      const grey = Math.round(255 * value);
      picture.data.set([grey, grey, grey, 255], 4 * n);
    });
    ctx.putImageData(picture, 0, 0);
  }

  /* Give a canvas as many pixels as the screen has there, and return its pen and size. */
  function prepare(canvas) {
    const ratio = window.devicePixelRatio || 1,
      width = canvas.clientWidth,
      height = canvas.clientHeight;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = "11px system-ui, sans-serif";
    return { ctx, width, height };
  }

  /* A colour of the page as it is now, light or dark. */
  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  /* A number with three figures and a true minus. */
  function format(x) {
    if (!Number.isFinite(x)) return "not finite";
    if (x === 0) return "0";
    const size = Math.abs(x);
    if (size < 0.001 || size >= 1e5) return minus(x.toExponential(1));
    return minus(x.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2 + (size < 0.0995)));
  }

  function minus(text) {
    return text.replaceAll("-", "−");
  }

  /* Bars for numbers of either sign, a scale at the left and the numbers of the bars below. */
  function drawBars(canvas, values, { fill, least, most }) {
    const { ctx, width, height } = prepare(canvas);
    const left = 30, top = 8, bottom = height - 16, each = (width - left) / values.length;
    const y = (value) => bottom - ((value - least) / (most - least)) * (bottom - top);
    ctx.textAlign = "right";
    for (const tick of new Set([least, 0, most])) {
      ctx.fillStyle = colour("rule");
      ctx.fillRect(left, Math.round(y(tick)), width - left, 1);
      ctx.fillStyle = colour("muted");
      ctx.fillText(minus(String(tick)), left - 5, y(tick) + 4);
    }
    ctx.textAlign = "center";
    const every = Math.ceil(18 / each);
    values.forEach((value, j) => {
      const ends = [y(Math.min(Math.max(value, least), most)), y(0)];
      ctx.fillStyle = fill;
      const high = Math.min(...ends), size = Math.max(1, Math.abs(ends[0] - ends[1]));
      ctx.fillRect(left + each * (j + 0.15), high, each * 0.7, size);
      ctx.fillStyle = colour("muted");
      if (j % every === 0) ctx.fillText(j + 1, left + each * (j + 0.5), height - 3);
    });
  }

  /* A round number of 1, 2 or 5 that is not below x > 0. */
  function roundUp(x) {
    const power = 10 ** Math.floor(Math.log10(x));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= x * (1 - 1e-9));
  }

  return { make, showImage, prepare, colour, format, minus, drawBars, roundUp };
})();
