"""exp and log1p against the C library's, over their whole range: errors in ulp, special values.

One ulp is the distance between neighbouring floats. The reference has an error of its own, below
1 ulp of float64, which the float32 tests do not notice and the float64 tests allow for.
"""

import math

import numpy as np
import pytest
from numba import njit

from npvae.kernels.vecmath import exp, log1p

REALS = [np.float32, np.float64]


@njit
def apply_exp(x, y):
    for n in range(x.size):
        y[n] = exp(x[n])


@njit
def apply_log1p(x, y):
    for n in range(x.size):
        y[n] = log1p(x[n])


def evaluate(function, values, real):
    x = np.array(values, real)
    y = np.empty_like(x)
    function(x, y)
    return y


def ulp_error(function, exact, x):
    """Return the largest error of a function on x, against Python's own."""
    exact = np.array([exact(v) for v in x.astype(np.float64)])
    y = evaluate(function, x, x.dtype).astype(np.float64)
    return (np.abs(y - exact) / np.spacing(np.abs(exact.astype(x.dtype))).astype(np.float64)).max()


def grid(low, high, real):
    rng = np.random.default_rng(0)
    even = rng.uniform(low, high, 100_000)
    near_zero = rng.choice([-1, 1], 20_000) * 10.0 ** rng.uniform(-30, 0, 20_000)
    return np.concatenate([even, near_zero[near_zero > low]]).astype(real)


@pytest.mark.parametrize("real", REALS)
def test_errors_over_the_whole_range(real):
    is_single = real == np.float32
    low, high = (-104, 88.72) if is_single else (-745, 709.7)  # with subnormal results
    assert ulp_error(apply_exp, math.exp, grid(low, high, real)) <= 1.5
    slack = 0 if is_single else 0.5  # the reference's own rounding
    x = np.append(grid(0, 1, real), np.linspace(0, 1, 50_001, dtype=real))  # 0 and 1 too
    assert ulp_error(apply_log1p, math.log1p, x) <= 1.0 + slack


@pytest.mark.parametrize("real", REALS)
def test_special_values(real):
    inf, nan = math.inf, math.nan
    assert evaluate(apply_exp, [0, -inf, inf, 1000, -1000], real).tolist() == [1, 0, inf, inf, 0]
    assert evaluate(apply_log1p, [0], real) == 0
    assert all(np.isnan(evaluate(f, [nan], real)) for f in (apply_exp, apply_log1p))
    tiny = evaluate(apply_exp, [-100.0 if real == np.float32 else -740.0], real)
    assert 0 < tiny[0] < np.finfo(real).tiny  # a subnormal number
