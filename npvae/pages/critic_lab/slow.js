/* The slow motion: what each stage of an update computes, by which equation, from which numbers. */
const labSlow = (() => {
  "use strict";
  const { make, format } = npvaePictures, { BATCH, ORDER } = criticUpdate;
  const FIRST = 4; // numbers of a row written out beside its picture

  const rowOf = (x, row) =>
    x.data ? x.data.subarray(row * x.cols, (row + 1) * x.cols) : x.subarray(row, row + 1);
  const shapeOf = (x) => (x.data ? `(${x.rows}, ${x.cols})` : `(${x.length},)`);
  const rms = (x) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
  const asRow = (data) => ({ rows: 1, cols: data.length, data });
  const firstRow = (flat) => asRow(flat.subarray(0, 32)); // of W1, which comes first

  /* Each stage: npvae's function, its equations, a sentence, and its arrays [name, array, row] for
   * a row of the batch (for the parameters, which belong to no row, their first numbers). */
  const STAGES = {
    mixed: {
      by: "mix", file: "models/steps.py",
      equations: ({ bug }) => [
        bug === "alpha"
          ? "mixed = z + α (prior − z)     bug: an α for each dimension, (64, 2)"
          : "mixed = z + α (prior − z)     one α in [0, 1) for each row, (64,)",
      ],
      text:
        "Each code is paired with a random prior point. The mixed point lies between the " +
        "two; there the slope will be measured.",
      arrays: (u, row) => [
        ["z of the codes", u.codes.z, row], ["z of the prior", u.prior.z, row],
        ["mixed", u.mixed.z, row],
      ],
    },
    score: {
      by: "score_forward", file: "models/critic.py",
      equations: ({ classifier }) => [
        "h1 = relu(z W1 + b1)     (192, 2) (2, 32) → (192, 32)",
        "h2 = relu(h1 W2 + b2)     (192, 32) (32, 32) → (192, 32)",
        "units = h2 W3 + b3,   score = mean of the units     (192, 32) (32, 1) → (192,)",
        ...(classifier ? ["D = 1 / (1 + e^−score),   estimate = log 2 − loss / 2"] : []),
      ],
      text:
        "Codes, prior points and mixed points go through the critic together, as 3 · 64 = " +
        "192 rows. A critic's estimate is the mean score of the prior points minus the codes'.",
      arrays: (u, row) => [
        ["h1, mixed row", u.mixed.h1, row], ["h2, mixed row", u.mixed.h2, row],
        ["score of the codes", u.codes.score, row], ["score of the prior", u.prior.score, row],
        ["score of the mixed", u.mixed.score, row], ["estimate", Float64Array.of(u.estimate), 0],
      ],
    },
    da2: {
      by: "score_backward_hidden", file: "models/critic.py",
      equations: ({ bug, classifier }) => [
        "forward:   units = relu(a2) W3 + b3,   score = mean of the units",
        "backward:  da2 = (dunits W3ᵀ) [h2 > 0]     (192, 1) (1, 32) → (192, 32)",
        classifier
          ? "dscore = D/64 for codes, −(1 − D)/64 for prior rows,"
          : "dscore = 1/64 for codes, −1/64 for prior rows,",
        bug === "sum" ? "10 for mixed rows (bug: ten units' sum)" : "1 for mixed rows",
      ],
      text:
        "The first backward pass begins. [h2 > 0] is 1 where the unit is open and 0 where " +
        "relu has closed it.",
      arrays: (u, row) => [
        ["dscore, code", u.codes.dscore, row], ["dscore, mixed", u.mixed.dscore, row],
        ["da2, code row", u.codes.da2, row], ["da2, mixed row", u.mixed.da2, row],
      ],
    },
    da1: {
      by: "score_backward_hidden", file: "models/critic.py",
      equations: () => [
        "forward:   a2 = relu(a1) W2 + b2",
        "backward:  da1 = (da2 W2ᵀ) [h1 > 0]     (192, 32) (32, 32) → (192, 32)",
      ],
      text: "The same step, one layer further down.",
      arrays: (u, row) => [
        ["da1, code row", u.codes.da1, row], ["da1, mixed row", u.mixed.da1, row],
      ],
    },
    dz: {
      by: "score_backward_input", file: "models/critic.py",
      equations: () => [
        "forward:   a1 = z W1 + b1",
        "backward:  dz = da1 W1ᵀ     (64, 32) (32, 2) → (64, 2)",
      ],
      text:
        "For the mixed rows dscore was 1, so dz is the score's own gradient: the thick " +
        "arrow in the picture.",
      arrays: (u, row) => [["dz", u.mixed.dz, row]],
    },
    norm: {
      by: "penalty_forward", file: "models/penalty.py",
      equations: ({ bug, oneSided }) => [
        bug === "batch"
          ? "norm = |dz| over the whole batch     bug: (64, 2) → one number"
          : "norm = |dz| of each row     (64, 2) → (64,)",
        `penalty = mean of ${oneSided ? "max(0, norm − 1)²" : "(norm − 1)²"}`,
      ],
      text: "The penalty measures how far the slopes at the mixed points are from 1.",
      arrays: (u, row) => [["norm", u.norm, row], ["penalty", Float64Array.of(u.penalty), 0]],
    },
    ddz: {
      by: "norm_backward", file: "models/penalty.py",
      equations: ({ bug, oneSided, weight, clip }) => {
        const excess = oneSided ? "max(0, norm − 1)" : "(norm − 1)";
        const share = bug === "batch" ? "" : "/64", used = clip ? "0 (clipping instead)" : weight;
        return [
          "forward:   norm = |dz|",
          `backward:  ddz = weight · 2${share} ${excess} dz / norm     weight = ${used}`,
        ];
      },
      text: "The second backward pass begins: how the penalty changes with dz.",
      arrays: (u, row) => [["ddz", u.second.ddz, row]],
    },
    dda1: {
      by: "penalty_backward", file: "models/penalty.py",
      equations: () => [
        "forward:   dz = da1 W1ᵀ",
        "backward:  dda1 = (ddz W1) [h1 > 0]     (64, 2) (2, 32) → (64, 32)",
      ],
      text:
        "The first backward pass is walked again, from its end to its start. The gates " +
        "[h1 > 0] are the same.",
      arrays: (u, row) => [["dda1", u.second.dda1, row]],
    },
    dda2: {
      by: "penalty_backward", file: "models/penalty.py",
      equations: () => [
        "forward:   da1 = (da2 W2ᵀ) [h1 > 0]",
        "backward:  dda2 = (dda1 W2) [h2 > 0]     (64, 32) (32, 32) → (64, 32)",
      ],
      text:
        "One link further. relu″ is 0 almost everywhere, so nothing flows through the " +
        "gates themselves.",
      arrays: (u, row) => [["dda2", u.second.dda2, row]],
    },
    dW: {
      parameters: true,
      by: "score_backward_weights, score_backward_biases", file: "models/critic.py",
      equations: () => [
        "of the scores, over 128 rows:     dW1s = zᵀ da1,   dW2s = h1ᵀ da2,   dW3s = h2ᵀ dunits",
        "dW1 = dW1s + ddzᵀ da1     (2, 32) + (2, 64) (64, 32) → (2, 32)",
        "dW2 = dW2s + dda1ᵀ da2     (32, 32) + (32, 64) (64, 32) → (32, 32)",
        "dW3 = dW3s + dda2ᵀ dunits     (32, 1) + (32, 64) (64, 1) → (32, 1)",
      ],
      text:
        "dW1s, dW2s, dW3s come from the codes and prior points. The products added to them are " +
        "over the 64 mixed rows. The penalty has no gradient for a bias.",
      arrays: (u) => [
        ["dW1s, first row", u.ofScores.dw.W1, 0], ["dW1, first row", u.critic.dw.W1, 0],
        ["dW2s, first row", u.ofScores.dw.W2, 0], ["dW2, first row", u.critic.dw.W2, 0],
        ["dW3, first row", u.critic.dw.W3, 0], ["db1", asRow(u.critic.dw.b1), 0],
        ["db2", asRow(u.critic.dw.b2), 0],
      ],
    },
    Adam: {
      parameters: true, by: "adam_update", file: "nn/adam.py",
      equations: ({ clip, lr }) => [
        "m′ = 0.9 m + 0.1 g,   v′ = 0.999 v + 0.001 g²",
        `θ′ = θ − lr · m̂ / (√v̂ + 1e-8)     lr = ${lr}`,
        ...(clip ? [`then every θ′ back into [−${clip}, ${clip}]`] : []),
      ],
      text:
        "m̂ and v̂ are m′ and v′ divided by 1 − 0.9ᵗ and 1 − 0.999ᵗ. The update is done: " +
        "θ′, m′ and v′ take the places of θ, m and v. 1,185 parameters have moved, each by about " +
        "lr or less.",
      arrays: (u) => [
        ["g: dW1, first row", firstRow(u.critic.dtheta), 0],
        ["θ: W1 before", firstRow(u.before.theta), 0],
        ["θ′: W1 after", firstRow(u.critic.theta), 0],
        ["m", firstRow(u.before.m), 0], ["m′", firstRow(u.critic.m), 0],
        ["v", firstRow(u.before.v), 0], ["v′", firstRow(u.critic.v), 0],
      ],
    },
  };

  // ------------------------------------------------------------------------------------ drawing

  /* A row of numbers as bars above and below a line. */
  function bars(values) {
    const width = 5, height = 36, middle = height / 2;
    const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
    const shape = (tag, attributes) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      return node;
    };
    const svg = shape("svg", { width: width * values.length, height, "aria-hidden": "true" });
    values.forEach((value, n) => {
      const size = (Math.abs(value) / most) * (middle - 1), up = value > 0;
      const box = { x: width * n + 0.5, y: up ? middle - size : middle, width: width - 1 };
      svg.append(shape("rect", { ...box, height: size, class: up ? "up" : "down" }));
    });
    svg.append(shape("line", { x1: 0, x2: width * values.length, y1: middle, y2: middle }));
    return svg;
  }

  function tableRow([name, x, row]) {
    const values = rowOf(x, row), rest = values.length > FIRST ? ", …" : "";
    const written = Array.from(values.subarray(0, FIRST), (value) => format(value, 4)).join(", ");
    const told = (text) => make("td", { className: "numbers" }, text);
    const picture = make("td", { className: "bars" }, ...(values.length > 2 ? [bars(values)] : []));
    const head = make("th", { scope: "row" }, name), size = format(rms(x.data ?? x), 4);
    return make("tr", {}, head, told(shapeOf(x)), told(written + rest), picture, told(size));
  }

  /* The list of stages; `go` is called with the name of the one that is chosen. */
  function makeList(list, go) {
    const buttons = ORDER.map((name) => {
      const button = make("button", { type: "button" }, name);
      button.dataset.stage = name;
      button.addEventListener("click", () => go(name));
      return button;
    });
    list.append(...buttons.map((button) => make("li", {}, button)));
    npvaePictures.oneStop(list, buttons);
  }

  function show(card, list, lab) {
    const { at, row } = lab.view;
    for (const button of list.querySelectorAll("button")) {
      if (button.dataset.stage === at) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    }
    card.hidden = !at;
    if (!at) return;
    const stage = STAGES[at];
    const title = make("h3", {}, `${ORDER.indexOf(at) + 1} of ${ORDER.length}: ${at}`);
    const by = make("p", { className: "by" }, "npvae: ", make("code", {}, stage.by));
    by.append(` in npvae/${stage.file}`);
    const equations = make("pre", {}, stage.equations(lab.u.options).join("\n"));
    const first = stage.parameters ? "first numbers" : `numbers of row ${row}`;
    const heads = ["array", "shape", first, "picture", "rms of all"];
    const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)));
    const rows = stage.arrays(lab.u, Number(row) % BATCH).map(tableRow);
    const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
    const scroller = make("div", { className: "scroller", tabIndex: 0, role: "group" }, table);
    scroller.setAttribute("aria-label", "Numbers of the stage");
    card.replaceChildren(title, by, equations, make("p", {}, stage.text), scroller);
  }

  return { makeList, show };
})();
