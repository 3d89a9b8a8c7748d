"""What the laboratory shows after real clicks, against npvae: weights, numbers, strokes, stages.

Tolerance 1e-9 for weights after ten updates, because Adam divides by the root of small squares.
"""

import importlib

import numpy as np
import pytest
from page_helpers import BATCH, Drawing, Setting, choose, number, same, scored, settled
from page_helpers import CRITIC_LAB as URL
from scipy.interpolate import RegularGridInterpolator
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import expit

from npvae.evaluation.distances import assignment_w1
from npvae.models.critic import score_forward
from npvae.nn.adam import adam_update


def test_ten_clicked_updates_end_in_npvaes_weights(watched):
    page = watched.open(f"{URL}#seed=3&codes=wider&lr=0.01")
    setting, setting.codes, setting.prior = now(page)
    noise = page.evaluate(
        """Array.from({ length: 10 }, (_, t) => criticUpdate.drawNoise(3, t)).map(
            ({ partner, alpha }) => [[...partner], [...alpha]])"""
    )
    page.click("#ten")
    for t, (partner, alpha) in enumerate(noise, start=1):
        setting.partner, setting.alpha = np.array(partner), np.array(alpha)
        setting.objective()
        adam_update(setting.critic, t, 0.01)
    theta = page.evaluate("[...criticLab.state().u.critic.theta]")
    same(theta, np.concatenate([W.ravel() for W in setting.critic.w]), 1e-9)
    assert sorted(noise[0][0]) == list(range(BATCH)) and noise[0] != noise[1]


STATE = """() => {
    const { points, u } = criticLab.state();
    return [[...u.critic.theta], [...points.codes], [...points.prior]];
}"""


def now(page):
    """The page's critic, in npvae, with its clouds."""
    setting, (theta, codes, prior) = Setting(0), page.evaluate(STATE)
    for W in setting.critic.w:
        W.flat, theta = theta[: W.size], theta[W.size :]
    return setting, np.reshape(codes, (BATCH, 2)), np.reshape(prior, (BATCH, 2))


def pairing(codes, prior):
    return linear_sum_assignment(cdist(codes, prior))[1]


@pytest.mark.parametrize("judge", ["critic", "classifier"])
def test_the_numbers_and_a_move_are_npvaes(watched, judge):
    """A classifier's pull is D times the score's gradient, its estimate log 2 - loss / 2."""
    page = watched.open(f"{URL}#seed=4&codes=bimodal&judge={judge}&did=u50")
    setting, codes, prior = now(page)
    pair = setting.batch.pair
    pair.z[:] = np.concatenate([codes, prior])
    score_forward(setting.critic.w, pair)
    fake, real = pair.score[:BATCH].copy(), pair.score[BATCH:].copy()
    pull, way = scored(setting.critic.w, codes).dz, prior[pairing(codes, prior)] - codes
    estimate = real.mean() - fake.mean()
    if judge == "classifier":
        pull *= expit(fake)[:, None]
        loss = np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean()
        estimate = np.log(2) - loss / 2
    lengths = np.linalg.norm(pull, axis=1)
    cosine = ((way * pull).sum(axis=1) / np.linalg.norm(way, axis=1) / lengths).mean()
    dz = page.evaluate("[...criticLab.state().u.mixed.dz.data]")
    slopes = np.linalg.norm(np.reshape(dz, (BATCH, 2)), axis=1)  # of the latest update
    expected = {
        "slope": slopes.mean(), "penalty": ((slopes - 1) ** 2).mean(), "estimate": estimate,
        "w1": assignment_w1(codes, prior), "force": lengths.mean(), "cosine": cosine,
    }  # fmt: skip
    shown = {name: number(page, name) for name in expected}
    assert shown == {name: pytest.approx(value, abs=5.1e-4) for name, value in expected.items()}
    grid = page.evaluate(
        "Object.values(labModel.measureGrid(criticLab.state())).map((x) => [...x])"
    )
    places = grid_of(setting)
    slope = np.linalg.norm(places.dz, axis=1)
    answer = expit(places.score)
    same(grid, [answer, answer * slope] if judge == "classifier" else [places.score, slope])
    page.click("#move")
    settled(page)
    _, moved, _ = now(page)
    same(moved, codes + 0.1 * pull, 1.3e-4)  # half a step of the grid of 1/4096
    assert number(page, "w1") == pytest.approx(assignment_w1(moved, prior), abs=5.1e-4)


