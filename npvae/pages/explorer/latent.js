/* One z for both decoders: sliders, the two images, draws, and a strip along one dimension.
 *
 * The sliders hold either z itself, or eps, of which each model makes z = mean + factor eps with
 * the mean and the covariance of its own codes. */
const explorerLatent = (() => {
  "use strict";
  const N = explorerNetworks,
    { make, showImage, format, minus } = explorerPictures;
  const STEPS = 9; // images in a strip, and draws side by side
  const WAIT = 60; // milliseconds without a new slider value before the strips follow

  /* `page` gives: models, latent, shown, shape, reach, random, marked(). Returns what the other
   * panels use. */
  function attach(page) {
    const find = (id) => document.getElementById(id);
    const state = { numbers: new Float64Array(page.latent), mode: "z", dimension: 0, draws: [] };
    const figures = page.models.map(makeFigure),
      sliders = Array.from({ length: page.shown }, (_, j) => makeSlider(j));
    let timer = 0;

    const codeOf = (model) => (state.mode === "z" ? state.numbers : N.shaped(model, state.numbers));
    const decoded = (model, numbers) =>
      N.decode(model, state.mode === "z" ? numbers : N.shaped(model, numbers)).image;

    // ------------------------------------------------------------------------- what is shown

    function makeFigure(model) {
      const critic = make("span", { className: "hint" });
      const figure = (place, ...text) => {
        const canvas = make("canvas", { className: "pixels", role: "img" }),
          caption = make("figcaption", {}, make("b", {}, model.label), ...text);
        canvas.setAttribute("aria-label", `What the ${model.label} model decodes`);
        canvas.dataset.model = model.key;
        find(place).append(make("figure", { className: model.key }, canvas, caption));
        return canvas;
      };
      const canvases = [figure("decoded", " ", critic), figure("map-decoded")];
      return { model, canvases, critic };
    }

    const twoPlaces = (value) => minus(value.toFixed(2));

    function makeSlider(j) {
      const input = make("input", { type: "range", step: 0.05, id: `z${j + 1}` });
      const output = make("output", {});
      Object.assign(input, { min: -page.reach, max: page.reach, value: 0 });
      input.addEventListener("input", () => slide(j, Number(input.value)));
      const name = make("label", {}, `z${j + 1}`);
      name.htmlFor = input.id;
      find("sliders").append(make("div", { className: "slider" }, name, input, output));
      return { name, input, output };
    }

    /* The handler of a slider: decode in both models at once; all else may follow later. */
    function slide(j, value) {
      state.numbers[j] = value;
      sliders[j].output.textContent = twoPlaces(value);
      showDecoded();
      clearTimeout(timer);
      timer = setTimeout(showRest, WAIT);
    }

    function showDecoded() {
      for (const { model, canvases, critic } of figures) {
        const z = codeOf(model),
          { image } = N.decode(model, z);
        for (const canvas of canvases) showImage(canvas, image, page.shape);
        if (!model.critic) continue;
        const { score, slope } = N.criticAt(model, z);
        critic.textContent = `critic: score ${format(score)}, slope ${format(slope)}`;
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
          ? "Both decoders get this very z."
          : "One ε for both: each model makes z = mean + A ε, with the mean and the covariance A Aᵀ" +
            " of its own codes.";
      showDecoded();
      showDraws();
      showRest();
    }

    // ----------------------------------------------------------------------------- the strips

    /* A row of small images for each model; take(k) is done when the k-th is pressed. */
    function showRows(place, count, image, take, text) {
      const old = place.querySelectorAll("canvas");
      if (old.length !== count * page.models.length) fillRows(place, count, take);
      place.querySelectorAll(".strip").forEach((row, m) => {
        row.querySelectorAll("button").forEach((button, k) => {
          showImage(button.firstChild, image(page.models[m], k), page.shape);
          button.setAttribute("aria-label", `${page.models[m].label}: ${text(k)}`);
          button.lastChild.textContent = m ? "" : text(k);
        });
      });
    }

    function fillRows(place, count, take) {
      place.replaceChildren(
        ...page.models.map((model) => {
          const buttons = Array.from({ length: count }, (_, k) => {
            const canvas = make("canvas", { className: "pixels" });
            const button = make("button", { type: "button" }, canvas, make("span"));
            button.addEventListener("click", () => take(k));
            return button;
          });
          return make("div", { className: "strip" }, make("b", {}, model.label), ...buttons);
        }),
      );
    }

    const along = (k) => Math.round(20 * page.reach * ((2 * k) / (STEPS - 1) - 1)) / 20;

    function showStrip() {
      const j = state.dimension,
        numbers = state.numbers.slice();
      const image = (model, k) => {
        numbers[j] = along(k);
        return decoded(model, numbers);
      };
      const take = (k) => {
        state.numbers[state.dimension] = along(k);
        show();
      };
      showRows(find("along"), STEPS, image, take, (k) => minus(`${along(k)}`));
    }

    function showDraws() {
      find("draws-panel").hidden = state.draws.length === 0;
      if (!state.draws.length) return;
      const take = (k) => set(state.draws[k], state.mode);
      const image = (model, k) => decoded(model, state.draws[k]);
      showRows(find("draws"), STEPS, image, take, (k) => `draw ${k + 1}`);
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
      state.draws = Array.from({ length: STEPS }, one);
      set(state.draws[0], mode);
    }

    function setDimension(j) {
      state.dimension = j;
      find("strip-dimension").value = j;
      showStrip();
    }

    find("prior").addEventListener("click", () => draw("z"));
    find("fitted").addEventListener("click", () => draw("eps"));
    find("zero").addEventListener("click", () => set(new Float64Array(page.latent), state.mode));
    for (const input of document.querySelectorAll("input[name=mode]")) {
      input.addEventListener("change", () => set(state.numbers, input.value));
    }
    const select = find("strip-dimension");
    sliders.forEach((_, j) => select.append(make("option", { value: j }, `dimension ${j + 1}`)));
    select.addEventListener("change", () => setDimension(Number(select.value)));
    return { state, codeOf, set, draw, slide, show, setDimension };
  }

  return { attach };
})();
