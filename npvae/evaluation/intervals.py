"""What a list of measured numbers says, and how surely: means with intervals, modes, moments.

Of n values with mean m and standard deviation s:

    bootstrap    the 2.5 and 97.5 percentiles of the means of n values drawn with replacement
    Student t    m ± t(1 − α/2; n − 1) · s / √n
    skewness     E[((x − m)/s)³]          excess kurtosis   E[((x − m)/s)⁴] − 3
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

BOOTSTRAP_BLOCK = 1_000_000  # resampled values held at once: 8 MB, and as much for their indices


class Interval(NamedTuple):
    """A mean and the confidence interval around it, in the units of the values."""

    mean: float
    low: float
    high: float


class Moments(NamedTuple):
    """The first four moments of each dimension, four arrays (d,)."""

    mean: np.ndarray
    std: np.ndarray
    skewness: np.ndarray
    excess_kurtosis: np.ndarray


def finite_array(name: str, values: ArrayLike, ndim: int, least: int = 1) -> np.ndarray:
    """Return `values` as float64 once they are known to be usable: the check of every metric here.

    Raises ValueError, calling the array by `name`, unless it has `ndim` dimensions, at least
    `least` entries along the first and one along the others, and neither NaN nor infinity.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim:
        raise ValueError(f"{name}: needs {ndim} dimension(s), but its shape is {array.shape}")
    if len(array) < least:
        raise ValueError(f"{name}: needs at least {least} samples, but has {len(array)}")
    if array.size == 0:
        raise ValueError(f"{name}: is empty, its shape is {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: holds NaN or infinite values")
    return array


def bootstrap_interval(
    values: ArrayLike,
    seed: int | np.random.Generator,
    level: float = 0.95,
    resamples: int = 2000,
) -> Interval:
    """Mean of `values` (n,), n >= 2, with its percentile bootstrap interval.

    Draws n of the n values with replacement, takes their mean, repeats `resamples` times; the
    interval lies between the (1 ∓ level)/2 quantiles of those means. It says how much the mean
    would move with another draw of the same number of images, not with another training run: for
    that see `mean_and_interval`. Memory does not grow with `resamples` · n.

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
    """
    values = finite_array("values", values, ndim=1, least=2)
    _check_level(level)
    result = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, BOOTSTRAP_BLOCK // len(values)),
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = result.confidence_interval
    return Interval(float(values.mean()), float(low), float(high))


def paired_difference(
    a: ArrayLike,
    b: ArrayLike,
    seed: int | np.random.Generator,
    level: float = 0.95,
    resamples: int = 2000,
) -> Interval:
    """Mean of a − b over pairs (n,), such as two models' errors on the same images.

    Images differ far more from one another than the models do on one image; the difference per
    image takes that spread out, so its bootstrap interval is much narrower than that of two
    separate means. Negative: `a` is lower. Where the interval excludes 0, the data decide at this
    `level` which of the two is lower.
    """
    a, b = finite_array("a", a, ndim=1), finite_array("b", b, ndim=1)
    if a.shape != b.shape:
        raise ValueError(f"a and b must be paired, but have {len(a)} and {len(b)} values")
    return bootstrap_interval(a - b, seed, level, resamples)


def mean_and_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean over seeds (n,), n >= 2, with Student's t interval: mean ± t · s / √n.

    s is the standard deviation with n − 1 in its denominator and t the (1 + level)/2 quantile of
    Student's distribution with n − 1 degrees of freedom; exact when the values are normal. For
    the few values of a handful of seeds, where a bootstrap comes out too narrow.

    Source: Student 1908, The Probable Error of a Mean.
    """
    values = finite_array("values", values, ndim=1, least=2)
    _check_level(level)
    n = len(values)
    mean = values.mean()
    half_width = stats.t.ppf((1 + level) / 2, df=n - 1) * values.std(ddof=1) / np.sqrt(n)
    return Interval(float(mean), float(mean - half_width), float(mean + half_width))


def histogram_mode(values: ArrayLike, bin_width: float) -> float:
    """Centre of the fullest histogram bin of `values` (n,), in their units.

    Bin j covers [j · bin_width, (j + 1) · bin_width): the bins start at 0 and not at the smallest
    value, so that models given the same `bin_width` share the same bins and their modes can be
    compared. Of equally full bins the lowest counts. The answer is known to ± bin_width / 2 at
    best.
    """
    values = finite_array("values", values, ndim=1)
    if not (np.isfinite(bin_width) and bin_width > 0):
        raise ValueError(f"bin_width: must be a positive number, but is {bin_width}")
    bins, counts = np.unique(np.floor(values / bin_width), return_counts=True)
    return float((bins[counts.argmax()] + 0.5) * bin_width)


def moments(samples: ArrayLike) -> Moments:
    """Mean, std, skewness and excess kurtosis of each column of `samples` (n, d), n >= 2.

    All divide by n. Of a standard normal prior they are 0, 1, 0, 0. Mean and std have the units
    of the samples, the other two none; both are NaN in a dimension that never varies.
    """
    samples = finite_array("samples", samples, ndim=2, least=2)
    mean, std = samples.mean(axis=0), samples.std(axis=0)
    # Rounding leaves a constant column a std of about 1e-17, hence the test of its range.
    constant = np.ptp(samples, axis=0) == 0
    scaled = (samples - mean) / np.where(constant, np.nan, std)
    return Moments(mean, std, (scaled**3).mean(axis=0), (scaled**4).mean(axis=0) - 3)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level: must lie between 0 and 1 (0.95 is 95 %), but is {level}")
