"""exp and log1p against the C library's, over their whole range: errors in ulp, special values."""

import math

import numpy as np
import pytest
from numba import njit

from npvae.kernels.vecmath import exp, log1p


def applied(function):
    """The function, applied to each number of an array by compiled code."""

    @njit
    def apply(x):
        y = np.empty_like(x)
        for n in range(x.size):
            y[n] = function(x[n])
        return y

    return apply


EXP, LOG1P = applied(exp), applied(log1p)


def ulp_error(function, exact, x):
    """Return the largest error of a function on x, in distances of neighbouring floats."""
    exact = np.array([exact(v) for v in x.astype(np.float64)])
    error = np.abs(function(x).astype(np.float64) - exact)
    return (error / np.spacing(np.abs(exact.astype(x.dtype))).astype(np.float64)).max()


def grid(low, high, real):
    rng = np.random.default_rng(0)
    even = rng.uniform(low, high, 100_000)
    near_zero = rng.choice([-1, 1], 20_000) * 10.0 ** rng.uniform(-30, 0, 20_000)
    return np.concatenate([even, near_zero[near_zero > low], [0, 1]]).astype(real)


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_errors_over_the_whole_range_and_special_values(real):
    is_single, inf = real == np.float32, math.inf
    low, high = (-104, 88.72) if is_single else (-745, 709.7)  # with subnormal results
    assert ulp_error(EXP, math.exp, grid(low, high, real)) <= 1.5
    slack = 0 if is_single else 0.5  # the reference's own rounding
    assert ulp_error(LOG1P, math.log1p, grid(0, 1, real)) <= 1.0 + slack
    assert EXP(np.array([0, -inf, inf, 1000, -1000], real)).tolist() == [1, 0, inf, inf, 0]
    assert np.isnan([f(np.array([np.nan], real)) for f in (EXP, LOG1P)]).all()
    (tiny,) = EXP(np.array([-100.0 if is_single else -740.0], real))
    assert 0 < tiny < np.finfo(real).tiny  # a subnormal number
