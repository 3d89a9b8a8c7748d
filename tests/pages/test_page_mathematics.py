"""The pages' JavaScript against npvae's own arrays, in float64.

Tolerances: gradients and stages 1e-10, as sums of a few hundred terms of order 1 round to 1e-14;
weights after ten updates 1e-9, because Adam divides by the root of small squares.
"""

import importlib

import numpy as np
import pytest
from page_helpers import settled
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from docs.build_pages import DOCS
from npvae.evaluation.distances import exact_w1
from npvae.models.critic import (
    make_critic,
    score_backward_hidden,
    score_backward_input,
    score_forward,
)
from npvae.models.objectives import critic_objective, make_critic_batch
from npvae.models.steps import mix
from npvae.nn.adam import adam_update

URL = (DOCS / "critic_lab.html").as_uri()
BATCH, WEIGHT = 64, 10.0
PLAIN = {"weight": WEIGHT, "oneSided": False, "clip": 0, "bug": "none", "lr": 0.003}

# An update with given weights, points and noise, in the page.
PREPARE = """
    const values = (x) => [...(x.data ?? x)];
    const plain = (w) => Object.fromEntries(Object.entries(w).map(([n, x]) => [n, values(x)]));
    const stages = (u, last) => criticUpdate.run(u, 0, criticUpdate.ORDER.indexOf(last));
    const u = criticUpdate.make(0);
    for (const [name, numbers] of Object.entries(given.weights)) {
        (u.critic.w[name].data ?? u.critic.w[name]).set(numbers);
    }
    const partner = Int32Array.from(given.partner), alpha = Float64Array.from(given.alpha);
    const [codes, prior] = [Float64Array.from(given.codes), Float64Array.from(given.prior)];
    criticUpdate.begin(u, codes, prior, { partner, alpha }, given.options);
"""


def in_page(page, body, setting, **options):
    return page.evaluate(f"(given) => {{ {PREPARE} {body} }}", setting.to_page(**options))


class Setting:
    """A critic of the laboratory's size, two clouds, and the noise of one update."""

    def __init__(self, seed, scale=1.0):
        self.rng = np.random.default_rng(seed)
        self.critic = make_critic(2, np.float64, self.rng, hidden=(32, 32), units=1)
        for W in self.critic.w:
            W *= scale
        self.batch = make_critic_batch(self.critic.w, BATCH)
        self.codes = self.rng.standard_normal((BATCH, 2)) * 1.5 + (1, 0.5)
        self.prior = self.rng.standard_normal((BATCH, 2))
        self.draw()

    def draw(self):
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
            "options": PLAIN | options,
        }


def fill(batch, codes, prior, partner, alpha):
    batch.fake.z[:] = codes
    batch.prior.z[:] = prior[partner]
    mix(batch.fake.z, batch.prior.z, alpha[:BATCH], batch.mixed.z)


def same(found, expected, tolerance=1e-10):
    found = np.asarray(found).reshape(np.shape(expected))
    assert np.abs(found - expected).max() < tolerance


# ------------------------------------------------------------------------ the correct critic


@pytest.mark.parametrize(("seed", "scale"), [(0, 1.0), (1, 2.0), (2, 0.5)])
def test_every_gradient_is_npvaes(still, seed, scale):
    setting = Setting(seed, scale)
    found = in_page(
        still,
        """stages(u, "Adam");
        return { dw: plain(u.critic.dw), every: plain(u.every), norm: [...u.norm],
                 estimate: u.estimate, penalty: u.penalty };""",
        setting,
    )
    estimate, penalty, _ = setting.objective()
    same(found["estimate"], estimate)
    same(found["penalty"], penalty)
    same(found["norm"], setting.batch.norm)
    for name, dW in setting.critic.dw._asdict().items():
        same(found["dw"][name], dW)
    for name in ("z", "h1", "h2", "score", "da2", "da1"):  # of the mixed rows: ddz, dda1, dda2
        same(found["every"][name], getattr(setting.batch.every, name))
    same(np.reshape(found["every"]["dz"], (-1, 2))[2 * BATCH :], setting.batch.mixed.dz)


