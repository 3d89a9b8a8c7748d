"""Neighbours that must be right or useless, clusters apart or mixed, maps drawn by hand."""

import numpy as np
import pytest

from npvae.data.dataset import Dataset
from npvae.evaluation import structure
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.structure import (
    Embedding,
    add_silhouette,
    knn_hits,
    measure_picture,
    measure_pixels,
    tsne,
)


def labelled_clusters(seed, n, gap, d=4, labels=5):
    """Points about `labels` corners `gap` apart along the axes, and their labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(labels, size=n)
    return rng.standard_normal((n, d)) + gap * np.eye(labels, d)[y], y


def test_neighbours_are_perfect_where_labels_are_far_apart():
    train, test = labelled_clusters(0, 500, gap=40), labelled_clusters(1, 200, gap=40)
    assert knn_hits(*train, *test).all()


def test_neighbours_are_at_chance_where_labels_are_independent_of_the_points():
    train, test = labelled_clusters(2, 2000, gap=0), labelled_clusters(3, 2000, gap=0)
    assert knn_hits(*train, *test).mean() == pytest.approx(0.2, abs=0.03)


def test_five_neighbours_vote():
    train_x = np.array([[0.0], [0.1], [1.0], [1.1], [1.2], [50.0]])
    train_y = np.array([0, 0, 1, 1, 1, 0])
    hits = knn_hits(train_x, train_y, np.array([[0.05], [40.0]]), np.array([1, 0]))
    # Both are outvoted by the three points in the middle; the first is rightly so.
    np.testing.assert_array_equal(hits, [True, False])


def silhouette(x, labels):
    found = Measurement()
    add_silhouette(found, "silhouette", x, labels)
    return found.values["silhouette"]


def test_silhouette_is_one_for_labels_apart_and_zero_for_labels_mixed():
    assert silhouette(*labelled_clusters(7, 400, gap=1000)) > 0.99
    assert silhouette(*labelled_clusters(8, 400, gap=0)) == pytest.approx(0, abs=0.05)


def test_silhouette_of_four_points_by_hand():
    # Labels {0, 1} and {10, 11}; a = 1 throughout; b = 10.5, 9.5, 9.5, 10.5.
    x = np.array([[0.0], [1.0], [10.0], [11.0]])
    found = silhouette(x, np.array([0, 0, 1, 1]))
    assert found == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)


def test_there_is_no_silhouette_where_all_labels_are_equal_or_all_differ():
    x = np.random.default_rng(0).standard_normal((10, 2))
    found = Measurement()
    for labels in (np.zeros(10), np.arange(10)):
        add_silhouette(found, "silhouette", x, labels)
    assert not found.values


def test_silhouettes_of_many_points_are_those_of_a_random_part(monkeypatch):
    """The first half is apart, the second mixed: a random part is a bit of both."""
    (x, y), (mixed, z) = labelled_clusters(9, 1000, gap=1000), labelled_clusters(10, 1000, gap=0)
    all_points = np.vstack([x, 1e6 + mixed]), np.append(y, 5 + z)
    found = Measurement()
    add_silhouette(found, "whole", *all_points)
    monkeypatch.setattr(structure, "SILHOUETTE_SIZE", 500)
    add_silhouette(found, "part", *all_points)
    assert found.values["whole"] == pytest.approx(0.5, abs=0.1)
    assert found.values["part"] == pytest.approx(found.values["whole"], abs=0.06)
    whole, part = (found.replicates[key].std() for key in ("whole", "part"))
    assert part == pytest.approx(2 * whole, rel=0.25)  # 0.02, that of a quarter of the points


def test_a_picture_is_judged_by_the_labels_of_the_images_on_it():
    points, labels = labelled_clusters(11, 18, gap=9, d=2, labels=2)
    # Of 40 images, of which the map shows those with odd numbers up to 35.
    index, of_all = np.arange(1, 36, 2), np.full(40, 9)
    of_all[index] = labels
    found = Measurement()
    measure_picture(found, Embedding(index, points), of_all)
    assert found.values == {"tsne_silhouette": pytest.approx(silhouette(points, labels))}
    assert found.replicates["tsne_silhouette"].std() > 0
    without_labels = Measurement()
    measure_picture(without_labels, Embedding(index, points), None)
    assert not without_labels.values


def test_neighbours_in_pixels_are_those_of_all_pixels(monkeypatch):
    """The label is in one strong pixel among twelve of noise; bytes count as shares of 255."""
    rng = np.random.default_rng(13)

    def images(n):
        y = rng.integers(2, size=n)
        x = rng.integers(64, size=(n, 13)).astype(np.uint8)
        x[:, 0] = 255 * y
        return x, y

    monkeypatch.setattr(structure, "PIXEL_TEST", 200)
    train, test = images(1000), images(400)
    assert measure_pixels(Dataset(*train, *test, (1, 13), "strong", False)) == {"knn": 100}
    mixed = rng.permutation(test[1])  # the test images' labels decide
    found = measure_pixels(Dataset(*train, test[0], mixed, (1, 13), "mixed", False))
    assert found["knn"] == pytest.approx(50, abs=11)
    # Bytes below 256 beside floats of at most 1 would be far from all of them.
    floats = (train[0] / 255).astype(np.float32), train[1]
    assert measure_pixels(Dataset(*floats, *test, (1, 13), "both", False)) == {"knn": 100}


def clusters(n, d, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) + 20 * np.eye(3, d)[rng.integers(3, size=n)]


@pytest.mark.usefixtures("one_thread")
def test_tsne_keeps_neighbours_of_a_subset_that_depends_on_the_seed_alone():
    mu = clusters(300, 5)
    found = tsne(mu, seed=1, subset=120)
    index, points = found
    assert (len(np.unique(index)), points.shape) == (120, (120, 2))
    # Neighbours stay neighbours: the map shows the three clusters.
    label = mu[index].argmax(axis=1)
    assert silhouette(points, label) > 0.5
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
