/* The parts of the page that are made by script, and the numbers written into them. */
const labPanels = (() => {
  "use strict";
  const { find, make, oneStop } = npvaePictures, F = labForces;
  /* NO_SIGMA stands for 0; the autoencoder has no regulariser. */
  function format(x) {
    if (Number.isNaN(x)) return "none";
    return Math.abs(x) < 2 * labSteps.NO_SIGMA ? "0" : npvaePictures.format(x);
  }
  const SIDES = ["left", "right"], TITLES = { left: "Left", right: "Right" };
  const panelOf = (side) => document.querySelector(`.model[data-side=${side}]`);

  const NAMES = { KL: "KL divergence", WS: "Wasserstein, critic", SW: "Wasserstein, sliced", AE: "none (autoencoder)" };
  /* What stands in the heading, its place in the course's glossary, and the sign in the loss. */
  const TERMS = {
    KL: ["KL divergence", "kl-divergence", "KL"],
    WS: ["Wasserstein distance", "wasserstein-distance", "W₁"],
    SW: ["sliced distance", "sliced-distance", "SW"],
    AE: ["no regulariser", "regulariser", ""],
  };
  const ABOUT = {
    KL: "A spring pulls each code, harder from farther out. It pushes the noise σ up to 1; clear copies push it down.",
    WS: "A critic follows all codes together, so its pull swings. It is about as strong anywhere, and asks for no noise.",
    SW: "Codes and prior are compared along random lines. It pulls like a critic, but needs none.",
    AE: "Nothing holds the codes, and there is no noise: z = μ.",
  };
  const UNUSED = "With the weight 0 the regulariser does not pull.";
  const TEXTS = {
    sigma: { learned: "learned", 0: "held at 0", 0.1: "held at 0.1", 0.3: "held at 0.3", 1: "held at 1" },
    seeds: { same: "the same", other: "another" },
    left: NAMES, right: NAMES,
  };
  const STRIPS = {
    originals: "images", "at-mu": "redrawn from the middle μ", "at-z": "redrawn from a random spot z",
    samples: "new: from the prior",
    unrolled: "what the decoder draws at each place, from −2.5 to 2.5",
  };
  const NUMBERS = { bce: "BCE: error of copies", sigma: "noise σ", width: "width of all codes (goal: 1)" };

  /* Fill what the template leaves empty. Calls pick(digit), and ask(number) with a task's. */
  function build({ pick, ask, images }) {
    for (const select of document.querySelectorAll("select[data-key]")) {
      const key = select.dataset.key;
      const values = key.startsWith("weight")
        ? labState.CHOICES[key].toSorted((a, b) => a - b) : labState.CHOICES[key];
      for (const value of values) {
        select.append(make("option", { value }, TEXTS[key]?.[value] ?? value));
      }
    }
    for (const side of SIDES) {
      const strips = panelOf(side).querySelector(".strips");
      for (const [name, label] of Object.entries(STRIPS)) {
        const about = { class: name, role: "img", "aria-label": `${TITLES[side]}: ${label}` };
        strips.append(make("figure", { class: name }, make("figcaption", {}, label), make("canvas", about)));
      }
      const numbers = panelOf(side).querySelector(".numbers");
      for (const [name, label] of Object.entries(NUMBERS)) {
        numbers.append(make("div", {}, make("dt", {}, label), make("dd", { "data-number": name })));
      }
    }
    for (let kind = 0; kind < 10; kind++) {
      const about = { type: "button", "data-kind": kind, "aria-label": `Follow a ${kind}` };
      const button = make("button", about, make("canvas", { "aria-hidden": "true" }));
      button.addEventListener("click", () => pick(kind));
      find("picker").append(button);
    }
    oneStop(find("picker"), [...find("picker").children]);
    labTasks.TASKS.forEach(({ title }, n) => {
      const button = make("button", { type: "button" }, title);
      button.addEventListener("click", () => ask(n + 1));
      find("tasks").querySelector("ol").append(make("li", {}, button));
    });
  }

  const imageOf = (images, n) =>
    images.data.subarray(n * labSteps.PIXELS, (n + 1) * labSteps.PIXELS);

  /* Which digit is followed: its class's button shows it. */
  function showPicker(digit, images) {
    for (const button of find("picker").children) {
      const chosen = Number(button.dataset.kind) === digit % 10;
      const n = chosen ? digit : Number(button.dataset.kind);
      labPictures.show(button.firstChild, imageOf(images, n), 1);
      button.setAttribute("aria-pressed", String(chosen));
    }
    labPictures.show(find("follow-original"), imageOf(images, digit), 1);
  }

  function showSettings(settings, view) {
    for (const select of document.querySelectorAll("select[data-key]")) {
      select.value = settings[select.dataset.key];
    }
    find("speed").value = view.speed;
    find("seed").textContent = settings.seed;
    for (const box of document.querySelectorAll('input[name="show"]')) {
      box.checked = view.show.includes(box.value);
    }
    for (const side of SIDES) {
      const kind = settings[side], [term, place, sign] = TERMS[kind], panel = panelOf(side);
      const weight = settings[side === "left" ? "weightLeft" : "weightRight"];
      const link = panel.querySelector("h2 a");
      link.textContent = term;
      link.href = `../course/README.md#${place}`;
      panel.querySelector(".times").textContent = sign && `weight ${weight}`;
      panel.querySelector(".about").textContent = sign && weight === "0" ? UNUSED : ABOUT[kind];
      panel.querySelector(".loss").textContent = `Loss: BCE${sign && ` + ${weight} · ${sign}`}`;
      panel.querySelector("[data-key^=weight]").disabled = kind === "AE";
    }
  }

  /* The numbers of the present, and in words for those who do not see the planes. */
  function showNumbers(present, facts) {
    const read = labCurves.read(present.sides);
    for (const name of labCurves.NAMES) {
      const [left, right] = read[name].map(format);
      document.querySelector(`span[data-chart=${name}]`).textContent = `${left} | ${right}`;
      document.querySelector(`canvas[data-chart=${name}]`)
        .setAttribute("aria-label", `Curves of ${name}: now left ${left}, right ${right}`);
    }
    SIDES.forEach((side, k) => {
      const panel = panelOf(side), of = facts[side];
      for (const name of Object.keys(NUMBERS)) {
        panel.querySelector(`[data-number=${name}]`).textContent = format(of[name]);
      }
      panel.querySelector(".plane").setAttribute("aria-label",
        `The latent plane of the ${side} model: posteriors with mean sigma ${format(of.sigma)}, ` +
        `all codes ${format(of.width)} wide, the prior 1`);
    });
  }

  const pair = (x) => x.map(format).join("; ");

  function showFollowed(copies, digit, ruler, images) {
    copies.forEach((copy, k) => {
      const cells = find("follow-numbers").rows[k + 1].querySelectorAll("td");
      const [pull] = F.pulls(copy, [digit], ruler), [wish] = F.wishes(copy, [digit], images);
      [F.muOf(copy, digit), F.sigmaOf(copy, digit), pull, wish].forEach((value, n) => {
        cells[n].textContent = pair(value);
      });
    });
  }

  return { SIDES, panelOf, build, showPicker, showSettings, showNumbers, showFollowed };
})();
