"""Grades e05_reparameterisation."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge
from npvae import plain

SIGMA = "np.exp(logvar / 2)"
MISTAKES = {
    "sigma = exp(logvar)": [
        ("sample", SIGMA, "np.exp(logvar)"),
        ("sample_backward", f"{SIGMA} / 2", "np.exp(logvar)"),
    ],
    "sigma = logvar": ("sample", SIGMA, "logvar"),
    "eps added": ("sample", "* eps", "+ eps"),
    "mu times eps": ("sample", f"mu + {SIGMA}", f"(mu + {SIGMA})"),
    "sigma not used": ("sample", f"{SIGMA} * ", ""),
    "half forgotten": ("sample_backward", f"{SIGMA} / 2", SIGMA),
    "eps forgotten": ("sample_backward", " * eps", ""),
    "sigma forgotten": ("sample_backward", f"* {SIGMA} ", ""),
    "dmu times eps": ("sample_backward", "return dz,", "return dz * eps,"),
}
B, L = 5, 3
SIZES = {"B": (B, "batch"), "L": (L, "latent dimensions")}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    mu, logvar, eps, dz = numbers(7, *[(B, L)] * 4)
    forward = {"mu": mu, "logvar": logvar, "eps": eps}
    backward, of = {"dz": dz, "logvar": logvar, "eps": eps}, {"mu": mu, "logvar": logvar}
    shapes = {"dmu": (B, L), "dlogvar": (B, L)}
    judge(attempt, "sample", forward, {"z": (B, L)}, MISTAKES, SIZES)
    judge(attempt, "sample_backward", backward, shapes, MISTAKES, SIZES,
          loss=attempt.number("sample", forward, dz), of=of)  # fmt: skip


def measured() -> tuple:
    """Measure what the prediction is about."""
    eps, dz = numbers(8, (1000, 1), (1000, 1))
    wide, narrow = np.zeros_like(eps), np.full_like(eps, -8)
    spread = plain.sample(wide, wide, eps).std() / plain.sample(wide, narrow, eps).std()
    before, after = (plain.sample_backward(dz, v, eps)[1].std() for v in (wide, narrow))
    return spread, before / after
