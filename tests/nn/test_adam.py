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


def test_moments_of_a_dead_unit_end_at_0_and_its_parameters_do_not_notice():
    """They are near the smallest normal number, and there is no gradient any more."""
    real, p = np.float32, network(100)
    theta = p.w.W1[0] = (1e-10 * np.random.default_rng(0).standard_normal(100)).astype(real)
    moments = p.views(p.m).W1[0], p.views(p.v).W1[0]
    m, v = moments[0][:], moments[1][:] = np.full((2, 100), [[1e-37], [1.3e-38]], real)
    for t in range(1, 161):
        adam_update(p, t, 1e-3)
        m, v = real(0.9) * m, real(0.999) * v
        for found, exact in zip(moments, (m, v), strict=True):
            assert np.array_equal(found, np.where(exact < TINIEST, 0, exact)), t
        root = np.sqrt(v) * real((1 - 0.999**t) ** -0.5)
        theta = theta - real(1e-3 / (1 - 0.9**t)) * m / (root + real(1e-8))
        assert np.array_equal(p.w.W1[0], theta), t
    assert not p.m.any() and not p.v.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("size", [100, 400_000])
def test_a_single_number_that_is_not_finite_is_reported_and_a_moment_not_flushed(size, bad):
    p = network(size)
    p.dtheta[:] = 3
    assert adam_update(p, 1, 1e-3) == 3
    assert p.theta.all()  # all have moved, the last of the last stretch too
    for moment in (p.m, p.v):
        moment[size // 2] = np.nan
        assert np.isnan(adam_update(p, 2, 1e-3)) and np.isnan(moment[size // 2])
        moment[:] = p.theta[:] = 0
    p.dw.W1[0, size // 2] = bad
    assert not np.isfinite(adam_update(p, 2, 1e-3))
