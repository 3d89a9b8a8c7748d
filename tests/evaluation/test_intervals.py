"""Intervals, modes and moments against values known from theory or worked out by hand."""

import numpy as np
import pytest

from npvae.evaluation.intervals import (
    bootstrap_interval,
    histogram_mode,
    mean_and_interval,
    moments,
)


def test_bootstrap_of_normal_values_agrees_with_the_normal_interval():
    values = np.random.default_rng(0).normal(5, 2, 10_000)
    interval = bootstrap_interval(values, seed=1)
    standard_error = values.std() / 100
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - 1.96 * standard_error, abs=0.005)
    assert interval.high == pytest.approx(values.mean() + 1.96 * standard_error, abs=0.005)


def test_bootstrap_covers_the_true_mean_about_19_times_in_20():
    rng = np.random.default_rng(2)
    intervals = [bootstrap_interval(rng.exponential(1, 80), seed) for seed in range(400)]
    assert 0.91 <= np.mean([i.low <= 1 <= i.high for i in intervals]) <= 0.97


def test_bootstrap_of_four_values_by_hand():
    # Resampled means are 0 1 2 3 4 with the probabilities of a binomial(4, 1/4), so the 2.5 and
    # 97.5 percentiles are 0 (31.6 % of them are 0) and 3 (94.9 % are at most 2, 99.6 % at most 3).
    assert bootstrap_interval([0, 0, 0, 4], seed=0) == (1, 0, 3)


def test_bootstrap_repeats_with_its_seed_and_only_with_it():
    values = np.random.default_rng(3).normal(size=100)
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


def test_t_interval_of_five_values_by_hand():
    # 1 2 3 4 5: mean 3, s = √2.5, t(0.975; 4) = 2.7764451; half width 2.7764451 · √(2.5/5)
    interval = mean_and_interval([1, 2, 3, 4, 5])
    half_width = 2.7764451 * np.sqrt(0.5)
    assert interval == pytest.approx((3, 3 - half_width, 3 + half_width), abs=1e-6)


def test_histogram_mode_is_the_centre_of_the_fullest_bin():
    assert histogram_mode(np.array([0.1, 1.2, 1.9, 2.5, 2.6, 2.7, 30]), bin_width=1) == 2.5
    assert histogram_mode(np.array([0.1, 1.2, 1.9, 2.5, 2.6, 2.7, 3.1, 30]), bin_width=2) == 3
    assert histogram_mode(np.array([-0.1, -0.2, 0.3]), bin_width=1) == -0.5
    assert histogram_mode(np.array([5.5, 1.5]), bin_width=1) == 1.5  # a tie goes to the lower bin


def test_histogram_mode_uses_the_same_bins_whatever_the_smallest_value():
    values = np.array([7.2, 7.4, 7.9, 8.1])
    assert histogram_mode(values, 1) == histogram_mode(np.append(0.6, values), 1) == 7.5


def test_histogram_mode_of_gamma_values_is_near_the_peak_of_their_density():
    values = np.random.default_rng(5).gamma(5, 2, 10_000)  # density peaks at (5 − 1) · 2 = 8
    assert histogram_mode(values, bin_width=1) == pytest.approx(8, abs=1)


def test_moments_of_known_distributions():
    rng = np.random.default_rng(6)
    n = 200_000
    columns = [rng.normal(3, 2, n), rng.exponential(1, n), rng.uniform(-1, 1, n)]
    found = moments(np.column_stack(columns))
    np.testing.assert_allclose(found["mean of z"], [3, 1, 0], atol=0.02)
    np.testing.assert_allclose(found["std of z"], [2, 1, 1 / np.sqrt(3)], atol=0.02)
    np.testing.assert_allclose(found["skewness"], [0, 2, 0], atol=0.1)
    np.testing.assert_allclose(found["excess kurtosis"], [0, 6, -1.2], atol=0.6)


def test_moments_of_a_small_sample_by_hand():
    found = moments(np.array([[0.0], [0.0], [0.0], [4.0]]))  # deviations −1 −1 −1 3, s² = 3
    assert found["std of z"][0] == pytest.approx(np.sqrt(3))
    assert found["skewness"][0] == pytest.approx(6 / 3**1.5)
    assert found["excess kurtosis"][0] == pytest.approx(21 / 9 - 3)


@pytest.mark.filterwarnings("error")
def test_moments_of_a_dimension_that_never_varies_are_nan_without_a_warning():
    found = moments(np.column_stack([np.full(50, 0.1), np.arange(50)]))
    assert np.isnan(found["skewness"][0]) and np.isnan(found["excess kurtosis"][0])
    assert found["mean of z"][0] == pytest.approx(0.1)
    assert found["skewness"][1] == pytest.approx(0)
