"""Grades e11_one_sided, which is not in npvae/plain.py: the right answers stand here."""

import sys

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.penalty import DIRECTION, grade_norm
from npvae import plain
from npvae.plain import row_norms

EXCESS = "np.maximum(row_norms(dz) - 1, 0)"
MISTAKES = {
    "two-sided": [(name, EXCESS, "(row_norms(dz) - 1)") for name in ("penalty", "norm_backward")],
    "the other side": [
        (name, EXCESS, "np.minimum(row_norms(dz) - 1, 0)") for name in ("penalty", "norm_backward")
    ],
    "mean over the steep rows": [
        ("penalty", "len(dz)", "(row_norms(dz) > 1).sum()"),
        ("norm_backward", "len(dz)", "(norm > 1).sum()"),
    ],
    "norm over the batch": ("penalty", "return (", "dz = dz.T; return ("),
    "square forgotten": ("penalty", " ** 2", ""),
    "factor 2 forgotten": ("norm_backward", "2 /", "1 /"),
    "norm not divided": ("norm_backward", DIRECTION, "dz"),
    "norm divided twice": ("norm_backward", DIRECTION, "dz / norm**2"),
    "excess forgotten": ("norm_backward", EXCESS, "(norm > 1)"),
    "rows counted": ("penalty", f"({EXCESS} ** 2)", "(row_norms(dz) > 1)"),
}


def penalty(dz: np.ndarray) -> float:
    """Compute the mean over all rows of max(0, norm - 1)^2."""
    return (np.maximum(row_norms(dz) - 1, 0) ** 2).sum() / len(dz)


def norm_backward(dz: np.ndarray) -> np.ndarray:
    """Compute the gradient of this penalty for dz."""
    norm = row_norms(dz)
    return 2 / len(dz) * np.maximum(row_norms(dz) - 1, 0) * dz / np.where(norm > 0, norm, 1)


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    (dz,) = numbers(19, (5, 3))
    dz *= np.array([[0.4], [1.7], [0.8], [2.5], [1.2]]) / row_norms(dz)
    grade_norm(attempt, dz, MISTAKES, sys.modules[__name__])


def measured() -> tuple:
    """Measure what the prediction is about."""
    dz = np.tile([[0.3, 0.4]], (3, 1))
    along = -np.sum(plain.norm_backward(dz)[0] * dz[0]) / 0.5
    push = "up, towards 1" if along > 0 else "down"
    return plain.penalty(dz), penalty(dz), push
