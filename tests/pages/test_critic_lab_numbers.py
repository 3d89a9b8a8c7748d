"""What the laboratory shows after real clicks, against npvae: weights, numbers, strokes, stages.

Tolerance 1e-9 for weights after ten updates, because Adam divides by the root of small squares.
"""

import importlib

import numpy as np
import pytest
from page_helpers import (
    BATCH,
    CRITIC_LAB,
    WEIGHT,
    Setting,
    choose,
    fill,
    flat,
    input_gradient,
    number,
    same,
    settled,
)
from scipy.interpolate import RegularGridInterpolator
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import expit

from npvae.evaluation.distances import assignment_w1
from npvae.models.critic import score_forward
from npvae.models.objectives import critic_objective, make_critic_batch
from npvae.nn.adam import adam_update

URL = CRITIC_LAB.as_uri()


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


STATE = """() => {
    const { points, u } = criticLab.state();
    return [[...u.critic.theta], [...points.codes], [...points.prior]];
}"""


def now(page):
    """The page's critic, in npvae, with its clouds."""
    setting, (theta, codes, prior) = Setting(0), page.evaluate(STATE)
    flat(setting.critic.w, theta)
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
    pull, way = setting.gradient(codes), prior[pairing(codes, prior)] - codes
    estimate = real.mean() - fake.mean()
    if judge == "classifier":
        pull *= expit(fake)[:, None]
        loss = np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean()
        estimate = np.log(2) - loss / 2
    lengths = np.linalg.norm(pull, axis=1)
    cosine = ((way * pull).sum(axis=1) / np.linalg.norm(way, axis=1) / lengths).mean()
    expected = {
        "estimate": estimate,
        "w1": assignment_w1(codes, prior),
        "force": lengths.mean(),
        "cosine": cosine,
    }
    shown = {name: number(page, name) for name in expected}
    assert shown == {name: pytest.approx(value, abs=5.1e-4) for name, value in expected.items()}
    grid = page.evaluate(
        "Object.values(labModel.measureGrid(criticLab.state())).map((x) => [...x])"
    )
    places = grid_of(setting)
    slope = np.linalg.norm(places.dz, axis=1)
    if judge == "classifier":
        answer = expit(places.score)
        same(grid, [answer, answer * slope])
    else:
        same(grid, [places.score, slope])
    page.click("#move")
    settled(page)
    _, moved, _ = now(page)
    same(moved, codes + 0.1 * pull, 1.3e-4)  # half a step of the grid of 1/4096
    assert number(page, "w1") == pytest.approx(assignment_w1(moved, prior), abs=5.1e-4)


def grid_of(setting):
    line = np.linspace(-4.5, 4.5, 41)
    grid = make_critic_batch(setting.critic.w, 41 * 41).fake
    grid.z[:] = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    input_gradient(setting.critic.w, grid)
    return grid


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
        "a": (place(codes), place(codes + 0.6 * setting.gradient(codes))),
        "s": ((nodes - half)[steep], (nodes + half)[steep]),
        "m": (both - arms, both + arms),
    }
    before, texts, discs = strokes(page)
    same(discs, place(codes), 1e-6)
    along = [f"{x}".replace("-", "−") for x in range(-4, 5, 2)]
    at = place(np.stack([np.arange(-4, 5, 2)] * 2, axis=1))
    assert [text for text, _, y in texts if y == size - 5] == along
    assert [x for _, x, y in texts if y == size - 5] == pytest.approx(at[:, 0])
    assert {text: y - 4 for text, x, y in texts if x == 4} == pytest.approx(
        dict(zip(along, at[:, 1], strict=True))
    )
    for letter, (starts, ends) in expected.items():
        choose(page, "show", letter)
        drawn, *_ = strokes(page)
        distance = cdist(np.hstack([starts, ends]), drawn, "chebyshev").min(axis=1)
        assert distance.max() < 0.01, letter
        each = 3 if letter == "a" else 1  # an arrow has a head
        assert len(drawn) - len(before) == each * len(starts)
        choose(page, "show", letter)
    line, steep = np.linspace(-4.5, 4.5, 41), np.linalg.norm(grid.dz, axis=1)
    for back, values in (("slope", steep), ("score", grid.score)):  # contours of equal value
        choose(page, "back", back)
        ends = strokes(page)[0].reshape(-1, 2) * (1, -1) / size * 9 + (-4.5, 4.5)
        at = RegularGridInterpolator((line, line), values.reshape(41, 41))
        levels = at(ends.clip(-4.5, 4.5)[:, ::-1]) / float(
            page.text_content("#legend-lines").split()[-2]
        )
        assert len(ends) > 100 and np.abs(levels - np.round(levels)).max() < 1e-6


