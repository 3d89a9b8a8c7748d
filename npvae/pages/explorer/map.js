/* The map: 2,000 test codes of each model, written as their labels; behind them the critic's score,
 * and its pull as arrows, as in the critic's laboratory. */
const explorerMap = (() => {
  "use strict";
  const N = explorerNetworks, P = explorerPlane, F = npvaeField;
  const { find, make, prepare, colour, format, roundUp } = npvaePictures;
  const RINGS = [1, 2, 3]; // standard deviations of the prior
  const ARROW = 0.6; // length of an arrow whose slope is 1, in units of the plane
  const NO_PLANE =
    "t-SNE is no plane of the latent space: no rings, no critic; a click takes the nearest code.";
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  /* `page` gives: models, latent, shown, random, colourOf(label), codeOf(model), taken(z). */
  function attach(page) {
    const setting = { view: "dimensions", i: 0, j: 1, code: "z", layer: "none", click: "plane" };
    const maps = page.models.map(makeMap);
    let extent = 1, version = 0;

    function makeMap(model) {
      const canvas = make("canvas", { className: "map", tabIndex: 0 });
      canvas.setAttribute("role", "application");
      canvas.setAttribute("aria-describedby", "map-keys");
      canvas.setAttribute("aria-label", `Map of the codes of ${model.label}`);
      canvas.dataset.model = model.key;
      const note = make("figcaption", { className: "hint" });
      find("maps").append(make("figure", {}, make("h3", {}, model.label), canvas, note));
      const map = { model, canvas, note, sampled: sampleCodes(model), marks: [], critic: null };
      map.chosen = null; // the number of the code that was taken last
      map.back = make("canvas");
      listen(map);
      return map;
    }

    /* One draw from each posterior. */
    function sampleCodes({ mu, logvar }) {
      const eps = mu.data.map(() => page.random.normal());
      const data = npvaeVae.reparameterise(mu.data, npvaeVae.posteriorSigma(logvar.data), eps);
      return { ...mu, data };
    }

    /* t-SNE is made of mu, whatever the planes show. */
    const showsMu = () => setting.code === "mu" || setting.view === "tsne";
    const codesOf = ({ model, sampled }) => (showsMu() ? model.mu : sampled);

    // ------------------------------------------------------------------------- what is shown

    function show() {
      version++;
      for (const map of maps) map.marks = P.places(map.model, codesOf(map), setting);
      extent = P.extentOf(maps.map((map) => map.marks), setting.view);
      for (const map of maps) {
        if (map.critic && map.critic.plane !== planeName()) map.critic = null;
        const wanted = map.model.critic && setting.layer !== "none" && setting.view !== "tsne";
        if (wanted && !map.critic) ask(map);
        paint(map);
        map.note.textContent = noteOn(map);
      }
    }

    /* What the critic's answers depend on. */
    const planeName = () => [setting.view, setting.i, setting.j, setting.code, extent].join(" ");

    function ask(map) {
      const mine = version, name = planeName(), plane = P.planeOf(map.model, setting);
      const done = (critic) => {
        map.critic = { ...critic, plane: name, pulls: P.pulls(map.model, plane, map.marks) };
        paint(map);
        map.note.textContent = noteOn(map);
      };
      const stopped = () => mine !== version;
      P.askCritic(map.model, plane, extent, { done, stopped });
    }

    function noteOn({ model, critic }) {
      if (setting.view === "tsne") return NO_PLANE;
      if (setting.layer === "none") return "";
      if (!model.critic) return `${model.label} was trained without a critic.`;
      if (!critic) return "Asking the critic …";
      const values = critic[setting.layer];
      const [low, high] = [Math.min(...values), Math.max(...values)].map((x) => format(x, 2));
      const more =
        setting.layer === "slope"
          ? "strokes mark slopes above 1"
          : "an arrow is the score's gradient there: the critic wants the code to go that way";
      return `${setting.layer} from ${low} (pale) to ${high} (strong); ${more}.`;
    }

    const scale = (canvas) => canvas.clientWidth / (2 * extent);
    const toScreen = (canvas, [a, b]) => [a + extent, extent - b].map((v) => v * scale(canvas));

    /* Everything but the cross, kept for the time being. */
    function paint(map) {
      const { canvas, back } = map, { ctx, width } = prepare(canvas);
      canvas.dataset.view = setting.view;
      const critic = map.critic && setting.view !== "tsne" && setting.layer !== "none";
      canvas.dataset.layer = critic ? setting.layer : "none";
      if (critic) paintLayer(ctx, map.critic[setting.layer], width);
      paintMarks(ctx, map);
      paintRings(ctx, map);
      if (critic && setting.layer === "score") paintPulls(ctx, map);
      Object.assign(back, { width: canvas.width, height: canvas.height });
      back.getContext("2d").drawImage(canvas, 0, 0);
      paintCross(ctx, map);
    }

    function mark(map) {
      const { ctx, width, height } = prepare(map.canvas);
      ctx.drawImage(map.back, 0, 0, width, height);
      paintCross(ctx, map);
    }

    function paintLayer(ctx, values, width) {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const slope = setting.layer === "slope";
      const spacing = slope ? Math.max(0.25, roundUp(high / 20)) : roundUp((high - low) / 10);
      F.heatMap(ctx, width, values, [low, high]);
      if (high > low) F.contours(ctx, width, values, spacing, slope ? 1 : null);
      if (slope) F.steepMarks(ctx, width, values);
    }

    function paintPulls(ctx, { canvas, critic }) {
      for (const [place, pull] of critic.pulls) {
        const end = place.map((at, d) => at + ARROW * pull[d]);
        const ends = [place, end].map((at) => toScreen(canvas, at));
        F.arrow(ctx, ...ends, colour("paper"), 4);
        F.arrow(ctx, ...ends, colour("ink"), 1.8);
      }
    }

    function paintRings(ctx, { model, canvas }) {
      const plane = P.planeOf(model, setting);
      if (!plane) return;
      const [x, y] = toScreen(canvas, P.placeIn(plane, new Float64Array(page.latent)));
      ctx.strokeStyle = colour("line");
      ctx.lineWidth = 1.5;
      ctx.setLineDash([6, 4]);
      for (const ring of RINGS) {
        ctx.beginPath();
        ctx.arc(x, y, ring * scale(canvas), 0, 2 * Math.PI);
        ctx.stroke();
      }
      ctx.setLineDash([]);
      ctx.lineWidth = 1;
    }

    function paintMarks(ctx, { model, canvas, marks }) {
      ctx.font = `600 ${canvas.clientWidth > 420 ? 10 : 8}px system-ui, sans-serif`;
      ctx.textAlign = "center";
      const fills = new Map(), fill = (label) => {
        if (!fills.has(label)) fills.set(label, page.colourOf(label));
        return fills.get(label);
      };
      marks.forEach((place, n) => {
        const [x, y] = toScreen(canvas, place), label = model.labels?.[n];
        ctx.fillStyle = model.labels ? fill(label) : colour(model.key);
        if (model.labels) ctx.fillText(label, x, y + 3);
        else ctx.fillRect(x - 1.5, y - 1.5, 3, 3);
      });
    }

    /* Where the z of the sliders is; t-SNE knows no place but those of the codes themselves. */
    function crossOf({ model, marks, chosen }) {
      const plane = P.planeOf(model, setting), z = page.codeOf(model);
      if (plane) return P.placeIn(plane, z);
      const same = chosen !== null && N.row(model.mu, chosen).every((value, j) => value === z[j]);
      return same ? marks[chosen] : null;
    }

    /* A cross, with a gap where the mark beneath can be read. */
    function paintCross(ctx, map) {
      const place = crossOf(map);
      if (!place) return;
      const [x, y] = toScreen(map.canvas, place);
      for (const [width, name] of [[6, "paper"], [2.5, "ink"]]) {
        ctx.strokeStyle = colour(name);
        ctx.lineWidth = width;
        ctx.beginPath();
        for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
          ctx.moveTo(x + 5 * dx, y + 5 * dy);
          ctx.lineTo(x + 14 * dx, y + 14 * dy);
        }
        ctx.stroke();
      }
    }

    // --------------------------------------------------------------------------- what is done

    /* The code at a place: that of the plane, or the nearest of the test codes. */
    function take(map, place) {
      const plane = P.planeOf(map.model, setting);
      map.chosen = plane && setting.click === "plane" ? null : P.nearest(map.marks, place);
      const { chosen } = map;
      page.taken(chosen === null ? P.pointAt(plane, place) : N.row(codesOf(map), chosen));
    }

    function listen(map) {
      const { canvas } = map;
      const placeOf = (event) => {
        const box = canvas.getBoundingClientRect();
        const [x, y] = [event.clientX - box.left, event.clientY - box.top];
        return [x / scale(canvas) - extent, extent - y / scale(canvas)];
      };
      canvas.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
      });
      canvas.addEventListener("click", (event) => take(map, placeOf(event)));
      canvas.addEventListener("pointermove", (event) => {
        if (event.pointerType === "mouse" && event.buttons) take(map, placeOf(event));
      });
      canvas.addEventListener("keydown", (event) => {
        const step = ARROWS[event.key], plane = P.planeOf(map.model, setting);
        if (!step || !plane) return;
        event.preventDefault();
        const size = event.shiftKey ? 0.5 : 0.1, place = P.placeIn(plane, page.codeOf(map.model));
        page.taken(P.pointAt(plane, place.map((at, d) => at + size * step[d])));
      });
    }

    /* Change what the map shows; a switch that is set from elsewhere follows. */
    function change(changes) {
      Object.assign(setting, changes);
      for (const name of ["view", "code", "layer", "click"]) {
        document.querySelector(`input[name=${name}][value=${setting[name]}]`).checked = true;
      }
      for (const name of ["i", "j"]) find(`axis-${name}`).value = setting[name];
      find("axes").hidden = setting.view !== "dimensions";
      find("code-kind").disabled = setting.view === "tsne";
      show();
    }

    for (const name of ["view", "code", "layer", "click"]) {
      for (const input of document.querySelectorAll(`input[name=${name}]`)) {
        input.addEventListener("change", () => change({ [name]: input.value }));
      }
    }
    for (const name of ["i", "j"]) {
      const select = find(`axis-${name}`);
      for (let k = 0; k < page.shown; k++) select.append(make("option", { value: k }, `z${k + 1}`));
      select.addEventListener("change", () => change({ [name]: Number(select.value) }));
    }
    return { maps, crossOf, change, show, mark: () => maps.forEach(mark), extent: () => extent };
  }

  return { attach };
})();
