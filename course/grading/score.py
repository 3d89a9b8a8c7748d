"""Grades e07_score."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import compare, differences
from course.replace import plain_with
from npvae import plain

COMPARE = (
    "npvae/models/critic.py::score_forward",
    "npvae/models/critic.py::score_backward_hidden",
    "npvae/models/critic.py::score_backward_input",
)
HINTS = {
    "sum of the units": (
        "it is exactly U times too large. The score is the mean of the units, not their sum. (The "
        "experiment that npvae repeats had this factor of 10 in its distance.)"
    ),
    "gate of layer 1 missing": "the gate of a1 is missing: where h1 is 0, da1 must be 0.",
    "gate of layer 2 missing": "the gate of a2 is missing: where h2 is 0, da2 must be 0.",
    "both gates missing": "both gates are missing. This is the gradient of a critic without ReLU.",
    "relu forgotten": "this is the score of a critic without ReLU.",
}
B, L, H1, H2, U = 5, 3, 9, 8, 4
SIZES = {"B": (B, "batch"), "U": (U, "units"), "L": (L, "latent dimensions")}
NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")


def critic(seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return latent vectors z (B, L), and a critic's parameters by name."""
    shapes = (L, H1), H1, (H1, H2), H2, (H2, U), U
    z, *weights = numbers(seed, (B, L), *shapes)
    return z, dict(zip(NAMES, weights, strict=True))


def open_gates(z: np.ndarray, w: dict[str, np.ndarray]) -> np.ndarray:
    """Return which hidden units let their input through, (B, H1 + H2)."""
    h1, h2 = plain.hidden_layers(z, w["W1"], w["b1"], w["W2"], w["b2"])
    return np.concatenate([h1, h2], axis=1) > 0


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, w = critic(10)
    arguments, weights = {"z": z, **w}, tuple(w.values())
    found = attempt.call("score", arguments, {"score": (B,)})
    right = plain.score(z, *weights)
    linear = plain_with(relu_forward=lambda a: a)
    mistakes = {
        "sum of the units": {"score": right * U},
        "relu forgotten": {"score": linear.score(z, *weights)},
    }
    compare(found, {"score": right}, HINTS, mistakes, SIZES, None, (plain.score, arguments))

    found = attempt.call("input_gradient", arguments, {"dz": (B, L)})

    def loss():
        return float(attempt.quiet("score", arguments, {"score": (B,)})["score"].sum())

    checks = differences(loss, {"z": (z, found["dz"])}, lambda: open_gates(z, w))
    right = plain.input_gradient(z, *weights)

    def without_gates(*units):
        def backward(dh, h):
            return dh if h.shape[1] in units else plain.relu_backward(dh, h)

        return {"dz": plain_with(relu_backward=backward).input_gradient(z, *weights)}

    mistakes = {
        "sum of the units": {"dz": right * U},
        "gate of layer 1 missing": without_gates(H1),
        "gate of layer 2 missing": without_gates(H2),
        "both gates missing": without_gates(H1, H2),
    }
    retry = plain.input_gradient, arguments
    compare(found, {"dz": right}, HINTS, mistakes, SIZES, checks, retry)


def measured() -> str:
    """Return the answer to the prediction, measured."""
    z, w = critic(11)
    dz = plain.input_gradient(z, *w.values())
    doubled = plain.input_gradient(z, *{**w, "W3": 2 * w["W3"]}.values())
    biases = {name: w[name] + 1e-9 for name in ("b1", "b2", "b3")}
    moved = plain.input_gradient(z, *{**w, **biases}.values())
    return (
        "with W3 doubled dz grows by a factor of "
        f"{np.linalg.norm(doubled) / np.linalg.norm(dz):.1f}. With all biases moved by 1e-9 it "
        f"changes by {np.abs(moved - dz).max():g}: a bias only matters through the gates."
    )
