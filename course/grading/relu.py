"""Grades e02_relu."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge
from npvae import plain

MISTAKES = {
    "nothing cut off": ("relu_forward", "np.maximum(a, 0)", "a"),
    "leaky": [("relu_forward", "(a, 0)", f"(a, {leak} * a)") for leak in (0.01, 0.1, 0.2)],
    "the other half": ("relu_forward", "maximum", "minimum"),
    "mask missing": ("relu_backward", "(h > 0)", "(h >= 0)"),
    "mask of the wrong array": ("relu_backward", "(h > 0)", "(dh > 0)"),
    "mask inverted": ("relu_backward", "(h > 0)", "(h <= 0)"),
    "times h": ("relu_backward", "(h > 0)", "h"),
}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    a, dh = numbers(3, (5, 8), (5, 8))
    a[2, 3] = 0
    h = judge(attempt, "relu_forward", {"a": a}, {"h": a.shape}, MISTAKES, {})["h"]
    backward, loss = {"dh": dh, "h": h}, attempt.number("relu_forward", {"a": a}, dh)
    judge(attempt, "relu_backward", backward, {"da": a.shape}, MISTAKES, {},
          loss=loss, of={"a": a}, active=lambda: a > 0)  # fmt: skip


def measured() -> tuple:
    """Measure what the prediction is about."""
    (a,) = numbers(4, (100, 100))
    dh = np.ones_like(a)
    shares = [plain.relu_backward(dh, plain.relu_forward(a + b)).mean() for b in (0, -2)]
    return shares[0], shares[1]
