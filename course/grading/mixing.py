"""Grades e09_mixing. The student draws alpha; here it is worked out again from the result."""

from types import SimpleNamespace

import numpy as np

from course.grading.attempt import Attempt, Wrong, numbers
from npvae import plain

COMPARE = ("npvae/models/steps.py::mix",)
HINTS = {
    "not on the line": (
        "the rows do not lie on the straight lines from z to prior. Do the two weights add up to 1?"
    ),
    "alpha per dimension": (
        "each dimension has an alpha of its own, which fills a box. A row is one point of a line, "
        "so all its dimensions share one alpha. Which shape makes alpha do that?"
    ),
    "one alpha for all rows": "all rows share one alpha. Each row needs its own.",
    "alpha does not vary": (
        "the alphas are the same in every call, at most in another order. Each should be drawn "
        "anew, from rng."
    ),
    "alpha outside [0, 1]": (
        "some points lie beyond the ends of the line. Is alpha drawn from a normal distribution?"
    ),
    "alpha not uniform": "some parts of the line are more likely than others.",
}
B, L = 500, 3


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, prior = numbers(14, (B, L), (B, L))
    mixed, alpha = _draw(attempt, z, prior, 1)
    between_rows = np.ptp(alpha.mean(axis=1))
    if np.ptp(alpha, axis=1).max() > 1e-6:
        inside = alpha.min() > -1e-9 and alpha.max() < 1 + 1e-9
        shared = np.ptp(alpha, axis=0).max() < 1e-6
        _wrong("alpha per dimension" if inside or shared else "not on the line")
    first = SimpleNamespace(random=lambda *_: alpha[:, :1])  # plays the alpha of column 0
    if np.abs(mixed - plain.mix(z, prior, first)).max() > 1e-6:
        _wrong("not on the line")
    if between_rows < 1e-6:
        again = _draw(attempt, z, prior, 2)[1]
        _wrong("alpha does not vary" if np.allclose(alpha, again) else "one alpha for all rows")
    again = _draw(attempt, z, prior, 2)[1]
    if np.allclose(np.sort(alpha, axis=0), np.sort(again, axis=0)):  # also if only shuffled
        _wrong("alpha does not vary")
    if alpha.min() < -1e-9 or alpha.max() > 1 + 1e-9:
        _wrong("alpha outside [0, 1]")
    ordered = np.sort(alpha[:, 0])
    if (
        np.abs(ordered - (np.arange(B) + 0.5) / B).max() > 0.1
    ):  # 1e-4 of honest draws are further off
        _wrong("alpha not uniform")


def _draw(attempt, z, prior, seed):
    """Return the student's rows and the alpha of each number, which solves the line's equation."""
    arguments = {"z": z, "prior": prior, "rng": np.random.default_rng(seed)}
    mixed = attempt.call("mix", arguments, {"mixed": z.shape})["mixed"]
    return mixed, (mixed - z) / (prior - z)


def _wrong(key):
    raise Wrong(key, f"mixed: {HINTS[key]}")


def measured() -> str:
    """Return the answer to the prediction, measured."""
    z, prior = numbers(15, (20_000, 10), (20_000, 10))
    mixed = plain.mix(z, prior, np.random.default_rng(16))
    lengths = [np.mean(np.sum(array**2, axis=1)) for array in (z, mixed)]
    return (
        f"{lengths[1]:.2f} instead of {lengths[0]:.2f}: two thirds, because alpha^2 + (1 - "
        "alpha)^2 is 2/3 on average. The slope is tested where neither of the two distributions "
        "has most of its mass."
    )
