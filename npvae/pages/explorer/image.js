/* One image for both encoders: draw it or pick it; mu and sigma as bars; both reconstructions. */
const explorerImage = (() => {
  "use strict";
  const N = explorerNetworks,
    { make, showImage, format, drawBars, roundUp } = explorerPictures;

  /* `page` gives: models, latent, shape, random, content, taken(z). */
  function attach(page) {
    const find = (id) => document.getElementById(id);
    const tests = N.unpack(page.content.images),
      labels = page.content.labels;
    const eps = new Float64Array(page.latent),
      state = { x: N.row(tests, 0), picked: 0, eps, codes: [] };
    const cards = page.models.map(makeCard);
    let drawing = false;

    const nameOf = (n) => `test image ${n + 1}${labels ? `, label ${labels[n]}` : ""}`;

    // ------------------------------------------------------------------------- what is shown

    function makeCard(model) {
      const picture = (what) => {
        const canvas = make("canvas", { className: "pixels", role: "img" }),
          text = make("span");
        canvas.setAttribute("aria-label", `${model.label}, decoded from ${what}`);
        const caption = make("figcaption", {}, make("b", {}, what), text);
        return { canvas, text, figure: make("figure", {}, canvas, caption) };
      };
      const [atMu, atZ] = ["z = μ", "z sampled"].map(picture);
      const bars = ["μ", "σ"].map((letter) => {
        const canvas = make("canvas", { className: "bars", role: "img" }),
          caption = make("figcaption", {}, letter);
        return { canvas, figure: make("figure", {}, caption, canvas) };
      });
      const take = make("button", { type: "button" }, `Put ${model.label}’s μ on the sliders`);
      take.addEventListener("click", () => page.taken(state.codes[page.models.indexOf(model)].mu));
      const pair = make("div", { className: "pair-of" }, atMu.figure, atZ.figure);
      const title = make("h3", {}, model.label),
        card = make("div", { className: `card ${model.key}` }, title, pair);
      card.append(...bars.map(({ figure }) => figure), take);
      find("encoded").append(card);
      return { model, atMu, atZ, bars };
    }

    function makePicker() {
      const buttons = Array.from({ length: tests.rows }, (_, n) => {
        const canvas = make("canvas", { className: "pixels" });
        showImage(canvas, N.row(tests, n), page.shape);
        const button = make("button", { type: "button", tabIndex: n ? -1 : 0 }, canvas);
        button.setAttribute("aria-label", nameOf(n));
        button.addEventListener("click", () => pick(n));
        return button;
      });
      find("picker").append(...buttons);
      find("picker").addEventListener("keydown", (event) => {
        const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (!by) return;
        event.preventDefault();
        pick(((state.picked ?? 0) + by + tests.rows) % tests.rows);
        buttons[state.picked].focus();
      });
      return buttons;
    }

    function show() {
      pad.paint();
      state.codes = page.models.map((model) => N.encode(model, state.x));
      buttons.forEach((button, n) => {
        button.setAttribute("aria-pressed", String(n === state.picked));
        button.tabIndex = n === (state.picked ?? 0) ? 0 : -1;
      });
      find("picked").textContent = state.picked === null ? "your drawing" : nameOf(state.picked);
      showBars();
      showReconstructions();
    }

    /* Both models' bars have one scale, so that they compare. */
    function showBars() {
      const largest = (name) =>
        Math.max(...state.codes.flatMap((code) => Array.from(code[name], Math.abs)));
      const far = roundUp(Math.max(1, largest("mu"))),
        wide = roundUp(Math.max(0.2, largest("sigma")));
      cards.forEach(({ model, bars }, m) => {
        const fill = explorerPictures.colour(model.key),
          { mu, sigma } = state.codes[m];
        drawBars(bars[0].canvas, [...mu], { fill, least: -far, most: far });
        drawBars(bars[1].canvas, [...sigma], { fill, least: 0, most: wide });
        const tell = (n, text) => bars[n].canvas.setAttribute("aria-label", text);
        tell(0, `μ of ${model.label}: ${[...mu].map(format)}`);
        tell(1, `σ of ${model.label}: ${[...sigma].map(format)}`);
      });
    }

    function showReconstructions() {
      cards.forEach(({ model, atMu, atZ }, m) => {
        const { mu, sigma } = state.codes[m];
        showReconstruction(model, atMu, mu);
        showReconstruction(model, atZ, npvaeVae.reparameterise(mu, sigma, state.eps));
      });
    }

    function showReconstruction(model, { canvas, text }, z) {
      const { image, sse, bce } = N.reconstruct(model, z, state.x);
      showImage(canvas, image, page.shape);
      text.textContent = ` squared error ${format(sse)}, BCE ${format(bce)} nats`;
    }

    // --------------------------------------------------------------------------- what is done

    function pick(n) {
      state.x = N.row(tests, n).slice();
      state.picked = n;
      show();
    }

    function setDrawn(pixels) {
      state.x = pixels;
      state.picked = null;
      if (drawing) return;
      drawing = true;
      requestAnimationFrame(() => {
        drawing = false;
        show();
      });
    }

    function drawEps() {
      state.eps = state.eps.map(() => page.random.normal());
    }

    /* One new eps, the same for both models. */
    function sampleAgain() {
      drawEps();
      showReconstructions();
    }

    /* A new drawing begins on an empty pad; a drawing goes on. */
    function start() {
      return state.picked === null ? state.x : new Float64Array(state.x.length);
    }

    const buttons = makePicker();
    const shown = () => state.x;
    const pad = explorerPad.attach(find("pad"), page.shape, { shown, start, drawn: setDrawn });
    find("clear").addEventListener("click", () => setDrawn(new Float64Array(state.x.length)));
    find("centre").addEventListener("click", () => {
      setDrawn(explorerPad.centred(state.x, page.shape));
    });
    find("again").addEventListener("click", sampleAgain);
    drawEps();
    return { state, tests, pick, show, sampleAgain };
  }

  return { attach };
})();
