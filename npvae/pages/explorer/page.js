/* The page: opens the models, joins the panels, and sets up the tasks. */
const explorer = (() => {
  "use strict";
  const { find, make, colour } = npvaePictures, N = explorerNetworks;
  const SHOWN = 64; // dimensions that have a slider and a histogram
  const content = JSON.parse(find("content").textContent);
  const models = content.models.map(N.open);
  const classes = [...new Set(models.flatMap((model) => model.labels ?? []))].sort((a, b) => a - b);

  const page = {
    content, models, shape: content.shape, reach: content.reach,
    latent: models[0].latent,
    shown: Math.min(models[0].latent, SHOWN),
    random: npvaeMath.makeRandom(4, 5, 6),
    colourOf,
    codeOf: (model) => latent.codeOf(model),
    marked: () => map.mark(),
    taken: (z) => latent.set(z, "z"),
  };

  /* Up to ten classes have the palette of the style sheet; more go round the colour wheel. */
  function colourOf(label) {
    const n = classes.indexOf(label);
    if (classes.length <= 10) return colour(`class-${n}`);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    return `hsl(${(360 * n) / classes.length} 70% ${dark ? 70 : 38}%)`;
  }

  function tellWhatIsMissing() {
    const missing = [];
    const say = (found, text) => found && missing.push(text);
    const noLabels = "the map shows plain marks, and the report lacks some numbers";
    say(!content.labels, `The data has no labels: ${noLabels}.`);
    say(!models.some((model) => model.critic), "No model here has a critic.");
    const line = "the map is a line without principal components";
    say(page.latent < 2, `One latent dimension makes no plane: ${line}.`);
    const few = `Only the first ${SHOWN} dimensions have a slider and a histogram.`;
    say(page.shown < page.latent, few);
    find("missing").textContent = missing.join(" ");
    find("missing").hidden = missing.length === 0;
    find("data-name").textContent = content.name;
    find("latent-size").textContent = page.latent;
    document.querySelector("input[value=components]").disabled = page.latent < 2;
    for (const note of document.querySelectorAll("[data-of]")) {
      note.hidden = !models.some(({ key }) => key === note.dataset.of);
    }
  }

  // -------------------------------------------------------------------------------- the tasks

  const SET_UP = {
    draws: { panel: "latent", act: () => latent.draw("z") },
    again: { panel: "image", act: () => image.pick(0) },
    histograms: { panel: "histograms" },
    line: { panel: "interpolation" },
    critic: {
      panel: "map-panel",
      act: () => map.change({ view: "dimensions", code: "z", layer: "score" }),
    },
  };

  function makeTasks() {
    for (const { key, title, do: what, expect } of content.tasks) {
      const button = make("button", { type: "button" }, "Set it up");
      button.addEventListener("click", () => setUp(key));
      button.dataset.task = key;
      const summary = make("summary", {}, "What the report found");
      const details = make("details", {}, summary, make("p", {}, expect));
      const item = make("li", {}, make("b", {}, title), make("p", {}, what), button, details);
      find("task-list").append(item);
    }
  }

  function setUp(key) {
    const { panel: name, act } = SET_UP[key], panel = find(name);
    if (act) act();
    panel.scrollIntoView({ block: "start" });
    panel.querySelector("h2").focus({ preventScroll: true });
  }

  // ------------------------------------------------------------------------------ all together

  function showAll() {
    for (const panel of [latent, image, map, lines, histograms]) panel.show();
  }

  tellWhatIsMissing();
  makeTasks();
  const map = explorerMap.attach(page), latent = explorerLatent.attach(page);
  const image = explorerImage.attach(page), lines = explorerLines.attachLine(page);
  const histograms = explorerLines.attachHistograms(page);
  const last = image.tests.rows - 1;
  lines.state.A = N.row(image.tests, Math.min(1, last)).slice();
  lines.state.B = N.row(image.tests, Math.min(4, last)).slice();
  for (const end of ["A", "B"]) {
    find(`use-${end}`).addEventListener("click", () => lines.set(end, image.state.x));
  }
  map.change({ j: Math.min(1, page.latent - 1) });
  latent.draw("z");
  for (const panel of [image, lines, histograms]) panel.show();

  npvaePictures.onDisplayChange(showAll);
  document.body.dataset.state = "ready";
  return { page, latent, image, map, lines, histograms };
})();
