"""How sure a number is: what another draw of the test images and another training would change.

    bootstrap   the number computed on B sets of n images, drawn with replacement; their standard
                deviation is the standard error from the images, e
    training    the variance over n seeds is s²; that of their mean is v = s² / n
    interval    m ± √((1.96 e)² + t² v),    t = t(0.975; n − 1)
    difference  the same with v = v_a + v_b, and t with Welch's degrees of freedom,
                v² / (v_a² / (n_a − 1) + v_b² / (n_b − 1))

All models are tested on the same images, so one bootstrap sample is the same set of images for
each of them. The error of a difference then contains only what the images do to the difference.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from npvae.training import streams

Statistic = Callable[..., dict[str, float]]  # from arrays to numbers, both by name
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


@dataclass
class Measurement:
    """The numbers of one model, by the keys of `metrics.py`; what is not defined is left out."""

    values: dict[str, float] = field(default_factory=dict)
    # (RESAMPLES,) of those that depend on the test images: on bootstrap samples of these
    replicates: dict[str, np.ndarray] = field(default_factory=dict)

    def add(
        self, statistic: Statistic, cheaper: Statistic | None = None, **arrays: np.ndarray
    ) -> None:
        """Keep the numbers statistic(**arrays), and their bootstrap over the rows of the arrays.

        `cheaper` takes the statistic's place on the bootstrap samples. A number that one of these
        lacks has no replicates.
        """
        self.values |= statistic(**arrays)
        samples = resample(cheaper or statistic, **arrays)
        for key in samples[0]:
            if all(key in numbers for numbers in samples):
                self.replicates[key] = np.array([numbers[key] for numbers in samples])

    def add_means(self, **samples: np.ndarray) -> None:
        """Keep the mean of each array (n,) of numbers of single images, with its bootstrap."""
        samples = {key: np.asarray(array, np.float64) for key, array in samples.items()}
        self.add(lambda **drawn: {key: array.mean() for key, array in drawn.items()}, **samples)


class Spread(NamedTuple):
    """The variance of a number, or of a mean of some, over trainings; its degrees of freedom."""

    variance: float
    freedom: int


class Number(NamedTuple):
    """A number, or a difference of two, and what is known of how it varies."""

    mean: float
    replicates: np.ndarray | None  # on bootstrap samples of the images; None: it depends on none
    spreads: list[Spread]  # over trainings: one, or two in a difference; none is known if empty

    def minus(self, other: "Number") -> "Number":
        """Return the difference; the trainings of the two are independent."""
        pair = self.replicates, other.replicates
        paired = None if any(r is None for r in pair) else pair[0] - pair[1]
        spreads = self.spreads + other.spreads if self.spreads and other.spreads else []
        return Number(self.mean - other.mean, paired, spreads)

    @property
    def interval(self) -> Interval | None:
        """Return the 95 % interval; see the head. None if nothing is known of how it varies.

        Source: Welch 1947, The generalization of Student's problem when several different
        population variances are involved; with one spread it is Student's interval (1908).
        """
        if self.replicates is None and not self.spreads:
            return None
        error = 0 if self.replicates is None else np.std(self.replicates, ddof=1)
        square = (stats.norm.ppf((1 + LEVEL) / 2) * error) ** 2
        v, freedom = np.array(self.spreads).reshape(-1, 2).T
        if v.sum() > 0:
            df = v.sum() ** 2 / (v**2 / freedom).sum()
            square += stats.t.ppf((1 + LEVEL) / 2, df) ** 2 * v.sum()
        half = float(np.sqrt(square))
        return Interval(self.mean, self.mean - half, self.mean + half)


def resample(statistic: Callable[..., Any], seed: int = 0, **arrays: np.ndarray) -> list:
    """Compute a statistic on RESAMPLES bootstrap samples of the rows of arrays of one length, n.

    The samples depend on n and the seed alone: for two models they are the same images.

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, sections 6.2 and 6.4.
    """
    n, rng = len(next(iter(arrays.values()))), np.random.default_rng([seed, streams.BOOTSTRAP])
    samples = (rng.integers(n, size=n) for _ in range(RESAMPLES))
    return [statistic(**{key: a[index] for key, a in arrays.items()}) for index in samples]
