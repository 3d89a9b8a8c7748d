/* One image for all encoders: draw it or pick it; mu and sigma as bars; the reconstructions. */
const explorerImage = (() => {
  "use strict";
  const N = explorerNetworks, { find, make, format, roundUp, minus, calm, oneStop } = npvaePictures;
  const { showImage, imageFigure, imageButtons, drawBars } = explorerImages;
  const TURN = 1000; // milliseconds in which a wobble goes from one eps to the next
  const TINY = 1e-8; // where the scale of sigma ends

  /* `page` gives: models, latent, shape, random, content, taken(z). */
  function attach(page) {
    const tests = N.unpack(page.content.images), labels = page.content.labels;
    const draw = () => Float64Array.from({ length: page.latent }, page.random.normal);
    const state = { x: N.row(tests, 0), picked: 0, eps: draw(), codes: [], wobbles: null };
    const cards = page.models.map(makeCard);
    let drawing = false;

    const nameOf = (n) => `test image ${n + 1}${labels ? `, label ${labels[n]}` : ""}`;

    // ------------------------------------------------------------------------- what is shown

    function makeCard(model) {
      const [atMu, atZ, change] = ["z = μ", "z sampled", "difference"].map((what) =>
        imageFigure(`${model.label}, ${what}`, make("b", {}, what), " "),
      );
      change.text.textContent = "sampled minus μ; grey: none";
      const bars = ["μ", "σ, logarithmic"].map((letter) => {
        const canvas = make("canvas", { className: "bars", role: "img" });
        const text = make("span", { className: "hint" });
        const caption = make("figcaption", {}, letter, text);
        return { canvas, text, figure: make("figure", {}, caption, canvas) };
      });
      const take = make("button", { type: "button" }, `Put ${model.label}’s μ on the sliders`);
      take.addEventListener("click", () => page.taken(state.codes[page.models.indexOf(model)].mu));
      const images = make("div", { className: "three" }, atMu.figure, atZ.figure, change.figure);
      const card = make("div", { className: `card ${model.key}` }, make("h3", {}, model.label));
      card.append(images, ...bars.map(({ figure }) => figure), take);
      find("encoded").append(card);
      return { model, atMu, atZ, change, bars };
    }

    function show() {
      pad.paint();
      state.codes = page.models.map((model) => N.encode(model, state.x));
      buttons.forEach((button, n) => {
        button.setAttribute("aria-pressed", String(n === state.picked));
      });
      stop(state.picked ?? 0);
      find("picked").textContent = state.picked === null ? "your drawing" : nameOf(state.picked);
      showBars();
      showReconstructions();
    }

    /* All models' bars have one scale, so that they compare. That of sigma is logarithmic: from
     * a model's 0.5 to another's 1e-7. */
    function showBars() {
      const most = Math.max(1, ...state.codes.flatMap(({ mu }) => Array.from(mu, Math.abs)));
      const far = roundUp(most), decades = -Math.log10(TINY) + 1;
      const linear = [-far, 0, far].map((value) => [value, minus(String(value))]);
      const powers = [-8, -6, -4, -2, 0].map((k) => [10 ** k, k ? minus(`1e${k}`) : "1"]);
      const ofSigma = (value) => Math.log10(Math.max(value, TINY) / TINY) / decades;
      cards.forEach(({ model, bars }, m) => {
        const fill = npvaePictures.colour(model.key), { mu, sigma } = state.codes[m];
        const ofMu = (value) => (value + far) / (2 * far);
        drawBars(bars[0].canvas, [...mu], { fill, share: ofMu, base: 0, ticks: linear });
        drawBars(bars[1].canvas, [...sigma], { fill, share: ofSigma, base: TINY, ticks: powers });
        const [least, largest] = [Math.min(...sigma), Math.max(...sigma)].map((x) => format(x));
        bars[1].text.textContent = `from ${least} to ${largest}`;
        [mu, sigma].forEach((values, n) => {
          const told = Array.from(values, (value) => format(value)).join("; ");
          bars[n].canvas.setAttribute("aria-label", `${"μσ"[n]} of ${model.label}: ${told}`);
        });
      });
    }

    function showReconstructions() {
      cards.forEach(({ model, atMu, atZ, change }, m) => {
        const { mu, sigma } = state.codes[m];
        const still = showReconstruction(model, atMu, mu);
        const sampled = npvaeVae.reparameterise(mu, sigma, state.eps);
        const moved = showReconstruction(model, atZ, sampled);
        const difference = moved.map((value, n) => 0.5 + value - still[n]);
        showImage(change.canvas, difference, page.shape);
      });
    }

    function showReconstruction(model, { canvas, text }, z) {
      const { image, sse, bce } = N.reconstruct(model, z, state.x);
      showImage(canvas, image, page.shape);
      text.textContent = `squared error ${format(sse, 2)}, BCE ${format(bce, 2)} nats`;
      return image;
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

    /* One new eps, the same for all models. */
    function sampleAgain() {
      state.eps = draw();
      showReconstructions();
    }

    /* Sample again and again: eps goes round from draw to draw, and is standard normal all the way,
     *
     *     eps = cos(a) from + sin(a) to,  a from 0 to 90 degrees
     *
     * For readers who want less motion it jumps, once in a turn. */
    function wobble(on) {
      const mine = on ? {} : null;
      state.wobbles = mine;
      find("wobble").setAttribute("aria-pressed", String(on));
      let from = state.eps, to = draw(), start = null;
      const frame = (now) => {
        if (!mine || state.wobbles !== mine) return;
        start ??= now;
        if (now - start >= TURN) {
          [from, to, start] = [to, draw(), now];
          state.eps = from;
          showReconstructions();
        } else if (!calm()) {
          const angle = (Math.PI / 2) * ((now - start) / TURN);
          state.eps = from.map((e, j) => Math.cos(angle) * e + Math.sin(angle) * to[j]);
          showReconstructions();
        }
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    }

    /* A new drawing begins on an empty pad; a drawing goes on. */
    const start = () => (state.picked === null ? state.x : new Float64Array(state.x.length));

    const buttons = imageButtons(find("picker"), tests.rows, pick);
    buttons.forEach((button, n) => {
      showImage(button.firstChild, N.row(tests, n), page.shape);
      button.setAttribute("aria-label", nameOf(n));
    });
    const stop = oneStop(find("picker"), buttons, pick);
    const shown = () => state.x;
    const pad = explorerPad.attach(find("pad"), page.shape, { shown, start, drawn: setDrawn });
    find("clear").addEventListener("click", () => setDrawn(new Float64Array(state.x.length)));
    find("centre").addEventListener("click", () => {
      setDrawn(explorerPad.centred(state.x, page.shape));
    });
    find("again").addEventListener("click", sampleAgain);
    find("wobble").addEventListener("click", () => wobble(!state.wobbles));
    return { state, tests, pick, show };
  }

  return { attach };
})();
