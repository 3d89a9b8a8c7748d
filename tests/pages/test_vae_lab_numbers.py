"""The VAE's laboratory against npvae/plain.py: gradients, whole steps, 60 steps, what is measured.

Gradients agree to 1e-10 and steps to 1e-9, because Adam divides by the root of small squares.
"""

import base64
import json
import math

import numpy as np
import pytest
from page_helpers import VAE_LAB, same, until

from course.replace import plain_with
from npvae import plain
from npvae.pages.digits import digits_text

URL = VAE_LAB
B, P, H, L, SHOWN = 32, 196, 64, 2, 200
OPTIONS = {"weight": 2.0, "gp": 10.0, "updates": 3, "lr": 0.003, "sigma": None}
NO_SIGMA = 1e-6

RUN = """(text) => {
    const given = JSON.parse(text), images = labDigits.decode(vaeLab.digits);
    const fill = (w, from) => Object.entries(from).forEach(([name, x]) => {
        (w[name].data ?? w[name]).set(x); });
    const matrix = (rows, x) => ({ rows, cols: x.length / rows, data: Float64Array.from(x) });
    const lists = (key, x) => (ArrayBuffer.isView(x?.data ?? x) ? [...(x.data ?? x)] : x);
    return JSON.stringify((() => { BODY })(), lists);
}"""


def ask(page, body, **given):
    """What a function body returns in the page; as JSON, which is much faster for many numbers."""
    text = json.dumps(given, default=lambda x: x.ravel().tolist())
    return json.loads(page.evaluate(RUN.replace("BODY", body), text))


@pytest.fixture(scope="module")
def lab(watcher):
    return watcher.open(URL)


@pytest.fixture(scope="module")
def images():
    pixels = np.frombuffer(base64.b64decode(digits_text()), np.uint8)
    return np.stack([pixels >> 4, pixels & 15], axis=1).reshape(1000, P) / 15


def networks(rng, scale=1.0):
    vae, state = plain.new_network([(P, H), (H, 2 * L), (L, H), (H, P)], rng, np.float64)
    critic, critic_state = plain.new_network([(L, 32), (32, 32), (32, 1)], rng, np.float64)
    for name in critic:
        critic[name] = scale * critic[name]
    return vae, state, critic, critic_state


class Played:
    """A generator that plays given normals and alphas in the order in which plain asks for them."""

    def __init__(self, normals, alphas=()):
        self.normals, self.alphas = iter(normals), iter(alphas)

    def standard_normal(self, shape, dtype):
        return np.reshape(next(self.normals), shape)

    def random(self, shape, dtype):
        return np.reshape(next(self.alphas), shape)


def held_backward(*args):
    """vae_backward with a sigma that is held: what makes the log-variances stays as it is."""
    dW1, db1, dW2, db2, *rest = plain.vae_backward(*args)
    dW2[:, L:], db2[L:] = 0, 0
    return dW1, db1, dW2, db2, *rest


def hold(vae, sigma):
    vae["W2"][:, L:], vae["b2"][L:] = 0, 2 * math.log(sigma)


def plain_step(model, kind, x, noise, options, **functions):
    """The step of plain that belongs to a kind, with the noise of the page's step."""
    vae, state, critic, critic_state = model
    sigma = NO_SIGMA if kind == "AE" else options["sigma"]
    if sigma is not None:
        hold(vae, sigma)
        functions["vae_backward"] = held_backward
    heart, lr, weight = plain_with(**functions), options["lr"], options["weight"]
    if kind in ("KL", "AE"):
        beta = weight if kind == "KL" else 0
        losses = heart.kl_step(vae, state, x, Played([noise["eps"]]), beta, lr)
        return losses[1], losses[2] if kind == "KL" else 0
    if kind == "SW":
        both = np.concatenate([noise["eps"], noise["prior"]])
        played = Played([both, np.array(noise["lines"])])
        return heart.sw_step(vae, state, x, played, weight, lr)[1:]
    pairs = np.array([[one["eps"], one["prior"]] for one in noise["critic"]])
    played = Played([pairs, noise["eps"]], [one["alpha"] for one in noise["critic"]])
    settings = weight, options["gp"], lr, lr, len(noise["critic"])
    return heart.ws_step(vae, state, critic, critic_state, x, played, *settings)[1:3]


