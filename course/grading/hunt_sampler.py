"""Grades e13_hunt_sampler."""

import numpy as np

from course.grading import hunt
from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import close
from npvae import plain
from npvae.nn.gradcheck import check_gradients


def right(mu, logvar, eps):
    """Sample as npvae does, for anything that can become arrays."""
    return plain.sample(*(np.asarray(a, np.float64) for a in (mu, logvar, eps)))


def suspect(mu, logvar, eps):
    """Sample with sigma = e^logvar."""
    return right(mu, 2 * np.asarray(logvar), eps)


RELATIVES = {
    "sigma = log(1 + e^logvar)": lambda mu, logvar, eps: mu + np.logaddexp(0, logvar) * eps,
    "z spreads like a mean, by sigma / sqrt(B) (take B > 1)": lambda mu, logvar, eps: right(
        mu, logvar, eps / np.sqrt(len(np.atleast_1d(eps)))
    ),
    "mu is forgotten (take one that is not 0)": lambda mu, logvar, eps: right(0, logvar, eps),
    "sigma = e^(-logvar / 2)": lambda mu, logvar, eps: right(mu, -np.asarray(logvar), eps),
}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    arguments = dict(zip(("mu", "logvar", "eps"), numbers(23, *[(4, 3)] * 3), strict=True))
    shown = attempt.quiet("sample", arguments, {"z": (4, 3)})["z"]
    if not close(shown, suspect(**arguments)):
        raise attempt.wrong("the suspect was changed", "sample")
    hunt.hunt(attempt, right, suspect, RELATIVES)


def measured() -> tuple:
    """Measure what the prediction is about."""
    mu, logvar, eps, dz = numbers(24, *[(5, 3)] * 4)
    gradient = {"logvar": (logvar, 2 * plain.sample_backward(dz, 2 * logvar, eps)[1])}
    check = check_gradients(lambda: float(np.sum(dz * suspect(mu, logvar, eps))), gradient)
    (eps,) = numbers(25, (100_000, 1))
    spread = suspect(0 * eps, np.full_like(eps, np.log(0.01)), eps).std()
    return check.max_error, spread
