"""What a list of measured numbers says, and how surely: means with intervals, modes, moments.

Of n values with mean m and standard deviation s:

    bootstrap    the 2.5 and 97.5 percentiles of the means of n values drawn with replacement
    Student t    m ± t(0.975; n − 1) · s / √n
    skewness     E[((x − m)/s)³]          excess kurtosis   E[((x − m)/s)⁴] − 3
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.95  # of all intervals
RESAMPLES = 2_000
BOOTSTRAP_BLOCK = 1_000_000  # resampled values held at once: 8 MB, and as much for their indices


class Interval(NamedTuple):
    """A mean and the 95 % confidence interval around it, in the units of the values."""

    mean: float
    low: float
    high: float


def bootstrap_interval(values: np.ndarray, seed: int) -> Interval:
    """Mean of `values` (n,), n >= 2, with its percentile bootstrap interval.

    It is that of 2,000 means. It says how much the mean would move with another draw of the same
    number of images, not with another training run: for that see `mean_and_interval`.

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
    """
    values = np.asarray(values, np.float64)
    result = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=max(1, BOOTSTRAP_BLOCK // len(values)),
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = result.confidence_interval
    return Interval(mean=float(values.mean()), low=float(low), high=float(high))


def mean_and_interval(values: Sequence[float] | np.ndarray) -> Interval:
    """Mean over seeds (n,), n >= 2, with Student's t interval, in which s divides by n − 1.

    Exact when the values are normal. For the few values of a handful of seeds, where a bootstrap
    comes out too narrow.

    Source: Student 1908, The Probable Error of a Mean.
    """
    n, mean = len(values), np.mean(values)
    t = stats.t.ppf((1 + LEVEL) / 2, df=n - 1)
    half_width = t * np.std(values, ddof=1) / np.sqrt(n)
    return Interval(mean=float(mean), low=float(mean - half_width), high=float(mean + half_width))


def histogram_mode(values: np.ndarray, bin_width: float) -> float:
    """Centre of the fullest histogram bin of `values` (n,), in their units.

    Bin j covers [j · bin_width, (j + 1) · bin_width): the bins start at 0 and not at the smallest
    value, so that models given the same `bin_width` share the same bins and their modes can be
    compared. Of equally full bins the lowest counts. The answer is known to ± bin_width / 2 at
    best.
    """
    bins, counts = np.unique(np.floor(values / bin_width), return_counts=True)
    return float((bins[counts.argmax()] + 0.5) * bin_width)


def moments(z: np.ndarray) -> dict[str, np.ndarray]:
    """Mean, std, skewness and excess kurtosis (d,) of each column of codes z (n, d), n >= 2.

    All divide by n. Of a standard normal prior they are 0, 1, 0, 0. Mean and std have the units
    of z, the other two none; both are NaN in a dimension that never varies.
    """
    z = z.astype(np.float64)
    shifted = z - z[0]  # exactly 0 in a dimension that never varies, where SciPy then returns NaN
    return {
        "mean of z": z.mean(axis=0),
        "std of z": z.std(axis=0),
        "skewness": stats.skew(shifted),
        "excess kurtosis": stats.kurtosis(shifted),
    }
