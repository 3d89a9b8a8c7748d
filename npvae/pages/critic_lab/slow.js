/* The slow motion: what each stage of an update computes, by which equation, from which numbers. */
const labSlow = (() => {
  "use strict";
  const { format } = labCanvas,
    { BATCH, ORDER } = criticUpdate;
  const FIRST = 4; // numbers of a row written out beside its picture

  const rowOf = (x, row) =>
    x.data ? x.data.subarray(row * x.cols, (row + 1) * x.cols) : x.subarray(row, row + 1);
  const shapeOf = (x) => (x.data ? `(${x.rows}, ${x.cols})` : `(${x.length},)`);
  const rms = (x) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);

  /* One line of a stage's table: name, array, and the row of it that is shown. */
  const entry = (name, x, row) => ({
    name,
    shape: shapeOf(x),
    values: rowOf(x, row),
    rms: rms(x.data ?? x),
  });

  /* Each stage: npvae's function, its equations, a sentence, and its arrays for a row of the batch
   * (for the parameters, which belong to no row, their first numbers). */
  const STAGES = {
    mixed: {
      by: "mix",
      file: "models/steps.py",
      equations: ({ bug }) =>
        bug === "alpha"
          ? ["mixed = z + α (prior − z)     bug: an α for each dimension, (64, 2)"]
          : ["mixed = z + α (prior − z)     one α in [0, 1) for each row, (64,)"],
      text:
        "Each code is paired with a random prior point. The mixed point lies between the " +
        "two; there the slope will be measured.",
      arrays: (u, row) => [
        entry("z of the codes", u.codes.z, row),
        entry("z of the prior", u.prior.z, row),
        entry("mixed", u.mixed.z, row),
      ],
    },
    score: {
      by: "score_forward",
      file: "models/critic.py",
      equations: () => [
        "h1 = relu(z W1 + b1)     (192, 2) (2, 32) → (192, 32)",
        "h2 = relu(h1 W2 + b2)     (192, 32) (32, 32) → (192, 32)",
        "units = h2 W3 + b3,   score = mean of the units     (192, 32) (32, 1) → (192,)",
      ],
      text:
        "Codes, prior points and mixed points go through the critic together, as 3 · 64 = " +
        "192 rows. The estimate is the mean score of the prior points minus that of the codes.",
      arrays: (u, row) => [
        entry("h1, mixed row", u.mixed.h1, row),
        entry("h2, mixed row", u.mixed.h2, row),
        entry("score of the codes", u.codes.score, row),
        entry("score of the prior", u.prior.score, row),
        entry("score of the mixed", u.mixed.score, row),
        entry("estimate", Float64Array.of(u.estimate), 0),
      ],
    },
    da2: {
      by: "score_backward_hidden",
      file: "models/critic.py",
      equations: ({ bug }) => [
        "forward:   units = relu(a2) W3 + b3,   score = mean of the units",
        "backward:  da2 = (dunits W3ᵀ) [h2 > 0]     (192, 1) (1, 32) → (192, 32)",
        "dscore = 1/64 for codes, −1/64 for prior rows,",
        bug === "sum" ? "10 for mixed rows (bug: ten units' sum)" : "1 for mixed rows",
      ],
      text:
        "The first backward pass begins. [h2 > 0] is 1 where the unit is open and 0 where " +
        "relu has closed it.",
      arrays: (u, row) => [
        entry("dscore, mixed", u.mixed.dscore, row),
        entry("da2, code row", u.codes.da2, row),
        entry("da2, mixed row", u.mixed.da2, row),
      ],
    },
    da1: {
      by: "score_backward_hidden",
      file: "models/critic.py",
      equations: () => [
        "forward:   a2 = relu(a1) W2 + b2",
        "backward:  da1 = (da2 W2ᵀ) [h1 > 0]     (192, 32) (32, 32) → (192, 32)",
      ],
      text: "The same step, one layer further down.",
      arrays: (u, row) => [
        entry("da1, code row", u.codes.da1, row),
        entry("da1, mixed row", u.mixed.da1, row),
      ],
    },
    dz: {
      by: "score_backward_input",
      file: "models/critic.py",
      equations: () => [
        "forward:   a1 = z W1 + b1",
        "backward:  dz = da1 W1ᵀ     (64, 32) (32, 2) → (64, 2)",
      ],
      text:
        "For the mixed rows dscore was 1, so dz is the score's own gradient: the thick " +
        "arrow in the picture.",
      arrays: (u, row) => [entry("dz", u.mixed.dz, row)],
    },
    norm: {
      by: "penalty_forward",
      file: "models/penalty.py",
      equations: ({ bug, oneSided }) => [
        bug === "batch"
          ? "norm = |dz| over the whole batch     bug: (64, 2) → one number"
          : "norm = |dz| of each row     (64, 2) → (64,)",
        `penalty = mean of ${oneSided ? "max(0, norm − 1)²" : "(norm − 1)²"}`,
      ],
      text: "The penalty measures how far the slopes at the mixed points are from 1.",
      arrays: (u, row) => [
        entry("norm", u.norm, row),
        entry("penalty", Float64Array.of(u.penalty), 0),
      ],
    },
    ddz: {
      by: "norm_backward",
      file: "models/penalty.py",
      equations: ({ bug, oneSided, weight, clip }) => {
        const excess = oneSided ? "max(0, norm − 1)" : "(norm − 1)";
        const used = clip ? "0 (clipping instead)" : weight;
        return [
          "forward:   norm = |dz|",
          `backward:  ddz = weight · 2${bug === "batch" ? "" : "/64"} ${excess} dz / norm     ` +
            `weight = ${used}`,
        ];
      },
      text: "The second backward pass begins: how the penalty changes with dz.",
      arrays: (u, row) => [entry("ddz", u.second.ddz, row)],
    },
    dda1: {
      by: "penalty_backward",
      file: "models/penalty.py",
      equations: () => [
        "forward:   dz = da1 W1ᵀ",
        "backward:  dda1 = (ddz W1) [h1 > 0]     (64, 2) (2, 32) → (64, 32)",
      ],
      text:
        "The first backward pass is walked again, from its end to its start. The gates " +
        "[h1 > 0] are the same.",
      arrays: (u, row) => [entry("dda1", u.second.dda1, row)],
    },
    dda2: {
      by: "penalty_backward",
      file: "models/penalty.py",
      equations: () => [
        "forward:   da1 = (da2 W2ᵀ) [h1 > 0]",
        "backward:  dda2 = (dda1 W2) [h2 > 0]     (64, 32) (32, 32) → (64, 32)",
      ],
      text:
        "One link further. relu″ is 0 almost everywhere, so nothing flows through the " +
        "gates themselves.",
      arrays: (u, row) => [entry("dda2", u.second.dda2, row)],
    },
    dW: {
      parameters: true,
      by: "score_backward_weights, score_backward_biases",
      file: "models/critic.py",
      equations: () => [
        "dW1 = zᵀ da1 + ddzᵀ da1     (2, 192) (192, 32) → (2, 32)",
        "dW2 = h1ᵀ da2 + dda1ᵀ da2     (32, 192) (192, 32) → (32, 32)",
        "dW3 = h2ᵀ dunits + dda2ᵀ dunits     (32, 192) (192, 1) → (32, 1)",
      ],
      text:
        "In each sum the first product is over the 128 rows of codes and prior points, " +
        "the second over the 64 mixed rows. The penalty has no gradient for a bias.",
      arrays: (u) => [
        entry("dW1, first row", u.critic.dw.W1, 0),
        entry("dW2, first row", u.critic.dw.W2, 0),
        entry("dW3, first row", u.critic.dw.W3, 0),
        entry("db1", asRow(u.critic.dw.b1), 0),
        entry("db2", asRow(u.critic.dw.b2), 0),
      ],
    },
    Adam: {
      parameters: true,
      by: "adam_update",
      file: "nn/adam.py",
      equations: ({ clip, lr }) => [
        "m = 0.9 m + 0.1 g,   v = 0.999 v + 0.001 g²",
        `θ = θ − lr · m̂ / (√v̂ + 1e-8)     lr = ${lr}`,
        ...(clip ? [`then every θ back into [−${clip}, ${clip}]`] : []),
      ],
      text:
        "m̂ and v̂ are m and v divided by 1 − 0.9ᵗ and 1 − 0.999ᵗ. The update is done: " +
        "1,185 parameters have moved, each by about lr or less.",
      arrays: (u) => [
        entry("W1, first row", u.critic.w.W1, 0),
        entry("g of it", u.critic.dw.W1, 0),
        entry("m of it", asRow(u.critic.m.subarray(0, 32)), 0),
        entry("v of it", asRow(u.critic.v.subarray(0, 32)), 0),
      ],
    },
  };
  const asRow = (data) => ({ rows: 1, cols: data.length, data });

  // ------------------------------------------------------------------------------------ drawing

  function element(tag, text = "", className = "") {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  /* A row of numbers as bars above and below a line. */
  function bars(values) {
    const NS = "http://www.w3.org/2000/svg",
      width = 5,
      height = 36;
    const svg = document.createElementNS(NS, "svg");
    const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
    const set = (node, attributes) =>
      Object.entries(attributes).forEach(([k, v]) => node.setAttribute(k, v));
    set(svg, { width: width * values.length, height, "aria-hidden": "true" });
    values.forEach((value, n) => {
      const bar = document.createElementNS(NS, "rect"),
        size = (Math.abs(value) / most) * (height / 2 - 1);
      const y = value > 0 ? height / 2 - size : height / 2;
      set(bar, {
        x: width * n + 0.5,
        y,
        width: width - 1,
        height: size,
        class: value > 0 ? "up" : "down",
      });
      svg.append(bar);
    });
    const axis = document.createElementNS(NS, "line");
    set(axis, { x1: 0, x2: width * values.length, y1: height / 2, y2: height / 2 });
    svg.append(axis);
    return svg;
  }

  function tableRow({ name, shape, values, rms }) {
    const row = element("tr"),
      numbers = element("td", "", "numbers"),
      picture = element("td", "", "bars");
    const rest = values.length > FIRST ? ", …" : "";
    numbers.textContent =
      Array.from(values.subarray(0, FIRST), (x) => format(x, 4)).join(", ") + rest;
    if (values.length > 2) picture.append(bars(values));
    const head = element("th", name);
    head.scope = "row";
    row.append(
      head,
      element("td", shape, "numbers"),
      numbers,
      picture,
      element("td", format(rms, 4), "numbers"),
    );
    return row;
  }

  /* The list of stages; `go` is called with the name of the one that is chosen. */
  function makeList(list, go) {
    ORDER.forEach((name) => {
      const button = element("button", name);
      button.type = "button";
      button.dataset.stage = name;
      button.addEventListener("click", () => go(name));
      const item = element("li");
      item.append(button);
      list.append(item);
    });
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
    const title = element("h3", `${ORDER.indexOf(at) + 1} of ${ORDER.length}: ${at}`);
    const by = element("p", "npvae: ", "by");
    by.append(element("code", stage.by), ` in npvae/${stage.file}`);
    const equations = element("pre", stage.equations(lab.u.options).join("\n"));
    const first = stage.parameters ? "first numbers" : `numbers of row ${row}`;
    const table = element("table"),
      head = element("tr"),
      body = element("tbody");
    for (const text of ["array", "shape", first, "", "rms of all"])
      head.append(element("th", text));
    stage.arrays(lab.u, Number(row) % BATCH).forEach((item) => body.append(tableRow(item)));
    table.append(head, body);
    const scroller = element("div", "", "scroller");
    scroller.tabIndex = 0;
    scroller.append(table);
    card.replaceChildren(title, by, equations, element("p", stage.text), scroller);
  }

  return { makeList, show };
})();
