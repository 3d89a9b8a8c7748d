"""Classifiers that must be perfect or useless, clusters apart or mixed, units active or not."""

import numpy as np
import pytest

from npvae.evaluation.structure import (
    active_units,
    correlation,
    knn_accuracy,
    linear_probe_accuracy,
    silhouette_by_label,
    trustworthiness,
)


def labelled_clusters(seed, n, gap, d=4, labels=5):
    """Points about `labels` corners `gap` apart along the axes, and their labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(labels, size=n)
    return rng.standard_normal((n, d)) + gap * np.eye(labels, d)[y], y


def test_classifiers_are_perfect_where_labels_are_far_apart():
    train, test = labelled_clusters(0, 500, gap=40), labelled_clusters(1, 200, gap=40)
    assert knn_accuracy(*train, *test) == 1
    assert linear_probe_accuracy(*train, *test) == 1


def test_classifiers_are_at_chance_where_labels_are_independent_of_the_points():
    train, test = labelled_clusters(2, 2000, gap=0), labelled_clusters(3, 2000, gap=0)
    assert knn_accuracy(*train, *test) == pytest.approx(0.2, abs=0.03)
    assert linear_probe_accuracy(*train, *test) == pytest.approx(0.2, abs=0.03)


def test_only_the_neighbours_see_a_label_that_no_plane_can_cut_off():
    rng = np.random.default_rng(4)
    x = rng.uniform(-1, 1, (4000, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(int)  # opposite quadrants
    split = x[:3000], y[:3000], x[3000:], y[3000:]
    assert knn_accuracy(*split) > 0.95
    assert linear_probe_accuracy(*split) < 0.65


def test_knn_accuracy_counts_k_votes():
    train_x, train_y = np.array([[0.0], [1.0], [1.1], [50.0]]), np.array([0, 1, 1, 0])
    assert knn_accuracy(train_x, train_y, [[0.1]], [0], k=1) == 1
    assert knn_accuracy(train_x, train_y, [[0.1]], [0], k=3) == 0


def test_linear_probe_standardises_its_features():
    train_x, train_y = labelled_clusters(5, 1000, gap=6, labels=4)
    test_x, test_y = labelled_clusters(6, 1000, gap=6, labels=4)
    scale, offset = np.array([1e-6, 1.0, 1e6, 1e3]), np.array([0.0, 1e3, -1e6, 5.0])
    plain = linear_probe_accuracy(train_x, train_y, test_x, test_y)
    rescaled = linear_probe_accuracy(
        train_x * scale + offset, train_y, test_x * scale + offset, test_y
    )
    assert plain > 0.99
    assert rescaled == pytest.approx(plain, abs=0.003)


def test_silhouette_is_one_for_labels_apart_and_zero_for_labels_mixed():
    assert silhouette_by_label(*labelled_clusters(7, 400, gap=1000)) > 0.99
    assert silhouette_by_label(*labelled_clusters(8, 400, gap=0)) == pytest.approx(0, abs=0.05)


def test_silhouette_of_four_points_by_hand():
    # Labels {0, 1} and {10, 11}; a = 1 throughout; b = 10.5, 9.5, 9.5, 10.5.
    found = silhouette_by_label([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1])
    assert found == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)


def test_silhouette_of_a_subset_is_near_that_of_all_and_repeats_with_its_seed():
    x, y = labelled_clusters(9, 3000, gap=4)
    whole = silhouette_by_label(x, y)
    part = silhouette_by_label(x, y, samples=600, seed=1)
    assert part == pytest.approx(whole, abs=0.03)
    assert part == silhouette_by_label(x, y, samples=600, seed=1)
    assert part != silhouette_by_label(x, y, samples=600, seed=2)


def test_trustworthiness_is_one_for_the_identity_and_half_for_a_random_embedding():
    rng = np.random.default_rng(10)
    x = rng.standard_normal((600, 3))
    assert trustworthiness(x, x) == 1
    assert trustworthiness(x, 7 * x + 1) == 1
    assert trustworthiness(x, rng.standard_normal((600, 2))) == pytest.approx(0.5, abs=0.05)


def test_trustworthiness_by_hand():
    # The embedding makes neighbours of the first and the last point, of rank 3 to each other in x;
    # the two in the middle keep theirs. n = 4, k = 1: T = 1 − 2/(4·1·(8 − 3 − 1)) · (2 + 2) = 0.5
    x, embedding = [[0.0], [1.0], [1.9], [3.0]], [[0.0], [10.0], [10.5], [0.1]]
    assert trustworthiness(x, embedding, k=1) == pytest.approx(0.5)


def test_trustworthiness_punishes_false_neighbours_not_torn_ones():
    rng = np.random.default_rng(11)
    x = rng.uniform(0, 1, (500, 1))
    torn = np.where(x < 0.5, x, x + 100)
    folded = np.abs(x - 0.5)
    assert trustworthiness(x, torn) > 0.999
    assert trustworthiness(x, folded) < 0.9


def test_active_units_are_those_whose_mean_varies_with_the_data():
    rng = np.random.default_rng(12)
    mu = rng.standard_normal((5000, 4)) * np.array([1.0, 0.2, 0.05, 0.0]) + np.array([0, 0, 0, 9])
    np.testing.assert_array_equal(active_units(mu), [True, True, False, False])
    np.testing.assert_array_equal(active_units(mu, threshold=0.5), [True, False, False, False])


def test_correlation_finds_the_one_pair_that_is_correlated():
    rng = np.random.default_rng(13)
    z = rng.standard_normal((50_000, 3))
    z[:, 2] = -0.6 * z[:, 0] + 0.8 * z[:, 2]
    found = correlation(z * [1, 10, 100] + 5)
    expected = [[1, 0, -0.6], [0, 1, 0], [-0.6, 0, 1]]
    np.testing.assert_allclose(found.matrix, expected, atol=0.02)
    assert found.max_abs == pytest.approx(0.6, abs=0.02)
    assert found.mean_abs == pytest.approx(0.2, abs=0.02)


def test_correlation_of_prior_draws_is_as_small_as_its_docstring_says():
    found = correlation(np.random.default_rng(14).standard_normal((2000, 40)))
    assert found.mean_abs == pytest.approx(np.sqrt(2 / (np.pi * 2000)), rel=0.1)


@pytest.mark.filterwarnings("error")
def test_correlation_with_a_dimension_that_never_varies_is_zero():
    z = np.random.default_rng(15).standard_normal((100, 3))
    z[:, 1] = 0.1
    found = correlation(z)
    np.testing.assert_array_equal(found.matrix[1], [0, 1, 0])
    assert found.max_abs == abs(found.matrix[0, 2]) > 0
    assert correlation(np.full((9, 2), 0.1)).max_abs == 0


POINTS, LABELS = np.arange(20.0).reshape(10, 2), np.arange(10) % 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: knn_accuracy(POINTS, LABELS[:9], POINTS, LABELS), r"train: 10 points.*\(9,\)"),
        (lambda: knn_accuracy(POINTS, LABELS, POINTS[:, :1], LABELS), "test: needs 2 columns"),
        (lambda: knn_accuracy(POINTS, LABELS, POINTS, LABELS, k=11), "k: .* 10 .* but is 11"),
        (lambda: knn_accuracy(POINTS * np.nan, LABELS, POINTS, LABELS), "train: holds NaN"),
        (lambda: linear_probe_accuracy(POINTS, LABELS * 0, POINTS, LABELS), "train: all 10 points"),
        (lambda: linear_probe_accuracy(POINTS, LABELS, POINTS, LABELS[:3]), "test: 10 points"),
        (lambda: silhouette_by_label(POINTS, LABELS * 0), "x: all 10 points have one label"),
        (lambda: silhouette_by_label(POINTS, np.arange(10)), "x: every point has a label of its"),
        (lambda: trustworthiness(POINTS, POINTS[:9]), "10 and 9 points"),
        (lambda: trustworthiness(POINTS, POINTS, k=5), "k: .* n/2 = 5, but is 5"),
        (lambda: active_units(POINTS[:1]), "mu: needs at least 2"),
        (lambda: active_units(POINTS[:, 0]), r"mu: needs 2 dimension\(s\)"),
        (lambda: correlation(POINTS[:, :1]), "samples: needs at least 2 columns"),
    ],
)
def test_bad_input_is_refused_in_one_clear_line(call, message):
    with pytest.raises(ValueError, match=message):
        call()
