"""Wrong answers to exercises 1 to 6: one for each mistake that a grader knows.

MUTANTS[exercise][diagnosis] holds the functions that differ from the right ones.
"""

from functools import partial

import numpy as np

from npvae import plain


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def softplus(a):
    return np.logaddexp(0, a)


def dense_backward(x, W, dy, sum_rows=np.sum):
    return dy @ W.T, x.T @ dy, sum_rows(dy, axis=0)


def bce(logits, x, loss_over=np.sum, parts=2, gradient=None):
    s = sigmoid(logits)
    terms = x * softplus(-logits) + (parts > 1) * (1 - x) * softplus(logits)
    loss = loss_over(terms, axis=1).mean()
    return loss, (s - x) / len(x) if gradient is None else gradient(logits, x, s)


def naive_bce(logits, x, least=0.0):
    s = sigmoid(logits)
    loss = -x * np.log(s + least) - (1 - x) * np.log(1 - s + least)
    return loss.sum() / len(x), (s - x) / len(x)


def bce_with_a_clipped_gradient(logits, x):
    return bce(logits, x)[0], (sigmoid(np.clip(logits, -15, 15)) - x) / len(x)


def clipped_bce(logits, x):
    return naive_bce(np.clip(logits, -15, 15), x)


def kl(mu, logvar, variance=np.exp, sign=-1, one=1):
    loss = (mu**2 + variance(logvar) + sign * logvar - one).sum() / 2 / len(mu)
    return loss, mu / len(mu), (variance(logvar) + sign) / 2 / len(mu)


def kl_gradient(f):
    """A right loss, whose gradient for logvar is f(logvar) / B."""
    return lambda mu, logvar: (plain.kl(mu, logvar)[0], mu / len(mu), f(logvar) / len(mu))


def kl_twice_the_variance(mu, logvar):
    loss, dmu, dlogvar = kl(mu, 2 * logvar)
    return loss, dmu, 2 * dlogvar


def sampler(sigma, slope=None):
    """A sampler with sigma(logvar), and the backward pass that belongs to it."""
    functions = {"sample": lambda mu, logvar, eps: mu + sigma(logvar) * eps}
    if slope is not None:
        functions["sample_backward"] = lambda dz, logvar, eps: (dz, dz * slope(logvar) * eps)
    return functions


def reparameterise_backward(f):
    return {"sample_backward": f}


def adam(theta, g, m, v, t, lr, b1=0.9, b2=0.999, correct=(1, 1), add=1e-8,
         inside=0.0, root=np.sqrt, sign=-1, square=np.square, shift=0, old=False, keep=1,
         store=False):  # fmt: skip
    m1, v1 = keep * b1 * m + (1 - b1) * g, keep * b2 * v + (1 - b2) * square(g)
    first, second = (m, v) if old else (m1, v1)
    m_hat = first / (1 - b1 ** (t + shift)) if correct[0] else first
    v_hat = second / (1 - b2 ** (t + shift)) if correct[1] else second
    theta = theta + sign * lr * m_hat / (root(v_hat + inside) + add)
    return (theta, m_hat, v_hat) if store else (theta, m1, v1)


def adam_as_in_the_paper_s_remark(theta, g, m, v, t, lr):
    """Their step size holds both corrections; 1e-8 is then not what it was."""
    _, m, v = plain.adam(theta, g, m, v, t, lr)
    lr = lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return theta - lr * m / (np.sqrt(v) + 1e-8), m, v


def adam_with_exchanged_corrections(theta, g, m, v, t, lr):
    _, m, v = plain.adam(theta, g, m, v, t, lr)
    m_hat, v_hat = m / (1 - 0.999**t), v / (1 - 0.9**t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + 1e-8), m, v


def relu_with_a_kept_mask():
    kept = {}

    def forward(a):
        kept["mask"] = a > 0
        return a * kept["mask"]

    return {"relu_forward": forward, "relu_backward": lambda dh, h: dh * kept["mask"]}


def db_without_its_end(x, W, dy):
    db = np.empty(W.shape[1])
    for j in range(len(db) - 1):
        db[j] = dy[:, j].sum()
    return dy @ W.T, x.T @ dy, db


