"""Our exp and log1p against the C library's, over their whole range: errors in ulp, special values.

One ulp is the distance between neighbouring floats. The reference has an error of its own, below
1 ulp of float64, which the float32 tests do not notice and the float64 tests allow for.
"""

import math

import numpy as np
import pytest
from numba import njit

from npvae.kernels.vecmath import exp, log1p

REALS = [np.float32, np.float64]
MAX_ULP = {"exp": 1.5, "log1p": 1.0}


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


def ulp_error(y, exact, real):
    spacing = np.spacing(np.abs(exact.astype(real))).astype(np.float64)
    return np.abs(y.astype(np.float64) - exact) / spacing


def grid(low, high, real):
    rng = np.random.default_rng(0)
    even = rng.uniform(low, high, 200_000)
    near_zero = rng.choice([-1, 1], 50_000) * 10.0 ** rng.uniform(-30, 0, 50_000)
    return np.concatenate([even, near_zero[near_zero > low]]).astype(real)


@pytest.mark.parametrize("real", REALS)
def test_exp_everywhere(real):
    x = grid(-104, 88.72, real) if real == np.float32 else grid(-745, 709.7, real)
    exact = np.array([math.exp(v) for v in x.astype(np.float64)])
    assert ulp_error(evaluate(apply_exp, x, real), exact, real).max() <= MAX_ULP["exp"]


@pytest.mark.parametrize("real", REALS)
def test_log1p_everywhere(real):
    rng = np.random.default_rng(1)
    top = 88 if real == np.float32 else 700
    x = np.concatenate([grid(-1, 1, real), np.exp(rng.uniform(-top, top, 100_000)).astype(real)])
    x = x[x > -1]
    exact = np.array([math.log1p(v) for v in x.astype(np.float64)])
    slack = 0.5 if real == np.float64 else 0  # the reference's own rounding
    error = ulp_error(evaluate(apply_log1p, x, real), exact, real).max()
    assert error <= MAX_ULP["log1p"] + slack


@pytest.mark.parametrize("real", REALS)
def test_special_values(real):
    inf, nan = math.inf, math.nan
    assert evaluate(apply_exp, [0, -inf, inf, 1000, -1000], real).tolist() == [1, 0, inf, inf, 0]
    assert evaluate(apply_log1p, [0, -1, inf], real).tolist() == [0, -inf, inf]
    assert np.isnan(evaluate(apply_exp, [nan], real)).all()
    assert np.isnan(evaluate(apply_log1p, [nan, -1.5, -inf], real)).all()


def test_exp_reaches_the_subnormal_numbers():
    y = evaluate(apply_exp, [-100.0], np.float32)
    assert 0 < y[0] < np.finfo(np.float32).tiny
    assert ulp_error(y, np.array([math.exp(-100.0)]), np.float32)[0] <= MAX_ULP["exp"]
