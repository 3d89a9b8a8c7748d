/* Sharp canvases, colours from the style sheet, and numbers as text. */
const npvaeCanvas = (() => {
  "use strict";

  /* Give a canvas as many pixels as the screen has there, and return its pen and size. */
  function prepare(canvas) {
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth;
    const height = canvas.clientHeight;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = "12px system-ui, sans-serif";
    return { ctx, width, height };
  }

  /* Colours of the page as they are now, light or dark: --name for each name. */
  function colours(names) {
    const style = getComputedStyle(document.documentElement);
    const entries = names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
    return Object.fromEntries(entries);
  }

  /* A number with three figures or so, a true minus, and commas in thousands. */
  function format(x) {
    if (Number.isNaN(x)) return "–";
    if (!Number.isFinite(x)) return "not finite";
    const size = Math.abs(x);
    if (size >= 1e7) return x.toExponential(1).replaceAll("-", "−");
    const places = size >= 99.95 || x === 0 ? 0 : size >= 9.995 ? 1 : size >= 0.0995 ? 2 : 3;
    const options = { minimumFractionDigits: places, maximumFractionDigits: places };
    return x.toLocaleString("en", options).replaceAll("-", "−").replace(/^−(0\.0+)$/, "$1");
  }

  return { prepare, colours, format };
})();