def test_a_critic_of_ten_units_scores_as_npvaes(still):
    critic = make_critic(4, np.float64, np.random.default_rng(4), hidden=(9, 7), units=10)
    act = make_critic_batch(critic.w, 6).fake
    act.z[:] = np.random.default_rng(5).standard_normal((6, 4))
    input_gradient(critic.w, act)
    score, dz = still.evaluate(
        """([theta, z]) => {
            const critic = npvaeMath.makeParameters([4, 9, 7, 10]);
            critic.theta.set(theta);
            const act = npvaeMath.makeCriticActivations(critic.w, 6);
            act.z.data.set(z);
            npvaeMath.scoreAndGradient(critic.w, act);
            return [[...act.score], [...act.dz.data]];
        }""",
        [np.concatenate([W.ravel() for W in critic.w]).tolist(), act.z.ravel().tolist()],
    )
    same(score, act.score)
    same(dz, act.dz)


def test_a_flat_critic_has_a_finite_gradient(still):
    setting = Setting(3)
    setting.critic.w.W3[:] = 0
    found = in_page(still, """stages(u, "Adam"); return plain(u.critic.dw);""", setting)
    setting.objective()
    for name, dW in setting.critic.dw._asdict().items():
        same(found[name], dW)


def test_ten_clicked_updates_end_in_npvaes_weights(watched):
    page = watched.open(f"{URL}#seed=3&codes=wider&lr=0.01")
    setting = Setting(0)
    start = page.evaluate(
        """() => {
            const { points, u } = criticLab.state();
            const noise = Array.from({ length: 10 }, (_, t) => criticUpdate.drawNoise(3, t));
            const w = Object.entries(u.critic.w).map(([name, x]) => [name, [...(x.data ?? x)]]);
            return { codes: [...points.codes], prior: [...points.prior], w: Object.fromEntries(w),
                     noise: noise.map(({ partner, alpha }) => [[...partner], [...alpha]]) };
        }"""
    )
    page.click("#ten")
    for name, W in setting.critic.w._asdict().items():
        W[...] = np.reshape(start["w"][name], W.shape)
    codes, prior = np.reshape(start["codes"], (BATCH, 2)), np.reshape(start["prior"], (BATCH, 2))
    for t, (partner, alpha) in enumerate(start["noise"], start=1):
        fill(setting.batch, codes, prior, np.array(partner), np.array(alpha))
        critic_objective(setting.critic, setting.batch, WEIGHT)
        adam_update(setting.critic, t, 0.01)
    theta = page.evaluate("[...criticLab.state().u.critic.theta]")
    same(theta, np.concatenate([W.ravel() for W in setting.critic.w]), 1e-9)
    assert sorted(start["noise"][0][0]) == list(range(BATCH))
    assert start["noise"][0] != start["noise"][1]


def test_a_move_goes_along_npvaes_gradient(watched):
    page = watched.open(f"{URL}#seed=3&codes=shifted&did=u30")
    start = page.evaluate(
        """() => ({ theta: [...criticLab.state().u.critic.theta],
                    codes: [...criticLab.state().points.codes] })"""
    )
    setting, codes = Setting(0), np.reshape(start["codes"], (BATCH, 2))
    flat(setting.critic.w, start["theta"])
    act = setting.batch.fake
    act.z[:] = codes
    input_gradient(setting.critic.w, act)
    page.click("#move")
    moved = np.reshape(page.evaluate("[...criticLab.state().points.codes]"), (BATCH, 2))
    same(moved, codes + 0.1 * act.dz, 1.3e-4)  # half a step of the grid of 1/4096


def flat(w, theta):
    offset = 0
    for W in w:
        W[...] = np.reshape(theta[offset : offset + W.size], W.shape)
        offset += W.size