def grid_of(setting):
    line = np.linspace(-4.5, 4.5, 41)
    return scored(setting.critic.w, np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2))


def test_the_picture_draws_what_is_computed(watched):
    """The strokes on the canvas, in pixels of a plane that is 9 wide: lines, arrows, marks."""
    page = watched.open(f"{URL}#seed=4&codes=bimodal&show=&did=u50")
    setting, codes, prior = now(page)
    size = page.evaluate("document.getElementById('plane').clientWidth")
    place = lambda points: (points * (1, -1) + 4.5) / 9 * size  # noqa: E731
    grid = grid_of(setting)
    slope = np.linalg.norm(grid.dz, axis=1).reshape(41, 41)[::2, ::2].ravel()
    nodes = place(grid.z.reshape(41, 41, 2)[::2, ::2].reshape(-1, 2))
    half = 0.72 * size / 40 * np.minimum(1, 0.2 + 2 * (slope - 1))[:, None] * (1, -1)
    steep = slope > 1.005
    assert 0 < steep.sum() < steep.size
    mixed = place(np.reshape(page.evaluate("[...criticLab.state().u.mixed.z.data]"), (BATCH, 2)))
    both, arms = np.tile(mixed, (2, 1)), np.repeat([[3.0, 0.0], [0.0, 3.0]], BATCH, axis=0)
    expected = {
        "l": (place(codes), place(prior[pairing(codes, prior)])),
        "a": (place(codes), place(codes + 0.6 * scored(setting.critic.w, codes).dz)),
        "s": ((nodes - half)[steep], (nodes + half)[steep]),
        "m": (both - arms, both + arms),
    }
    before = drawn(page)
    texts = before.all("fillText", "plane")
    same([at[:2] for at in before.all("arc")], place(codes), 1e-6)
    along = [f"{x}".replace("-", "−") for x in range(-4, 5, 2)]
    at = place(np.stack([np.arange(-4, 5, 2)] * 2, axis=1))
    assert [text for text, _, y in texts if y == size - 5] == along
    assert [x for _, x, y in texts if y == size - 5] == pytest.approx(at[:, 0])
    assert {text: y - 4 for text, x, y in texts if x == 4} == pytest.approx(
        dict(zip(along, at[:, 1], strict=True))
    )
    for letter, (starts, ends) in expected.items():
        choose(page, "show", letter)
        lines = drawn(page).lines()
        distance = cdist(np.hstack([starts, ends]), lines, "chebyshev").min(axis=1)
        assert distance.max() < 0.01, letter
        each = 3 if letter == "a" else 1  # an arrow has a head
        assert len(lines) - len(before.lines()) == each * len(starts)
        choose(page, "show", letter)
    line, steep = np.linspace(-4.5, 4.5, 41), np.linalg.norm(grid.dz, axis=1)
    for back, values in (("slope", steep), ("score", grid.score)):  # contours of equal value
        choose(page, "back", back)
        ends = drawn(page).lines().reshape(-1, 2) * (1, -1) / size * 9 + (-4.5, 4.5)
        at = RegularGridInterpolator((line, line), values.reshape(41, 41))
        levels = at(ends.clip(-4.5, 4.5)[:, ::-1]) / float(
            page.text_content("#legend-lines").split()[-2]
        )
        assert len(ends) > 100 and np.abs(levels - np.round(levels)).max() < 1e-6


def drawn(page):
    """The next drawing."""
    return Drawing(
        page,
        """async () => {
            document.querySelector("input[name=back]:checked")
                .dispatchEvent(new Event("input", { bubbles: true }));
            const frame = () => new Promise((go) => requestAnimationFrame(go));
            await frame();
            await frame(); }""",
    )


