/* The straight line between two codes, decoded, and the histogram of each dimension. */
const explorerLines = (() => {
  "use strict";
  const N = explorerNetworks, { showImage } = explorerImages;
  const { find, make, prepare, colour, format, minus } = npvaePictures;
  const STEPS = 9;

  // --------------------------------------------------------------------------- interpolation

  /* z(t) = (1 - t) mu_A + t mu_B, decoded; steps[k] is the distance of image k+1 from image k. */
  function line(model, from, to) {
    const [a, b] = [from, to].map((x) => N.encode(model, x).mu);
    const images = Array.from({ length: STEPS }, (_, k) => {
      const t = k / (STEPS - 1);
      return N.decode(model, a.map((value, j) => (1 - t) * value + t * b[j])).image;
    });
    const far = (x, y) => Math.sqrt(npvaeVae.squaredError(x, y));
    const steps = images.slice(1).map((image, k) => far(images[k], image));
    const length = steps.reduce((sum, step) => sum + step, 0);
    return { images, steps, length, direct: far(images[0], images.at(-1)) };
  }

  /* `page` gives: models, shape. */
  function attachLine(page) {
    const state = { A: null, B: null }, rows = page.models.map(makeRow);

    function makeRow(model) {
      const bars = make("canvas", { className: "steps", role: "img" });
      const images = Array.from({ length: STEPS }, () => make("canvas", { className: "pixels" }));
      const figures = images.map((canvas, k) => {
        const name = make("figcaption", {}, { 0: "A", [STEPS - 1]: "B" }[k] ?? "");
        return make("figure", {}, canvas, name);
      });
      const told = make("p", { className: "hint" }), title = make("h3", {}, model.label);
      const strip = make("div", { className: "line" }, ...figures);
      find("lines").append(make("div", { className: model.key }, title, bars, strip, told));
      return { model, bars, images, told };
    }

    function show() {
      for (const end of ["A", "B"]) showImage(find(`end-${end}`), state[end], page.shape);
      const found = rows.map(({ model }) => line(model, state.A, state.B));
      const most = Math.max(...found.flatMap(({ steps }) => steps)) || 1;
      rows.forEach((row, m) => {
        found[m].images.forEach((image, k) => showImage(row.images[k], image, page.shape));
        drawSteps(row.bars, found[m].steps, most, colour(row.model.key));
        row.told.textContent = tell(found[m]);
      });
    }

    /* Each bar stands over the gap between the two images that it compares. */
    function drawSteps(canvas, steps, most, fill) {
      const { ctx, width, height } = prepare(canvas), each = width / STEPS;
      ctx.textAlign = "center";
      steps.forEach((step, k) => {
        const size = (step / most) * (height - 18);
        ctx.fillStyle = fill;
        ctx.fillRect(each * (k + 0.7), height - size, each * 0.6, size);
        ctx.fillStyle = colour("ink");
        ctx.fillText(format(step, 2), each * (k + 1), height - size - 4);
      });
      canvas.setAttribute("aria-label", `Steps: ${steps.map((x) => format(x, 2)).join(", ")}`);
    }

    function tell({ steps, length, direct }) {
      const largest = Math.max(...steps) / (length / steps.length || 1);
      const [way, far, longer, most] = [length, direct, length / (direct || 1), largest].map((x) =>
        format(x, 2),
      );
      return (
        `Way ${way}, straight distance ${far}: ${longer} times as long.` +
        ` Largest step ${most} times the mean.`
      );
    }

    function set(end, x) {
      state[end] = x.slice();
      if (state.A && state.B) show();
    }

    return { state, set, show };
  }

  // ------------------------------------------------------------------------------ histograms

  /* `page` gives: models, shown. One picture for each dimension, all models in it. */
  function attachHistograms(page) {
    const range = Math.max(...page.models.map(({ edges }) => edges[1]));
    const pictures = Array.from({ length: page.shown }, (_, j) => {
      const canvas = make("canvas", { className: "histogram", role: "img" });
      const of = (name) =>
        page.models.map((m) => `${m.label} ${format(m[name][j], 2)}`).join(", ");
      canvas.setAttribute("aria-label", `Histogram of z${j + 1}`);
      const told = ` W₁ ${of("w1")}; std ${of("std")}`;
      const text = make("figcaption", {}, make("b", {}, `z${j + 1}`), told);
      find("histogram-list").append(make("figure", {}, canvas, text));
      return canvas;
    });

    const gauss = (x) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);

    /* Densities: the bars' area is the share of the codes in them. */
    function density({ histogram, edges, codes }, j) {
      const width = (edges[1] - edges[0]) / histogram[j].length;
      return histogram[j].map((count, k) => [edges[0] + k * width, count / codes / width, width]);
    }

    function show() {
      pictures.forEach((canvas, j) => {
        const { ctx, width, height } = prepare(canvas);
        const all = page.models.map((model) => density(model, j));
        const highest = Math.min(1.2, Math.max(0.45, ...all.flat().map(([, y]) => y)));
        const x = (value) => (width * (value + range)) / (2 * range);
        const y = (value) => height - 16 - (Math.min(value, highest) / highest) * (height - 20);
        axis(ctx, x, width, height);
        all.forEach((bins, m) => steps(ctx, bins, x, y, m, colour(page.models[m].key)));
        curve(ctx, x, y);
      });
    }

    function axis(ctx, x, width, height) {
      ctx.fillStyle = colour("rule");
      ctx.fillRect(0, height - 16, width, 1);
      ctx.fillStyle = colour("muted");
      ctx.textAlign = "center";
      for (const tick of [-2, 0, 2]) ctx.fillText(minus(`${tick}`), x(tick), height - 3);
    }

    /* The first model's histogram is filled, the next is a line, the next is dotted: they are told
     * apart without colour. */
    function steps(ctx, bins, x, y, m, ink) {
      ctx.beginPath();
      ctx.moveTo(x(bins[0][0]), y(0));
      for (const [left, value, wide] of bins) {
        ctx.lineTo(x(left), y(value));
        ctx.lineTo(x(left + wide), y(value));
      }
      ctx.lineTo(x(bins.at(-1)[0] + bins.at(-1)[2]), y(0));
      Object.assign(ctx, { fillStyle: ink, strokeStyle: ink, lineWidth: 2 });
      ctx.globalAlpha = m ? 1 : 0.45;
      ctx.setLineDash(m < 2 ? [] : [1.5, 2.5]);
      if (m) ctx.stroke();
      else ctx.fill();
      ctx.globalAlpha = 1;
      ctx.setLineDash([]);
    }

    function curve(ctx, x, y) {
      Object.assign(ctx, { strokeStyle: colour("ink"), lineWidth: 1.5 });
      ctx.setLineDash([4, 3]);
      ctx.beginPath();
      for (let at = -range; at <= range; at += range / 60) ctx.lineTo(x(at), y(gauss(at)));
      ctx.stroke();
      ctx.setLineDash([]);
    }

    return { show };
  }

  return { line, attachLine, attachHistograms };
})();