STEPS = """
    const model = labSteps.make(5), { options } = given, { vae, critic } = model;
    fill(vae.w, given.vae);
    fill(critic.w, given.critic);
    return [0, 1, 2, 3, 4].map((t) => {
        const noise = labSteps.drawNoise(5, t, options.kind, options.updates);
        const before = structuredClone(noise), index = labSteps.batchOf(5, t, 1000);
        const losses = labSteps.step(model, images, index, noise, options);
        const w = { vae: vae.w, critic: critic.w, dvae: vae.dw, dcritic: critic.dw };
        return structuredClone({ noise: before, losses, index, ...w });
    });
"""
KINDS = [("KL", None), ("WS", None), ("SW", None), ("AE", None), ("KL", 0.3), ("WS", 0.3)]


@pytest.mark.parametrize(("kind", "sigma"), KINDS)
def test_gradients_and_whole_steps_are_plains(lab, images, kind, sigma):
    model, caught = networks(np.random.default_rng(2), 1.5), {}

    def update(network, state, grads, lr):
        # 8 of the VAE, 6 of the critic
        caught[len(network)] = dict(zip(network, grads, strict=True))
        plain.update(network, state, grads, lr)

    options = OPTIONS | {"kind": kind, "sigma": sigma}
    steps = ask(lab, STEPS, options=options, vae=model[0], critic=model[2])
    for t, found in enumerate(steps):
        x = images[found["index"]]
        losses = plain_step(model, kind, x, found["noise"], options, update=update)
        same([found["losses"][name] for name in ("bce", "regulariser")], losses, 1e-9)
        for part, network in (("vae", model[0]), ("critic", model[2])):
            for name, expected in network.items():
                same(found[part][name], expected, 1e-9)
            for name, expected in caught.get(len(network), {}).items():
                same(found[f"d{part}"][name], expected, 1e-9 if t else 1e-10)


def test_60_steps_from_an_address_are_plains(watched, images):
    """The numbers of a page that was opened, drew, and trained in its worker."""
    address = "#seed=3&left=SW&weightLeft=5&t=60&updates=2&seeds=other&did=weightRight:10@36"
    page = watched.open(URL + address)
    until(page, "vaeLab.present()?.t === 60")
    found = ask(page, "return vaeLab.present().sides.map((side) => [side.theta, side.bce]);")
    for side, (kind, seed) in enumerate([("SW", 3), ("WS", 1003)]):
        body = """
            const { vae, critic } = labSteps.make(given.seed), { seed, kind } = given;
            const noise = Array.from({ length: 60 }, (_, t) =>
                [labSteps.drawNoise(seed, t, kind, 2), [...labSteps.batchOf(seed, t, 1000)]]);
            return { vae: vae.w, critic: critic.w, noise };
        """
        start = ask(page, body, seed=seed, kind=kind)
        model = networks(np.random.default_rng(0))
        for network, given in ((model[0], start["vae"]), (model[2], start["critic"])):
            for name in network:
                network[name] = np.reshape(given[name], network[name].shape)
        for t, (noise, index) in enumerate(start["noise"]):
            weight = 5 if kind == "SW" else 2 if t < 36 else 10
            plain_step(model, kind, images[index], noise, OPTIONS | {"weight": weight})
        theta = np.concatenate([W.ravel() for W in model[0].values()])
        same(found[side][0], theta, 1e-6)
        _, mu, logvar = plain.encode(model[0], images[shown_digits()])
        eps = np.reshape(ask(page, "return vaeLab.ruler.eps;"), mu.shape)
        logits = plain.decode(model[0], plain.sample(mu, logvar, eps))[1]
        assert found[side][1] == pytest.approx(plain.bce(logits, images[shown_digits()])[0], 1e-6)


