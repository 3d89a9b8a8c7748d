"""Grades e15_first_pass."""

from collections.abc import Callable
from types import ModuleType

import numpy as np

from course.grading.attempt import Attempt
from course.grading.diagnosis import Arrays, compare
from course.grading.score import GATES, H1, H2, SIZES, B, L, U, critic, plain_with_gate
from course.grading.score import HINTS as SCORE_HINTS
from npvae import plain

COMPARE = ("npvae/models/critic.py::score_backward_input",)
OF_SCORE = "sum of the units", "gate of layer 1 missing", "gate of layer 2 missing", *GATES
OF_SCORE_HINTS = {key: SCORE_HINTS[key] for key in OF_SCORE}
HINTS = {
    "before the ReLU": "this is a, before the ReLU. What is wanted is h = relu(a).",
    **OF_SCORE_HINTS,
}
ORDER = "h1", "h2", "dunits", "da2", "da1", "dz"  # each is made from those before it


def gate_mistakes(results: Callable[[ModuleType], Arrays]) -> dict[str, list[Arrays]]:
    """Return what the functions give that `results` calls, in plain with a wrong gate."""
    gates = {f"gate of layer {n} missing": (lambda dh, h: dh, H) for n, H in ((1, H1), (2, H2))}
    gates |= {key: (gate, H1, H2) for key, gate in GATES.items()}
    return {
        key: [results(plain_with_gate(gate, H)) for H in layers]
        for key, (gate, *layers) in gates.items()
    }


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, w = critic(16)
    columns = {"dz": L, "da1": H1, "da2": H2, "dunits": U, "h1": H1, "h2": H2}
    shapes = {label: (B, n) for label, n in columns.items()}

    def first_pass(module=plain):
        results = dict(zip(shapes, module.first_pass(z, *w.values()), strict=True))
        return {label: results[label] for label in ORDER}

    right = first_pass()
    a1 = plain.dense_forward(z, w["W1"], w["b1"])
    mistakes = {
        "before the ReLU": {"h1": a1, "h2": plain.dense_forward(right["h1"], w["W2"], w["b2"])},
        "sum of the units": {"dunits": np.ones((B, U))},
        **gate_mistakes(first_pass),
    }
    compare(attempt.call("first_pass", {"z": z, **w}, shapes), right, HINTS, mistakes, SIZES)


def measured() -> str:
    """Return the answer to the prediction, measured."""
    z, w = critic(17)
    first, doubled = (plain.first_pass(z, *(w | {"W3": n * w["W3"]}).values()) for n in (1, 2))
    ratios = [np.linalg.norm(b) / np.linalg.norm(a) for a, b in zip(first, doubled, strict=True)]
    names = ("dz", "da1", "da2", "dunits", "h1", "h2")
    return ", ".join(f"{k} times {r:.0f}" for k, r in zip(names, ratios, strict=True)) + "."
