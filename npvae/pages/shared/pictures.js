/* What the pages show things with: elements, sharp canvases, colours, numbers as text. */
const npvaePictures = (() => {
  "use strict";
  const find = (id) => document.getElementById(id);

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

  /* Give a canvas as many pixels as the screen has there, at least one, and return its pen and size.
   * In a frame without width it has none, and one without pixels cannot be copied. */
  function prepare(canvas) {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    const [w, h] = [width, height].map((size) => Math.max(1, Math.round(size * ratio)));
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = "11px system-ui, sans-serif";
    return { ctx, width, height };
  }

  /* A colour of the style sheet as it is now: light, dark, or the reader's own. */
  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  /* The same as [red, green, blue], whatever way the style sheet says it. */
  const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  function rgb(name) {
    probe.fillStyle = colour(name);
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data.subarray(0, 3)];
  }

  const minus = (text) => text.replaceAll("-", "−");

  /* A number with digits + 1 figures, at most `digits` decimals, separators and a true minus. */
  function format(x, digits = 3) {
    if (!Number.isFinite(x)) return "not finite";
    const size = Math.abs(x), before = size < 1 ? 1 : Math.floor(Math.log10(size)) + 1;
    if (size && (size < 10 ** -digits || size >= 1e6)) return minus(x.toExponential(1));
    const places = Math.max(0, digits + 1 - before);
    const fixed = { minimumFractionDigits: places, maximumFractionDigits: places };
    return minus(x.toLocaleString("en", fixed));
  }

  /* A round number of 1, 2 or 5 that is not below x > 0. */
  function roundUp(x) {
    const power = 10 ** Math.floor(Math.log10(x));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= x * (1 - 1e-9));
  }

  /* Whether the reader wants less motion. */
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  /* Do `redraw` when the window's width or the colours change. On a phone, scrolling changes the
   * height alone. */
  function onDisplayChange(redraw) {
    let width = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth !== width) redraw();
      width = innerWidth;
    });
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(query).addEventListener("change", redraw);
    }
  }

  /* Make buttons one stop for the keyboard: arrows, Home and End go from one to the next. */
  function oneStop(group, buttons, take = () => {}) {
    const stop = (n) => buttons.forEach((button, k) => { button.tabIndex = k === n ? 0 : -1; });
    stop(0);
    buttons.forEach((button, n) => button.addEventListener("focus", () => stop(n)));
    group.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const last = buttons.length - 1, ends = { Home: 0, End: last }[event.key];
      if (by === undefined && ends === undefined) return;
      event.preventDefault();
      const n = ends ?? (buttons.indexOf(document.activeElement) + by + last + 1) % (last + 1);
      buttons[n].focus();
      take(n);
    });
    return stop;
  }

  return {
    find, make, prepare, colour, rgb, minus, format, roundUp, calm, onDisplayChange, oneStop,
  };
})();
