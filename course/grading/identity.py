"""Grades e20_identity, which is not in npvae/plain.py: the right answers stand here."""

import sys

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge
from npvae import plain

MISTAKES = {
    "1 not subtracted": ("estimate", " - 1", ""),
    "P forgotten": ("estimate", "penalty + ", ""),
    "all slopes alike": ("estimate", "(penalty + slope", "slope * (slope"),
    "variance": ("spread", "np.sqrt", ""),
    "spread around 1": ("spread", " - (slope - 1) ** 2", ""),
}
E = 4
SIZES = {"E": (E, "epochs")}


def estimate(penalty, slope, gp_weight):
    """Compute the distance that the identity demands, with n the slopes: 2 w mean n (n - 1)."""
    return 2 * gp_weight * (penalty + slope - 1)


def spread(penalty, slope):
    """Compute the standard deviation: mean (n - 1)^2 is the variance + (mean n - 1)^2."""
    return np.sqrt(penalty - (slope - 1) ** 2)


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    (n,) = np.abs(numbers(28, (9, E))) + 0.5
    log, right = {"penalty": ((n - 1) ** 2).mean(0), "slope": n.mean(0)}, sys.modules[__name__]
    judge(attempt, "estimate", log | {"gp_weight": 7.0}, {"D": (E,)}, MISTAKES, SIZES, right=right)
    judge(attempt, "spread", log, {"spread": (E,)}, MISTAKES, SIZES, right=right)


def trained(updates: int = 400) -> tuple[float, float, float]:
    """Train a small critic on two clouds, and return the means of its last half: D, P, slope."""
    rng = np.random.default_rng(29)
    network, state = plain.new_network([(2, 32), (32, 16), (16, 4)], rng, float)
    kept = []
    for _ in range(updates):
        fake, prior = rng.standard_normal((2, 64, 2)) * [[[0.5]], [[1]]] + [[[2]], [[0]]]
        mixed = plain.mix(fake, prior, rng)
        *losses, gradients = plain.critic_loss(network, fake, prior, mixed, 10)
        plain.update(network, state, gradients, 3e-3)
        kept.append(losses[1:])
    return tuple(np.mean(kept[updates // 2 :], axis=0))


def measured() -> tuple:
    """Measure what the prediction is about."""
    alike, half = (np.array(n) for n in ([1.1, 1.1], [0.9, 1.3]))
    one, two = (estimate(((n - 1) ** 2).mean(), n.mean(), 10) for n in (alike, half))
    D, P, slope = trained()
    return one, two, D, estimate(P, slope, 10), 20 * slope * (slope - 1)