# The arrays of each stage: the name that is shown, and where criticUpdate has it.
SHOWN = {
    "mixed": {"z of the codes": "codes.z", "z of the prior": "prior.z", "mixed": "mixed.z"},
    "score": {
        "h1, mixed row": "mixed.h1", "h2, mixed row": "mixed.h2",
        "score of the codes": "codes.score", "score of the prior": "prior.score",
        "score of the mixed": "mixed.score", "estimate": "estimate",
    },
    "da2": {
        "dscore, code": "codes.dscore", "dscore, mixed": "mixed.dscore",
        "da2, code row": "codes.da2", "da2, mixed row": "mixed.da2",
    },
    "da1": {"da1, code row": "codes.da1", "da1, mixed row": "mixed.da1"},
    "dz": {"dz": "mixed.dz"},
    "norm": {"norm": "norm", "penalty": "penalty"},
    "ddz": {"ddz": "second.ddz"},
    "dda1": {"dda1": "second.dda1"},
    "dda2": {"dda2": "second.dda2"},
    "dW": {
        "dW1s, first row": "ofScores.dw.W1", "dW1, first row": "critic.dw.W1",
        "dW2s, first row": "ofScores.dw.W2", "dW2, first row": "critic.dw.W2",
        "dW3, first row": "critic.dw.W3", "db1": "critic.dw.b1", "db2": "critic.dw.b2",
    },
    "Adam": {
        "g: dW1, first row": "critic.dtheta", "θ: W1 before": "before.theta",
        "θ′: W1 after": "critic.theta", "m": "before.m", "m′": "critic.m", "v": "before.v",
        "v′": "critic.v",
    },
}  # fmt: skip
# A row of the table as it must be written: its shape, its first four numbers, the rms of all, and
# the heights of its bars. Of the parameters, which belong to no row, the first 32 numbers or fewer.
ROWS = """([stage, paths]) => paths.map((path) => {
    const x = path.split(".").reduce((from, key) => from[key], criticLab.state().u);
    const { cols, data } = x, numbers = data ?? (x.length ? x : [x]), { length } = numbers;
    let row = [...numbers].slice(...(data ? [11 * cols, 12 * cols] : length > 1 ? [11, 12] : [0]));
    let all = [...numbers], shape = data ? `(${length / cols}, ${cols})` : `(${length},)`;
    if (["dW", "Adam"].includes(stage)) {
        if (!data) all = all.slice(0, 32);
        row = all.slice(0, cols ?? 32);
        if (!data) shape = `(1, ${row.length})`;
    }
    const format = (v) => npvaePictures.format(v, 4), most = Math.max(...row.map(Math.abs)) || 1;
    return [[shape, row.slice(0, 4).map(format).join(", ") + (row.length > 4 ? ", …" : ""),
             format(Math.sqrt(all.reduce((sum, v) => sum + v * v, 0) / all.length))],
            row.length > 2 ? row.map((v) => [v > 0, Math.abs(v) / most * 17]) : []]; })"""
BARS = """(rows) => rows.map((row) => [...row.querySelectorAll("rect")].map((bar) => {
    const at = (name) => Number(bar.getAttribute(name)), up = bar.classList.contains("up");
    return [up, up ? 18 - at("y") : at("y") === 18 ? at("height") : -1]; }))"""


def test_the_slow_motion_shows_one_update_of_the_row_followed(watched):
    page = watched.open(f"{URL}#seed=8&did=u5,bug:sum&row=11")
    theta = "criticLab.state().u.critic.theta.join()"
    expected = page.evaluate(
        """[1, 2, 4].map((more) => {
            const lab = labModel.open(`#seed=8&did=u5,bug:sum,u${more}`);
            labModel.replay(lab, 1e6);
            return lab.u.critic.theta.join(); })"""
    )
    assert page.evaluate("criticUpdate.ORDER") == list(SHOWN)
    for k, (stage, arrays) in enumerate(SHOWN.items(), start=1):
        page.click("#slow-next")
        settled(page)
        assert page.text_content("#stage h3") == f"{k} of 11: {stage}"
        assert page.text_content("#stages [aria-current=step]") == stage
        functions, file = page.text_content("#stage .by").removeprefix("npvae: ").split(" in ")
        module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        assert all(callable(getattr(module, name)) for name in functions.split(", "))
        assert page.is_enabled("#slow-finish") == (stage != "Adam")
        rows = page.locator("#stage tbody tr")
        assert rows.locator("th").all_text_contents() == list(arrays)
        told = np.reshape(rows.locator("td.numbers").all_text_contents(), (-1, 3)).tolist()
        right = page.evaluate(ROWS, [stage, list(arrays.values())])
        assert told == [row for row, _ in right]
        for found, (_, bars) in zip(rows.evaluate_all(BARS), right, strict=True):
            assert np.ravel(found) == pytest.approx(np.ravel(bars))
        if stage == "dz":
            followed_in_the_picture(page)
    assert page.evaluate(theta) == expected[0] and page.url.endswith("did=u5,bug:sum,u1")
    g, m, next_m, v, next_v = page.evaluate(
        """(({ before, critic }) => [critic.dtheta, before.m, critic.m, before.v, critic.v]
            .map((x) => [...x]))(criticLab.state().u)"""
    )  # what Adam overwrites has a name of its own
    same(next_m, 0.9 * np.array(m) + 0.1 * np.array(g))
    same(next_v, 0.999 * np.array(v) + 0.001 * np.array(g) ** 2)
    page.click("#slow-next")  # after the last stage comes the next update
    settled(page)
    assert page.text_content("#stage h3") == "1 of 11: mixed"
    page.click('button[data-stage="dda1"]')
    page.click('button[data-stage="score"]')  # back again: nothing was lost
    page.click("#slow-finish")
    assert page.evaluate(theta) == expected[1]
    page.click("#slow-next")
    page.click("#one")  # the update that was begun, and one more
    assert page.evaluate(theta) == expected[2]


