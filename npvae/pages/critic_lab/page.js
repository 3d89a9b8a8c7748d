/* The page: buttons, switches and numbers, bound to the experiment. */
const criticLab = (() => {
  "use strict";
  const { format } = labCanvas;
  const FRAME = 8; // milliseconds of updates in one frame of "play"
  const REPLAY = 30; // the same, while an address is being done again
  const find = (id) => document.getElementById(id);
  const plane = find("plane"),
    curves = find("curves");
  let lab = null,
    playing = false,
    drawing = false,
    addressTime = 0,
    address = null;

  // ------------------------------------------------------------------------------------ drawing

  function redraw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      draw();
    });
  }

  function draw() {
    const colours = labCanvas.colours(),
      measured = labModel.measure(lab),
      grid = labModel.measureGrid(lab);
    const scene = { ...lab, measured, grid, chosen: tools.chosen, cursor: tools.cursor };
    const { range, spacing } = labPlane.draw(plane, scene, colours);
    const now = { t: lab.u.t, estimate: measured.estimate, w1: measured.w1 };
    labCurves.draw(curves, { history: lab.history, steepest: lab.steepest, now }, colours);
    labSlow.show(find("stage"), find("stages"), lab);
    showNumbers(measured, grid);
    const what = lab.view.back === "slope" ? "Slope" : "Score";
    find("legend-low").textContent = format(range[0], 2);
    find("legend-high").textContent = format(range[1], 2);
    find("legend-lines").textContent =
      `${what}; lines of equal ${what.toLowerCase()}, ${format(spacing, 2)} apart`;
  }

  function showNumbers({ estimate, w1, cosine }, { largest }) {
    const last = lab.history.at(-1),
      set = (id, text) => {
        find(id).textContent = text;
      };
    set("updates", lab.u.t.toLocaleString("en"));
    set("estimate", format(estimate));
    set("w1", format(w1));
    set("slope", last ? format(last.slope) : "–");
    set("largest", format(largest));
    set("penalty", last ? format(last.penalty, 4) : "–");
    set("cosine", format(cosine));
    if (!playing) set("verdict", labWords.verdict(lab, estimate, w1));
    set("status", statusText());
  }

  function statusText() {
    const left = lab.todo.reduce((sum, { key, value }) => sum + (key === "u" ? value : 0), 0);
    if (left)
      return `Doing again what the address tells: ${left.toLocaleString("en")} updates left.`;
    if (lab.unknown.length)
      return `Not understood in the address, and left out: ${lab.unknown.join(", ").slice(0, 200)}`;
    return "";
  }

  // -------------------------------------------------------------------------------- the address

  function showAddress() {
    if (lab.todo.length) return;
    const { start, diary, view } = lab;
    address = labState.write({ start, diary, view });
    addressTime = performance.now();
    find("link").href = address;
    history.replaceState(null, "", address);
  }

  function openAddress() {
    setPlaying(false);
    lab = labModel.open(location.hash);
    replay();
  }

  function replay() {
    const left = labModel.replay(lab, REPLAY),
      mine = lab;
    document.body.dataset.state = left ? "replaying" : "ready";
    if (left) setTimeout(() => mine === lab && replay());
    showSwitches();
    showAddress();
    draw();
  }

  // --------------------------------------------------------------------------- what can be done

  /* Do something to the experiment, then show it. Nothing is done during a replay. */
  function act(what) {
    if (lab.todo.length) return;
    what();
    showSwitches();
    showAddress();
    redraw();
  }

  function setPlaying(on) {
    playing = on;
    find("play").textContent = on ? "Pause" : "Play";
    find("play").setAttribute("aria-pressed", String(on));
    if (on) requestAnimationFrame(frame);
  }

  function frame() {
    if (!playing) return;
    const end = performance.now() + FRAME;
    while (!tools.drag && performance.now() < end) labModel.update(lab);
    draw();
    if (performance.now() - addressTime > 1000) showAddress(); // few are allowed
    requestAnimationFrame(frame);
  }

  function update(times) {
    for (let n = 0; n < times; n++) labModel.update(lab);
  }

  function startOver(seed) {
    setPlaying(false);
    lab.unknown = [];
    labModel.startOver(lab, seed);
  }

  const BUTTONS = {
    one: () => update(1),
    ten: () => update(10),
    move: () => labModel.move(lab),
    "start-over": () => startOver(),
    "new-seed": () => startOver(String((Number(lab.settings.seed) + 1) % 1e6)),
    "slow-next": () => labModel.slowStep(lab),
    "slow-finish": () => labModel.finishSlow(lab),
  };

  // ------------------------------------------------------------------------------- the switches

  const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value;

  function choose(name, value) {
    for (const input of document.querySelectorAll(`input[name="${name}"]`))
      input.checked = input.value === value;
  }

  function showSwitches() {
    for (const key of Object.keys(labState.CHOICES)) choose(key, lab.settings[key]);
    for (const which of ["codes", "prior"]) {
      const value = lab.settings[which];
      find(which).value = value.startsWith("~") ? "drawn" : value;
    }
    find("seed").textContent = lab.settings.seed;
    choose("back", lab.view.back);
    for (const box of document.querySelectorAll('input[name="show"]'))
      box.checked = lab.view.show.includes(box.value);
    find("slow-row").value = lab.view.row;
    find("slow-row-now").textContent = lab.view.row;
    find("slow-finish").disabled = !lab.view.at || lab.view.at === "Adam";
    find("slow-next").textContent =
      lab.view.at && lab.view.at !== "Adam" ? "Next stage" : "Begin an update";
  }

  function listen() {
    for (const [id, what] of Object.entries(BUTTONS))
      find(id).addEventListener("click", () => act(what));
    find("play").addEventListener("click", () => {
      if (lab.todo.length) return;
      setPlaying(!playing);
      if (!playing) act(() => {});
    });
    for (const key of Object.keys(labState.CHOICES)) {
      for (const input of document.querySelectorAll(`input[name="${key}"]`)) {
        input.addEventListener("change", () => act(() => labModel.change(lab, key, input.value)));
      }
    }
    for (const which of ["codes", "prior"]) {
      find(which).addEventListener("change", (event) =>
        act(() => labModel.change(lab, which, event.target.value)),
      );
    }
    for (const input of document.querySelectorAll('input[name="back"]')) {
      input.addEventListener("change", () =>
        act(() => {
          lab.view.back = input.value;
        }),
      );
    }
    for (const box of document.querySelectorAll('input[name="show"]')) {
      box.addEventListener("change", () =>
        act(() => {
          lab.view.show = Array.from(
            document.querySelectorAll('input[name="show"]:checked'),
            (b) => b.value,
          ).join("");
        }),
      );
    }
    find("slow-row").addEventListener("input", (event) =>
      act(() => {
        lab.view.row = event.target.value;
      }),
    );
    labSlow.makeList(find("stages"), (name) => act(() => labModel.slowTo(lab, name)));
    window.addEventListener("hashchange", () => {
      if (location.hash !== address) openAddress();
    });
    window.addEventListener("resize", redraw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  }

  const tools = labTools.attach(plane, {
    lab: () => lab,
    busy: () => lab.todo.length > 0,
    tool: () => chosen("tool"),
    which: () => chosen("which"),
    chooseCloud: (which) => choose("which", which),
    changing: () => labModel.finishSlow(lab),
    changed: (which) =>
      act(() => labModel.change(lab, which, labState.encodeCloud(lab.points[which]))),
    redraw,
  });
  listen();
  openAddress();

  return { state: () => lab };
})();
