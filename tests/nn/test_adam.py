"""Adam's guards: moments that fade out end at 0, and what is not finite is reported.

Adam's formula itself is checked by hand in tests/models/test_steps.py.
"""

import numpy as np
import pytest

from npvae.models.critic import CriticWeights
from npvae.nn.adam import adam_update
from npvae.nn.parameters import make_parameters

TINIEST = np.finfo(np.float32).tiny


def network(size):
    """Parameters, all 0 but for the `size` ones in W1."""
    shapes = CriticWeights((1, size), (size,), (1, 1), (1,), (1, 1), (1,))
    return make_parameters(shapes, np.float32)


def is_denormal(x):
    return (x != 0) & (abs(x) < TINIEST)


def test_moments_of_a_dead_unit_end_at_0_and_its_parameters_do_not_notice():
    """One gradient and then none: m falls below the smallest normal number after 440 updates, v
    after 3,500. The numbers are so small that epsilon alone is Adam's denominator; NumPy then
    rounds as the compiled code does, whether that fuses multiplications and additions or not.
    """
    real, rng, size = np.float32, np.random.default_rng(0), 100
    p = network(size)
    theta = p.w.W1[0] = (1e-10 * rng.standard_normal(size)).astype(real)
    g = (1e-17 * (1 + rng.random(size))).astype(real)  # a step is a thousandth of a parameter
    keep1, add1, keep2, add2 = real(0.9), real(1 - 0.9), real(0.999), real(1 - 0.999)
    m, v, denormal = np.zeros(size, real), np.zeros(size, real), 0
    for t in range(1, 3801):
        p.dw.W1[0] = g
        adam_update(p, t, 1e-3)
        assert not is_denormal(p.m).any() and not is_denormal(p.v).any(), t
        m, v = keep1 * m + add1 * g, keep2 * v + add2 * g * g
        root = np.sqrt(v) * real((1 - 0.999**t) ** -0.5)
        theta = theta - real(1e-3 / (1 - 0.9**t)) * m / (root + real(1e-8))
        assert np.array_equal(p.w.W1[0], theta), t
        denormal += is_denormal(m).all() + is_denormal(v).all()
        g = np.zeros(size, real)
    assert denormal > 3000 and not p.m.any() and not p.v.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("size", [100, 400_000])
def test_a_single_gradient_that_is_not_finite_is_reported(size, bad):
    p = network(size)
    p.dtheta[:] = 3
    assert adam_update(p, 1, 1e-3) == 3
    assert p.theta.all()  # all have moved, the last of the last stretch too
    p.dw.W1[0, size // 2] = bad
    assert not np.isfinite(adam_update(p, 2, 1e-3))


@pytest.mark.parametrize("moment", ["m", "v"])
def test_a_moment_that_is_not_a_number_is_reported_and_not_flushed(moment):
    p = network(100)
    getattr(p, moment)[50] = np.nan
    assert np.isnan(adam_update(p, 1, 1e-3))
    assert np.isnan(getattr(p, moment)[50])
