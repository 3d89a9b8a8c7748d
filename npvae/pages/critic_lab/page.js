/* The page: buttons, switches and numbers, bound to the experiment. */
const criticLab = (() => {
  "use strict";
  const { find, format } = npvaePictures;
  const FRAME = 8; // milliseconds of updates in one frame of "play"
  const REPLAY = 30; // the same, while an address is being done again
  const OFTEN = 500; // milliseconds between two verdicts, addresses or checkpoints during Play
  const KEY = "npvae critic_lab"; // of the checkpoint, in this tab's storage
  const plane = find("plane"), curves = find("curves");
  let lab = null, playing = false, drawing = false, address = null, told = 0, due = 0, last = 0;

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
    const measured = labModel.measure(lab), grid = labModel.measureGrid(lab);
    const classifier = labModel.isClassifier(lab), slope = lab.view.back === "slope";
    const scene = { ...lab, measured, grid, chosen: tools.chosen, cursor: tools.cursor };
    const { range, spacing } = labPlane.draw(plane, scene, classifier);
    const now = { step: lab.steps, estimate: measured.estimate, w1: measured.w1 };
    const name = classifier ? "Jensen–Shannon" : "estimate";
    labCurves.draw(curves, { ...lab.history, now, name });
    labSlow.show(find("stage"), find("stages"), lab);
    showNumbers(measured, classifier);
    const [score, steep] = classifier ? ["D", "Pull"] : ["Score", "Slope"];
    const what = slope ? steep : score;
    set("legend-low", format(range[0], 2));
    set("legend-high", format(range[1], 2));
    const lower = what === "D" ? what : what.toLowerCase();
    set("legend-lines", `${what}; lines of equal ${lower}, ${format(spacing, 2)} apart`);
  }

  /* Write only what is new: what a screen reader listens to must not speak without a reason. */
  function set(id, text) {
    if (find(id).textContent !== text) find(id).textContent = text;
  }

  function showNumbers(measured, classifier) {
    const { estimate, w1, force, cosine } = measured, { slope, penalty } = lab.latest;
    set("updates", lab.u.t.toLocaleString("en"));
    set("estimate-name", classifier ? "Jensen–Shannon, at most 0.693" : "estimate");
    set("estimate", format(estimate));
    set("w1", format(w1));
    set("force", format(force));
    set("cosine", format(cosine));
    set("slope", slope === undefined ? "–" : format(slope));
    set("penalty", penalty === undefined ? "–" : format(penalty, 4));
    const often = performance.now() - told > OFTEN;
    if (!playing || often) set("verdict", labWords.verdict(lab, measured));
    const unknown = lab.unknown.join(", ").slice(0, 200);
    const understood = unknown && `Not understood in the address, and left out: ${unknown}`;
    set("status", lab.todo.length ? "Doing again what the address tells." : understood);
  }

  // -------------------------------------------------------------------------------- the address

  function showAddress() {
    if (lab.todo.length) return;
    address = labState.write(lab);
    find("link").href = address;
    history.replaceState(null, "", address);
  }

  function openAddress() {
    setPlaying(false);
    lab = labModel.open(location.hash);
    try {
      labModel.resume(lab, sessionStorage.getItem(KEY) ?? "null");
    } catch {} // no storage, or a checkpoint of an older page: do all of it
    find("progress").max = Math.max(1, countLeft());
    replay();
  }

  /* A reload of this address, or of one that goes on from here, begins at the checkpoint. */
  function keepCheckpoint() {
    try {
      sessionStorage.setItem(KEY, labModel.keep(lab));
    } catch {} // storage may be closed or full: then a reload does all again
  }

  const steps = { u: 1, m: 1, r: labModel.ROUND + 1 }; // of an entry of the diary
  const countLeft = () =>
    lab.todo.reduce((sum, { key, value }) => sum + (steps[key] ?? 0) * (Number(value) || 0), 0);

  function replay() {
    const often = performance.now() - told > OFTEN;
    if (often && lab.todo.length) keepCheckpoint(); // of a state from which something is left to do
    const left = labModel.replay(lab, REPLAY), mine = lab;
    showBusy(left);
    if (left) setTimeout(() => mine === lab && replay());
    showSwitches();
    showAddress();
    draw();
    if (often) told = performance.now();
  }

  /* While an address is being done again, nothing else can be done but to stop it. */
  function showBusy(busy) {
    document.body.dataset.state = busy ? "replaying" : "ready";
    find("replay").hidden = !busy;
    const { max } = find("progress"), left = countLeft();
    find("progress").value = max - left;
    set("left", `${left.toLocaleString("en")} steps left`);
    for (const control of document.querySelectorAll("main :is(button, input, select)")) {
      control.disabled = busy && control.id !== "stop";
    }
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
    set("play", on ? "Pause" : "Play");
    find("play").setAttribute("aria-pressed", String(on));
    find("verdict").ariaLive = on ? "off" : "polite";
    due = lab?.view.moves === "on" ? labModel.ROUND : 1; // the first click is answered at once
    if (on) requestAnimationFrame((now) => { last = now; frame(now); });
  }

  /* Play: as many updates or rounds as are due, or as fit into the time. */
  function frame(now) {
    if (!playing) return;
    const speed = Number(lab.view.speed), end = performance.now() + FRAME;
    const moves = lab.view.moves === "on", size = moves ? labModel.ROUND : 1;
    const often = performance.now() - told > OFTEN;
    if (often) keepCheckpoint();
    due = speed ? Math.min(due + (speed * (now - last)) / 1000, 6 * size) : Infinity;
    last = now;
    for (; !tools.drag && due >= size && performance.now() < end; due -= size) {
      if (moves) labModel.round(lab);
      else labModel.update(lab);
    }
    draw();
    if (often) {
      showAddress(); // few are allowed
      told = performance.now();
    }
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

  const inputs = (name) => [...document.querySelectorAll(`input[name="${name}"]`)];
  const chosen = (name) => inputs(name).find((input) => input.checked)?.value;
  const SWITCHES = [...Object.keys(labState.CHOICES), "back"];
  const CHANGES = { // by the control's name or id: what its value does
    back: (value) => { lab.view.back = value; },
    speed: (value) => { lab.view.speed = value; },
    "play-moves": (_, input) => { lab.view.moves = input.checked ? "on" : "off"; },
    "slow-row": (value) => { lab.view.row = value; },
    show: () => {
      lab.view.show = inputs("show").filter((box) => box.checked).map((box) => box.value).join("");
    },
  };

  function choose(name, value) {
    for (const input of inputs(name)) input.checked = input.value === value;
  }

  function showSwitches() {
    for (const key of SWITCHES) choose(key, lab.settings[key] ?? lab.view[key]);
    for (const which of ["codes", "prior"]) {
      const value = lab.settings[which];
      find(which).value = value.startsWith("~") ? "drawn" : value;
    }
    for (const box of inputs("show")) box.checked = lab.view.show.includes(box.value);
    const { at, row, speed, moves } = lab.view, between = at !== "" && at !== "Adam";
    find("seed").textContent = lab.settings.seed;
    find("speed").value = speed;
    find("play-moves").checked = moves === "on";
    find("slow-row").value = row;
    find("slow-row-now").textContent = row;
    find("slow-finish").disabled = !between || lab.todo.length > 0;
    set("slow-next", between ? "Next stage" : "Begin an update");
  }

  function listen() {
    for (const [id, what] of Object.entries(BUTTONS)) {
      find(id).addEventListener("click", () => act(what));
    }
    find("play").addEventListener("click", () => {
      if (lab.todo.length) return;
      setPlaying(!playing);
      if (!playing) act(() => {});
    });
    find("stop").addEventListener("click", () => {
      lab.todo = [];
      replay();
    });
    document.querySelector("main").addEventListener("input", ({ target }) => {
      const key = target.name || target.id;
      if (CHANGES[key]) act(() => CHANGES[key](target.value, target));
      else if (key in lab.settings) act(() => labModel.change(lab, key, target.value));
    });
    labSlow.makeList(find("stages"), (name) => act(() => labModel.slowTo(lab, name)));
    find("tasks").addEventListener("click", (event) => {
      const task = event.target.closest("a[href^='#']");
      if (!task) return;
      event.preventDefault();
      history.pushState(null, "", task.hash);
      openAddress();
      find("picture").scrollIntoView();
      find("picture-title").focus({ preventScroll: true });
    });
    addEventListener("popstate", () => location.hash !== address && openAddress());
    npvaePictures.onDisplayChange(redraw);
  }

  /* Say where a moved or chosen point lies, and how far apart the clouds are now. */
  function tell(which, numbers) {
    const [n] = numbers, points = lab.points[which];
    const [x, y] = [points[2 * n], points[2 * n + 1]].map((at) => format(at, 2));
    const what = numbers.length > 1 ? `All ${which}; the first` : `${which} ${n + 1}`;
    set("said", `${what} at ${x}, ${y}. W₁ ${format(labModel.measure(lab).w1)}`);
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
    moved: tell,
    redraw,
  });
  listen();
  openAddress();

  return { state: () => lab };
})();
