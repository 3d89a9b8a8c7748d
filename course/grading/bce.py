"""Grades e03_bce."""

import numpy as np

from course.grading.attempt import Attempt, Wrong, numbers
from course.grading.diagnosis import close, judge
from npvae import plain

TERMS = "np.maximum(logits, 0) - logits * x + np.log1p(e)"
MISTAKES = {
    "half of the cross-entropy": ("bce", TERMS, "-x * np.log(s)"),
    "max forgotten": ("bce", "np.maximum(logits, 0)", "logits"),
    "hard targets": ("bce", "terms =", "x = 1.0 * (x > 0.5); terms ="),
    "squared error": [
        ("bce", TERMS, f"(s - x) ** 2 / {divisor}") for divisor in ("1", "2", "x.shape[1]")
    ],
    "gradient for s": ("bce", "(s - x)", "(s - x) / (s * (1 - s))"),
    "gradient for x": ("bce", "(s - x)", "-logits"),
    "sigmoid forgotten": ("bce", "(s - x)", "(logits - x)"),
    "sigmoid twice": ("bce", "(s - x)", "(s - x) * s * (1 - s)"),
}
B, P = 5, 7
SIZES = {"B": (B, "batch"), "P": (P, "pixels"), "B P": (B * P, "batch and the pixels")}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    logits, x = numbers(5, (B, P), (B, P))
    arguments = {"logits": logits, "x": 1 / (1 + np.exp(-x))}
    results = {"loss": (), "dlogits": (B, P)}
    loss, right = attempt.quiet("bce", arguments, results)["loss"], plain.bce(**arguments)[0]
    if not close(loss, right) and np.isclose(loss, right, 1e-3):
        raise attempt.wrong("clipped", "loss", f"it is off by a part of {loss / right - 1:.0e}. ")
    judge(attempt, "bce", arguments, results, MISTAKES, SIZES,
          loss=attempt.number("bce", arguments, results=2), of={"logits": logits})  # fmt: skip
    _grade_extremes(attempt)


def _grade_extremes(attempt):
    logits = np.array([[1000.0, -1000.0, 1000.0, -1000.0]])
    arguments = {"logits": logits, "x": np.array([[0.0, 1.0, 1.0, 0.0]])}
    results = {"loss": (), "dlogits": logits.shape}
    found = attempt.stable("bce", arguments, results, "not stable")
    loss, dlogits = plain.bce(**arguments)
    if not close(found["loss"], loss):
        text = f"a logit of +-1000 on the wrong side must cost 1000, not {found['loss'] / 2:.4g}. "
        raise attempt.wrong("clipped", "loss", text)
    if not close(found["dlogits"], dlogits):
        raise attempt.wrong("gradient clipped", "dlogits")
    try:
        attempt.quiet("bce", arguments, results, overflow="raise")
    except Wrong as wrong:
        raise Wrong("overflow", f"{attempt.words['overflow']} {wrong.text}") from None


def measured() -> tuple:
    """Measure what the prediction is about."""
    zeros = np.zeros((1, 784))
    black, _ = plain.bce(zeros, zeros)
    white, _ = plain.bce(zeros, zeros + 1)
    grid = np.linspace(-5, 5, 1001).reshape(-1, 1)
    least = min(plain.bce(grid[k : k + 1], np.array([[0.5]]))[0] for k in range(len(grid)))
    return black, white, least
