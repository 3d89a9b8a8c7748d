"""The explorer's numbers against npvae's, on small untrained runs.

Two comparisons. With the weights as the page holds them, rounded to half precision, npvae in
float64 gives the same to 1e-10: sums of a few hundred terms. With the run's own weights the
difference is what the rounding costs, HALF below: about three times what was measured on these
runs. The slope jumps where a ReLU opens.
"""

import json

import numpy as np
import pytest
from page_helpers import scored
from scipy.special import expit

from npvae.evaluation.structure import straight_lines
from npvae.models.inference import decode, encode, posterior_sigma, reconstruction_errors
from npvae.report.explorer import pack

HALF = {"image": 1e-3, "mu": 3e-3, "sigma": 3e-4, "score": 1e-3, "slope": 5e-3}


def stored(array):
    """What the page holds of an array."""
    packed = pack(array)
    return (array / packed["scale"]).astype(np.float16).astype(np.float64) * packed["scale"]


def rounded(w):
    return type(w)(*map(stored, w))


def critic_at(w, z):
    act = scored(w, z)
    return {"score": act.score, "slope": np.linalg.norm(act.dz, axis=1)}


def largest_gap(found, expected):
    return np.abs(np.asarray(found) - expected).max()


# Codes, images, scores, errors, draws of the fitted Gaussian and a line, of images x and codes z.
ASK = """([m, x, z]) => {
    const N = explorerNetworks, model = explorer.page.models[m], row = (x) => Float64Array.from(x);
    const images = x.map(row), line = explorerLines.line(model, images[0], images[1]);
    const asked = z.map(row).map((z, n) => {
        const { sse, bce } = N.reconstruct(model, z, images[n]);
        return { ...N.encode(model, images[n]), ...(model.critic ? N.criticAt(model, z) : {}),
                 image: N.decode(model, z).image, shaped: N.shaped(model, z), errors: [sse, bce] };
    });
    return JSON.stringify([asked, line], (_, x) => ArrayBuffer.isView(x) ? [...x] : x); }"""


@pytest.mark.parametrize("m", [0, 1, 2])
def test_what_a_model_is_asked_is_npvaes(made, desk, m):
    model, pixels = made.models[m], made.data.test_images[:6]
    x, z = pixels / 255, np.random.default_rng(3).standard_normal((6, made.latent))
    asked, line = json.loads(desk.evaluate(ASK, [m, x.tolist(), z.tolist()]))
    found = {name: np.array([one[name] for one in asked]) for name in asked[0]}
    critic = model.run.critic and model.run.critic.w
    for weights, tolerance in ((rounded, dict.fromkeys(HALF, 1e-10)), (lambda w: w, HALF)):
        w = weights(model.w)
        mu, logvar = encode(w, x.astype(w.W1.dtype))
        image = decode(w, z.astype(mu.dtype))
        expected = {"mu": mu, "sigma": posterior_sigma(logvar), "image": image}
        expected |= critic_at(weights(critic), z) if critic else {}
        for name, value in expected.items():
            assert largest_gap(found[name], value) < tolerance[name], name
    assert np.std(image) > 0.1 and np.std(mu) > 0.5  # there is something to see
    assert ("score" in found) == (m == 1)
    errors = reconstruction_errors(rounded(model.w), z, pixels)
    assert found["errors"] == pytest.approx(np.stack([errors.sse, errors.bce], axis=1), rel=1e-9)
    covariance = np.cov(model.z, rowvar=False) + 1e-9 * np.eye(made.latent)
    factor = stored(np.linalg.cholesky(covariance))
    assert found["shaped"] == pytest.approx(model.z.mean(axis=0) + z @ factor.T, abs=1e-10)
    w = rounded(model.w)
    way = straight_lines(encode(w, x[:2])[0], np.array([[0, 1]]), 9)  # in float32
    images = decode(w, way.astype(np.float64))
    steps = np.linalg.norm(np.diff(images, axis=0), axis=1)
    assert largest_gap(line["images"], images) < 1e-5
    assert line["steps"] == pytest.approx(steps, abs=1e-5)
    assert line["length"] == pytest.approx(steps.sum(), abs=1e-4)
    assert line["direct"] == pytest.approx(np.linalg.norm(images[-1] - images[0]), abs=1e-5)


