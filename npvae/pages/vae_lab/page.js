/* The page: what is asked of the worker, what is shown of its answers, and what one can do. */
const vaeLab = (() => {
  "use strict";
  const { find, calm, onDisplayChange } = npvaePictures, F = labForces;
  const { panelOf, SIDES } = labPanels;
  const BUDGET = 40; // milliseconds of training for one picture
  const WOBBLE = 0.9; // how much of the noise stays from one drawing of a fresh code to the next
  const STILL = 90; // milliseconds between two wobbles while nothing learns
  const digits = JSON.parse(find("digits").textContent).digits;
  const ruler = labModel.makeRuler(labDigits.decode(digits)), images = ruler.x;
  const ask = labWorker.start(digits);
  const copies = [F.makeCopy(), F.makeCopy()];
  const random = npvaeMath.makeRandom(1, 9, 9); // of the fresh codes, which change nothing
  const eps = Array.from({ length: labPictures.STRIP }, () => [random.normal(), random.normal()]);

  let state = null; // labState's: what the address says
  let present = null; // the worker's last answer
  let history = [], furthest = 0;
  let playing = false, goal = labState.LAST, due = 0, lastFrame = 0;
  let queue = [], asking = false, drawing = false;

  // --------------------------------------------------------------------- asking the worker

  /* Put a question to the worker before it goes on learning. Only the newest goTo counts. */
  function request(question) {
    if (question.do === "goTo") queue = queue.filter((one) => one.do !== "goTo");
    queue.push(question);
    pump();
  }

  /* Ask, wait, show; until nothing is left to ask. A hidden page does not go on. */
  async function pump() {
    if (asking) return;
    asking = true;
    try {
      for (let next = await nextQuestion(); next; next = await nextQuestion()) {
        const answer = await ask(next);
        if (!queue.some((one) => one.do === "open")) arrived(answer); // not of what is over
      }
    } finally {
      asking = false;
    }
  }

  const frame = () => new Promise(requestAnimationFrame);

  async function nextQuestion() {
    while (!queue.length && playing && present && !document.hidden) {
      if (state.view.speed === "max") return { do: "advance", steps: goal - present.t, ms: BUDGET };
      const now = await frame();
      due = Math.min(due + ((now - lastFrame) / 1000) * Number(state.view.speed), 5);
      lastFrame = now;
      if (!present || !playing) continue; // something else was begun meanwhile
      const steps = Math.min(Math.floor(due), goal - present.t);
      due -= steps;
      if (steps && !queue.length) return { do: "advance", steps, ms: BUDGET };
    }
    return queue.shift();
  }

  function arrived(answer) {
    present = answer;
    furthest = Math.max(furthest, present.t);
    copies.forEach((copy, k) => F.update(copy, present.sides[k]));
    labCurves.note(history, present);
    if (state.diary.length) showState(); // other settings held at other steps
    if (playing && present.t >= goal) setPlaying(false);
    document.body.dataset.state = "ready";
    if (!playing) showAddress();
    redraw();
  }

  // ----------------------------------------------------------------------------- what is shown

  function redraw() {
    if (drawing || !present) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      if (present) draw(); // else another state was opened meanwhile
    });
  }

  const digitNow = () => Number(state.view.digit);

  function draw() {
    find("time").max = furthest;
    find("time").value = present.t;
    find("now").textContent = present.t.toLocaleString("en");
    const facts = labTasks.facts(present);
    labPanels.showNumbers(present, facts);
    labPanels.showFollowed(copies, digitNow(), ruler, images);
    for (const name of labCurves.NAMES) {
      labCurves.draw(document.querySelector(`canvas[data-chart=${name}]`), name, history, present.t);
    }
    drawModels();
    guesses.tell(present, facts);
  }

  function drawModels() {
    const digit = digitNow(), own = eps[digit % labPictures.STRIP];
    copies.forEach((copy, k) => {
      const panel = panelOf(SIDES[k]), z = labPictures.sampled(copy, digit, own);
      const scene = { show: state.view.show, digit, z, ruler, images };
      labPlane.draw(panel.querySelector(".plane"), copy, scene);
      labPictures.draw((name) => panel.querySelector(`canvas.${name}`), copy, { ruler, eps });
      const followed = (name) => document.querySelector(`#follow [data-side=${SIDES[k]}] .${name}`);
      labPictures.show(followed("at-mu"), F.decode(copy, [F.muOf(copy, digit)]), 1);
      labPictures.show(followed("at-z"), F.decode(copy, [z]), 1);
    });
  }

  /* The fresh codes move on, along a path whose every point is a draw of N(0, I). */
  function wobble() {
    if (!find("wobble").checked || document.hidden || !present) return;
    for (const pair of eps) {
      pair.forEach((e, j) => {
        pair[j] = WOBBLE * e + Math.sqrt(1 - WOBBLE ** 2) * random.normal();
      });
    }
    if (!playing) requestAnimationFrame(drawModels);
  }

  function showAddress() {
    const address = labState.write({ ...state, t: present.t });
    find("link").href = address;
    if (location.hash !== address) window.history.replaceState(null, "", address);
  }

  function showState() {
    labPanels.showSettings(labState.settingsAt(state, present?.t ?? 0), state.view);
    labPanels.showPicker(digitNow(), images);
    find("status").textContent = state.unknown.length
      ? `Not understood in the address, and left out: ${state.unknown.join(", ").slice(0, 200)}` : "";
  }

  // -------------------------------------------------------------------------- what can be done

  function setPlaying(on, until = labState.LAST) {
    playing = on;
    goal = until;
    due = 0;
    lastFrame = performance.now();
    find("play").textContent = on ? "Pause" : "Play";
    find("play").setAttribute("aria-pressed", String(on));
    if (on) pump();
    else if (present) showAddress();
  }

  /* Begin a state anew; then learn up to the step that it names. */
  function open(next) {
    state = next;
    present = null;
    history = [];
    furthest = 0;
    showState();
    setPlaying(false);
    request({ do: "open", state });
    if (state.t) request({ do: "goTo", t: 0 }); // so that something is seen before it learns
    if (state.t) setPlaying(true, state.t);
  }

  function startOver(changes = {}) {
    const settings = { ...labState.settingsAt(state, present?.t ?? 0), ...changes };
    open({ ...state, start: settings, diary: [], t: 0, unknown: [] });
  }

  function change(key, value) {
    const t = present?.t ?? 0;
    if (labState.RESTART.includes(key)) startOver({ [key]: value });
    else {
      Object.assign(state, labState.change(state, t, key, value));
      history = history.filter((entry) => entry.t <= t);
      furthest = t;
      request({ do: "change", state });
      showState();
    }
    guesses.changed();
  }

  function view(changes) {
    Object.assign(state.view, changes);
    showState();
    redraw();
    if (present && !playing) showAddress();
  }

  const guesses = labGuesses.attach({
    state: () => state,
    open,
    learn: (steps) => {
      state.view.speed = "max";
      showState();
      setPlaying((present?.t ?? 0) < steps, steps);
      if (!playing) request({ do: "goTo", t: steps, exactly: true }); // it went there already
    },
  });

  // -------------------------------------------------------------------------------- listening

  const BUTTONS = {
    play: () => {
      setPlaying(!playing, guesses.goal());
      if (playing) guesses.bringPlanes();
    },
    one: () => { setPlaying(false); request({ do: "advance", steps: 1, ms: Infinity }); },
    "start-over": () => (state.view.task ? guesses.ask(Number(state.view.task)) : startOver()),
    "new-seed": () => {
      startOver({ seed: String((Number(state.start.seed) + 1) % 1e6) });
      guesses.show();
    },
    another: () => view({ digit: String((digitNow() + 10) % labDigits.SHOWN) }),
    "task-next": () => guesses.ask(Number(state.view.task) + 1),
    "task-close": () => { view({ task: "" }); guesses.show(); find("play").focus(); },
  };

  function listen() {
    for (const [id, what] of Object.entries(BUTTONS)) find(id).addEventListener("click", what);
    const time = find("time"), goTo = (exactly) => {
      setPlaying(false);
      request({ do: "goTo", t: Number(time.value), exactly });
    };
    time.addEventListener("input", () => goTo(false)); // while it is dragged: the nearest copy
    time.addEventListener("change", () => goTo(true));
    for (const select of document.querySelectorAll("select[data-key]")) {
      select.addEventListener("change", () => change(select.dataset.key, select.value));
    }
    find("speed").addEventListener("change", ({ target }) => view({ speed: target.value }));
    for (const box of document.querySelectorAll('input[name="show"]')) {
      box.addEventListener("change", () => {
        const isOn = (letter) => document.querySelector(`[name="show"][value="${letter}"]`).checked;
        view({ show: [...labState.VIEW.show[0]].filter(isOn).join("") });
      });
    }
    SIDES.forEach((side, k) => {
      const plane = panelOf(side).querySelector(".plane");
      plane.addEventListener("click", ({ offsetX, offsetY }) => {
        if (present) view({ digit: String(labPlane.nearest(plane, copies[k], offsetX, offsetY)) });
      });
    });
    document.addEventListener("visibilitychange", () => {
      lastFrame = performance.now();
      pump();
    });
    window.addEventListener("hashchange", openAddress); // replaceState does not come here
    onDisplayChange(redraw);
    find("wobble").checked = !calm();
    setInterval(wobble, STILL);
  }

  function openAddress() {
    open(labState.read(location.hash));
    guesses.show();
  }

  labPanels.build({
    images,
    pick: (kind) => view({ digit: String(kind) }),
    ask: guesses.ask,
  });
  listen();
  openAddress();

  return { state: () => state, present: () => present, playing: () => playing, digits, ruler };
})();
