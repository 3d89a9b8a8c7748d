"""Distances between samples against closed forms, naive loops and scipy."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.special import gamma
from scipy.stats import wasserstein_distance

from npvae.evaluation import distances
from npvae.evaluation.distances import (
    exact_w1,
    frechet_distance,
    frechet_from_features,
    mmd_imq,
    precision_recall,
    sliced_w1,
    w1_per_dimension,
)


def normal(seed, n, d, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal((n, d))


def test_exact_w1_of_a_shift_is_the_length_of_the_shift():
    x, v = normal(0, 300, 10), normal(1, 1, 10)
    assert exact_w1(x, x + v) == pytest.approx(np.linalg.norm(v), rel=1e-12)
    assert exact_w1(x, x) == 0


def test_exact_w1_takes_the_best_pairing():
    # Pairing in order costs (4 + 4)/2; crossing over costs (1 + 1)/2.
    x = np.array([[0.0, 0.0], [3.0, 0.0]])
    y = np.array([[4.0, 0.0], [-1.0, 0.0]])
    assert exact_w1(x, y) == 1


def test_exact_w1_ignores_the_order_of_the_points_and_of_its_arguments():
    x, y = normal(2, 200, 5), normal(3, 200, 5, scale=2)
    shuffled = np.random.default_rng(4).permutation(y)
    assert exact_w1(x, y) == pytest.approx(exact_w1(x, shuffled), rel=1e-12)
    assert exact_w1(x, y) == pytest.approx(exact_w1(y, x), rel=1e-12)


def test_exact_w1_of_gaussians_with_known_distance():
    # On a line N(0, 1) → N(0, 9): z ↦ 3z, W₁ = 2 E|z| = 2 √(2/π).
    expected = 2 * np.sqrt(2 / np.pi)
    assert exact_w1(normal(5, 1000, 1), normal(6, 1000, 1, scale=3)) == pytest.approx(
        expected, abs=0.15
    )
    # In the plane N(0, I) → N(v, I): W₁ = ‖v‖, and the sample's bias is small beside ‖v‖ = 5.
    shifted = normal(8, 1000, 2) + np.array([3, 4])
    assert exact_w1(normal(7, 1000, 2), shifted) == pytest.approx(5, abs=0.15)


def test_w1_per_dimension_agrees_with_scipy():
    x, y = normal(9, 500, 3), normal(10, 500, 3, scale=2) + np.array([0, 1, -5])
    expected = [wasserstein_distance(x[:, j], y[:, j]) for j in range(3)]
    np.testing.assert_allclose(w1_per_dimension(x, y), expected, rtol=1e-12)


def test_sliced_w1_of_a_shift_has_its_closed_form():
    x, v, d = normal(11, 50, 10), normal(12, 1, 10), 10
    mean_cosine = gamma(d / 2) / (np.sqrt(np.pi) * gamma((d + 1) / 2))
    found = sliced_w1(x, x + v, directions=20_000, seed=0)
    assert found == pytest.approx(np.linalg.norm(v) * mean_cosine, rel=0.02)
    assert mean_cosine == pytest.approx(0.25, abs=0.01)  # as the docstring says


def test_sliced_w1_on_a_line_is_exact_and_repeats_with_its_seed():
    x, y = normal(13, 400, 1), normal(14, 400, 1, scale=2)
    assert sliced_w1(x, y, directions=7) == pytest.approx(exact_w1(x, y), rel=1e-12)
    x, y = normal(15, 400, 4), normal(16, 400, 4, scale=2)
    assert sliced_w1(x, y, seed=1) == sliced_w1(x, y, seed=1) != sliced_w1(x, y, seed=2)


def test_working_in_blocks_changes_no_result(monkeypatch):
    x, y = normal(17, 301, 4), normal(18, 301, 4, scale=1.5)
    whole = sliced_w1(x, y, directions=50), mmd_imq(x, y), precision_recall(x, y)
    monkeypatch.setattr(distances, "BLOCK", 301 * 8)
    blocks = sliced_w1(x, y, directions=50), mmd_imq(x, y), precision_recall(x, y)
    assert blocks[0] == pytest.approx(whole[0], rel=1e-12)
    assert blocks[1] == pytest.approx(whole[1], rel=1e-9)
    assert blocks[2] == whole[2]


def test_mmd_agrees_with_a_double_loop():
    x, y = normal(19, 7, 3), normal(20, 9, 3) + 1
    scale = 2 * 3

    def mean_kernel(a, b, skip_equal):
        values = [
            scale / (scale + np.sum((a[i] - b[j]) ** 2))
            for i in range(len(a))
            for j in range(len(b))
            if not (skip_equal and i == j)
        ]
        return np.mean(values)

    expected = mean_kernel(x, x, True) + mean_kernel(y, y, True) - 2 * mean_kernel(x, y, False)
    assert mmd_imq(x, y) == pytest.approx(expected, rel=1e-12)


def test_mmd_scatters_about_zero_for_equal_distributions_and_only_for_them():
    draws = [mmd_imq(normal(100 + i, 60, 5), normal(200 + i, 60, 5)) for i in range(200)]
    standard_error = np.std(draws) / np.sqrt(len(draws))
    assert abs(np.mean(draws)) < 3 * standard_error
    assert min(draws) < 0
    assert mmd_imq(normal(300, 60, 5), normal(301, 60, 5, scale=2)) > 5 * np.std(draws)


def test_frechet_distance_of_diagonal_gaussians_has_its_closed_form():
    mu1, mu2 = np.array([0.0, 1.0, 2.0]), np.array([1.0, -1.0, 2.0])
    s1, s2 = np.array([1.0, 2.0, 3.0]), np.array([2.0, 0.5, 3.0])
    expected = np.sum((mu1 - mu2) ** 2) + np.sum((s1 - s2) ** 2)
    found = frechet_distance(mu1, np.diag(s1**2), mu2, np.diag(s2**2))
    assert found == pytest.approx(expected, rel=1e-12)


def test_frechet_distance_agrees_with_the_matrix_root_where_covariances_do_not_commute():
    a, b = normal(21, 6, 6), normal(22, 6, 6)
    cov1, cov2 = a @ a.T + np.eye(6), b @ b.T + np.eye(6)
    expected = np.trace(cov1 + cov2 - 2 * sqrtm(cov1 @ cov2).real)
    zero = np.zeros(6)
    assert frechet_distance(zero, cov1, zero, cov2) == pytest.approx(expected, rel=1e-10)
    assert frechet_distance(zero, cov1, zero, cov1) == pytest.approx(0, abs=1e-10)


def test_frechet_distance_of_singular_covariances():
    zero = np.zeros(3)
    # C = u uᵀ, so C^½ = C/‖u‖, and the trace of the root of a product of two such is |⟨u, w⟩|.
    u, w = np.array([1.0, 2.0, 2.0]), np.array([0.0, 3.0, 4.0])
    found = frechet_distance(zero, np.outer(u, u), zero, np.outer(w, w))
    assert found == pytest.approx(9 + 25 - 2 * 14, rel=1e-10)
    assert frechet_distance(zero, np.outer(u, u), zero, np.zeros((3, 3))) == pytest.approx(9)
    # 60 features that are mixtures of 10: of 60 dimensions 50 are empty.
    features = normal(23, 200, 10) @ normal(24, 10, 60)
    assert frechet_from_features(features, features) == pytest.approx(0, abs=1e-8)


def test_frechet_from_features_fits_means_and_covariances():
    x = normal(25, 400, 4)
    assert frechet_from_features(x, x + np.array([3, 4, 0, 0])) == pytest.approx(25, rel=1e-10)
    # Scaling by 3 about the mean: Σ (3s − s)² = 4 tr C.
    y = x.mean(axis=0) + 3 * (x - x.mean(axis=0))
    assert frechet_from_features(x, y) == pytest.approx(4 * x.var(axis=0, ddof=1).sum(), rel=1e-10)


def test_precision_and_recall_of_equal_and_of_distant_sets():
    real = normal(26, 300, 8)
    assert precision_recall(real, real + 1e-6) == (1, 1)
    assert precision_recall(real, real + 100) == (0, 0)


def test_precision_and_recall_tell_dropped_modes_from_bad_samples():
    left, right = normal(27, 400, 4), normal(28, 400, 4) + 50
    one_mode, noise = normal(29, 400, 4), normal(30, 400, 4) - 50
    precision, recall = precision_recall(np.vstack([left, right]), one_mode)
    assert precision > 0.8 and 0.4 < recall <= 0.5
    precision, recall = precision_recall(left, np.vstack([one_mode, noise]))
    assert 0.4 < precision <= 0.5 and recall > 0.8


def test_precision_and_recall_by_hand_on_a_line():
    real, fake = np.array([[0.0], [1.0], [10.0]]), np.array([[1.5], [2.5], [-3.0], [30.0]])
    # Radii at k = 1: real 1 1 9, so the balls are [−1, 1], [0, 2], [1, 19]: 1.5 and 2.5 are inside.
    # Fake 1 1 4.5 27.5: [0.5, 2.5], [1.5, 3.5], [−7.5, 1.5], [2.5, 57.5]: all reals are inside.
    assert precision_recall(real, fake, k=1) == (0.5, 1)
    # Without the ball about 30 and that about −3 only the real 1 is reached.
    assert precision_recall(real, fake[:2], k=1) == (1, pytest.approx(1 / 3))
