"""Grades e19_mmd, which is not in npvae/plain.py: the right answer stands here."""

import sys

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge

SQUARE = "(gap**2).sum(axis=2, keepdims=True)"
MISTAKES = {
    "own pairs left out": (
        "mmd", "k_zz.mean() + k_pp.mean()",
        "((k_zz + k_pp).sum() - 2 * len(z)) / len(z) / (len(z) - 1)",
    ),
    "cross term once": ("mmd", "- 2 * k_zp", "- k_zp"),
    "root taken": ("mmd", "return loss", "return np.sqrt(loss)"),
    "distance not squared": ("mmd", SQUARE, f"np.sqrt({SQUARE})"),
    "another kernel": [
        ("mmd", f"C / (C + {SQUARE})", f"np.exp(-{SQUARE} / {w})") for w in ["1", "2", "C", "(2*C)"]
    ],
    "one side only": ("mmd", "4 * (k_zz", "2 * (k_zz"),
    "pairs of z forgotten": ("mmd", "4 * (k_zz", "0 * (k_zz"),
    "k not squared": [
        ("mmd", "k_zz**2", f"{c} * k_zz", "k_zp**2", f"{c} * k_zp") for c in "1C"
    ],
}  # fmt: skip
B, L = 5, 3
SIZES = {"B": (B, "batch"), "L": (L, "latent dimensions")}


def mmd(z, prior):
    """Compute the loss and dz (B, L); the derivative of k = C / (C + s) for s is -k^2 / C."""
    C = 2 * z.shape[1]
    gaps = z[:, None] - z, prior[:, None] - prior, z[:, None] - prior  # (B, B, L) each
    k_zz, k_pp, k_zp = (C / (C + (gap**2).sum(axis=2, keepdims=True)) for gap in gaps)
    loss = k_zz.mean() + k_pp.mean() - 2 * k_zp.mean()
    dz = 4 * (k_zp**2 * gaps[2]).mean(axis=1) - 4 * (k_zz**2 * gaps[0]).mean(axis=1)
    return loss, dz / C / len(z)


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, prior = numbers(26, (B, L), (B, L))
    shapes, right = {"loss": (), "dz": (B, L)}, sys.modules[__name__]
    judge(attempt, "mmd", {"z": z, "prior": prior}, shapes, MISTAKES, SIZES,
          right=right, loss=lambda: float(mmd(z, prior)[0]), of={"z": z})  # fmt: skip


def measured() -> tuple:
    """Measure what the prediction is about."""
    z, prior = numbers(27, (200, 10), (200, 10))
    step = np.eye(10)[0]
    near, far = (np.linalg.norm(mmd(z + n * step, prior)[1].sum(axis=0)) for n in (3, 1000))
    return far, near
