"""Grades e04_kl."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge
from npvae import plain

SLOPE = "(np.exp(logvar) - 1)"  # twice the gradient for logvar
MISTAKES = {
    "sigma = exp(logvar)": [
        ("kl", "terms =", "logvar = 2 * logvar; terms ="),
        ("kl", f"{SLOPE} / 2", "np.exp(2 * logvar) - 1"),
    ],
    "sign of logvar": [("kl", "1 - logvar", "1 + logvar"), ("kl", SLOPE, "(np.exp(logvar) + 1)")],
    "constant forgotten": ("kl", "- 1 - logvar", "- logvar"),
    "constant once": ("kl", "- 1 - logvar", "- 1 / mu.shape[1] - logvar"),
    "log of sigma": [
        ("kl", "1 - logvar", "1 - logvar / 2"),
        ("kl", SLOPE, "(np.exp(logvar) - 1 / 2)"),
    ],
    "mu not squared": ("kl", "mu**2", "mu"),
    "gradient for sigma": ("kl", f"{SLOPE} / 2", "(np.exp(logvar / 2) - np.exp(-logvar / 2))"),
    "dlogvar without -1": ("kl", SLOPE, "np.exp(logvar)"),
}
B, L = 5, 3
SIZES = {"B": (B, "batch"), "L": (L, "latent dimensions"), "B L": (B * L, "batch and dimensions")}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    arguments = dict(zip(("mu", "logvar"), numbers(6, (B, L), (B, L)), strict=True))
    results = {"loss": (), "dmu": (B, L), "dlogvar": (B, L)}
    judge(attempt, "kl", arguments, results, MISTAKES, SIZES,
          loss=attempt.number("kl", arguments, results=3), of=arguments)  # fmt: skip


def measured() -> tuple:
    """Measure what the prediction is about."""
    costs = [
        plain.kl(np.full((1, 1), float(m)), np.full((1, 1), float(v)))[0]
        for m, v in ((1, 0), (0, 1), (0, -1))
    ]
    a, b, c = (float(cost) for cost in costs)
    return a, b, c
