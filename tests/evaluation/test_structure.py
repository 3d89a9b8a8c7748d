"""Classifiers that must be perfect or useless, clusters apart or mixed, units active or not."""

import numpy as np
import pytest

from npvae.evaluation import structure
from npvae.evaluation.structure import (
    Embedding,
    active_units,
    correlation,
    knn_accuracy,
    linear_probe_accuracy,
    silhouette_by_label,
    trustworthiness,
    tsne,
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
    test_x, test_y = np.array([[0.1]]), np.array([0])
    assert knn_accuracy(train_x, train_y, test_x, test_y, k=1) == 1
    assert knn_accuracy(train_x, train_y, test_x, test_y, k=3) == 0


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
    x = np.array([[0.0], [1.0], [10.0], [11.0]])
    found = silhouette_by_label(x, np.array([0, 0, 1, 1]))
    assert found == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)


def test_there_is_no_silhouette_where_all_labels_are_equal_or_all_differ():
    x = np.random.default_rng(0).standard_normal((10, 2))
    assert silhouette_by_label(x, np.zeros(10)) is silhouette_by_label(x, np.arange(10)) is None


def test_silhouette_of_a_subset_is_near_that_of_all_and_repeats_with_its_seed():
    x, y = labelled_clusters(9, 3000, gap=4)
    whole = silhouette_by_label(x, y)
    part = silhouette_by_label(x, y, samples=600, seed=1)
    assert part == pytest.approx(whole, abs=0.03)
    assert part == silhouette_by_label(x, y, samples=600, seed=1)
    assert part != silhouette_by_label(x, y, samples=600, seed=2)


def embedding(points):
    return Embedding(index=np.arange(len(points)), points=points)


def test_trustworthiness_is_one_for_the_identity_and_half_for_a_random_embedding():
    rng = np.random.default_rng(10)
    x = rng.standard_normal((600, 3))
    assert trustworthiness(x, embedding(x)) == 1
    assert trustworthiness(x, embedding(7 * x + 1)) == 1
    random = embedding(rng.standard_normal((600, 2)))
    assert trustworthiness(x, random) == pytest.approx(0.5, abs=0.05)


def test_trustworthiness_by_hand(monkeypatch):
    # The embedding makes neighbours of the first and the last point, of rank 3 to each other in x;
    # the two in the middle keep theirs. n = 4, k = 1: T = 1 − 2/(4·1·(8 − 3 − 1)) · (2 + 2) = 0.5
    x = np.array([[0.0], [1.0], [1.9], [3.0]])
    points = np.array([[0.0], [10.0], [10.5], [0.1]])
    assert trustworthiness(x, embedding(points), k=1) == pytest.approx(0.5)
    # Of five codes, of which the map leaves out the first.
    moved = Embedding(index=np.arange(1, 5), points=points)
    assert trustworthiness(np.vstack([[[99.0]], x]), moved, k=1) == pytest.approx(0.5)
    # Of a map of more points than are compared.
    monkeypatch.setattr(structure, "TRUST_SIZE", 4)
    longer = embedding(np.vstack([points, [[99.0]]]))
    assert trustworthiness(np.vstack([x, [[1.0]]]), longer, k=1) == pytest.approx(0.5)


def test_trustworthiness_punishes_false_neighbours_not_torn_ones():
    rng = np.random.default_rng(11)
    x = rng.uniform(0, 1, (500, 1))
    torn = np.where(x < 0.5, x, x + 100)
    folded = np.abs(x - 0.5)
    assert trustworthiness(x, embedding(torn)) > 0.999
    assert trustworthiness(x, embedding(folded)) < 0.9


def clusters(n, d, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) + 20 * np.eye(3, d)[rng.integers(3, size=n)]


@pytest.mark.usefixtures("one_thread")
def test_tsne_keeps_neighbours_of_a_subset_that_depends_on_the_seed_alone():
    mu = clusters(300, 5)
    found = tsne(mu, seed=1, subset=120)
    index, points = found
    assert (len(np.unique(index)), points.shape) == (120, (120, 2))
    assert trustworthiness(mu, found) > 0.9
    again = tsne(mu, seed=1, subset=120)
    np.testing.assert_array_equal(again.points, points)
    other = tsne(clusters(300, 2, seed=9), seed=1, subset=120)
    np.testing.assert_array_equal(other.index, index)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    "mu",
    [
        clusters(60, 1),
        1000 + 1e-3 * clusters(60, 1).astype(np.float32),
        1e-30 * clusters(60, 2),
        np.full((40, 3), 0.7),
        np.c_[np.zeros(40), np.arange(40)],
        clusters(3, 4),
    ],
    ids=["one dimension", "far from 0", "tiny", "all alike", "one collapsed", "three images"],
)
def test_tsne_of_degenerate_codes_is_finite(mu):
    index, points = tsne(mu, seed=0)
    assert len(index) == len(mu)
    assert np.isfinite(points).all()


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
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_correlation_of_prior_draws_is_as_small_as_its_docstring_says():
    found = correlation(np.random.default_rng(14).standard_normal((2000, 40)))
    mean_abs = np.abs(found[~np.eye(40, dtype=bool)]).mean()
    assert mean_abs == pytest.approx(np.sqrt(2 / (np.pi * 2000)), rel=0.1)


@pytest.mark.filterwarnings("error")
def test_correlation_with_a_dimension_that_never_varies_is_zero():
    z = np.random.default_rng(15).standard_normal((100, 3))
    z[:, 1] = 0.1
    found = correlation(z)
    np.testing.assert_array_equal(found[1], [0, 1, 0])
    assert found[0, 2] == found[2, 0] == pytest.approx(np.corrcoef(z[:, 0], z[:, 2])[0, 1])
    np.testing.assert_array_equal(correlation(np.full((9, 2), 0.1)), np.eye(2))
    np.testing.assert_array_equal(correlation(z[:, :1]), [[1]])
