/* The panel of a task: it asks for a guess, lets both models learn, and says what was to be seen. */
const labGuesses = (() => {
  "use strict";
  const { find, make, calm } = npvaePictures, { TASKS } = labTasks;

  function scrollTo(element, block) {
    element.scrollIntoView({ block, behavior: calm() ? "auto" : "smooth" });
  }

  const plane = () => labPanels.panelOf("left").querySelector(".plane");
  const bringPlanes = () => scrollTo(plane(), "nearest");
  const start = ({ seed, ...settings }) => JSON.stringify(settings);

  /* `page` gives: state(), open(state), learn(steps). */
  function attach(page) {
    let guessed = null, told = false;
    const number = () => Number(page.state().view.task), taskNow = () => TASKS[number() - 1];
    const buttons = () => [...find("guesses").children];

    /* Whether the settings are the task's own; another seed is welcome. */
    const isAsSet = (task) =>
      !page.state().diary.length && start(page.state().start) === start(labState.read(task.set).start);

    /* Set up task number 1, 2, .. The followed digit and the layers stay as they are. */
    function ask(n) {
      const { digit, show: layers } = page.state().view, next = labState.read(TASKS[n - 1].set);
      page.open({ ...next, view: { ...next.view, digit, show: layers, task: String(n) } });
      show();
      scrollTo(find("task"), "start");
      find("task").focus({ preventScroll: true });
    }

    /* The question, which nobody has answered yet. */
    function show() {
      const task = taskNow();
      [guessed, told] = [null, false];
      find("task").hidden = !task;
      if (!task) return;
      find("task-title").textContent = `${number()}. ${task.title}`;
      find("task-text").textContent = task.text;
      find("task-answer").textContent = isAsSet(task)
        ? "Choose what you expect. Then both models learn."
        : "A setting was changed, so the task's answer may not fit. “Start over” sets the task up again.";
      find("task-next").hidden = number() === TASKS.length;
      find("guesses").replaceChildren(...task.guesses.map((text, n) => {
        const about = { type: "button", "aria-pressed": "false", disabled: !isAsSet(task) };
        const button = make("button", about, text);
        button.addEventListener("click", () => guess(task, n));
        return button;
      }));
    }

    function guess(task, n) {
      guessed = n;
      buttons().forEach((button, k) => {
        button.setAttribute("aria-pressed", String(k === n));
        button.disabled = true;
      });
      const steps = task.steps.toLocaleString("en");
      find("task-answer").textContent = `The models learn for ${steps} steps. Watch the planes.`;
      bringPlanes();
      page.learn(task.steps);
    }

    /* A setting was changed. An answer that was told stays: it says what was. */
    function changed() {
      if (!told) show();
    }

    /* The step at which a task that is going on has its answer. */
    const goal = () => (guessed !== null && !told ? taskNow().steps : undefined);

    /* When the task's last step is done: what was to be seen. */
    function tell({ t }, facts) {
      const task = taskNow();
      if (!task || guessed === null || told || t !== task.steps) return;
      told = true;
      const verdict = guessed === task.right
        ? "As you guessed. " : `Not quite. Right is “${task.guesses[task.right]}”. `;
      find("task-answer").textContent = verdict + task.answer(facts);
      buttons().forEach((button, k) => button.toggleAttribute("data-right", k === task.right));
      // The planes that it speaks of are to be in sight, too, and the question where it has room.
      const top = find("task").getBoundingClientRect().top;
      const height = plane().getBoundingClientRect().bottom - top;
      const room = innerHeight - find("bar").offsetHeight;
      scrollTo(find(height < room ? "task" : "task-answer"), "start");
    }

    return { ask, show, changed, goal, tell, bringPlanes };
  }

  return { attach };
})();
