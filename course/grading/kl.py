"""Grades e04_kl."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import compare, differences
from npvae import plain

COMPARE = ("npvae/nn/losses.py::kl_forward", "npvae/nn/losses.py::kl_backward_add")
HINTS = {
    "sigma = exp(logvar)": (
        "this is the KL for sigma = e^logvar. But logvar is the log of the variance sigma^2."
    ),
    "sign of logvar": "logvar enters with the wrong sign. Wider than the prior must not be a gain.",
    "constant forgotten": (
        "it is too large by one half for each latent dimension, so it is not 0 for mu = 0, sigma = "
        "1."
    ),
    "constant once": "the 1 is subtracted once for an image. It belongs to each latent dimension.",
    "log of sigma": "log sigma, half of logvar, stands where log sigma^2 should be.",
    "mu not squared": "mu is not squared. Then a mean far below 0 would be a gain.",
    "gradient for sigma": "this is the gradient for sigma. The question asks for that for logvar.",
    "dlogvar without -1": (
        "it is not 0 where sigma = 1, at the minimum. What does -logvar in the KL contribute?"
    ),
}
B, L = 5, 3
SIZES = {"B": (B, "batch"), "L": (L, "latent dimensions"), "B L": (B * L, "batch and dimensions")}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    mu, logvar = numbers(6, (B, L), (B, L))
    results = {"loss": (), "dmu": (B, L), "dlogvar": (B, L)}
    arguments = {"mu": mu, "logvar": logvar}
    found = attempt.call("kl", arguments, results)

    def loss():
        return float(attempt.quiet("kl", arguments, results)["loss"])

    checks = differences(loss, {"mu": (mu, found["dmu"]), "logvar": (logvar, found["dlogvar"])})
    right, doubled = (
        dict(zip(results, plain.kl(mu, v), strict=True)) for v in (logvar, 2 * logvar)
    )
    sigma = np.exp(logvar / 2)
    mistakes = {
        "sigma = exp(logvar)": {"loss": doubled["loss"], "dlogvar": 2 * doubled["dlogvar"]},
        "sign of logvar": {
            "loss": right["loss"] + logvar.sum() / B,
            "dlogvar": right["dlogvar"] + 1 / B,
        },
        "constant forgotten": {"loss": right["loss"] + L / 2},
        "constant once": {"loss": right["loss"] + (L - 1) / 2},
        "log of sigma": {
            "loss": right["loss"] + logvar.sum() / 4 / B,
            "dlogvar": right["dlogvar"] + 1 / (4 * B),
        },
        "mu not squared": {"loss": right["loss"] + (mu - mu**2).sum() / 2 / B},
        "gradient for sigma": {"dlogvar": (sigma - 1 / sigma) / B},
        "dlogvar without -1": {"dlogvar": right["dlogvar"] + 1 / (2 * B)},
    }
    compare(found, right, HINTS, mistakes, SIZES, checks, (plain.kl, arguments))


def measured() -> str:
    """Return the answer to the prediction, measured."""
    costs = [
        plain.kl(np.full((1, 1), float(m)), np.full((1, 1), float(v)))[0]
        for m, v in ((1, 0), (0, 1), (0, -1))
    ]
    a, b, c = (float(cost) for cost in costs)
    return (
        f"(a) {a:.3f}, (b) {b:.3f}, (c) {c:.3f} nats. A variance e times too small costs less than "
        "one e times too large: its mass still lies where the prior has some."
    )