def shown_digits():
    return [100 * (k % 10) + k // 10 for k in range(SHOWN)]


def test_the_digits_are_the_samples(lab, images):
    given = ask(lab, "return [images, labDigits.shown, labDigits.classOf(765)];")
    same(given[0], images, 1e-15)
    assert given[1:] == [shown_digits(), 7]
    assert len({tuple(digit) for digit in images}) == 1000


def test_noise_is_fresh_and_the_same_for_all_kinds(lab):
    body = """
        const { drawNoise, batchOf, KINDS } = labSteps;
        return [KINDS.map((kind) => [0, 1].map((t) => drawNoise(5, t, kind, 2))),
                [...Array(62).keys()].map((t) => batchOf(5, t, 1000))];
    """
    noise, batches = ask(lab, body)
    one, two = np.concatenate(batches).reshape(2, 31 * B)  # epochs
    assert len(set(one)) == len(set(two)) == 31 * B and (one != two).any()
    for steps in noise:
        assert [one["eps"] for one in steps] == [one["eps"] for one in noise[0]]
        numbers = [x for one in steps for update in one["critic"] for x in update.values()]
        numbers += [one[name] for one in steps for name in ("eps", "prior", "lines") if name in one]
        numbers = np.concatenate(numbers)
        assert len(set(numbers)) == len(numbers) > 2 * B
        assert np.std(steps[0]["eps"]) == pytest.approx(1, abs=0.3) and min(steps[0]["eps"]) < -1


MEASURE = """
    const state = labState.read(given.address), lab = labModel.open(state, images);
    lab.models.forEach((model) => {
        fill(model.vae.w, given.vae);
        fill(model.critic.w, given.critic);
    });
    const side = labModel.measure(lab, 1), copy = labForces.makeCopy(), { ruler } = lab;
    labForces.update(copy, side);
    const shown = { rows: 200, cols: 4, data: side.stats };
    return { side, eps: ruler.eps, prior: ruler.prior, lines: ruler.lines,
             pulls: labForces.pulls(copy, [4, 9], ruler), cov: labModel.spread(shown).cov,
             wishes: labForces.wishes(copy, [4, 9], ruler.x),
             image: labForces.decode(copy, [[0.5, -1]]),
             facts: labTasks.facts({ sides: [side, side] }).left };
"""


@pytest.mark.parametrize("kind", ["KL", "WS", "SW", "AE"])
def test_what_is_measured_is_plains(lab, images, kind):
    vae, _, critic, _ = networks(np.random.default_rng(4), 1.5)
    vae["W2"][:, L:] *= 4
    vae["W2"][:, :L] *= 3
    given = {"vae": vae, "critic": critic, "address": f"#right={kind}&weightRight=5"}
    found = ask(lab, MEASURE, **given)
    if kind == "AE":
        hold(vae, NO_SIGMA)
    x, weights = images[shown_digits()], critic.values()
    eps, prior, lines = (np.reshape(found[name], (-1, L)) for name in ("eps", "prior", "lines"))
    _, mu, logvar = plain.encode(vae, x)
    z, sigma = plain.sample(mu, logvar, eps), np.exp(logvar / 2)
    side = found["side"]
    same(np.reshape(side["stats"], (-1, 4)), np.hstack([mu, logvar]))
    same(side["bce"], plain.bce(plain.decode(vae, z)[1], x)[0])
    same(side["sigma"], sigma.mean())
    cov = np.cov(mu.T, bias=True) + np.diag((sigma**2).mean(axis=0))
    mean = mu.mean(axis=0)
    same(found["cov"], cov[[0, 0, 1], [0, 1, 1]])
    same(side["scale"], (np.trace(cov) + mean @ mean - 2 - np.log(np.linalg.det(cov))) / 2)
    same(side["shape"], shape(z), 1e-9)
    same(found["facts"]["width"], np.sqrt(np.trace(cov) / 2))
    same(found["facts"]["places"], np.sqrt(mu.var(axis=0).mean()))
    value, pulls = {
        "KL": (plain.kl(mu, logvar)[0], -5 * mu),
        "WS": (
            plain.score(prior, *weights).mean() - plain.score(z, *weights).mean(),
            5 * plain.input_gradient(mu, *weights),
        ),
        "SW": (plain.sliced(z, prior, lines)[0], -5 * SHOWN * plain.sliced(mu, prior, lines)[1]),
        "AE": (None, 0 * mu),
    }[kind]
    if value is not None:
        same(side["regulariser"], value)
    same(found["pulls"], pulls[[4, 9]])
    h_dec, logits = plain.decode(vae, mu[[4, 9]])
    dh, _, _ = plain.dense_backward(h_dec, vae["W4"], plain.bce(logits, x[[4, 9]])[1])
    same(found["wishes"], -2 * plain.relu_backward(dh, h_dec) @ vae["W3"].T)
    logits = plain.decode(vae, np.array([[0.5, -1]]))[1]
    same(found["image"], 1 / (1 + np.exp(-logits[0])))


def shape(z, width=0.35):
    """KL of the blurred codes from the blurred Gaussian of their mean and covariance."""
    white = np.linalg.solve(np.linalg.cholesky(np.cov(z.T, bias=True)), (z - z.mean(axis=0)).T).T
    square = ((white[:, None] - white) ** 2).sum(axis=2)
    kernel = np.exp(-square / 2 / width**2) / width**2
    density = (kernel.sum(axis=1) - 1 / width**2) / (len(z) - 1)
    gauss = np.exp(-(white**2).sum(axis=1) / 2 / (1 + width**2)) / (1 + width**2)
    return np.log(density / gauss).mean()
