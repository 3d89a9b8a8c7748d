/* The state of the laboratory, and its form in the page's address.
 *
 * A state is a start (seed, clouds, switches) and a diary of what was done since:
 *
 *     #seed=1&codes=shifted&weight=10&did=u300,m5,weight:0,r100
 *
 * says: 300 updates, 5 moves of the codes, then the penalty weight set to 0, and 100 rounds of "play
 * with moves". All randomness comes from the seed: the diary, done again, ends in the same numbers.
 */
const labState = (() => {
  "use strict";
  const { BATCH, LATENT, ORDER } = criticUpdate;
  const REACH = 4.4; // points stay inside the picture, which reaches to 4.5
  const GRID = 4096; // points lie on a grid of 1/4096, so that the address can hold them exactly
  const MOVE = 0.1; // how far one move goes along a pull of length 1

  /* The switches and the values that each may have; the first is the one at the start. */
  const CHOICES = {
    judge: ["critic", "classifier"],
    weight: ["10", "0", "0.1", "1", "100"],
    side: ["two", "one"],
    clip: ["off", "0.03", "0.1", "0.3"],
    bug: ["none", "batch", "alpha", "sum"],
    lr: ["0.003", "0.001", "0.01"],
  };
  const START = { seed: "1", codes: "shifted", prior: "normal" };
  for (const key of Object.keys(CHOICES)) START[key] = CHOICES[key][0];
  /* What is shown: the background, the layers (lines, arrows, steep marks, mixed points), the stage
   * that the slow motion has reached, and the row of the batch that it follows. And how Play goes:
   * updates in a second (0: full speed), and whether the codes move, too. */
  const VIEW = { back: "score", show: "las", at: "", row: "0", speed: "60", moves: "off" };
  const OPENING = "seed=1";

  // -------------------------------------------------------------------------------- the clouds

  const snap = (x) => Math.round(Math.max(-REACH, Math.min(REACH, x)) * GRID) / GRID;

  /* 64 points of a named shape, from standard normal numbers of the seed. */
  const SHAPES = {
    normal: (x, y) => [x, y],
    shifted: (x, y) => [1.9 + 0.8 * x, 1.3 + 0.8 * y],
    far: (x, y) => [3 + 0.35 * x, 2.6 + 0.35 * y],
    wider: (x, y) => [1.7 * x, 1.7 * y],
    bimodal: (x, y, n) => (n % 2 ? [2 + 0.4 * x, 0.6 + 0.4 * y] : [-2 + 0.4 * x, -0.6 + 0.4 * y]),
    rings: (x, y, n) => {
      const [radius, turn] = n < 20 ? [1.2, n / 20] : [2.6, (n - 20) / 44];
      const angle = 2 * Math.PI * turn;
      return [radius * Math.cos(angle) + 0.08 * x, radius * Math.sin(angle) + 0.08 * y];
    },
  };

  function makeCloud(which, value, seed) {
    if (value.startsWith("~")) return decodeCloud(value);
    const random = npvaeMath.makeRandom(seed, which === "codes" ? 3 : 4, 0);
    const points = new Float64Array(BATCH * LATENT);
    for (let n = 0; n < BATCH; n++) {
      points.set(SHAPES[value](random.normal(), random.normal(), n).map(snap), n * LATENT);
    }
    return points;
  }

  /* Points as text: 16 bits for each coordinate, in base64 without the signs + and /. */
  function encodeCloud(points) {
    const bytes = new DataView(new ArrayBuffer(points.length * 2));
    points.forEach((x, n) => bytes.setInt16(2 * n, x * GRID));
    const text = btoa(String.fromCharCode(...new Uint8Array(bytes.buffer)));
    return "~" + text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  }

  function decodeCloud(value) {
    const text = atob(value.slice(1).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = new DataView(Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer);
    const numbers = { length: BATCH * LATENT };
    return Float64Array.from(numbers, (_, n) => snap(bytes.getInt16(2 * n) / GRID));
  }

  // ------------------------------------------------------------------------------- the address

  const oneOf = (values) => new RegExp(`^(${values.join("|")})$`.replaceAll(".", "\\."));
  const CLOUD = new RegExp(`^(${Object.keys(SHAPES).join("|")}|~[\\w-]{342})$`);
  const ALLOWED = {
    seed: /^\d{1,6}$/, codes: CLOUD, prior: CLOUD,
    back: /^(score|slope)$/, show: /^[lasm]*$/, at: oneOf(["", ...ORDER]),
    row: /^([1-5]?\d|6[0-3])$/, speed: /^(0|2|10|60)$/, moves: /^(on|off)$/,
  };
  for (const [key, values] of Object.entries(CHOICES)) ALLOWED[key] = oneOf(values);
  const isAllowed = (key, value) => Object.hasOwn(ALLOWED, key) && ALLOWED[key].test(value);

  /* One entry of the diary, or null: u: updates, m: moves, r: rounds, key: a setting changed. */
  function readEntry(text) {
    const count = /^([umr])(\d{1,6})$/.exec(text);
    if (count) return { key: count[1], value: Number(count[2]) };
    const [key, value = ""] = text.split(":");
    const changes = key !== "seed" && Object.hasOwn(START, key) && isAllowed(key, value);
    return changes ? { key, value } : null;
  }

  /* Read an address. Returns the start, the diary, the view, and what was not understood. */
  function read(hash) {
    const start = { ...START }, view = { ...VIEW }, diary = [], unknown = [];
    for (const part of (hash.replace(/^#/, "") || OPENING).split("&")) {
      const [, key, value = ""] = /^([^=]*)=?(.*)$/.exec(part);
      if (key === "did") {
        for (const text of value.split(",").filter(Boolean)) {
          const entry = readEntry(text);
          if (entry) diary.push(entry);
          else unknown.push(text);
        }
      } else if (!isAllowed(key, value)) unknown.push(part);
      else (Object.hasOwn(START, key) ? start : view)[key] = value;
    }
    return { start, diary, view, unknown };
  }

  /* The address of a state. The seed always stands in it; what is as at the start does not. */
  function write({ start, diary, view }) {
    const all = { ...start, ...view }, usual = { ...START, ...VIEW };
    const parts = Object.keys(all)
      .filter((key) => key === "seed" || all[key] !== usual[key])
      .map((key) => `${key}=${all[key]}`);
    const entries = diary.map(({ key, value }) => `${key}${key.length === 1 ? "" : ":"}${value}`);
    if (entries.length) parts.push(`did=${entries.join(",")}`);
    return "#" + parts.join("&");
  }

  /* Add an entry to the diary. Equal doings add up, and a setting changed twice counts once. */
  function note(diary, key, value) {
    const last = diary.at(-1);
    if (last && last.key === key) last.value = key.length === 1 ? last.value + value : value;
    else diary.push({ key, value });
  }

  /* What of a diary is left when `done` is done, or null if it does not begin so. */
  function rest(diary, done) {
    const left = diary.slice(Math.max(0, done.length - 1)).map((entry) => ({ ...entry }));
    for (const [n, { key, value }] of done.entries()) {
      const entry = diary[n], last = n === done.length - 1;
      if (entry?.key !== key) return null;
      if (last && key.length === 1 && entry.value > value) left[0].value -= value;
      else if (entry.value !== value) return null;
      else if (last) left.shift();
    }
    return left;
  }

  return { MOVE, CHOICES, snap, makeCloud, encodeCloud, read, write, note, rest };
})();
