/* One z for all decoders: sliders, an image of each model, nine draws, a strip along one dimension.
 *
 * The sliders hold either z itself, or eps, of which each model makes z = mean + factor eps with
 * the mean and the covariance of its own codes. */
const explorerLatent = (() => {
  "use strict";
  const N = explorerNetworks, { find, make, format, minus, oneStop } = npvaePictures;
  const { showImage, imageFigure, imageButtons } = explorerImages;
  const NINE = 9; // images in a strip, and draws at once
  const WAIT = 60; // milliseconds without a new slider value before the strips follow

  /* `page` gives: models, latent, shown, shape, reach, random, marked(). Returns what the other
   * panels use. */
  function attach(page) {
    const state = { numbers: new Float64Array(page.latent), mode: "z", dimension: 0, draws: [] };
    const figures = page.models.map(makeFigure);
    const sliders = Array.from({ length: page.shown }, (_, j) => makeSlider(j));
    const draws = makeRows(find("draws"), (k) => set(state.draws[k], state.mode));
    const strips = makeRows(find("along"), (k) => {
      state.numbers[state.dimension] = along(k);
      show();
    });
    let timer = 0;

    const codeOf = (model) => (state.mode === "z" ? state.numbers : N.shaped(model, state.numbers));
    const decoded = (model, numbers) =>
      N.decode(model, state.mode === "z" ? numbers : N.shaped(model, numbers)).image;

    // ------------------------------------------------------------------------- what is shown

    function makeFigure(model) {
      const name = make("b", {}, model.label), label = `What the ${model.label} model decodes`;
      const made = ["decoded", "map-decoded"].map((place) => {
        const one = imageFigure(label, name.cloneNode(true), " ");
        one.figure.className = model.key;
        one.canvas.dataset.model = model.key;
        find(place).append(one.figure);
        return one;
      });
      return { model, canvases: made.map(({ canvas }) => canvas), critic: made[0].text };
    }

    const twoPlaces = (value) => minus(value.toFixed(2));

    function makeSlider(j) {
      const input = make("input", { type: "range", step: 0.05, id: `z${j + 1}` });
      const output = make("output"), name = make("label", { htmlFor: input.id }, `z${j + 1}`);
      Object.assign(input, { min: -page.reach, max: page.reach, value: 0 });
      input.addEventListener("input", () => slide(j, Number(input.value)));
      find("sliders").append(make("div", { className: "slider" }, name, input, output));
      return { name, input, output };
    }

    /* The handler of a slider: decode in all models at once; all else may follow later. */
    function slide(j, value) {
      state.numbers[j] = value;
      sliders[j].output.textContent = twoPlaces(value);
      showDecoded();
      clearTimeout(timer);
      timer = setTimeout(showRest, WAIT);
    }

    function showDecoded() {
      for (const { model, canvases, critic } of figures) {
        const z = codeOf(model), { image } = N.decode(model, z);
        for (const canvas of canvases) showImage(canvas, image, page.shape);
        if (!model.critic) continue;
        const { score, slope } = N.criticAt(model, z);
        critic.textContent = `critic: score ${format(score, 2)}, slope ${format(slope, 2)}`;
      }
    }

    function showRest() {
      showStrip();
      page.marked();
    }

    function show() {
      const letter = state.mode === "z" ? "z" : "ε";
      sliders.forEach(({ name, input, output }, j) => {
        name.textContent = `${letter}${j + 1}`;
        input.value = state.numbers[j];
        output.textContent = twoPlaces(state.numbers[j]);
      });
      document.querySelector(`input[name=mode][value=${state.mode}]`).checked = true;
      find("mode-note").textContent =
        state.mode === "z"
          ? "Now: all decoders get this very z."
          : "Now: one ε for all, and each model's own z = mean + A ε.";
      showDecoded();
      showDraws();
      showRest();
    }

    // ----------------------------------------------------------------------------- the strips

    /* For each model nine small images to press. */
    function makeRows(place, take) {
      return page.models.map((model) => {
        const row = make("div", { className: "strip", role: "group" });
        row.setAttribute("aria-label", `${model.label}; arrow keys go from image to image`);
        row.append(make("b", {}, model.label));
        const buttons = imageButtons(row, NINE, take);
        oneStop(row, buttons);
        place.append(row);
        return { model, buttons };
      });
    }

    function showRows(rows, image, text) {
      rows.forEach(({ model, buttons }, m) => buttons.forEach((button, k) => {
        showImage(button.firstChild, image(model, k), page.shape);
        button.setAttribute("aria-label", `${model.label}: ${text(k)}`);
        button.lastChild.textContent = m ? "" : text(k);
      }));
    }

    const along = (k) => Math.round(20 * page.reach * ((2 * k) / (NINE - 1) - 1)) / 20;

    function showStrip() {
      const j = state.dimension;
      const image = (model, k) => decoded(model, state.numbers.with(j, along(k)));
      showRows(strips, image, (k) => minus(`${along(k)}`));
    }

    function showDraws() {
      showRows(draws, (model, k) => decoded(model, state.draws[k]), (k) => `draw ${k + 1}`);
    }

    // --------------------------------------------------------------------------- what is done

    function set(numbers, mode = "z") {
      state.numbers = Float64Array.from(numbers);
      state.mode = mode;
      show();
    }

    /* Nine draws of N(0, I), of which the first goes to the sliders. */
    function draw(mode) {
      const one = () => Float64Array.from({ length: page.latent }, page.random.normal);
      state.draws = Array.from({ length: NINE }, one);
      set(state.draws[0], mode);
    }

    find("prior").addEventListener("click", () => draw("z"));
    find("fitted").addEventListener("click", () => draw("eps"));
    find("zero").addEventListener("click", () => set(new Float64Array(page.latent), state.mode));
    for (const input of document.querySelectorAll("input[name=mode]")) {
      input.addEventListener("change", () => set(state.numbers, input.value));
    }
    const select = find("strip-dimension");
    sliders.forEach((_, j) => select.append(make("option", { value: j }, `dimension ${j + 1}`)));
    select.addEventListener("change", () => {
      state.dimension = Number(select.value);
      showStrip();
    });
    return { state, codeOf, set, draw, show };
  }

  return { attach };
})();