def input_gradient(w, act):
    score_forward(w, act)
    act.dscore[:] = 1
    score_backward_hidden(w, act)
    score_backward_input(w, act)


def grid_of(setting):
    line = np.linspace(-4.5, 4.5, 41)
    grid = make_critic_batch(setting.critic.w, 41 * 41).fake
    grid.z[:] = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    input_gradient(setting.critic.w, grid)
    return grid


STATE = """() => {
    const { points, u } = criticLab.state();
    return [[...u.critic.theta], [...points.codes], [...points.prior]];
}"""


def test_the_numbers_shown_are_npvaes(watched):
    page = watched.open(f"{URL}#seed=4&codes=bimodal&did=u50")
    found = page.evaluate(STATE)
    setting = Setting(0)
    flat(setting.critic.w, found[0])
    codes, prior = (np.reshape(points, (BATCH, 2)) for points in found[1:])
    pair = setting.batch.pair
    pair.z[:] = np.concatenate([codes, prior])
    score_forward(setting.critic.w, pair)
    grid = grid_of(setting)
    shown = {name: float(page.text_content(f"#{name}").replace("−", "-")) for name in SHOWN}
    expected = {
        "estimate": pair.score[BATCH:].mean() - pair.score[:BATCH].mean(),
        "w1": exact_w1(codes, prior),
        "largest": np.linalg.norm(grid.dz, axis=1).max(),
        "cosine": cosine(setting, codes, prior),
    }
    assert shown == {name: pytest.approx(value, abs=5.1e-4) for name, value in expected.items()}


SHOWN = ("estimate", "w1", "largest", "cosine")


def pairing(codes, prior):
    return linear_sum_assignment(cdist(codes, prior))[1]


def pull(setting, codes):
    act = setting.batch.fake
    act.z[:] = codes
    input_gradient(setting.critic.w, act)
    return act.dz.copy()


def cosine(setting, codes, prior):
    way, dz = prior[pairing(codes, prior)] - codes, pull(setting, codes)
    lengths = np.linalg.norm(way, axis=1) * np.linalg.norm(dz, axis=1)
    return ((way * dz).sum(axis=1) / lengths).mean()


def test_the_picture_draws_what_is_computed(watched):
    """The strokes on the canvas, in pixels of a plane that is 9 wide: lines, arrows, marks."""
    page = watched.open(f"{URL}#seed=4&codes=bimodal&show=&did=u50")
    theta, codes, prior = page.evaluate(STATE)
    codes, prior = np.reshape(codes, (BATCH, 2)), np.reshape(prior, (BATCH, 2))
    setting = Setting(0)
    flat(setting.critic.w, theta)
    size = page.evaluate("document.getElementById('plane').clientWidth")
    place = lambda points: (points * (1, -1) + 4.5) / 9 * size  # noqa: E731
    grid = grid_of(setting)
    slope = np.linalg.norm(grid.dz, axis=1).reshape(41, 41)[::2, ::2].ravel()
    nodes = place(grid.z.reshape(41, 41, 2)[::2, ::2].reshape(-1, 2))
    half = 0.9 * size / 40 * np.minimum(1, 0.2 + 2 * (slope - 1))[:, None] * (1, -1)
    steep = slope > 1.005
    assert 0 < steep.sum() < steep.size
    expected = {
        "l": (place(codes), place(prior[pairing(codes, prior)])),
        "a": (place(codes), place(codes + 0.6 * pull(setting, codes))),
        "s": ((nodes - half)[steep], (nodes + half)[steep]),
    }
    before = strokes(page)
    for letter, (starts, ends) in expected.items():
        page.locator(f'input[name="show"][value="{letter}"]').click()
        drawn = strokes(page)
        distance = cdist(np.hstack([starts, ends]), drawn, "chebyshev").min(axis=1)
        assert distance.max() < 0.01, letter
        shaft = 3 if letter == "a" else 1  # an arrow has two more strokes, for its head
        assert len(drawn) - len(before) == shaft * len(starts)
        page.locator(f'input[name="show"][value="{letter}"]').click()


