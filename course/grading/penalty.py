"""Grades e08_penalty."""

from types import ModuleType

import numpy as np

from course.grading.attempt import Attempt
from course.grading.diagnosis import Mistakes, judge
from course.grading.score import H1, H2, SIZES, L, critic, gate_mistakes, open_gates
from npvae import plain

LENGTHS = "np.sqrt((dz**2).sum(axis=1, keepdims=True))"
DIRECTION = "dz / np.where(norm > 0, norm, 1)"
WHOLE = "row_norms(dz.reshape(1, -1))"
MISTAKES = {
    "norm over the batch": [
        ("penalty", "row_norms(dz)", "row_norms(dz.T)"),
        ("norm_backward", "row_norms(dz)", "row_norms(dz.T).T", "len(dz)", "dz.shape[1]"),
    ],
    "one norm for all": [
        ("penalty", "row_norms(dz)", WHOLE),
        ("norm_backward", "row_norms(dz)", WHOLE, "len(dz)", "1"),
    ],
    "root mean square": ("row_norms", ".sum(", ".mean("),
    "root forgotten": ("row_norms", "np.sqrt", ""),
    "square forgotten": ("penalty", " ** 2", ""),
    "absolute value": ("penalty", "((row_norms(dz) - 1) ** 2)", "np.abs(row_norms(dz) - 1)"),
    "another norm": [
        ("row_norms", LENGTHS, f"np.abs(dz).{of}(axis=1, keepdims=True)") for of in ("max", "sum")
    ],
    "mean before the square": ("penalty", "row_norms(dz)", "row_norms(dz).mean()"),
    "factor 2 forgotten": ("norm_backward", "2 /", "1 /"),
    "norm not divided": ("norm_backward", DIRECTION, "dz"),
    "norm divided twice": ("norm_backward", DIRECTION, "dz / norm**2"),
    "sign for direction": ("norm_backward", DIRECTION, "np.sign(dz)"),
    "dz for ddz": ("second_pass", "norm_backward(dz)", "dz"),
    "dz added to ddz": ("second_pass", "norm_backward(dz)", "norm_backward(dz) + dz"),
    "roles exchanged": ("second_pass", "dda1.T @ da2", "da1.T @ relu_backward(dda1 @ W2, h2)"),
    "activations for gradients": (
        "second_pass", "dda1.T @ da2", "h1.T @ da2", "dda2.T @ dunits", "h2.T @ dunits"
    ),
    **gate_mistakes(H1, H2),
}  # fmt: skip
ARGUMENTS = ("dz", "da1", "da2", "dunits", "h1", "h2", "W1", "W2")  # of second_pass


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, w = critic(12)
    first = plain.first_pass(z, *w.values())
    norms = np.array([[0.5], [1.7], [0.8], [2.5], [1.2]])  # on both sides of 1
    grade_norm(attempt, first[0] / plain.row_norms(first[0]) * norms, MISTAKES, plain)

    def loss():
        return plain.penalty(plain.input_gradient(z, *w.values()))

    arguments = dict(zip(ARGUMENTS, (*first, w["W1"], w["W2"]), strict=True))
    of = {name: w[name] for name in ("W1", "W2", "W3")}
    shapes = {f"d{name}": values.shape for name, values in of.items()}
    judge(attempt, "second_pass", arguments, shapes, MISTAKES, SIZES,
          loss=loss, of=of, active=lambda: open_gates(z, w))  # fmt: skip


def grade_norm(attempt: Attempt, dz: np.ndarray, mistakes: Mistakes, right: ModuleType) -> None:
    """Grade `penalty` and `norm_backward`; those of the module `right` are the right ones."""
    judge(attempt, "penalty", {"dz": dz}, {"P": ()}, mistakes, SIZES, right=right)
    loss = attempt.number("penalty", {"dz": dz})
    judge(attempt, "norm_backward", {"dz": dz}, {"ddz": dz.shape}, mistakes, SIZES,
          right=right, loss=loss, of={"dz": dz})  # fmt: skip
    flat = np.vstack([dz[:2], np.zeros((1, L))])
    if np.any(attempt.stable("norm_backward", {"dz": flat}, {"ddz": flat.shape}, "0/0")["ddz"][2]):
        raise attempt.wrong("0/0", "ddz")


def measured() -> tuple:
    """Measure what the prediction is about."""
    z, w = critic(13)
    w["W3"] = 0 * w["W3"]
    first = plain.first_pass(z, *w.values())
    gradients = plain.second_pass(*first, w["W1"], w["W2"])
    largest = max(np.abs(dW).max() for dW in gradients)
    return plain.penalty(first[0]), largest
