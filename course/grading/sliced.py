"""Grades e18_sliced."""

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge
from npvae import plain

PARTNERS = "np.take_along_axis(np.sort(prior_on_lines, axis=0), ranks, axis=0)"
MISTAKES = {
    "not by rank": ("sliced", PARTNERS, "prior_on_lines"),
    "order for ranks": [
        ("sliced", ".argsort(axis=0).argsort(axis=0)", ".argsort(axis=0)"),
        ("sliced", f"on_lines - {PARTNERS}", "np.sort(on_lines, 0) - np.sort(prior_on_lines, 0)"),
    ],
    "not divided by c": ("sliced", "on_lines, prior", "unit = 1; on_lines, prior"),
    "square of the gaps": [
        ("sliced", "np.abs(gaps).mean()", "(gaps**2).mean()"),
        ("sliced", "np.abs(gaps).mean() / unit", "(gaps**2).mean()"),
    ],
    "gap for sign": [("sliced", "np.sign(gaps)", gap) for gap in ("gaps", "(2 * gaps)")],
    "directions forgotten": (
        "sliced", "np.sign(gaps) @ directions", "0 * z + np.sign(gaps).sum(axis=1, keepdims=True)"
    ),
}  # fmt: skip
B, L, K = 6, 3, 7
SIZES = {"B": (B, "batch"), "K": (K, "lines"), "L": (L, "latent dimensions")}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, prior, lines = numbers(24, (B, L), (B, L), (K, L))
    arguments = {"z": z, "prior": prior, "directions": lines / plain.row_norms(lines)}
    judge(attempt, "sliced", arguments, {"distance": (), "dz": (B, L)}, MISTAKES, SIZES,
          loss=lambda: float(plain.sliced(**arguments)[0]), of={"z": z})  # fmt: skip


def measured() -> tuple:
    """Measure what the prediction is about."""
    z, prior, lines = numbers(25, (1000, 10), (1000, 10), (300, 10))
    lines /= plain.row_norms(lines)
    far = z + 3 * lines[0]
    moved, none = (plain.sliced(rows, prior, lines)[0] for rows in (far, 0 * z))
    return moved, none
