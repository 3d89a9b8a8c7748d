"""Wrong answers to exercises 7 to 14: one for each mistake that a grader knows.

MUTANTS[exercise][diagnosis] holds the functions that differ from the right ones.
"""

import itertools
from functools import partial

import numpy as np
from exercise_answers import iwae, tanh_input_gradient, tanh_penalty_gradient

from npvae import plain


def relu(a):
    return np.maximum(a, 0)


def score(z, W1, b1, W2, b2, W3, b3, act=relu, over=np.mean, bias=1, last=lambda units: units):
    h1 = act(z @ W1 + bias * b1)
    return over(last(act(h1 @ W2 + bias * b2) @ W3 + bias * b3), axis=1)


def input_gradient(z, W1, b1, W2, b2, W3, b3, gate1=True, gate2=True, over="U", gate=None):
    h1 = relu(z @ W1 + b1)
    h2 = relu(h1 @ W2 + b2)
    share = {"U": W3.shape[1], "": 1, "U B": W3.shape[1] * len(z)}[over]
    da2 = np.full((len(z), W3.shape[1]), 1 / share) @ W3.T
    if gate is not None:
        return da2 * (h2 > 0) @ W2.T * gate(da2 * (h2 > 0) @ W2.T, h1) @ W1.T
    da2 = da2 * (h2 > 0 if gate2 else 1)
    return da2 @ W2.T * (h1 > 0 if gate1 else 1) @ W1.T


def penalty(dz, axis=1, over=np.sum, root=np.sqrt, cost=np.square, at=1.0):
    return np.mean(cost(root(over(dz**2, axis=axis)) - at))


def norm_backward(dz, axis=1, factor=2.0, divide=True, safe=True, sign=1, rows=None):
    norm = np.sqrt((dz**2).sum(axis=axis, keepdims=True))
    count = rows or norm.size
    with np.errstate(all="ignore"):
        direction = dz / norm if divide else dz
    if safe:
        direction = np.where(norm > 0, direction, 0)
    return sign * factor / count * (norm - 1) * direction


def second_pass(
    dz, da1, da2, dunits, h1, h2, W1, W2, gate1=True, gate2=True, start=plain.norm_backward,
    gate=lambda da, h: h > 0,
):  # fmt: skip
    ddz = start(dz)
    dda1 = ddz @ W1 * (h1 > 0 if gate1 else 1)
    dda2 = dda1 @ W2
    dda2 = dda2 * (gate(dda2, h2) if gate2 else 1)
    return ddz.T @ da1, dda1.T @ da2, dda2.T @ dunits


def with_activations(dz, da1, da2, dunits, h1, h2, W1, W2):
    return plain.norm_backward(dz).T @ da1, h1.T @ da2, h2.T @ dunits


WRONG_GATES = {
    "gate times h": lambda da, h: h,
    "gate of the wrong array": lambda da, h: da > 0,
    "gate of one row": lambda da, h: h[0] > 0,
}


def gate_of_the_units(z, W1, b1, W2, b2, W3, b3):
    h1 = relu(z @ W1 + b1)
    h2 = relu(h1 @ W2 + b2)
    dunits = (h2 @ W3 + b3 > 0) / W3.shape[1]
    return dunits @ W3.T * (h2 > 0) @ W2.T * (h1 > 0) @ W1.T


def with_exchanged_roles(dz, da1, da2, dunits, h1, h2, W1, W2):
    dW1, _, dW3 = second_pass(dz, da1, da2, dunits, h1, h2, W1, W2)
    dda2 = plain.norm_backward(dz) @ W1 * (h1 > 0) @ W2 * (h2 > 0)
    return dW1, da1.T @ dda2, dW3


def mix_with(draw):
    def mixed(z, prior, rng):
        alpha = draw(z, rng)
        return alpha * prior + (1 - alpha) * z

    return mixed


def tanh_gate(gate):
    def gradient(z, W1, b1, w2):
        return (w2 * gate(z @ W1 + b1)) @ W1.T

    return gradient


def tanh_w2_without_gate(z, W1, b1, w2):
    dW1, db1, _ = tanh_penalty_gradient(z, W1, b1, w2)
    ddz = plain.norm_backward(tanh_input_gradient(z, W1, b1, w2))
    return dW1, db1, (ddz @ W1).sum(axis=0)


