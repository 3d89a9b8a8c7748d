"""Grades e15_first_pass."""

import numpy as np

from course.grading.attempt import Attempt
from course.grading.diagnosis import judge
from course.grading.score import H1, H2, SIZES, SUM_OF_UNITS, B, L, U, critic, gate_mistakes
from npvae import plain

WITHOUT_RELU = "return dense_forward(z, W1, b1), dense_forward(h1, W2, b2)"
MISTAKES = {
    "before the ReLU": ("hidden_layers", "return h1, h2", WITHOUT_RELU),
    "sum of the units": SUM_OF_UNITS,
    **gate_mistakes(H1, H2),
}
ORDER = "h1", "h2", "dunits", "da2", "da1", "dz"  # each is made from those before it


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, w = critic(16)
    columns = {"dz": L, "da1": H1, "da2": H2, "dunits": U, "h1": H1, "h2": H2}
    shapes = {label: (B, n) for label, n in columns.items()}
    judge(attempt, "first_pass", {"z": z, **w}, shapes, MISTAKES, SIZES, order=ORDER)


def measured() -> tuple:
    """Measure what the prediction is about."""
    z, w = critic(17)
    first, doubled = (plain.first_pass(z, *(w | {"W3": n * w["W3"]}).values()) for n in (1, 2))
    ratios = [np.linalg.norm(b) / np.linalg.norm(a) for a, b in zip(first, doubled, strict=True)]
    return tuple(ratios)
