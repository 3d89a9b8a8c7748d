"""Grades e11_one_sided.

The right answers come from npvae's two-sided penalty: a row whose norm is 1 or less is replaced by
one whose norm is 1, which costs nothing and is pushed nowhere.
"""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.penalty import HINTS as TWO_SIDED
from course.grading.penalty import grade_norm
from npvae import plain

COMPARE = (
    "npvae/plain.py::penalty",
    "npvae/plain.py::norm_backward",
    "npvae/models/penalty.py::penalty_forward",
    "npvae/models/penalty.py::norm_backward",
)
HINTS = {
    "two-sided": "rows with a norm below 1 count as well. They should cost nothing.",
    "the other side": "only rows with a norm below 1 count. It should be those above 1.",
    "mean over the steep rows": (
        "the mean is taken over the rows that pay. It should be over all B rows of the batch."
    ),
    "excess forgotten": "each steep row is pushed alike. The push should grow with norm - 1.",
    "rows counted": "the steep rows are counted. How steep they are should matter.",
    **{
        key: TWO_SIDED[key]
        for key in (
            "norm over the batch",
            "square forgotten",
            "factor 2 forgotten",
            "norm not divided",
            "norm divided twice",
            "0/0",
        )
    },
}


def clipped(dz: np.ndarray) -> np.ndarray:
    """Return dz with a unit vector in place of each row whose norm is 1 or less."""
    unit = np.eye(1, dz.shape[1])
    return np.where(plain.row_norms(dz) > 1, dz, unit)


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    (dz,) = numbers(19, (5, 3))
    dz *= np.array([[0.4], [1.7], [0.8], [2.5], [1.2]]) / plain.row_norms(dz)
    norm = plain.row_norms(dz)
    steep = clipped(dz)
    P, ddz = plain.penalty(steep), plain.norm_backward(steep)
    ddz = np.where(norm > 1, ddz, 0)
    both, ddz_both = plain.penalty(dz), plain.norm_backward(dz)
    columns = np.maximum(np.sqrt((dz**2).sum(axis=0)) - 1, 0)
    rows, count = len(dz), np.sum(norm > 1)
    mistakes = {
        "two-sided": {"P": both, "ddz": ddz_both},
        "the other side": {"P": both - P, "ddz": ddz_both - ddz},
        "mean over the steep rows": {"P": P * rows / count, "ddz": ddz * rows / count},
        "norm over the batch": {"P": np.mean(columns**2)},
        "square forgotten": {"P": np.mean(np.maximum(norm - 1, 0))},
        "factor 2 forgotten": {"ddz": ddz / 2},
        "norm not divided": {"ddz": ddz * norm},
        "norm divided twice": {"ddz": ddz / norm},
        "excess forgotten": {"ddz": 2 / rows * (norm > 1) * dz / norm},
        "rows counted": {"P": np.mean(norm > 1)},
    }
    grade_norm(attempt, dz, P, ddz, HINTS, mistakes)


def measured() -> str:
    """Return the answer to the prediction, measured."""
    dz = np.tile([[0.3, 0.4]], (3, 1))
    along = -np.sum(plain.norm_backward(dz)[0] * dz[0]) / 0.5
    push = "up, towards 1" if along > 0 else "down"
    return (
        f"two-sided {plain.penalty(dz):.2f}, one-sided {plain.penalty(clipped(dz)):.2f}. The "
        f"two-sided penalty pushes the slope {push}, the one-sided does not push. So only the "
        "one-sided lets the critic become flat; it is the critic's other term that keeps it steep."
    )
