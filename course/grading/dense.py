"""Grades e01_dense."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge
from npvae import plain

MISTAKES = {"bias forgotten": ("dense_forward", " + b", "")}
B, N_IN, N_OUT = 5, 7, 3
SIZES = {"B": (B, "batch")}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    x, W, b, dy = numbers(1, (B, N_IN), (N_IN, N_OUT), N_OUT, (B, N_OUT))
    forward, backward = {"x": x, "W": W, "b": b}, {"x": x, "W": W, "dy": dy}
    judge(attempt, "dense_forward", forward, {"y": (B, N_OUT)}, MISTAKES, SIZES)
    shapes = {"dx": x.shape, "dW": W.shape, "db": b.shape}
    loss = attempt.number("dense_forward", forward, dy)
    judge(attempt, "dense_backward", backward, shapes, {}, SIZES, loss=loss, of=forward)


def measured() -> tuple:
    """Measure what the prediction is about."""
    x, W, dy = numbers(2, (B, N_IN), (N_IN, N_OUT), (B, N_OUT))
    dx, dW, db = plain.dense_backward(x, W, dy)
    dx2, dW2, db2 = plain.dense_backward(np.tile(x, (2, 1)), W, np.tile(dy, (2, 1)))
    same = "unchanged" if np.array_equal(dx2[:B], dx) else "changed"
    return dW2[0, 0] / dW[0, 0], db2[0] / db[0], same
