"""Grades e10_tanh. npvae has no such critic: the right answers stand here."""

import sys

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge
from npvae import plain

GATE, SLOPE = "(1 - t**2)", "-2 * t * (1 - t**2)"
MISTAKES = {
    "gate of relu": ("input_gradient", GATE, "(t > 0)"),
    "gate missing": ("input_gradient", GATE, "(0 * t + 1)"),
    "t for the gate": ("input_gradient", GATE, "t"),
    "square of t forgotten": ("input_gradient", GATE, "(1 - t)"),
    "change of the gates forgotten": ("penalty_gradient", SLOPE, "0"),
    "inner derivative forgotten": ("penalty_gradient", SLOPE, "-2 * t"),
    "sign of the gates' part": ("penalty_gradient", SLOPE, "2 * t * (1 - t**2)"),
    "factor 2 of the gates": ("penalty_gradient", SLOPE, "-t * (1 - t**2)"),
    "a for t": ("penalty_gradient", SLOPE, "-2 * a * (1 - t**2)"),
    "the gates' part alone": ("penalty_gradient", "ddz.T @ da + ", ""),
    "another array for z": [
        ("penalty_gradient", "z.T @ back", f"{array}.T @ back") for array in ("dz", "ddz")
    ],
    "gate of w2 forgotten": ("penalty_gradient", "(dda * gate)", "dda"),
    "w2 in its own gradient": [
        ("penalty_gradient", "(dda * gate)", f"(dda * {factor})") for factor in ("gate * w2", "w2")
    ],
}
B, L, H = 5, 3, 4
SIZES = {"B": (B, "batch")}


def input_gradient(z, W1, b1, w2):
    """Return dz (B, L)."""
    t = np.tanh(z @ W1 + b1)
    return (w2 * (1 - t**2)) @ W1.T


def penalty_gradient(z, W1, b1, w2):
    """Return dW1, db1 and dw2 of P."""
    a = z @ W1 + b1
    t = np.tanh(a)
    gate = 1 - t**2
    da = w2 * gate
    dz = da @ W1.T
    ddz = plain.norm_backward(dz)
    dda = ddz @ W1
    back = -2 * t * (1 - t**2) * dda * w2  # through the gate
    return ddz.T @ da + z.T @ back, back.sum(axis=0), (dda * gate).sum(axis=0)


def critic(seed: int) -> dict[str, np.ndarray]:
    """Return z and the parameters of a critic with tanh, by name."""
    arrays = numbers(seed, (B, L), (L, H), H, H)
    return dict(zip(("z", "W1", "b1", "w2"), arrays, strict=True))


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    p, right = critic(17), sys.modules[__name__]
    z, W1, b1, w2 = p.values()
    judge(attempt, "input_gradient", p, {"dz": z.shape}, MISTAKES, SIZES, right=right,
          loss=lambda: float(np.sum(np.tanh(z @ W1 + b1) @ w2)), of={"z": z})  # fmt: skip
    of = {"W1": W1, "b1": b1, "w2": w2}
    shapes = {f"d{name}": values.shape for name, values in of.items()}
    judge(attempt, "penalty_gradient", p, shapes, MISTAKES, SIZES, right=right,
          loss=lambda: plain.penalty(input_gradient(**p)), of=of)  # fmt: skip


def measured() -> tuple:
    """Measure what the prediction is about."""
    p = critic(18)
    dW1, db1, _ = penalty_gradient(**p)
    t = np.tanh(p["z"] @ p["W1"] + p["b1"])
    da = p["w2"] * (1 - t**2)
    constant = plain.norm_backward(da @ p["W1"].T).T @ da  # dW1, were the gates constant
    share = np.linalg.norm(dW1 - constant) / np.linalg.norm(dW1)
    return np.linalg.norm(db1), share