def followed_in_the_picture(page):
    """Thick lines: from the code to its partner, and the slope of the mean, not of the sum."""
    setting, *_ = now(page)
    code, partner, middle = page.evaluate(
        """['codes', 'prior', 'mixed'].map((name) =>
            [...criticLab.state().u[name].z.data.subarray(22, 24)])"""
    )
    end = middle + scored(setting.critic.w, np.array([middle])).dz[0]
    size = page.evaluate("document.getElementById('plane').clientWidth")
    thick = (np.reshape([code, partner, middle, end], (4, 2)) * (1, -1) + 4.5) / 9 * size
    drawing = drawn(page)
    found = cdist(thick.reshape(2, 4), drawing.lines(), "chebyshev").min(axis=1)
    assert found.max() < 0.01
    rings = np.array(drawing.all("arc", "path"))[:, :3]
    same(rings, np.insert(thick[:2], 2, 8, axis=1), 1e-6)


# What the equations of a stage say of a switch, which they do not say without it.
EQUATIONS = [
    ("mixed", {"bug": "alpha"}, "bug: an α for each dimension"),
    ("score", {"classifier": True}, "D = 1 / (1 + e^−score),   estimate = log 2 − loss / 2"),
    ("da2", {"classifier": True}, "dscore = D/64 for codes, −(1 − D)/64 for prior rows,"),
    ("da2", {"bug": "sum"}, "10 for mixed rows (bug: ten units' sum)"),
    ("norm", {"bug": "batch"}, "over the whole batch"),
    ("norm", {"oneSided": True}, "penalty = mean of max(0, norm − 1)²"),
    ("ddz", {"bug": "batch"}, "weight · 2 (norm − 1) dz / norm     weight = 10"),
    ("ddz", {"oneSided": True}, "weight · 2/64 max(0, norm − 1) dz / norm"),
    ("ddz", {"clip": 0.1}, "weight · 2/64 (norm − 1) dz / norm     weight = 0 (clipping instead)"),
    ("Adam", {"clip": 0.1}, "then every θ′ back into [−0.1, 0.1]"),
    ("Adam", {"lr": 0.01}, "lr = 0.01"),
]


def test_the_equations_are_those_of_the_switches(watched):
    page = watched.open(f"{URL}#seed=1&did=u1")
    found = page.evaluate(
        """(given) => given.map(([at, changes]) => [{}, changes].map((more) => {
            const { u, view } = criticLab.state(), [card, list] = ["div", "ol"].map(
                (tag) => document.createElement(tag));
            const options = { ...u.options, ...more };
            labSlow.show(card, list, { u: { ...u, options }, view: { ...view, at } });
            return card.querySelector("pre").textContent; }))""",
        [case[:2] for case in EQUATIONS],
    )
    assert [(part in usual, part in changed) for (usual, changed), (*_, part) in
            zip(found, EQUATIONS, strict=True)] == [(False, True)] * len(EQUATIONS)  # fmt: skip