def strokes(page):
    """All straight strokes of the next drawing of the plane, as rows x0, y0, x1, y1."""
    return np.array(
        page.evaluate(
            """async () => {
                const found = [], { moveTo, lineTo } = Path2D.prototype;
                let from = null;
                Path2D.prototype.moveTo = (x, y) => { from = [x, y]; };
                Path2D.prototype.lineTo = (x, y) => { found.push([...from, x, y]); from = [x, y]; };
                window.dispatchEvent(new Event("resize"));
                const frame = () => new Promise((go) => requestAnimationFrame(go));
                await frame();
                await frame();
                Object.assign(Path2D.prototype, { moveTo, lineTo });
                return found;
            }"""
        )
    )


# ------------------------------------------------------------------ switches and classical bugs


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"oneSided": True},
        {"bug": "batch"},
        {"bug": "batch", "oneSided": True},
        {"bug": "alpha"},
        {"bug": "sum"},
        {"clip": 0.1},
    ],
    ids=str,
)
def test_every_switch_has_the_gradient_of_its_own_loss(still, options):
    """Central differences of the loss as the forward stages alone compute it, with step 1e-5."""
    analytic, numeric = in_page(
        still,
        """const weight = given.options.clip ? 0 : given.options.weight, h = 1e-5;
        const theta = u.critic.theta;
        function loss() { stages(u, "ddz"); return weight * u.penalty - u.estimate; }
        stages(u, "Adam");
        const analytic = [], numeric = [], dtheta = u.critic.dtheta.slice();
        for (let n = 0; n < theta.length - 1; n += 17) {  // b3, the last, shifts all scores alike
            const kept = theta[n];
            theta[n] = kept + h;
            const above = loss();
            theta[n] = kept - h;
            const below = loss();
            theta[n] = kept;
            analytic.push(dtheta[n]);
            numeric.push((above - below) / (2 * h));
        }
        return [analytic, numeric];""",
        Setting(5, 1.5),
        **options,
    )
    analytic, numeric = np.array(analytic), np.array(numeric)
    error = np.abs(analytic - numeric) / np.maximum(np.abs(analytic) + np.abs(numeric), 1e-5)
    assert np.median(error) < 1e-6
    assert (error < 1e-4).mean() > 0.9  # where no unit flips within the step


def test_each_bug_does_what_its_name_says(still):
    setting = Setting(6)
    mixed = np.reshape(
        in_page(still, """stages(u, "score"); return [...u.mixed.z.data];""", setting), (BATCH, 2)
    )
    prior = setting.prior[setting.partner]
    same(mixed, setting.codes + setting.alpha[:BATCH, None] * (prior - setting.codes))
    body = """stages(u, "score"); return [...u.mixed.z.data];"""
    mixed = np.reshape(in_page(still, body, setting, bug="alpha"), (BATCH, 2))
    same(mixed, setting.codes + setting.alpha.reshape(BATCH, 2) * (prior - setting.codes))
    body = """stages(u, "ddz"); return [[...u.mixed.dz.data], [...u.norm], u.penalty];"""
    dz, norm, penalty = in_page(still, body, setting, bug="batch")
    whole = np.linalg.norm(dz)
    same(norm, np.full(BATCH, whole))
    same(penalty, (whole - 1) ** 2)
    same(in_page(still, body, setting, bug="sum")[0], 10 * np.array(dz))
    _, norm, penalty = in_page(still, body, setting, oneSided=True)
    same(penalty, (np.maximum(0, np.array(norm) - 1) ** 2).mean())


def test_clipping_keeps_every_parameter_in_its_bounds(still):
    theta = in_page(still, "criticUpdate.run(u); return [...u.critic.theta];", Setting(7), clip=0.1)
    assert max(map(abs, theta)) == 0.1


