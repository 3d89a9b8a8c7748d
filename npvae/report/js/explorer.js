/* The page: opens the models, joins the panels, and sets up the tasks. */
const explorer = (() => {
  "use strict";
  const { make } = explorerPictures,
    N = explorerNetworks;
  const SHOWN = 64; // dimensions that have a slider and a histogram
  const find = (id) => document.getElementById(id);
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
    if (classes.length <= 10) return explorerPictures.colour(`class-${n}`);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    return `hsl(${(360 * n) / classes.length} 70% ${dark ? 70 : 38}%)`;
  }

  function tellWhatIsMissing() {
    const missing = [];
    if (!content.labels) missing.push("The data has no labels: the map shows plain marks, and the report has no numbers that need labels.");
    if (!models.some((model) => model.critic)) missing.push("No model here has a critic.");
    if (page.latent < 2) missing.push("One latent dimension makes no plane: the map is a line, and there are no two principal components.");
    if (page.shown < page.latent) missing.push(`Only the first ${SHOWN} dimensions have a slider and a histogram.`);
    find("missing").textContent = missing.join(" ");
    find("missing").hidden = missing.length === 0;
    find("data-name").textContent = content.name;
    find("latent-size").textContent = page.latent;
    document.querySelector("input[value=components]").disabled = page.latent < 2;
  }

  // -------------------------------------------------------------------------------- the tasks

  const SET_UP = {
    draws: () => [latent.draw("z"), "latent"][1],
    again: () => [image.pick(0), "image"][1],
    histograms: () => "histograms",
    line: () => "interpolation",
    critic: () => [map.change({ view: "dimensions", code: "z", layer: "score" }), "map-panel"][1],
  };

  function makeTasks() {
    for (const { key, title, do: what, expect } of content.tasks) {
      const button = make("button", { type: "button" }, "Set it up");
      button.addEventListener("click", () => setUp(key));
      button.dataset.task = key;
      const details = make("details", {}, make("summary", {}, "What the report found"), make("p", {}, expect));
      find("task-list").append(make("li", {}, make("b", {}, title), make("p", {}, what), button, details));
    }
  }

  function setUp(key) {
    const panel = find(SET_UP[key]());
    panel.scrollIntoView({ block: "start" });
    panel.querySelector("h2").focus({ preventScroll: true });
  }

  // ------------------------------------------------------------------------------ all together

  function showAll() {
    latent.show();
    image.show();
    map.show();
    lines.show();
    histograms.show();
  }

  tellWhatIsMissing();
  makeTasks();
  const map = explorerMap.attach(page),
    latent = explorerLatent.attach(page),
    image = explorerImage.attach(page),
    lines = explorerLines.attachLine(page),
    histograms = explorerLines.attachHistograms(page);
  const last = image.tests.rows - 1;
  lines.state.A = N.row(image.tests, Math.min(1, last)).slice();
  lines.state.B = N.row(image.tests, Math.min(4, last)).slice();
  for (const end of ["A", "B"]) {
    find(`use-${end}`).addEventListener("click", () => lines.set(end, image.state.x));
  }
  map.change({ j: Math.min(1, page.latent - 1) });
  latent.draw("z");
  showAll();

  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) showAll(); // on a phone, scrolling changes the height alone
    width = innerWidth;
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showAll);
  document.body.dataset.state = "ready";
  return { page, latent, image, map, lines, histograms };
})();
