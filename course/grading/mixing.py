"""Grades e09_mixing. The student draws alpha; here it is worked out again from the result."""

from types import SimpleNamespace

import numpy as np

from course.grading.attempt import Attempt, numbers
from npvae import plain

B, L = 500, 3


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, prior = numbers(14, (B, L), (B, L))
    mixed, alpha = _draw(attempt, z, prior, 1)
    outside = alpha.min() < -1e-9 or alpha.max() > 1 + 1e-9
    first = SimpleNamespace(random=lambda *_: alpha[:, :1])  # plays the alpha of column 0
    key = None
    if np.ptp(alpha, axis=1).max() > 1e-6:
        shared = np.ptp(alpha, axis=0).max() < 1e-6
        key = "not on the line" if outside and not shared else "alpha per dimension"
    elif np.abs(mixed - plain.mix(z, prior, first)).max() > 1e-6:
        key = "not on the line"
    else:
        again, ordered = _draw(attempt, z, prior, 2)[1], np.sort(alpha, axis=0)
        if np.allclose(ordered, np.sort(again, axis=0)):  # also if only shuffled
            key = "alpha does not vary"
        elif np.ptp(alpha.mean(axis=1)) < 1e-6:
            key = "one alpha for all rows"
        elif outside:
            key = "alpha outside [0, 1]"
        elif np.abs(ordered[:, 0] - (np.arange(B) + 0.5) / B).max() > 0.1:  # 1e-4 of honest draws
            key = "alpha not uniform"
    if key:
        raise attempt.wrong(key, "mixed")


def _draw(attempt, z, prior, seed):
    """Return the student's rows and the alpha of each number, which solves the line's equation."""
    arguments = {"z": z, "prior": prior, "rng": np.random.default_rng(seed)}
    mixed = attempt.call("mix", arguments, {"mixed": z.shape})["mixed"]
    return mixed, (mixed - z) / (prior - z)


def measured() -> tuple:
    """Measure what the prediction is about."""
    z, prior = numbers(15, (20_000, 10), (20_000, 10))
    mixed = plain.mix(z, prior, np.random.default_rng(16))
    lengths = [np.mean(np.sum(array**2, axis=1)) for array in (z, mixed)]
    return lengths[1], lengths[0]