MUTANTS = {
    "e01_dense": {
        "never written": {"dense_backward": db_without_its_end},
        "whole numbers": {
            "dense_backward": lambda x, W, dy: (dy @ W.T, x.T @ dy, dy.astype(int).sum(axis=0))
        },
        "bias forgotten": {"dense_forward": lambda x, W, b: x @ W},
        "B times too small": {"dense_backward": partial(dense_backward, sum_rows=np.mean)},
        "wrong sign": {"dense_backward": lambda x, W, dy: (-dy @ W.T, x.T @ dy, dy.sum(axis=0))},
        "argument forgotten": {
            "dense_backward": lambda x, W, dy: (np.ones_like(dy) @ W.T, x.T @ dy, dy.sum(axis=0))
        },
        "sign of an argument": {"dense_forward": lambda x, W, b: x @ W - b},
        "rows left out": {
            "dense_backward": lambda x, W, dy: (dy @ W.T, x[:-1].T @ dy[:-1], dy.sum(axis=0))
        },
        "one row for all": {
            "dense_backward": lambda x, W, dy: (
                dy @ W.T,
                np.outer(x.mean(axis=0), dy.sum(axis=0)),
                dy.sum(axis=0),
            )
        },
        "a factor": {"dense_backward": lambda x, W, dy: (dy @ W.T, 3 * x.T @ dy, dy.sum(axis=0))},
        "transposed": {"dense_backward": lambda x, W, dy: (dy @ W.T, dy.T @ x, dy.sum(axis=0))},
        "shapes do not fit": {
            "dense_backward": lambda x, W, dy: (dy @ W, x.T @ dy, dy.sum(axis=0))
        },
        "wrong shape": {"dense_backward": lambda x, W, dy: (dy @ W.T, x.T @ dy, dy.sum(axis=1))},
    },
    "e02_relu": {
        "mask missing": {"relu_backward": lambda dh, h: dh * (h >= 0)},
        "mask of the wrong array": {"relu_backward": lambda dh, h: dh * (dh > 0)},
        "mask inverted": {"relu_backward": lambda dh, h: np.where(h > 0, 0, dh)},
        "nothing cut off": {"relu_forward": lambda a: a.copy()},
        "leaky": {"relu_forward": lambda a: np.maximum(a, 0.01 * a)},
        "the other half": {"relu_forward": lambda a: np.minimum(a, 0)},
        "times h": {"relu_backward": lambda dh, h: dh * h},
        "kept from another call": relu_with_a_kept_mask(),
    },
    "e03_bce": {
        "half of the cross-entropy": {"bce": partial(bce, parts=1)},
        "sigmoid forgotten": {"bce": partial(bce, gradient=lambda a, x, s: (a - x) / len(x))},
        "sigmoid twice": {
            "bce": partial(bce, gradient=lambda a, x, s: (s - x) * s * (1 - s) / len(x))
        },
        "not stable": {"bce": naive_bce},
        "clipped": {"bce": clipped_bce},
        "overflow": {"bce": bce},
        "max forgotten": {
            "bce": lambda a, x: (np.sum(a - a * x + np.log1p(np.exp(-abs(a)))) / len(x), a)
        },
        "hard targets": {"bce": lambda logits, x: bce(logits, np.round(x))},
        "squared error": {"bce": lambda a, x: (np.sum((sigmoid(a) - x) ** 2) / len(x), a)},
        "gradient for s": {
            "bce": partial(bce, gradient=lambda a, x, s: ((1 - x) / (1 - s) - x / s) / len(x))
        },
        "gradient for x": {"bce": partial(bce, gradient=lambda a, x, s: -a / len(x))},
        "gradient clipped": {"bce": bce_with_a_clipped_gradient},
        "P times too small": {
            "bce": partial(bce, loss_over=np.mean, gradient=lambda a, x, s: (s - x) / x.size)
        },
        "B times too large": {"bce": partial(bce, gradient=lambda a, x, s: s - x)},
        "wrong sign": {"bce": partial(bce, gradient=lambda a, x, s: (x - s) / len(x))},
    },
    "e04_kl": {
        "sigma = exp(logvar)": {"kl": kl_twice_the_variance},
        "sign of logvar": {"kl": partial(kl, sign=1)},
        "constant forgotten": {"kl": partial(kl, one=0)},
        "constant once": {"kl": partial(kl, one=1 / 3)},
        "log of sigma": {"kl": partial(kl, sign=-0.5)},
        "mu not squared": {
            "kl": lambda mu, v: ((mu + np.exp(v) - 1 - v).sum() / 2 / len(mu), mu, v)
        },
        "gradient for sigma": {"kl": kl_gradient(lambda v: np.exp(v / 2) - np.exp(-v / 2))},
        "dlogvar without -1": {"kl": kl_gradient(lambda v: np.exp(v) / 2)},
        "L times too small": {"kl": lambda mu, logvar: tuple(r / 3 for r in kl(mu, logvar))},
        "a factor of the sizes": {
            "kl": lambda mu, logvar: tuple(2 / 3 * r for r in kl(mu, logvar))
        },
        "2 times too large": {"kl": lambda mu, logvar: tuple(2 * r for r in kl(mu, logvar))},
        "exchanged": {"kl": lambda mu, logvar: (kl(mu, logvar)[0], *kl(mu, logvar)[:0:-1])},
    },
    "e05_reparameterisation": {
        "sigma = exp(logvar)": sampler(np.exp, np.exp),
        "sigma = logvar": sampler(lambda v: v, np.ones_like),
        "sigma not used": sampler(np.ones_like, np.zeros_like),
        "eps added": {"sample": lambda mu, logvar, eps: mu + np.exp(logvar / 2) + eps},
        "mu times eps": {"sample": lambda mu, logvar, eps: (mu + np.exp(logvar / 2)) * eps},
        "nearly right": sampler(lambda v: np.sqrt(np.exp(v) + 1e-6), np.zeros_like),
        "half forgotten": reparameterise_backward(
            lambda dz, logvar, eps: (dz, dz * np.exp(logvar / 2) * eps)
        ),
        "eps forgotten": reparameterise_backward(
            lambda dz, logvar, eps: (dz, dz * np.exp(logvar / 2) / 2)
        ),
        "sigma forgotten": reparameterise_backward(lambda dz, logvar, eps: (dz, dz * eps / 2)),
        "another argument": reparameterise_backward(
            lambda dz, logvar, eps: (dz, dz * np.exp(logvar) / 2 * eps)
        ),
        "dmu times eps": reparameterise_backward(
            lambda dz, logvar, eps: (dz * eps, dz * np.exp(logvar / 2) * eps / 2)
        ),
        "different answers": reparameterise_backward(
            lambda dz, logvar, eps: plain.sample_backward(
                dz, logvar, np.random.default_rng().standard_normal(dz.shape)
            )
        ),
    },
    "e06_adam": {
        "bias correction forgotten": {"adam": partial(adam, correct=(0, 0))},
        "only m corrected": {"adam": partial(adam, correct=(1, 0))},
        "only v corrected": {"adam": partial(adam, correct=(0, 1))},
        "correction stored": {"adam": partial(adam, store=True)},
        "t off by one": {"adam": partial(adam, shift=-1)},
        "wrong direction": {"adam": partial(adam, sign=1)},
        "epsilon inside the root": {"adam": partial(adam, add=0.0, inside=1e-8)},
        "epsilon forgotten": {"adam": partial(adam, add=0.0)},
        "epsilon before the correction": {"adam": adam_as_in_the_paper_s_remark},
        "corrections exchanged": {"adam": adam_with_exchanged_corrections},
        "another step size": {
            "adam": lambda theta, g, m, v, t, lr: adam(theta, g, m, v, t, lr / np.sqrt(t + 1))
        },
        "other betas": {"adam": partial(adam, b2=0.99)},
        "sum of the squares": {"adam": partial(adam, square=lambda g: np.sum(g**2))},
        "root forgotten": {"adam": partial(adam, root=lambda v: v)},
        "old means used": {"adam": partial(adam, old=True)},
        "g not squared": {"adam": partial(adam, square=lambda g: g, root=lambda v: abs(v) ** 0.5)},
        "betas exchanged": {"adam": partial(adam, b1=0.999, b2=0.9)},
        "mean not kept": {"adam": partial(adam, keep=0)},
    },
}
