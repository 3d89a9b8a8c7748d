"""Grades e07_score."""

from collections.abc import Callable
from types import ModuleType

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
    "relu of the units": "the units pass a ReLU. Only the two hidden layers have one.",
    "biases forgotten": "no bias is added.",
    "gate of z": "there is a gate [z > 0] at the end. z is no output of a ReLU.",
    "score for dscore": "the score stands where dscore should be. It is 1 for each row here.",
    "gate times h": "h stands where its gate [h > 0] should be.",
    "gate of the wrong array": (
        "a gate is taken from the gradient itself. Whether a unit lets it through depends on h."
    ),
    "gate of one row": "the gates of the first row are used for all rows. Each row has its own.",
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


GATES = {  # relu_backward, as it is often mistaken
    "gate times h": lambda dh, h: dh * h,
    "gate of the wrong array": lambda dh, h: dh * (dh > 0),
    "gate of one row": lambda dh, h: dh * (h[0] > 0),
}


def plain_with_gate(gate: Callable, *layers: int) -> ModuleType:
    """Return npvae.plain with another relu_backward for layers of these numbers of units."""

    def backward(dh, h):
        return gate(dh, h) if h.shape[1] in layers else plain.relu_backward(dh, h)

    return plain_with(relu_backward=backward)


def open_gates(z: np.ndarray, w: dict[str, np.ndarray]) -> np.ndarray:
    """Return which hidden units let their input through, (B, H1 + H2)."""
    h1, h2 = plain.hidden_layers(z, w["W1"], w["b1"], w["W2"], w["b2"])
    return np.concatenate([h1, h2], axis=1) > 0


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, w = critic(10)
    arguments, right = {"z": z, **w}, {"score": plain.score(z, *w.values())}
    found = attempt.call("score", arguments, {"score": (B,)})
    retry = plain.score, arguments
    compare(found, right, HINTS, _score_mistakes(right["score"], **arguments), SIZES, None, retry)

    found = attempt.call("input_gradient", arguments, {"dz": (B, L)})

    def loss():
        return float(attempt.quiet("score", arguments, {"score": (B,)})["score"].sum())

    checks = differences(loss, {"z": (z, found["dz"])}, lambda: open_gates(z, w))
    right, retry = {"dz": plain.input_gradient(z, *w.values())}, (plain.input_gradient, arguments)
    compare(found, right, HINTS, _dz_mistakes(right["dz"], **arguments), SIZES, checks, retry)


def _score_mistakes(right, z, W1, b1, W2, b2, W3, b3):
    """Return what the known mistakes give for the score."""
    _, h2 = plain.hidden_layers(z, W1, b1, W2, b2)
    units = plain.dense_forward(h2, W3, b3)
    linear = plain_with(relu_forward=lambda a: a)
    return {
        "sum of the units": {"score": right * U},
        "relu of the units": {"score": plain.relu_forward(units).mean(axis=1)},
        "biases forgotten": {"score": plain.score(z, W1, 0 * b1, W2, 0 * b2, W3, 0 * b3)},
        "relu forgotten": {"score": linear.score(z, W1, b1, W2, b2, W3, b3)},
    }


def _dz_mistakes(right, z, W1, b1, W2, b2, W3, b3):
    """Return what the known mistakes give for dz."""
    h1, h2 = plain.hidden_layers(z, W1, b1, W2, b2)
    dunits = (plain.dense_forward(h2, W3, b3) > 0) / U
    da2 = plain.relu_backward(dunits @ W3.T, h2)

    def with_gate(gate, *layers):
        faulty = plain_with_gate(gate, *layers)
        return {"dz": faulty.input_gradient(z, W1, b1, W2, b2, W3, b3)}

    return {
        "sum of the units": {"dz": right * U},
        "gate of layer 1 missing": with_gate(lambda dh, h: dh, H1),
        "gate of layer 2 missing": with_gate(lambda dh, h: dh, H2),
        "both gates missing": with_gate(lambda dh, h: dh, H1, H2),
        "relu of the units": {"dz": plain.relu_backward(da2 @ W2.T, h1) @ W1.T},
        "biases forgotten": {"dz": plain.input_gradient(z, W1, 0 * b1, W2, 0 * b2, W3, b3)},
        "gate of z": {"dz": right * (z > 0)},
        "score for dscore": {"dz": right * plain.score(z, W1, b1, W2, b2, W3, b3)[:, None]},
        **{
            key: [with_gate(gate, H1), with_gate(gate, H2), with_gate(gate, H1, H2)]
            for key, gate in GATES.items()
        },
    }


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
