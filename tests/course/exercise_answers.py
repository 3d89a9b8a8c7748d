"""Right answers to all exercises: to e01 to e09 those of npvae/plain.py; the others stand here.

NumPy is all that they need, as for the grader.
"""

import numpy as np

from course.exercises import FUNCTIONS
from course.grading.one_sided import clipped
from npvae import plain


def tanh_input_gradient(z, W1, b1, w2):
    t = np.tanh(z @ W1 + b1)
    return (w2 * (1 - t * t)) @ W1.T


def tanh_penalty_gradient(z, W1, b1, w2, slope=-2.0, inner=True, gates=True):
    t = np.tanh(z @ W1 + b1)
    gate = 1 - t * t
    da = w2 * gate
    ddz = plain.norm_backward(da @ W1.T)  # dz = da W1^T
    dda = ddz @ W1
    dt = slope * t * (dda * w2)  # gate = 1 - t^2
    back = (dt * gate if inner else dt) * gates  # t = tanh(a)
    return ddz.T @ da + z.T @ back, back.sum(axis=0), (dda * gate).sum(axis=0)


def one_sided_penalty(dz):
    return plain.penalty(clipped(dz))


def one_sided_norm_backward(dz):
    steep = (dz**2).sum(axis=1, keepdims=True) > 1
    return np.where(steep, plain.norm_backward(clipped(dz)), 0)


def log_weights(log_p, mu, logvar, eps):
    mu, logvar = mu[:, None], logvar[:, None]
    z = mu + np.exp(logvar / 2) * eps
    return log_p + (eps**2 - z**2 + logvar).sum(axis=2) / 2


def iwae(log_w):
    most = log_w.max(axis=1)
    return most + np.log(np.exp(log_w - most[:, None]).mean(axis=1))


def iwae_backward(log_w):
    w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True)


def sampler_test(sample):
    eps = np.random.default_rng(0).standard_normal((100_000, 1))
    for variance in (0.01, 1.0, 9.0):
        z = sample(np.full_like(eps, 2.0), np.full_like(eps, np.log(variance)), eps)
        assert abs(z.mean() - 2) < 0.05
        assert abs(z.var() / variance - 1) < 0.05


def units_test(vae_loss):
    def loss(mu):
        return vae_loss(np.zeros((2, 6)), np.zeros((2, 6)), np.full((2, 3), mu), np.zeros((2, 3)))[
            0
        ]

    np.testing.assert_allclose(loss(0.0), 6 * np.log(2))
    np.testing.assert_allclose(loss(2.0) - loss(0.0), 3 * 2)


RIGHT = {
    **{
        exercise: {name: getattr(plain, name) for name in names}
        for exercise, names in FUNCTIONS.items()
    },
    "e10_tanh": {
        "input_gradient": tanh_input_gradient,
        "penalty_gradient": tanh_penalty_gradient,
    },
    "e11_one_sided": {"penalty": one_sided_penalty, "norm_backward": one_sided_norm_backward},
    "e12_importance": {
        "log_weights": log_weights,
        "bound": iwae,
        "bound_backward": iwae_backward,
    },
    "e13_hunt_sampler": {"my_test": sampler_test},
    "e14_hunt_units": {"my_test": units_test},
}
