"""Grades e02_relu."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import compare, differences
from npvae import plain

COMPARE = ("npvae/nn/layers.py::dense_relu_forward", "npvae/nn/layers.py::dense_backward_input")
HINTS = {
    "mask missing": (
        "the gradient passes everywhere. Is the mask missing, or is it h >= 0? That is always true."
    ),
    "mask of the wrong array": (
        "the mask is taken from dh. Whether a unit lets the gradient through depends on the way "
        "forward, and dh is not from there."
    ),
    "mask inverted": "the gradient passes exactly where it should not.",
    "nothing cut off": "what is negative passes. It should become 0.",
    "leaky": "a small part of the negative numbers passes. That is a leaky ReLU; this one gives 0.",
    "the other half": "what is negative is kept. It should be what is positive.",
    "times h": "dh is multiplied by h. The slope of ReLU is 1 where it is on, not h.",
}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    a, dh = numbers(3, (5, 8), (5, 8))
    a[2, 3] = 0
    h = attempt.call("relu_forward", {"a": a}, {"h": a.shape})["h"]
    right = {"h": plain.relu_forward(a)}
    leak = np.min(h) / np.min(a)
    mistakes = {
        "nothing cut off": {"h": a},
        "leaky": {"h": np.where(a > 0, a, leak * a)},
        "the other half": {"h": -plain.relu_forward(-a)},
    }
    compare({"h": h}, right, HINTS, mistakes, {}, None, (plain.relu_forward, {"a": a}))

    backward = {"dh": dh, "h": h}
    found = attempt.call("relu_backward", backward, {"da": a.shape})

    def loss():
        return float(np.sum(dh * attempt.quiet("relu_forward", {"a": a}, {"h": a.shape})["h"]))

    checks = differences(loss, {"a": (a, found["da"])}, active=lambda: a > 0)
    mistakes = {
        "mask missing": {"da": dh},
        "mask of the wrong array": {"da": plain.relu_backward(dh, dh)},
        "mask inverted": {"da": dh - plain.relu_backward(dh, h)},
        "times h": {"da": dh * h},
    }
    right = {"da": plain.relu_backward(dh, h)}
    compare(found, right, HINTS, mistakes, {}, checks, (plain.relu_backward, backward))


def measured() -> str:
    """Return the answer to the prediction, measured."""
    (a,) = numbers(4, (100, 100))
    dh = np.ones_like(a)
    shares = [plain.relu_backward(dh, plain.relu_forward(a + b)).mean() for b in (0, -2)]
    return (
        f"{shares[0]:.1%} of dh, and {shares[1]:.1%} with a bias of -2. A unit that is off for all "
        "samples has no gradient, and stays off."
    )
