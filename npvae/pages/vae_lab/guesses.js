/* The panel of a task: it asks for a guess, lets both models learn, and says what was to be seen. */
const labGuesses = (() => {
  "use strict";
  const { find, make, calm } = npvaePictures, { TASKS } = labTasks;

  function scrollTo(element, block) {
    element.scrollIntoView({ block, behavior: calm() ? "auto" : "smooth" });
  }

  /* `page` gives: view(), open(state), learn(steps). */
  function attach(page) {
    let guessed = null;
    const taskNow = () => TASKS[Number(page.view().task) - 1];

    /* Set up task number 1, 2, .. The followed digit and the layers stay as they are. */
    function ask(number) {
      const { digit, show: layers } = page.view(), next = labState.read(TASKS[number - 1].set);
      page.open({ ...next, view: { ...next.view, digit, show: layers, task: String(number) } });
      show();
      scrollTo(find("task"), "start");
      find("task").focus({ preventScroll: true });
    }

    function show() {
      const task = taskNow(), number = Number(page.view().task);
      guessed = null;
      find("task").hidden = !task;
      if (!task) return;
      find("task-title").textContent = `${number}. ${task.title}`;
      find("task-text").textContent = task.text;
      find("task-answer").textContent = "Choose what you expect. Then both models learn.";
      find("task-next").hidden = number === TASKS.length;
      find("guesses").replaceChildren(...task.guesses.map((text, n) => {
        const button = make("button", { type: "button", "aria-pressed": "false" }, text);
        button.addEventListener("click", () => guess(task, n));
        return button;
      }));
    }

    function guess(task, n) {
      guessed = n;
      [...find("guesses").children].forEach((button, k) => {
        button.setAttribute("aria-pressed", String(k === n));
        button.disabled = true;
      });
      const steps = task.steps.toLocaleString("en");
      find("task-answer").textContent = `The models learn for ${steps} steps. Watch the planes.`;
      scrollTo(labPanels.panelOf("left").querySelector(".plane"), "nearest");
      page.learn(task.steps);
    }

    /* When the task's last step is done: what was to be seen. */
    function tell({ t }, facts) {
      const task = taskNow();
      if (!task || guessed === null || t !== task.steps) return;
      const expected = `Not quite: “${task.guesses[task.right]}”. `;
      const text = (guessed === task.right ? "As you guessed. " : expected) + task.answer(facts);
      if (find("task-answer").textContent === text) return;
      find("task-answer").textContent = text;
      scrollTo(find("task-answer"), "start"); // so that the planes it speaks of are in sight, too
      [...find("guesses").children].forEach((button, k) => {
        button.toggleAttribute("data-right", k === task.right);
      });
    }

    return { ask, show, tell };
  }

  return { attach };
})();