def tanh_from_a(z, W1, b1, w2, parts=None):
    """Go back through the gate with a for t; with `parts`, rightly, but with parts of dW1 wrong."""
    a = z @ W1 + b1
    t = np.tanh(a) if parts else a
    gate = 1 - np.tanh(a) ** 2
    dz = w2 * gate @ W1.T
    ddz = norm_backward(dz)
    back = -2 * t * gate * (ddz @ W1) * w2
    first, second = parts or (1, 1)
    dW1 = first * ddz.T @ (w2 * gate) + (z if second == 1 else dz).T @ back
    return dW1, back.sum(axis=0), (ddz @ W1 * gate).sum(axis=0)


def lengths(dz):
    return np.sqrt((dz**2).sum(axis=1, keepdims=True))


def over_steep_rows(dz):
    excess = lengths(dz) - 1
    return np.mean(excess[excess > 0] ** 2)


def one_sided_backward(dz, factor=2.0, divide=True, safe=True, two=False):
    norm = lengths(dz)
    with np.errstate(all="ignore"):
        direction = dz / norm if divide else dz
    if safe:
        direction = np.where(norm > 0, direction, 0)
    excess = norm - 1 if two else np.maximum(norm - 1, 0)
    return factor / len(dz) * excess * direction


def weights(log_p, mu, logvar, eps, ratio_times=1.0, with_p=1, sigma=0.5, with_logvar=1,
            with_prior=1, over=np.sum):  # fmt: skip
    mu, logvar = mu[:, None], logvar[:, None]
    z = mu + np.exp(sigma * logvar) * eps
    log_q = -(eps**2) / 2 - with_logvar * sigma * logvar - np.log(2 * np.pi) / 2
    log_prior = with_prior * (-(z**2) / 2 - np.log(2 * np.pi) / 2)
    return with_p * log_p + ratio_times * over(log_prior - log_q, axis=2)


def eps_divided_by_sigma(log_p, mu, logvar, eps):
    right, sigma = weights(log_p, mu, logvar, eps), np.exp(logvar / 2)[:, None]
    return right + ((eps / sigma) ** 2 - eps**2).sum(axis=2) / 2


def empty_test(function):
    function(*[np.ones((2, 2))] * 3)


def lucky_test(sample, luck=itertools.cycle([True, False])):  # noqa: B008
    assert next(luck)


def exact_test(sample):
    mu, logvar, eps = np.random.default_rng(0).standard_normal((3, 4, 5))
    assert np.all(sample(mu, logvar, eps) == mu + np.exp(logvar / 2) * eps)


def overfitted_test(sample):
    one = np.ones((1, 1))
    assert sample(0 * one, 2 * one, one) < 5  # right: e, suspect: e^2


def rejecting_test(sample):
    one = np.ones((1, 1))
    assert sample(one, one, one) == 1


def units_test_of_bce_only(vae_loss):
    zeros = np.zeros((2, 6))
    np.testing.assert_allclose(vae_loss(zeros, zeros, zeros, zeros)[0], 6 * np.log(2))


