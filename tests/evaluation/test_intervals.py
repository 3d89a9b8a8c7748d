"""Bootstraps, intervals and modes against values known from theory or worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from npvae.evaluation.intervals import (
    RESAMPLES,
    Spread,
    combine,
    histogram_mode,
    resample,
    spread_of,
)

# A standard deviation from 100 replicates is known to 7 %; 25 % is 3.5 times as much.
BOOTSTRAP_ERROR = 0.25


def test_replicates_of_a_mean_have_the_standard_error_of_the_mean():
    values = np.random.default_rng(0).normal(5, 2, 10_000)
    replicates = resample(np.mean, values)
    assert replicates.shape == (RESAMPLES,)
    assert replicates.std(ddof=1) == pytest.approx(values.std() / 100, rel=BOOTSTRAP_ERROR)
    assert replicates.mean() == pytest.approx(values.mean(), abs=0.01)


def test_replicates_of_a_slope_resample_points_and_not_each_coordinate():
    rng = np.random.default_rng(1)
    x = rng.normal(size=2000)
    y = 3 * x + rng.normal(size=2000)  # the slope's standard error is 1 / √2000
    replicates = resample(lambda x, y: (x * y).sum() / (x * x).sum(), x, y)
    assert replicates.mean() == pytest.approx(3, abs=0.1)
    assert replicates.std() == pytest.approx(2000**-0.5, rel=BOOTSTRAP_ERROR)


def test_all_statistics_of_n_images_meet_the_same_samples():
    a, b = np.random.default_rng(2).normal(size=(2, 50))
    np.testing.assert_allclose(
        resample(np.mean, a) - resample(np.mean, b), resample(np.mean, a - b), atol=1e-14
    )
    assert not np.allclose(resample(np.mean, a), resample(np.mean, a, seed=1))


def test_images_alone_give_the_normal_interval():
    replicates = np.array([3.0, 5.0])  # whose standard deviation is √2
    half = 1.959964 * 2**0.5
    assert combine(4.0, replicates, []) == pytest.approx((4, 4 - half, 4 + half))


def test_trainings_alone_give_students_interval_of_their_mean():
    # 1 2 3 4 5: mean 3, s = √2.5, t(0.975; 4) = 2.7764451; half width 2.7764451 · √(2.5/5)
    spread = spread_of([1, 2, 3, 4, 5])
    assert spread == (pytest.approx(2.5**0.5), 5)
    half = 2.7764451 * 0.5**0.5
    assert combine(3.0, None, [(spread, 5)]) == pytest.approx((3, 3 - half, 3 + half))
    # One training more is uncertain by the whole spread, and not by that of a mean of five.
    assert combine(3.0, None, [(spread, 1)]).half == pytest.approx(2.7764451 * 2.5**0.5)


def test_a_difference_takes_welchs_degrees_of_freedom():
    a, b = Spread(2.0, 3), Spread(0.5, 5)
    v_a, v_b = 4 / 3, 0.25 / 5
    df = (v_a + v_b) ** 2 / (v_a**2 / 2 + v_b**2 / 4)
    half = stats.t.ppf(0.975, df) * (v_a + v_b) ** 0.5
    assert combine(7.0, None, [(a, 3), (b, 5)]) == pytest.approx((7, 7 - half, 7 + half))
    # As scipy has it, for two samples.
    x, y = [1.0, 2.0, 6.0], [4.0, 4.5, 5.0, 7.0, 3.0]
    expected = stats.ttest_ind(x, y, equal_var=False).confidence_interval(0.95)
    found = combine(3 - 4.7, None, [(spread_of(x), 3), (spread_of(y), 5)])
    assert found[1:] == pytest.approx(tuple(expected))


def test_half_widths_of_images_and_trainings_add_up_in_squares():
    replicates = np.array([-1.0, 1.0]) / 2**0.5  # whose standard deviation is 1
    found = combine(7.0, replicates, [(Spread(2.0, 3), 3)])  # t(0.975; 2) = 4.3026527
    square = 1.959964**2 + 4.3026527**2 * 4 / 3
    assert (found.mean, found.half) == pytest.approx((7, square**0.5))


def test_histogram_mode_is_the_centre_of_the_fullest_bin():
    assert histogram_mode(np.array([0.1, 1.2, 1.9, 2.5, 2.6, 2.7, 30]), bin_width=1) == 2.5
    assert histogram_mode(np.array([0.1, 1.2, 1.9, 2.5, 2.6, 2.7, 3.1, 30]), bin_width=2) == 3
    assert histogram_mode(np.array([-0.1, -0.2, 0.3]), bin_width=1) == -0.5
    assert histogram_mode(np.array([5.5, 1.5]), bin_width=1) == 1.5  # a tie goes to the lower bin
