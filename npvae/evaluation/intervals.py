"""How sure a number is: what another draw of the test images and another training would change.

    bootstrap   the number computed on B sets of n images, drawn with replacement; their standard
                deviation is the standard error from the images, e
    training    the standard deviation s of the number over n seeds; that of their mean is s / √n
    interval    m ± √((1.96 e)² + t² v),    v = s² / n,    t = t(0.975; seeds behind s − 1)
    difference  the same with v = v_a + v_b, and t with Welch's degrees of freedom,
                v² / (v_a² / (seeds behind s_a − 1) + v_b² / (seeds behind s_b − 1))

All models are tested on the same images, so one bootstrap sample is the same set of images for
each of them. The error of a difference then contains only what the images do to the difference.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from npvae.training import streams

LEVEL = 0.95  # of all intervals
RESAMPLES = 100  # a standard error from so many is known to 7 %


class Interval(NamedTuple):
    """A number and its 95 % confidence interval, in the units of the number."""

    mean: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Return half of the interval's width: the number after the ±."""
        return (self.high - self.low) / 2


class Spread(NamedTuple):
    """The standard deviation of a number over the seeds of a training, and how many there were."""

    deviation: float
    seeds: int


def resample(statistic: Callable[..., float], *arrays: np.ndarray, seed: int = 0) -> np.ndarray:
    """Compute a statistic on RESAMPLES bootstrap samples of the rows of `arrays`, all of length n.

    The samples depend on n and the seed alone: for two models they are the same images. Returns
    (RESAMPLES,).

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, sections 6.2 and 6.4.
    """
    n, rng = len(arrays[0]), np.random.default_rng([seed, streams.BOOTSTRAP])
    samples = (rng.integers(n, size=n) for _ in range(RESAMPLES))
    return np.array([statistic(*(array[index] for array in arrays)) for index in samples])


def spread_of(values: Sequence[float]) -> Spread:
    """Return the spread of n >= 2 numbers from as many seeds; the deviation divides by n − 1."""
    return Spread(float(np.std(values, ddof=1)), len(values))


def combine(
    mean: float, replicates: np.ndarray | None, spreads: Sequence[tuple[Spread, int]]
) -> Interval:
    """Return the interval of a number; see the head of this module.

    `replicates` are its values on bootstrap samples of the images (None: it depends on none). Each
    of `spreads` is a spread over seeds and the number of trainings that the number is a mean of; a
    difference of two settings has one for each.

    Source: Welch 1947, The generalization of Student's problem when several different population
    variances are involved; with one spread it is Student's interval (1908).
    """
    square = 0.0
    if replicates is not None:
        square += (stats.norm.ppf((1 + LEVEL) / 2) * np.std(replicates, ddof=1)) ** 2
    v = np.array([deviation**2 / trainings for (deviation, _), trainings in spreads])
    if v.sum() > 0:
        freedom = np.array([seeds - 1 for (_, seeds), _ in spreads])
        df = v.sum() ** 2 / (v**2 / freedom).sum()
        square += stats.t.ppf((1 + LEVEL) / 2, df) ** 2 * v.sum()
    half = float(np.sqrt(square))
    return Interval(mean=mean, low=mean - half, high=mean + half)


def histogram_mode(values: np.ndarray, bin_width: float) -> float:
    """Centre of the fullest histogram bin of `values` (n,), in their units.

    Bin j covers [j · bin_width, (j + 1) · bin_width): the bins start at 0 and not at the smallest
    value, so that models given the same `bin_width` share the same bins and their modes can be
    compared. Of equally full bins the lowest counts. The answer is known to ± bin_width / 2 at
    best.
    """
    bins, counts = np.unique(np.floor(values / bin_width), return_counts=True)
    return float((bins[counts.argmax()] + 0.5) * bin_width)
