/* The state of the laboratory, one plain object, and its form in the page's address.
 *
 *     #seed=1&left=KL&right=WS&t=3000&did=weightRight:0@2000
 *
 * says: start with seed 1, do 3,000 steps, and set the weight of the right model to 0 at step 2,000.
 * All randomness comes from the seed and the number of the step. So a state needs no more than this,
 * and the same address ends in the same numbers.
 */
const labState = (() => {
  "use strict";
  const CHOICES = {
    left: ["KL", "WS", "SW", "AE"],
    right: ["WS", "KL", "SW", "AE"],
    weightLeft: ["1", "0", "0.3", "2", "5", "10", "30", "100"],
    weightRight: ["2", "0", "0.3", "1", "5", "10", "30", "100"],
    lr: ["0.003", "0.001", "0.01"],
    updates: ["5", "1", "2", "10"], // of the critic, in each step
    gp: ["10", "0", "1", "100"], // the weight of its gradient penalty
    sigma: ["learned", "0", "0.1", "0.3", "1"],
    seeds: ["same", "other"], // the right model's, compared with the left one's
  };
  /* What is shown: the digit that is followed (0: none), the layers of the plane, and the speed. */
  const VIEW = {
    digit: ["7"],
    show: ["hefo"], // heat, ellipses, forces, outline
    speed: ["max", "1", "10", "60"],
    task: [""],
  };
  const LAYERS = /^[hefo]*$/, LAST = 99999, RESTART = ["seed", "seeds"];

  const firsts = (table) =>
    Object.fromEntries(Object.entries(table).map(([key, values]) => [key, values[0]]));
  const START = { seed: "1", ...firsts(CHOICES) };

  function isAllowed(key, value) {
    if (key === "seed") return /^\d{1,6}$/.test(value);
    if (key === "digit") return /^\d{1,3}$/.test(value) && value < labDigits.SHOWN;
    if (key === "show") return LAYERS.test(value);
    if (key === "task") return /^[1-8]?$/.test(value);
    const table = key === "speed" ? VIEW : CHOICES;
    return Object.hasOwn(table, key) && table[key].includes(value);
  }

  /* One entry of the diary, key:value@t, or null. */
  function readEntry(text) {
    const [, key, value, t] = /^(\w+):([^@]*)@(\d{1,5})$/.exec(text) ?? [];
    const known = Object.hasOwn(CHOICES, key) && !RESTART.includes(key) && isAllowed(key, value);
    return known ? { key, value, t: Number(t) } : null;
  }

  /* Read an address: the start, the diary, the step to reach, the view, what was not understood. */
  function read(hash) {
    const state = { start: { ...START }, diary: [], t: 0, view: firsts(VIEW), unknown: [] };
    for (const part of hash.replace(/^#/, "").split("&").filter(Boolean)) {
      const [, key, value = ""] = /^([^=]*)=?(.*)$/.exec(part);
      if (key === "did") {
        for (const text of value.split(",")) {
          const entry = readEntry(text);
          if (entry) state.diary.push(entry);
          else state.unknown.push(text);
        }
      } else if (key === "t" && /^\d{1,5}$/.test(value)) state.t = Number(value);
      else if (!isAllowed(key, value)) state.unknown.push(part);
      else if (Object.hasOwn(START, key)) state.start[key] = value;
      else state.view[key] = value;
    }
    state.diary.sort((a, b) => a.t - b.t);
    return state;
  }

  /* The address of a state. The seed always stands in it; what is as at the start does not. */
  function write({ start, diary, t, view }) {
    const all = { ...start, ...view }, usual = { ...START, ...firsts(VIEW) };
    const parts = Object.keys(all)
      .filter((key) => key === "seed" || all[key] !== usual[key])
      .map((key) => `${key}=${all[key]}`);
    const past = diary.filter((entry) => entry.t <= t);
    if (t) parts.push(`t=${t}`);
    const did = past.map(({ key, value, t }) => `${key}:${value}@${t}`);
    if (did.length) parts.push(`did=${did.join(",")}`);
    return "#" + parts.join("&");
  }

  /* The settings that hold for the step after t. */
  function settingsAt({ start, diary }, t) {
    const settings = { ...start };
    for (const entry of diary) if (entry.t <= t) settings[entry.key] = entry.value;
    return settings;
  }

  /* Set something at step t. What was set later is forgotten, for it will not come to that. */
  function change({ start, diary }, t, key, value) {
    const kept = diary.filter((entry) => entry.t < t || (entry.t === t && entry.key !== key));
    if (t === 0) return { start: { ...start, [key]: value }, diary: [] };
    return { start, diary: [...kept, { key, value, t }] };
  }

  /* The options of one side's step, as numbers (labSteps.step). */
  function optionsOf(settings, side) {
    const { left, right, weightLeft, weightRight, lr, updates, gp, sigma, seed } = settings;
    const isRight = side === 1, other = isRight && settings.seeds === "other";
    return {
      kind: isRight ? right : left,
      weight: Number(isRight ? weightRight : weightLeft),
      lr: Number(lr),
      updates: Number(updates),
      gp: Number(gp),
      sigma: sigma === "learned" ? null : Math.max(Number(sigma), labSteps.NO_SIGMA),
      seed: Number(seed) + (other ? 1000 : 0),
    };
  }

  return { CHOICES, VIEW, RESTART, LAST, read, write, settingsAt, change, optionsOf };
})();