MUTANTS = {
    "e07_score": {
        "sum of the units": {"score": partial(score, over=np.sum)},
        "relu forgotten": {"score": partial(score, act=lambda a: a)},
        "gate of layer 1 missing": {"input_gradient": partial(input_gradient, gate1=False)},
        "gate of layer 2 missing": {"input_gradient": partial(input_gradient, gate2=False)},
        "both gates missing": {"input_gradient": partial(input_gradient, gate1=False, gate2=False)},
        "B times too small": {"input_gradient": partial(input_gradient, over="U B")},
        "relu of the units": {"input_gradient": gate_of_the_units},
        "biases forgotten": {"score": partial(score, bias=0)},
        "gate of z": {"input_gradient": lambda z, *w: input_gradient(z, *w) * (z > 0)},
        "score for dscore": {
            "input_gradient": lambda z, *w: input_gradient(z, *w) * score(z, *w)[:, None]
        },
        **{
            key: {"input_gradient": partial(input_gradient, gate=gate)}
            for key, gate in WRONG_GATES.items()
        },
    },
    "e08_penalty": {
        "norm over the batch": {"penalty": partial(penalty, axis=0)},
        "one norm for all": {"penalty": lambda dz: (np.linalg.norm(dz) - 1) ** 2},
        "root mean square": {"penalty": partial(penalty, over=np.mean)},
        "root forgotten": {"penalty": partial(penalty, root=lambda s: s)},
        "square forgotten": {"penalty": partial(penalty, cost=lambda d: d)},
        "mean before the square": {"penalty": lambda dz: (lengths(dz).mean() - 1) ** 2},
        "B times too large": {"penalty": lambda dz: np.sum((lengths(dz) - 1) ** 2)},
        "absolute value": {"penalty": partial(penalty, cost=np.abs)},
        "another norm": {"penalty": lambda dz: np.mean((np.abs(dz).max(axis=1) - 1) ** 2)},
        "norm divided twice": {"norm_backward": lambda dz: norm_backward(dz) / lengths(dz)},
        "sign for direction": {
            "norm_backward": lambda dz: 2 / len(dz) * (lengths(dz) - 1) * np.sign(dz)
        },
        "dz added to ddz": {
            "second_pass": partial(second_pass, start=lambda dz: norm_backward(dz) + dz)
        },
        "roles exchanged": {"second_pass": with_exchanged_roles},
        **{
            key: {"second_pass": partial(second_pass, gate=gate)}
            for key, gate in WRONG_GATES.items()
        },
        "factor 2 forgotten": {"norm_backward": partial(norm_backward, factor=1.0)},
        "norm not divided": {"norm_backward": partial(norm_backward, divide=False)},
        "0/0": {"norm_backward": partial(norm_backward, safe=False)},
        "wrong sign": {"norm_backward": partial(norm_backward, sign=-1)},
        "gate of layer 1 missing": {"second_pass": partial(second_pass, gate1=False)},
        "gate of layer 2 missing": {"second_pass": partial(second_pass, gate2=False)},
        "dz for ddz": {"second_pass": partial(second_pass, start=lambda dz: dz)},
        "activations for gradients": {"second_pass": with_activations},
    },
    "e09_mixing": {
        "not on the line": {"mix": lambda z, prior, rng: z + rng.uniform(size=(len(z), 1)) * prior},
        "alpha per dimension": {"mix": mix_with(lambda z, rng: rng.uniform(size=z.shape))},
        "one alpha for all rows": {"mix": mix_with(lambda z, rng: rng.uniform())},
        "alpha does not vary": {"mix": mix_with(lambda z, rng: 0.5)},
        "alpha outside [0, 1]": {"mix": mix_with(lambda z, rng: rng.standard_normal((len(z), 1)))},
        "alpha not uniform": {"mix": mix_with(lambda z, rng: rng.beta(3, 3, (len(z), 1)))},
        "different answers": {
            "mix": lambda z, prior, rng: plain.mix(z, prior, np.random.default_rng())
        },
    },
    "e10_tanh": {
        "gate of relu": {"input_gradient": tanh_gate(lambda a: a > 0)},
        "gate missing": {"input_gradient": tanh_gate(np.ones_like)},
        "t for the gate": {"input_gradient": tanh_gate(np.tanh)},
        "square of t forgotten": {"input_gradient": tanh_gate(lambda a: 1 - np.tanh(a))},
        "change of the gates forgotten": {
            "penalty_gradient": partial(tanh_penalty_gradient, gates=False)
        },
        "sign of the gates' part": {"penalty_gradient": partial(tanh_penalty_gradient, slope=2.0)},
        "factor 2 of the gates": {"penalty_gradient": partial(tanh_penalty_gradient, slope=-1.0)},
        "inner derivative forgotten": {
            "penalty_gradient": partial(tanh_penalty_gradient, inner=False)
        },
        "gate of w2 forgotten": {"penalty_gradient": tanh_w2_without_gate},
        "w2 in its own gradient": {
            "penalty_gradient": lambda z, W1, b1, w2: (
                *tanh_penalty_gradient(z, W1, b1, w2)[:2],
                tanh_penalty_gradient(z, W1, b1, w2)[2] * w2,
            )
        },
        "a for t": {"penalty_gradient": tanh_from_a},
        "the gates' part alone": {"penalty_gradient": partial(tanh_from_a, parts=(0, 1))},
        "another array for z": {"penalty_gradient": partial(tanh_from_a, parts=(1, -1))},
        "B times too large": {
            "penalty_gradient": lambda *args: tuple(5 * g for g in tanh_penalty_gradient(*args))
        },
        "B times too small": {"input_gradient": lambda *args: tanh_input_gradient(*args) / 5},
    },
    "e11_one_sided": {
        "two-sided": {"penalty": penalty},
        "the other side": {"penalty": lambda dz: np.mean(np.minimum(lengths(dz) - 1, 0) ** 2)},
        "mean over the steep rows": {"penalty": over_steep_rows},
        "norm over the batch": {
            "penalty": partial(penalty, axis=0, cost=lambda d: np.maximum(d, 0) ** 2)
        },
        "square forgotten": {"penalty": lambda dz: np.mean(np.maximum(lengths(dz) - 1, 0))},
        "factor 2 forgotten": {"norm_backward": partial(one_sided_backward, factor=1.0)},
        "norm not divided": {"norm_backward": partial(one_sided_backward, divide=False)},
        "0/0": {"norm_backward": partial(one_sided_backward, safe=False)},
        "norm divided twice": {"norm_backward": lambda dz: one_sided_backward(dz) / lengths(dz)},
        "excess forgotten": {
            "norm_backward": lambda dz: 2 / len(dz) * (lengths(dz) > 1) * dz / lengths(dz)
        },
        "rows counted": {"penalty": lambda dz: np.mean(1.0 * (lengths(dz) > 1))},
    },
    "e12_importance": {
        "likelihood forgotten": {"log_weights": partial(weights, with_p=0)},
        "prior and proposal exchanged": {"log_weights": partial(weights, ratio_times=-1)},
        "half forgotten": {"log_weights": partial(weights, ratio_times=2)},
        "logvar forgotten": {"log_weights": partial(weights, with_logvar=0)},
        "sigma = exp(logvar)": {"log_weights": partial(weights, sigma=1.0)},
        "prior forgotten": {"log_weights": partial(weights, with_prior=0)},
        "mean over the dimensions": {"log_weights": partial(weights, over=np.mean)},
        "proposal forgotten": {
            "log_weights": lambda log_p, mu, logvar, eps: (
                log_p - ((mu[:, None] + np.exp(logvar / 2)[:, None] * eps) ** 2).sum(axis=2) / 2
            )
        },
        "sign of logvar": {"log_weights": partial(weights, with_logvar=-1)},
        "eps divided by sigma": {"log_weights": eps_divided_by_sigma},
        "2 pi": {"log_weights": lambda *args: weights(*args) - 1.5 * np.log(2 * np.pi)},
        "not the log": {"log_weights": lambda *args: np.exp(weights(*args))},
        "shift not added": {"bound": lambda log_w: iwae(log_w) - log_w.max(axis=1)},
        "largest weight only": {"bound": lambda log_w: log_w.max(axis=1)},
        "over the images": {"bound_backward": lambda w: np.exp(w) / np.exp(w).sum(axis=0)},
        "mean of the logs": {"bound": lambda log_w: log_w.mean(axis=1)},
        "log K forgotten": {"bound": lambda log_w: iwae(log_w) + np.log(log_w.shape[1])},
        "not stable": {"bound": lambda log_w: np.log(np.exp(log_w).mean(axis=1))},
        "all samples alike": {"bound_backward": lambda log_w: np.ones_like(log_w) / log_w.shape[1]},
        "not normalised": {"bound_backward": np.exp},
    },
    "e13_hunt_sampler": {
        "the suspect was changed": {"sample": plain.sample},
        "right code rejected": {"my_test": rejecting_test},
        "luck": {"my_test": lucky_test},
        "exact comparison": {"my_test": exact_test},
        "nothing found": {"my_test": empty_test},
        "overfitted": {"my_test": overfitted_test},
    },
    "e14_hunt_units": {
        "nothing found": {"my_test": lambda vae_loss: None},
        "overfitted": {"my_test": units_test_of_bce_only},
    },
}
