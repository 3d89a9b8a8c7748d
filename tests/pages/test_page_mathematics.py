"""The pages' JavaScript against npvae's own arrays, in float64.

Tolerance 1e-10: sums of a few hundred terms of order 1 round to about 1e-14.
"""

import numpy as np
import pytest
from page_helpers import BATCH, WEIGHT, Setting, same

from npvae.evaluation.distances import assignment_w1

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


@pytest.mark.parametrize("scale", [1.0, 2.0, 0.0])
def test_every_gradient_is_npvaes(still, scale):
    """Scale 0 makes a flat critic, whose slope of 0 must give finite gradients. What the slow
    motion shows has arrays of its own: the first pass, the scores' share, the state before Adam."""
    setting = Setting(3, scale)
    found = in_page(
        still,
        """const start = [...u.critic.theta], first = () => JSON.stringify(plain(u.mixed));
        stages(u, "ddz");
        const kept = first();
        criticUpdate.run(u, criticUpdate.ORDER.indexOf("ddz"));
        return { dw: plain(u.critic.dw), shares: plain(u.ofScores.dw), da1: [...u.every.da1.data],
                 norm: [...u.norm], numbers: [u.estimate, u.penalty],
                 same: first() === kept && String(start) === String(u.before.theta) };""",
        setting,
    )
    same(found["numbers"], setting.objective()[:2])
    same(found["norm"], setting.batch.norm)
    same(found["da1"], setting.batch.every.da1)
    for part, weight in (("dw", WEIGHT), ("shares", 0)):
        setting.objective(weight)
        for name, dW in setting.critic.dw._asdict().items():
            same(found[part][name], dW)
    assert found["same"]


ONE_SIDED = {"oneSided": True}
SWITCHES = [{}, ONE_SIDED, {"bug": "batch"}, {"bug": "batch"} | ONE_SIDED, {"bug": "alpha"}]
SWITCHES += [{"bug": "sum"}, {"clip": 0.1}, {"classifier": True}]


@pytest.mark.parametrize("options", SWITCHES, ids=str)
def test_every_switch_has_the_gradient_of_its_own_loss(still, options):
    """Central differences of the loss as the forward stages alone compute it, with step 1e-5."""
    analytic, numeric = in_page(
        still,
        """const weight = given.options.clip ? 0 : given.options.weight, h = 1e-5;
        const theta = u.critic.theta;
        function loss() { stages(u, "ddz"); return weight * u.penalty + u.loss; }
        stages(u, "Adam");
        const analytic = [], numeric = [], dtheta = u.critic.dtheta.slice();
        for (let n = theta.length - 1; n >= 0; n -= 17) {
            const [above, below] = [h, -2 * h].map((by) => { theta[n] += by; return loss(); });
            theta[n] += h;
            analytic.push(dtheta[n]);
            numeric.push((above - below) / (2 * h));
        }
        return [analytic, numeric];""",
        Setting(5, 2.5),  # slopes on both sides of 1
        **options,
    )
    analytic, numeric = np.array(analytic), np.array(numeric)
    error = np.abs(analytic - numeric) / np.maximum(np.abs(analytic) + np.abs(numeric), 1e-5)
    assert np.median(error) < 1e-6 and error[0] < 1e-4  # the first is b3, of no gate
    assert (error < 1e-4).mean() > 0.9  # where no unit flips within the step


def test_each_switch_does_what_its_name_says(still):
    setting = Setting(6, 2.5)
    prior = setting.prior[setting.partner]
    one, each = setting.alpha[:BATCH, None], setting.alpha.reshape(BATCH, 2)
    for bug, alpha in (("none", one), ("alpha", each)):
        mixed = in_page(still, "stages(u, 'score'); return [...u.mixed.z.data];", setting, bug=bug)
        same(mixed, setting.codes + alpha * (prior - setting.codes))
    body = """stages(u, "ddz"); return [[...u.mixed.dz.data], [...u.norm], u.penalty];"""
    dz, norm, penalty = in_page(still, body, setting, bug="batch")
    same(norm, np.full(BATCH, np.linalg.norm(dz)))
    same(penalty, (np.linalg.norm(dz) - 1) ** 2)
    same(in_page(still, body, setting, bug="sum")[0], 10 * np.array(dz))
    _, norm, penalty = in_page(still, body, setting, oneSided=True)
    same(penalty, (np.maximum(0, np.array(norm) - 1) ** 2).mean())
    theta = in_page(still, "criticUpdate.run(u); return [...u.critic.theta];", setting, clip=0.1)
    assert max(map(abs, theta)) == 0.1  # clipping keeps every parameter in its bounds


def test_assignment_w1(still):
    rng = np.random.default_rng(9)
    a, b = clouds = rng.standard_normal((2, BATCH, 2)) * 2
    special = [a, rng.permutation(a)], [a, np.tile(b[0], (BATCH, 1))]  # equal, in one place
    for x, y in (clouds, *special, np.round(clouds), clouds * (1, 0)):
        partner, found = still.evaluate(
            """(points) => {
                const cloud = (p) => ({ rows: 64, cols: 2, data: Float64Array.from(p) });
                const [x, y] = points.map(cloud), partner = npvaeTransport.transport(x, y);
                return [[...partner], npvaeTransport.pairedDistance(x, y, partner)]; }""",
            [x.ravel().tolist(), y.ravel().tolist()],
        )
        assert sorted(partner) == list(range(BATCH))
        same(found, assignment_w1(x, y), 1e-12)


def test_the_random_numbers_are_what_they_claim(still):
    uniform, normal, order, start = still.evaluate(
        """() => {
            const random = npvaeMath.makeRandom(1, 2, 3);
            const draw = (from) => Array.from({ length: 40000 }, from);
            const order = npvaeMath.permutation(64, random);
            const parameters = npvaeMath.makeParameters([100, 25, 4]);
            npvaeMath.drawParameters(parameters, random);
            const ends = ["W1", "b1", "W2"].map((name) => [...(parameters.w[name].data
                ?? parameters.w[name])]).map((x) => [Math.min(...x), Math.max(...x)]);
            return [draw(random.uniform), draw(random.normal), [...order], ends];
        }"""
    )
    assert min(uniform) >= 0 and max(uniform) < 1
    assert np.histogram(uniform, 10, (0, 1))[0] == pytest.approx(4000, abs=5 * 60)
    assert np.mean(normal) == pytest.approx(0, abs=5 / 200)
    assert np.std(normal) == pytest.approx(1, abs=5 / 280)
    assert np.mean(np.abs(normal) < 1) == pytest.approx(0.6827, abs=5 * 0.0024)
    assert sorted(order) == list(range(64)) != order
    for (low, high), bound in zip(start, (0.1, 0.1, 0.2), strict=True):  # 1 / sqrt(inputs)
        assert -bound <= low < -0.7 * bound and 0.7 * bound < high <= bound
