"""Grades e01_dense."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import compare, differences
from npvae import plain

COMPARE = ("npvae/nn/layers.py::dense_forward", "npvae/nn/layers.py::dense_backward")
HINTS = {
    "bias forgotten": "the bias is missing.",
}
B, N_IN, N_OUT = 5, 7, 3
SIZES = {"B": (B, "batch")}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    x, W, b, dy = numbers(1, (B, N_IN), (N_IN, N_OUT), N_OUT, (B, N_OUT))
    forward, y_shape = {"x": x, "W": W, "b": b}, {"y": (B, N_OUT)}
    y = attempt.call("dense_forward", forward, y_shape)
    mistakes = {"bias forgotten": {"y": plain.dense_forward(x, W, 0 * b)}}
    compare(
        y,
        {"y": plain.dense_forward(x, W, b)},
        HINTS,
        mistakes,
        SIZES,
        None,
        (plain.dense_forward, forward),
    )

    shapes = {"dx": x.shape, "dW": W.shape, "db": b.shape}
    backward = {"x": x, "W": W, "dy": dy}
    found = attempt.call("dense_backward", backward, shapes)

    def loss():
        return float(np.sum(dy * attempt.quiet("dense_forward", forward, y_shape)["y"]))

    gradients = {"x": (x, found["dx"]), "W": (W, found["dW"]), "b": (b, found["db"])}
    checks = differences(loss, gradients)
    right = dict(zip(shapes, plain.dense_backward(x, W, dy), strict=True))
    compare(found, right, HINTS, {}, SIZES, checks, (plain.dense_backward, backward))


def measured() -> str:
    """Return the answer to the prediction, measured."""
    x, W, dy = numbers(2, (B, N_IN), (N_IN, N_OUT), (B, N_OUT))
    dx, dW, db = plain.dense_backward(x, W, dy)
    dx2, dW2, db2 = plain.dense_backward(np.tile(x, (2, 1)), W, np.tile(dy, (2, 1)))
    same = "unchanged" if np.array_equal(dx2[:B], dx) else "changed"
    return (
        f"dW grows by a factor of {dW2[0, 0] / dW[0, 0]:.1f} and db by {db2[0] / db[0]:.1f}: all "
        f"rows share W and b, so their gradients add up. dx is {same}: a row of x has only its own."
    )
