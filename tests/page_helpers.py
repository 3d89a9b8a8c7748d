"""What the tests of the pages share: waiting, and npvae's side of an update of the laboratory."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from npvae.models import critic as nets
from npvae.models.objectives import critic_objective, make_critic_batch
from npvae.models.steps import mix

COURSE = Path(__file__).parents[1] / "course"
CRITIC_LAB, VAE_LAB = ((COURSE / f"{name}_lab.html").as_uri() for name in ("critic", "vae"))
BATCH, WEIGHT = 64, 10.0
PLAIN = {"classifier": False, "weight": WEIGHT, "oneSided": False, "clip": 0, "bug": "none"}


def settled(page):
    """Wait until what was done is drawn: two frames."""
    page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")


def until(page, condition):
    """Wait until an expression is true, for at most a minute: loaded machines are slow."""
    for _ in range(1200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def resting(page, expression):
    """Wait until the value of an expression has been the same for 20 pictures, and return it."""
    return page.evaluate(
        f"""async () => {{
            let value = null, same = 0;
            for (let n = 0; n < 2000 && same < 20; n++) {{
                await new Promise((go) => requestAnimationFrame(go));
                const now = {expression};
                same = now === value ? same + 1 : 0;
                value = now;
            }}
            return same < 20 ? null : value; }}"""
    )


def number(page, name):
    """The number that stands in an element."""
    return float(page.text_content(f"#{name}").replace("−", "-").replace(",", ""))


def same(found, expected, tolerance=1e-10):
    found = np.asarray(found).reshape(np.shape(expected))
    assert np.abs(found - expected).max() < tolerance


class Drawing:
    """What `draw`, a JavaScript function, calls of pens and paths: the name, the numbers and texts,
    the canvas, and the pen's dash and colour. `result` is what it returns."""

    def __init__(self, page, draw, given=None):
        self.calls, self.result = page.evaluate(
            """async (given) => {
                const calls = [], kept = [], names = ["moveTo", "lineTo", "arc", "ellipse",
                    "stroke", "fill", "fillText", "fillRect", "beginPath"];
                const watch = (prototype, name) => {
                    const own = prototype[name];
                    kept.push(() => { prototype[name] = own; });
                    prototype[name] = function (...all) {
                        const at = all.filter((x) => ["number", "string"].includes(typeof x));
                        const { id, dataset: { model, chart } = {} } = this.canvas ?? {};
                        const of = this instanceof Path2D ? "path" : id || model || chart;
                        const dash = this.getLineDash?.().length;
                        calls.push({ name, at, of, dash, ink: this.fillStyle });
                        return own.apply(this, all); }; };
                for (const { prototype } of [CanvasRenderingContext2D, Path2D])
                    names.filter((name) => name in prototype).forEach((n) => watch(prototype, n));
                const result = await (DRAW)(given);
                kept.forEach((restore) => restore());
                return [calls, result]; }""".replace("DRAW", draw),
            given,
        )

    def all(self, name, of=None):
        """The numbers and texts of all calls of this name, or of those of one canvas."""
        return [c["at"] for c in self.calls if c["name"] == name and of in (None, c.get("of"))]

    def lines(self, *of):
        """Rows x0, y0, x1, y1: each straight line of these canvases, or of paths."""
        of = of or ("path",)
        calls = [c for c in self.calls if c.get("of") in of and c["name"] in ("moveTo", "lineTo")]
        ends = [(a["at"], b["at"]) for a, b in pairwise(calls) if b["name"] == "lineTo"]
        return np.reshape(ends, (-1, 4))

    def paths(self):
        """The places x, y, dash of the calls of lineTo, those of each path that is drawn."""
        found, path = [], []
        for call in self.calls:
            if call["name"] == "beginPath":
                path = []
            elif call["name"] == "lineTo":
                path.append([*call["at"], call["dash"]])
            elif call["name"] in ("stroke", "fill") and path:
                found, path = [*found, path], []
        return found


class Laboratory:
    """A page of the critic's laboratory, which many tests share."""

    def __init__(self, page):
        self.page = page

    def open(self, address):
        """Open an address, wait until all is done again and drawn, and take the first tool."""
        self.ask(
            """sessionStorage.clear();
            history.replaceState(null, "", "#" + given.replace("#", ""));
            dispatchEvent(new PopStateEvent("popstate"));""",
            address,
        )
        self.page.wait_for_selector("body[data-state=ready]")
        choose(self.page, "tool", "point")
        choose(self.page, "which", "codes")
        settled(self.page)
        return self.page

    def ask(self, body, given=None):
        """What a function body returns in the page."""
        return self.page.evaluate(f"(given) => {{ {body} }}", given)

    def state(self):
        """Everything that a state is, in exact numbers."""
        return self.ask(
            """const { points, u, view, settings, history } = criticLab.state();
            return { codes: [...points.codes], prior: [...points.prior], theta: [...u.critic.theta],
                     m: [...u.critic.m], t: u.t, view, settings, history };"""
        )

    def cloud(self, which):
        return np.reshape(self.state()[which], (64, 2))


class Setting:
    """A critic of the laboratory's size, two clouds, and the noise of one update."""

    def __init__(self, seed, scale=1.0):
        self.rng = np.random.default_rng(seed)
        self.critic = nets.make_critic(2, np.float64, self.rng, hidden=(32, 32), units=1)
        for W in self.critic.w:
            W *= scale
        self.batch = make_critic_batch(self.critic.w, BATCH)
        self.codes = self.rng.standard_normal((BATCH, 2)) * 1.5 + (1, 0.5)
        self.prior = self.rng.standard_normal((BATCH, 2))
        self.partner = self.rng.permutation(BATCH)
        self.alpha = self.rng.uniform(size=2 * BATCH)

    def objective(self, weight=WEIGHT):
        fill(self.batch, self.codes, self.prior, self.partner, self.alpha)
        return critic_objective(self.critic, self.batch, weight)

    def to_page(self, **options):
        return {
            "weights": {name: W.ravel().tolist() for name, W in self.critic.w._asdict().items()},
            "codes": self.codes.ravel().tolist(),
            "prior": self.prior.ravel().tolist(),
            "partner": self.partner.tolist(),
            "alpha": self.alpha.tolist(),
            "options": PLAIN | {"lr": 0.003} | options,
        }


def fill(batch, codes, prior, partner, alpha):
    batch.fake.z[:] = codes
    batch.prior.z[:] = prior[partner]
    mix(batch.fake.z, batch.prior.z, alpha[:BATCH], batch.mixed.z)


def scored(w, z):
    """The arrays of a critic at z: among them the score and its gradient dz."""
    act = nets.make_critic_activations(w, len(z))
    act.z[:], act.dscore[:] = z, 1
    nets.score_forward(w, act)
    nets.score_backward_hidden(w, act)
    nets.score_backward_input(w, act)
    return act


def swipe(page, start, end):
    """Draw a finger over the screen."""
    touch = page.context.new_cdp_session(page)
    for k in range(11):
        x, y = (a + (b - a) * k / 10 for a, b in zip(start, end, strict=True))
        kind = "touchStart" if k == 0 else "touchMove"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def contrast(one, other):
    """The contrast of two colours [red, green, blue] as WCAG 2 defines it; text needs 4.5."""
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour):
    channels = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def choose(page, name, value):
    """Press a switch."""
    page.locator(f'input[name="{name}"][value="{value}"]').click()