def test_numbers_come_out_of_the_page_as_they_went_in(desk):
    """The page's half precision: far beyond its range by the scale, and down to where it ends."""
    arrays = [np.array([1e30, -2e29, 3.0]), np.array([1e-30, 0, -5e-33]), 2.0 ** -np.arange(45.0)]
    for array in [np.zeros(3), *arrays]:
        found = desk.evaluate("(p) => [...explorerNetworks.unpack(p).data]", pack(array))
        assert found == pytest.approx(stored(array), rel=1e-15, abs=0)
        large = np.abs(array) > np.abs(array).max() * 2.0**-28
        assert np.array(found)[large] == pytest.approx(array[large], rel=2.0**-11)


@pytest.mark.parametrize("view", ["dimensions", "components"])
def test_the_critics_layer_is_the_plane_through_the_mean(made, desk, view):
    desk.evaluate("(view) => explorer.map.change({ view, i: 1, j: 3, layer: 'slope' })", view)
    desk.wait_for_selector(f"canvas[data-model=ws][data-layer=slope][data-view={view}]")
    found = desk.evaluate("({ score: [...explorer.map.maps[1].critic.score],"
                          " slope: [...explorer.map.maps[1].critic.slope] })")  # fmt: skip
    extent, model = desk.evaluate("explorer.map.extent()"), made.models[1]
    mean = model.z.mean(axis=0).astype(np.float64)
    places = np.linspace(-extent, extent, 41)
    across, up = np.meshgrid(places, places)
    if view == "dimensions":
        z = np.tile(mean, (41 * 41, 1))
        z[:, 1], z[:, 3] = across.ravel(), up.ravel()
    else:
        axes = np.array(desk.evaluate("[...explorer.page.models[1].components.data]"))
        z = mean + np.stack([across.ravel(), up.ravel()], axis=1) @ axes.reshape(2, -1)
    for name, expected in critic_at(rounded(model.run.critic.w), z).items():
        assert found[name] == pytest.approx(expected, abs=1e-6)  # the mean passes through float32
    answers = """async (view) => { const [, ws] = explorer.page.models, answers = [];
        const plane = explorerPlane.planeOf(ws, { view, i: 1, j: 3 });
        for (const over of [false, true]) explorerPlane.askCritic(ws, plane, 3, {
            done: () => answers.push(over), stopped: () => over });
        for (let n = 0; n < 999 && !answers.length; n++) await new Promise(requestAnimationFrame);
        return answers; }"""
    assert desk.evaluate(answers, view) == [False]  # none once it is stopped


def test_far_logits_and_log_variances_stay_finite(desk):
    logits, x = np.array([800.0, -800.0, 30.0]), np.array([1.0, 0.0, 0.5])
    image, bce, sigma, z = desk.evaluate(
        """([a, x]) => { const V = npvaeVae, row = (...x) => Float64Array.from(x);
            const sigma = V.posteriorSigma(row(45, 20, -2));
            return [[...V.sigmoid(row(...a))], V.bernoulliNll(row(...a), x), [...sigma],
                    [...V.reparameterise(row(1, 2), row(0.5, 2), row(1, -1))]]; }""",
        [logits.tolist(), x.tolist()],
    )
    assert image == pytest.approx(expit(logits), abs=1e-15)
    assert bce == pytest.approx(15, abs=1e-9)
    assert sigma == pytest.approx(posterior_sigma(np.array([45.0, 20.0, -2.0])))
    assert z == [1.5, 0]
