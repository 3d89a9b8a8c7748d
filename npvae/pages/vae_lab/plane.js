/* The latent plane of one model: the critic's score as heat, the prior's rings, the posterior of each
 * digit, the outline of all codes, and forces. */
const labPlane = (() => {
  "use strict";
  const F = labForces, { SHOWN, shown, classOf } = labDigits;
  const ZOOMS = [3.6, 5.4, 8, 12, 18, 27, 40, 60, 90, 140, 210, 320, 480, 1000]; // half widths
  const ARROW = 0.45; // of the picture's unit: the length of a pull as strong as the weight
  const LONGEST = 0.32; // of the picture's half width
  const ARROWED = Array.from({ length: 20 }, (_, n) => n); // digits: two of each class
  const { prepare, colour } = npvaePictures, { NODES, nodePlace, heatMap, arrow } = npvaeField;

  /* The half width that shows 97 of 100 codes. */
  function zoomFor(copy) {
    const far = Array.from({ length: SHOWN }, (_, n) => Math.max(...F.muOf(copy, n).map(Math.abs)));
    const reach = far.sort((a, b) => a - b)[Math.floor(0.97 * SHOWN)];
    return ZOOMS.find((half) => half >= reach * 1.05) ?? ZOOMS.at(-1);
  }

  function makePlace(size, half) {
    return ([x, y]) => [((x + half) / (2 * half)) * size, ((half - y) / (2 * half)) * size];
  }

  /* The colours of the ten classes, as solid ink, line and fill. */
  function classColours() {
    const [light, chroma] = [colour("class-light"), colour("class-chroma")];
    return Array.from({ length: 10 }, (_, k) =>
      [1, 0.5, 0.14].map((alpha) => `oklch(${light} ${chroma} ${36 * k + 20} / ${alpha})`));
  }

  /* Draw a copy of a model. scene: show (letters), digit, z (its wobbling code), ruler, images. */
  function draw(canvas, copy, scene) {
    const { ctx, width: size } = prepare(canvas);
    const half = zoomFor(copy), at = makePlace(size, half);
    const unit = size / (2 * half), shows = (letter) => scene.show.includes(letter);
    if (shows("h") && copy.options.kind === "WS") heat(ctx, size, half, copy);
    rings(ctx, at, unit, size);
    if (shows("e")) ellipses(ctx, at, unit, copy);
    if (shows("o")) outline(ctx, at, unit, copy);
    if (shows("f")) forces(ctx, at, half, copy, scene);
    labels(ctx, at, copy);
    followed(ctx, at, unit, copy, scene);
  }

  /* The score, from the lowest to the highest in the picture. */
  function heat(ctx, size, half, copy) {
    const z = Array.from({ length: NODES * NODES }, (_, n) =>
      [n % NODES, Math.floor(n / NODES)].map((k) => nodePlace(k, half)));
    const { score } = F.scores(copy, z);
    heatMap(ctx, size, score, [Math.min(...score), Math.max(...score)]);
  }

  function ellipse(ctx, [x, y], a, b, turn = 0) {
    ctx.beginPath();
    ctx.ellipse(x, y, a, b, turn, 0, 2 * Math.PI);
  }

  /* The prior: one, two and three standard deviations. */
  function rings(ctx, at, unit, size) {
    ctx.strokeStyle = ctx.fillStyle = colour("prior");
    ctx.lineWidth = 1.2;
    ctx.textAlign = "center";
    ctx.setLineDash([5, 4]);
    for (const radius of [1, 2, 3]) {
      ellipse(ctx, at([0, 0]), radius * unit, radius * unit);
      ctx.stroke();
      if (unit > 22) ctx.fillText(String(radius), at([0, 0])[0], at([0, radius])[1] - 3);
    }
    ctx.setLineDash([]);
    if (unit <= 22) ctx.fillText("prior", at([0, 0])[0], at([0, 3])[1] - 4);
  }

  /* Each digit's posterior: one standard deviation around mu, a dot where that is too small. */
  function ellipses(ctx, at, unit, copy) {
    const inks = classColours();
    for (let n = 0; n < SHOWN; n++) {
      const [solid, line, fill] = inks[classOf(shown[n])];
      const place = at(F.muOf(copy, n)), [a, b] = F.sigmaOf(copy, n).map((s) => s * unit);
      ctx.fillStyle = fill;
      ctx.strokeStyle = line;
      ctx.lineWidth = 1;
      ellipse(ctx, place, a, b);
      ctx.fill();
      if (Math.max(a, b) > 3) ctx.stroke();
      ctx.fillStyle = solid;
      ellipse(ctx, place, 2.3, 2.3);
      ctx.fill();
    }
  }

  /* All codes together: two standard deviations around their mean. */
  function outline(ctx, at, unit, copy) {
    const { mean, cov: [xx, xy, yy] } = labModel.spread({ rows: SHOWN, cols: 4, data: copy.stats });
    const middle = (xx + yy) / 2, apart = Math.hypot((xx - yy) / 2, xy);
    const [a, b] = [middle + apart, Math.max(middle - apart, 0)].map((v) => 2 * Math.sqrt(v) * unit);
    ctx.strokeStyle = colour("ink");
    ctx.lineWidth = 2.4;
    ellipse(ctx, at(mean), a, b, -Math.atan2(2 * xy, xx - yy) / 2);
    ctx.stroke();
  }

  /* Arrows of the regulariser's pull, and for the followed digit the reconstruction's too. */
  function forces(ctx, at, half, copy, { digit, ruler, images }) {
    const digits = [...new Set([...ARROWED, digit])], scale = ARROW / (copy.options.weight || 1);
    const show = (n, pull, ink, width) => {
      const length = Math.hypot(...pull) * scale;
      if (!(length > 0)) return;
      const shorter = Math.min(1, (LONGEST * half) / length) * scale;
      const from = F.muOf(copy, n), to = from.map((x, j) => x + shorter * pull[j]);
      arrow(ctx, at(from), at(to), ink, width);
    };
    F.pulls(copy, digits, ruler).forEach((pull, k) => show(digits[k], pull, colour("pull"), 1.8));
    show(digit, F.wishes(copy, [digit], images)[0], colour("wish"), 2.6);
  }

  /* The numeral of each class where its codes are on average. */
  function labels(ctx, at, copy) {
    ctx.font = "700 15px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.lineJoin = "round";
    const places = Array.from({ length: 10 }, (_, label) => {
      const mean = [0, 0];
      for (let n = label; n < SHOWN; n += 10) {
        F.muOf(copy, n).forEach((x, j) => { mean[j] += (10 * x) / SHOWN; });
      }
      const [x, y] = at(mean);
      return [x, y + 5];
    });
    const [x, y] = places[0];
    if (places.every((place) => Math.hypot(place[0] - x, place[1] - y) < 12)) {
      halo(ctx, "0–9", x, y); // collapsed: one numeral would hide the others
    } else {
      places.forEach((place, label) => halo(ctx, String(label), ...place));
    }
  }

  function halo(ctx, text, x, y) {
    ctx.strokeStyle = colour("paper");
    ctx.lineWidth = 4;
    ctx.strokeText(text, x, y);
    ctx.fillStyle = colour("ink");
    ctx.fillText(text, x, y);
  }

  /* The digit that is followed: a ring around its mu, its posterior, and a cross at its fresh z. */
  function followed(ctx, at, unit, copy, { digit, z }) {
    const place = at(F.muOf(copy, digit)), [a, b] = F.sigmaOf(copy, digit).map((s) => s * unit);
    ctx.strokeStyle = colour("ink");
    ctx.lineWidth = 2.2;
    ellipse(ctx, place, Math.max(a, 6), Math.max(b, 6));
    ctx.stroke();
    const [x, y] = at(z);
    ctx.beginPath();
    ctx.moveTo(x - 5, y - 5);
    ctx.lineTo(x + 5, y + 5);
    ctx.moveTo(x - 5, y + 5);
    ctx.lineTo(x + 5, y - 5);
    ctx.stroke();
  }

  /* The digit whose code is nearest to a place of the canvas, in pixels of the page. */
  function nearest(canvas, copy, x, y) {
    const at = makePlace(canvas.clientWidth, zoomFor(copy));
    const distance = (n) => {
      const [px, py] = at(F.muOf(copy, n));
      return Math.hypot(px - x, py - y);
    };
    return Array.from({ length: SHOWN }, (_, n) => n)
      .reduce((a, b) => (distance(b) < distance(a) ? b : a));
  }

  return { draw, nearest };
})();
