"""Grades e18_sliced."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import compare, differences
from npvae import plain

COMPARE = ("npvae/models/sliced.py::sliced_forward", "npvae/models/sliced.py::sliced_backward_add")
HINTS = {
    "not by rank": "row r is paired with row r. On each line, pair the smallest with the smallest.",
    "order for ranks": (
        "argsort tells which row is the smallest, not the rank of each row. Which rank has row r? "
        "A second argsort tells, or put the result back to the places that the first one gives."
    ),
    "not divided by c": "it is not divided by c.",
    "square of the gaps": "the gaps are squared. The distance is the mean of |gap|.",
    "gap for sign": "the gap stands where its sign should be: |gap| has the slope 1 or -1.",
    "directions forgotten": "the gaps' signs are averaged, but not along their directions.",
}
B, L, K = 6, 3, 7
SIZES = {"B": (B, "batch"), "K": (K, "lines"), "L": (L, "latent dimensions")}


def _case(seed):
    z, prior, lines = numbers(seed, (B, L), (B, L), (K, L))
    return z, prior, lines / plain.row_norms(lines)


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, prior, directions = _case(24)
    arguments = {"z": z, "prior": prior, "directions": directions}
    shapes = {"distance": (), "dz": (B, L)}
    right = dict(zip(shapes, plain.sliced(**arguments), strict=True))
    c = np.abs(np.sort(z @ directions.T, 0) - np.sort(prior @ directions.T, 0)).mean()
    c /= right["distance"]
    on_lines, on_prior = z @ directions.T, np.sort(prior @ directions.T, axis=0)
    order = on_lines.argsort(axis=0)

    def with_gaps(gaps, sign=np.sign):
        dz = sign(gaps) @ directions / (gaps.size * c)
        return {"distance": np.abs(gaps).mean() / c, "dz": dz}

    gaps = on_lines - np.take_along_axis(on_prior, order.argsort(axis=0), axis=0)
    in_order = np.sort(on_lines, axis=0) - on_prior
    mistakes = {
        "not by rank": with_gaps(on_lines - prior @ directions.T),
        "order for ranks": [
            with_gaps(on_lines - np.take_along_axis(on_prior, order, axis=0)), with_gaps(in_order)
        ],
        "not divided by c": {k: c * v for k, v in right.items()},
        "square of the gaps": [{"distance": v} for v in (np.mean(gaps**2), np.mean(gaps**2) / c)],
        "gap for sign": [with_gaps(n * gaps, lambda gaps: gaps) for n in (1, 2)],
        "directions forgotten": {"dz": np.sign(gaps).mean(1, keepdims=True) / B / c + 0 * z},
    }  # fmt: skip
    found = attempt.call("sliced", arguments, shapes)
    checks = differences(lambda: float(plain.sliced(**arguments)[0]), {"z": (z, found["dz"])})
    compare(found, right, HINTS, mistakes, SIZES, checks, (plain.sliced, arguments))


def measured() -> str:
    """Return the answer to the prediction, measured."""
    z, prior, lines = numbers(25, (4000, 10), (4000, 10), (400, 10))
    lines /= plain.row_norms(lines)
    far = z + 3 * lines[0]
    moved, none = (plain.sliced(rows, prior, lines)[0] for rows in (far, 0 * z))
    return (
        f"{moved:.2f} and {none:.2f}. Rows that are all 0 are about as far away as a shift of the "
        "mean length of a row, sqrt(10)."
    )