def strokes(page):
    """The next drawing's straight strokes, as rows x0, y0, x1, y1, the plane's texts, and discs."""
    found, *others = page.evaluate(
        """async () => {
            const found = [], texts = [], discs = [], { moveTo, lineTo } = Path2D.prototype;
            const pen = CanvasRenderingContext2D.prototype, { fillText, arc } = pen;
            let from = null;
            Path2D.prototype.moveTo = (x, y) => { from = [x, y]; };
            Path2D.prototype.lineTo = (x, y) => { found.push([...from, x, y]); from = [x, y]; };
            pen.fillText = function (...all) { if (this.canvas.id === "plane") texts.push(all); };
            pen.arc = (x, y) => discs.push([x, y]);
            document.querySelector("input[name=back]:checked")
                .dispatchEvent(new Event("input", { bubbles: true }));
            const frame = () => new Promise((go) => requestAnimationFrame(go));
            await frame();
            await frame();
            Object.assign(Path2D.prototype, { moveTo, lineTo });
            Object.assign(pen, { fillText, arc });
            return [found, texts, discs];
        }"""
    )
    return np.array(found), *others


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
    slow.click("#slow-next")  # after the last stage comes the next update
    settled(slow)
    assert slow.text_content("#stage h3") == "1 of 11: mixed"
    slow.click('button[data-stage="dda1"]')
    slow.click('button[data-stage="score"]')  # back again: nothing was lost
    slow.click("#slow-finish")
    quick.click("#one")
    assert slow.evaluate(theta) == quick.evaluate(theta)
    slow.click("#slow-next")
    slow.click("#one")  # the update that was begun, and one more
    for _ in range(2):
        quick.click("#one")
    assert slow.evaluate(theta) == quick.evaluate(theta)


def test_the_slow_motions_numbers_are_those_of_the_row_followed(watched):
    page = watched.open(f"{URL}#seed=8&did=u5,bug:sum&row=11")
    page.click('button[data-stage="dz"]')
    settled(page)
    setting, *_ = now(page)
    code, partner, middle = page.evaluate(
        """['codes', 'prior', 'mixed'].map((name) =>
            [...criticLab.state().u[name].z.data.subarray(22, 24)])"""
    )
    end = middle + setting.gradient(np.tile(middle, (BATCH, 1)))[0]  # of the mean, not of the sum
    size = page.evaluate("document.getElementById('plane').clientWidth")
    thick = (np.reshape([code, partner, middle, end], (4, 2)) * (1, -1) + 4.5) / 9 * size
    found = cdist(thick.reshape(2, 4), strokes(page)[0], "chebyshev").min(axis=1)
    assert found.max() < 0.01  # from the code to its partner, and the slope on the way
    dz = page.evaluate("[...criticLab.state().u.mixed.dz.data.subarray(22, 24)]")
    numbers = page.locator("#stage tbody td.numbers").nth(1).text_content().replace("−", "-")
    assert [float(x) for x in numbers.split(", ")] == pytest.approx(dz, abs=1e-4)
    whole = page.evaluate("[...criticLab.state().u.mixed.dz.data]")
    shape, _, rms = page.locator("#stage tbody td.numbers").all_text_contents()[:3]
    assert shape == f"({BATCH}, 2)"
    assert float(rms) == pytest.approx(np.sqrt(np.mean(np.square(whole))), abs=1e-4)
    # What a stage overwrites has a name of its own: the state before Adam, and after.
    theta = page.evaluate("[...criticLab.state().u.critic.theta.subarray(0, 4)]")
    page.click('button[data-stage="Adam"]')
    settled(page)
    rows = page.locator("#stage tbody tr").all_text_contents()
    names = ["g: dW1, first row", "θ: W1 before", "θ′: W1 after", "m", "m′", "v", "v′"]
    assert [row.partition("(1, 32)")[0] for row in rows] == names
    first = [
        [float(x) for x in row.partition(")")[2].replace("−", "-").split(", …")[0].split(", ")]
        for row in rows
    ]
    g, before, after, m, next_m, v, next_v = np.array(first)
    same(before, theta, 1e-4)
    same(next_m, 0.9 * m + 0.1 * g, 2e-4)
    same(next_v, 0.999 * v + 0.001 * g**2, 2e-4)
    assert 0 < np.abs(after - before).max() < 0.01
