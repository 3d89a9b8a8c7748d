"""Grades e07_score."""

from collections.abc import Callable

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge
from npvae import plain

B, L, H1, H2, U = 5, 3, 9, 8, 4
SIZES = {"B": (B, "batch"), "U": (U, "units"), "L": (L, "latent dimensions")}
NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")


def gate_mistakes(first: int, second: int) -> dict[str, list[dict[str, Callable]]]:
    """Return relu_backward as it is often mistaken, in a layer of so many units, or in both."""

    def wrong(gate, *layers):
        def relu_backward(dh, h):
            return dh * gate(dh, h) if h.shape[1] in layers else plain.relu_backward(dh, h)

        return {"relu_backward": relu_backward}

    gates = {
        "gate times h": lambda dh, h: h,
        "gate of the wrong array": lambda dh, h: dh > 0,
        "gate of one row": lambda dh, h: h[0] > 0,
    }
    some = [(first,), (second,), (first, second)]
    return {
        "gate of layer 1 missing": [wrong(lambda dh, h: 1, first)],
        "gate of layer 2 missing": [wrong(lambda dh, h: 1, second)],
        **{key: [wrong(gate, *layers) for layers in some] for key, gate in gates.items()},
    }


SUM_OF_UNITS = ("first_pass", "1 / len(b3)", "1")
MISTAKES = {
    "sum of the units": [("score", ".mean(", ".sum("), SUM_OF_UNITS],
    "relu of the units": [
        ("score", "dense_forward(h2, W3, b3)", "relu_forward(dense_forward(h2, W3, b3))"),
        ("first_pass", "da2 =", "dunits = dunits * (h2 @ W3 + b3 > 0); da2 ="),
    ],
    "biases forgotten": [
        ("score", "_, h2 =", "b1, b2, b3 = 0 * b1, 0 * b2, 0 * b3; _, h2 ="),
        ("first_pass", "h1, h2 =", "b1, b2 = 0 * b1, 0 * b2; h1, h2 ="),
    ],
    "both gates missing": {"relu_backward": lambda dh, h: dh},
    "relu forgotten": {"relu_forward": lambda a: a},
    "gate of z": ("first_pass", "da1 @ W1.T", "da1 @ W1.T * (z > 0)"),
    "score for dscore": (
        "first_pass", "z.dtype)", "z.dtype) * score(z, W1, b1, W2, b2, W3, b3)[:, None]"
    ),
    **gate_mistakes(H1, H2),
}  # fmt: skip


def critic(seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return latent vectors z (B, L), and a critic's parameters by name."""
    shapes = (L, H1), H1, (H1, H2), H2, (H2, U), U
    while True:
        z, *weights = numbers(seed, (B, L), *shapes)
        if np.all(plain.row_norms(plain.input_gradient(z, *weights)) > 0.01):
            return z, dict(zip(NAMES, weights, strict=True))
        seed += 1000  # a row whose gates are all closed has no slope, and shows nothing


def open_gates(z: np.ndarray, w: dict[str, np.ndarray]) -> np.ndarray:
    """Return which hidden units let their input through, (B, H1 + H2)."""
    return np.hstack(plain.hidden_layers(z, w["W1"], w["b1"], w["W2"], w["b2"])) > 0


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, w = critic(10)
    arguments, loss = {"z": z, **w}, attempt.number("score", {"z": z, **w})
    judge(attempt, "score", arguments, {"score": (B,)}, MISTAKES, SIZES)
    judge(attempt, "input_gradient", arguments, {"dz": (B, L)}, MISTAKES, SIZES,
          loss=loss, of={"z": z}, active=lambda: open_gates(z, w))  # fmt: skip


def measured() -> tuple:
    """Measure what the prediction is about."""
    z, w = critic(11)
    dz = plain.input_gradient(z, *w.values())
    doubled = plain.input_gradient(z, *{**w, "W3": 2 * w["W3"]}.values())
    biases = {name: w[name] + 1e-9 for name in ("b1", "b2", "b3")}
    moved = plain.input_gradient(z, *{**w, **biases}.values())
    return np.linalg.norm(doubled) / np.linalg.norm(dz), np.abs(moved - dz).max()
