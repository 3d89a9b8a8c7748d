/* Small pictures of the explorer: images in grey, rows of them to press, and bars. */
const explorerImages = (() => {
  "use strict";
  const { make, prepare, colour } = npvaePictures;

  /* Show pixels (P,) in a canvas, one canvas pixel each: 0 is black, 1 is white. */
  function showImage(canvas, pixels, [rows, cols]) {
    if (canvas.width !== cols || canvas.height !== rows) {
      Object.assign(canvas, { width: cols, height: rows });
    }
    const ctx = canvas.getContext("2d"), picture = ctx.createImageData(cols, rows);
    pixels.forEach((value, n) => {
      const grey = Math.round(255 * value);
      picture.data.set([grey, grey, grey, 255], 4 * n);
    });
    ctx.putImageData(picture, 0, 0);
  }

  /* An image with a name and a text under it, { canvas, text, figure }. */
  function imageFigure(label, ...caption) {
    const canvas = make("canvas", { className: "pixels", role: "img", "aria-label": label });
    const text = make("span", { className: "hint" });
    const figure = make("figure", {}, canvas, make("figcaption", {}, ...caption, text));
    return { canvas, text, figure };
  }

  /* Make `count` images to press, one stop for the keyboard; take(k) hears which. The text under
   * each is the button's last child. */
  function imageButtons(group, count, take) {
    const buttons = Array.from({ length: count }, (_, k) => {
      const canvas = make("canvas", { className: "pixels" });
      const button = make("button", { type: "button" }, canvas, make("span"));
      button.addEventListener("click", () => take(k));
      return button;
    });
    group.append(...buttons);
    return buttons;
  }

  /* Bars with a scale at the left and the numbers of the bars below. share(value) is a height from
   * 0 to 1; a bar goes from that of `base` to that of its value, and is never without height. */
  function drawBars(canvas, values, { fill, share, base, ticks }) {
    const { ctx, width, height } = prepare(canvas);
    const left = 36, top = 8, bottom = height - 16, each = (width - left) / values.length;
    const y = (value) => bottom - Math.min(1, Math.max(0, share(value))) * (bottom - top);
    ctx.textAlign = "right";
    for (const [tick, text] of ticks) {
      ctx.fillStyle = colour("rule");
      ctx.fillRect(left, Math.round(y(tick)), width - left, 1);
      ctx.fillStyle = colour("muted");
      ctx.fillText(text, left - 5, y(tick) + 4);
    }
    ctx.textAlign = "center";
    const every = Math.ceil(18 / each);
    values.forEach((value, j) => {
      const ends = [y(value), y(base)], size = Math.max(2, Math.abs(ends[0] - ends[1]));
      const high = value < 0 ? Math.min(...ends) : Math.max(...ends) - size;
      ctx.fillStyle = fill;
      ctx.fillRect(left + each * (j + 0.15), high, each * 0.7, size);
      ctx.fillStyle = colour("muted");
      if (j % every === 0) ctx.fillText(j + 1, left + each * (j + 0.5), height - 3);
    });
  }

  return { showImage, imageFigure, imageButtons, drawBars };
})();