# -------------------------------------------------------------------------------- slow motion


def test_the_stages_are_one_update_and_name_npvaes_functions(watched):
    slow, quick = (watched.open(f"{URL}#seed=8&did=u5") for _ in range(2))
    quick.click("#one")
    stages = slow.evaluate("criticUpdate.ORDER")
    assert ", ".join(stages) == "mixed, score, da2, da1, dz, norm, ddz, dda1, dda2, dW, Adam"
    for k, stage in enumerate(stages, start=1):
        slow.click("#slow-next")
        settled(slow)
        card = slow.locator("#stage")
        assert card.locator("h3").text_content() == f"{k} of 11: {stage}"
        assert slow.locator("#stages [aria-current=step]").text_content() == stage
        by = card.locator(".by").text_content()
        functions, file = by.removeprefix("npvae: ").split(" in ")
        module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        for function in functions.split(", "):
            assert callable(getattr(module, function))
    theta = "[...criticLab.state().u.critic.theta]"
    assert slow.evaluate(theta) == quick.evaluate(theta)
    assert slow.url.endswith("&did=u6")
    slow.click('button[data-stage="dda1"]')
    slow.click('button[data-stage="score"]')  # back again: nothing was lost
    slow.click("#slow-finish")
    quick.click("#one")
    assert slow.evaluate(theta) == quick.evaluate(theta)


def test_the_slow_motions_numbers_are_those_of_the_row_followed(watched):
    page = watched.open(f"{URL}#seed=8&did=u5&row=11")
    page.click('button[data-stage="dz"]')
    settled(page)
    dz = page.evaluate("[...criticLab.state().u.mixed.dz.data.subarray(22, 24)]")
    numbers = page.locator("#stage tbody td.numbers").nth(1).text_content().replace("−", "-")
    assert [float(x) for x in numbers.split(",")] == pytest.approx(dz, abs=1e-4)


# ------------------------------------------------------------- transport and random numbers


@pytest.mark.parametrize("kind", ["normal", "equal", "one place", "on a grid", "on a line"])
def test_exact_w1(still, kind):
    rng = np.random.default_rng(9)
    x, y = rng.standard_normal((2, BATCH, 2)) * 2
    if kind == "equal":
        y = rng.permutation(x)
    elif kind == "one place":
        y[:] = y[0]
    elif kind == "on a grid":
        x, y = np.round(x), np.round(y)
    elif kind == "on a line":
        x[:, 1] = y[:, 1] = 0
    partner, found = still.evaluate(
        """(points) => {
            const [x, y] = points.map((p) => ({ rows: 64, cols: 2, data: Float64Array.from(p) }));
            const partner = npvaeMath.transport(x, y);
            return [[...partner], npvaeMath.pairedDistance(x, y, partner)];
        }""",
        [x.ravel().tolist(), y.ravel().tolist()],
    )
    assert sorted(partner) == list(range(BATCH))
    same(found, exact_w1(x, y), 1e-12)


def test_the_random_numbers_are_what_they_claim(still):
    uniform, normal, order = still.evaluate(
        """() => {
            const random = npvaeMath.makeRandom(1, 2, 3);
            const draw = (from) => Array.from({ length: 40000 }, from);
            const order = npvaeMath.permutation(64, random);
            return [draw(random.uniform), draw(random.normal), [...order]];
        }"""
    )
    assert min(uniform) >= 0 and max(uniform) < 1
    assert np.histogram(uniform, 10, (0, 1))[0] == pytest.approx(4000, abs=5 * 60)
    assert np.mean(normal) == pytest.approx(0, abs=5 / 200)
    assert np.std(normal) == pytest.approx(1, abs=5 / 280)
    assert np.mean(np.abs(normal) < 1) == pytest.approx(0.6827, abs=5 * 0.0024)
    assert sorted(order) == list(range(64)) != order
