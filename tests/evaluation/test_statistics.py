"""Intervals, modes and moments against values known from theory or worked out by hand."""

import numpy as np
import pytest

from npvae.evaluation.intervals import (
    bootstrap_interval,
    histogram_mode,
    mean_and_interval,
    moments,
    paired_difference,
)


def test_bootstrap_of_normal_values_agrees_with_the_normal_interval():
    values = np.random.default_rng(0).normal(5, 2, 10_000)
    interval = bootstrap_interval(values, seed=1)
    standard_error = values.std() / 100
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - 1.96 * standard_error, abs=0.005)
    assert interval.high == pytest.approx(values.mean() + 1.96 * standard_error, abs=0.005)


def test_bootstrap_covers_the_true_mean_about_as_often_as_its_level_says():
    rng = np.random.default_rng(2)
    for level, least, most in ((0.95, 0.91, 0.97), (0.5, 0.42, 0.56)):
        intervals = [
            bootstrap_interval(rng.exponential(1, 80), rng, level, resamples=400)
            for _ in range(400)
        ]
        covered = np.mean([i.low <= 1 <= i.high for i in intervals])
        assert least <= covered <= most


def test_bootstrap_of_four_values_by_hand():
    # Resampled means are 0 1 2 3 4 with the probabilities of a binomial(4, 1/4), so the 4 and 96
    # percentiles are 0 (31.6 % of them are 0) and 3 (94.9 % are at most 2, 99.6 % at most 3).
    assert bootstrap_interval([0, 0, 0, 4], seed=0, level=0.92, resamples=20_000) == (1, 0, 3)


def test_bootstrap_repeats_with_its_seed_and_only_with_it():
    values = np.random.default_rng(3).normal(size=100)
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


def test_pairing_takes_out_the_spread_between_images():
    rng = np.random.default_rng(4)
    difficulty = rng.normal(10, 5, 1000)
    a = difficulty + rng.normal(0, 0.1, 1000)
    b = difficulty + 0.5 + rng.normal(0, 0.1, 1000)
    difference = paired_difference(a, b, seed=0)
    assert difference.mean == pytest.approx(a.mean() - b.mean())
    assert -0.53 < difference.low < -0.5 + 0.01 and -0.5 - 0.01 < difference.high < -0.47


def test_t_interval_of_five_values_by_hand():
    # 1 2 3 4 5: mean 3, s = √2.5, t(0.975; 4) = 2.7764451; half width 2.7764451 · √(2.5/5)
    interval = mean_and_interval([1, 2, 3, 4, 5])
    half_width = 2.7764451 * np.sqrt(0.5)
    assert interval == pytest.approx((3, 3 - half_width, 3 + half_width), abs=1e-6)
    # t(0.95; 4) = 2.1318468
    assert mean_and_interval([1, 2, 3, 4, 5], level=0.9).high == pytest.approx(
        3 + 2.1318468 * np.sqrt(0.5), abs=1e-6
    )


def test_histogram_mode_is_the_centre_of_the_fullest_bin():
    assert histogram_mode([0.1, 1.2, 1.9, 2.5, 2.6, 2.7, 30], bin_width=1) == 2.5
    assert histogram_mode([0.1, 1.2, 1.9, 2.5, 2.6, 2.7, 3.1, 30], bin_width=2) == 3
    assert histogram_mode([-0.1, -0.2, 0.3], bin_width=1) == -0.5
    assert histogram_mode([5.5, 1.5], bin_width=1) == 1.5  # a tie goes to the lower bin


def test_histogram_mode_uses_the_same_bins_whatever_the_smallest_value():
    values = [7.2, 7.4, 7.9, 8.1]
    assert histogram_mode(values, 1) == histogram_mode([0.6, *values], 1) == 7.5


def test_histogram_mode_of_gamma_values_is_near_the_peak_of_their_density():
    values = np.random.default_rng(5).gamma(5, 2, 10_000)  # density peaks at (5 − 1) · 2 = 8
    assert histogram_mode(values, bin_width=1) == pytest.approx(8, abs=1)


def test_moments_of_known_distributions():
    rng = np.random.default_rng(6)
    n = 200_000
    columns = [rng.normal(3, 2, n), rng.exponential(1, n), rng.uniform(-1, 1, n)]
    found = moments(np.column_stack(columns))
    np.testing.assert_allclose(found.mean, [3, 1, 0], atol=0.02)
    np.testing.assert_allclose(found.std, [2, 1, 1 / np.sqrt(3)], atol=0.02)
    np.testing.assert_allclose(found.skewness, [0, 2, 0], atol=0.1)
    np.testing.assert_allclose(found.excess_kurtosis, [0, 6, -1.2], atol=0.6)


def test_moments_of_a_small_sample_by_hand():
    found = moments([[0.0], [0.0], [0.0], [4.0]])  # deviations −1 −1 −1 3, s² = 3
    assert found.std[0] == pytest.approx(np.sqrt(3))
    assert found.skewness[0] == pytest.approx(6 / 3**1.5)
    assert found.excess_kurtosis[0] == pytest.approx(21 / 9 - 3)


@pytest.mark.filterwarnings("error")
def test_moments_of_a_dimension_that_never_varies_are_nan_without_a_warning():
    found = moments(np.column_stack([np.full(50, 0.1), np.arange(50)]))
    assert np.isnan(found.skewness[0]) and np.isnan(found.excess_kurtosis[0])
    assert found.mean[0] == pytest.approx(0.1)
    assert found.skewness[1] == pytest.approx(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap_interval([1.0], seed=0), "values: needs at least 2 samples, but has 1"),
        (lambda: bootstrap_interval([1.0, np.nan], seed=0), "values: holds NaN"),
        (lambda: bootstrap_interval(np.ones((3, 2)), seed=0), r"values: .* shape is \(3, 2\)"),
        (lambda: bootstrap_interval([1.0, 2.0], seed=0, level=95), "level: .* but is 95"),
        (lambda: paired_difference([1, 2, 3], [1, 2], seed=0), "paired, but have 3 and 2"),
        (lambda: paired_difference([1, 2], [1, np.inf], seed=0), "b: holds NaN or infinite"),
        (lambda: mean_and_interval([1.0]), "values: needs at least 2"),
        (lambda: mean_and_interval([1.0, 2.0], level=0), "level: .* but is 0"),
        (lambda: histogram_mode([], 1), "values: needs at least 1"),
        (lambda: histogram_mode([1.0], 0), "bin_width: .* but is 0"),
        (lambda: moments(np.ones(5)), r"samples: .* shape is \(5,\)"),
        (lambda: moments(np.ones((1, 5))), "samples: needs at least 2"),
        (lambda: moments(np.ones((5, 0))), r"samples: is empty, its shape is \(5, 0\)"),
    ],
)
def test_bad_input_is_refused_in_one_clear_line(call, message):
    with pytest.raises(ValueError, match=message):
        call()
