"""Classifiers that must be perfect or useless, clusters apart or mixed, maps drawn by hand."""

import numpy as np
import pytest

from npvae.data.dataset import Dataset
from npvae.evaluation import structure
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.structure import (
    Embedding,
    add_silhouette,
    knn_hits,
    measure_baselines,
    measure_picture,
    probe_hits,
    tsne,
)


def labelled_clusters(seed, n, gap, d=4, labels=5):
    """Points about `labels` corners `gap` apart along the axes, and their labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(labels, size=n)
    return rng.standard_normal((n, d)) + gap * np.eye(labels, d)[y], y


def test_classifiers_are_perfect_where_labels_are_far_apart():
    train, test = labelled_clusters(0, 500, gap=40), labelled_clusters(1, 200, gap=40)
    assert knn_hits(*train, *test).all() and probe_hits(*train, *test).all()


def test_classifiers_are_at_chance_where_labels_are_independent_of_the_points():
    train, test = labelled_clusters(2, 2000, gap=0), labelled_clusters(3, 2000, gap=0)
    assert knn_hits(*train, *test).mean() == pytest.approx(0.2, abs=0.03)
    assert probe_hits(*train, *test).mean() == pytest.approx(0.2, abs=0.03)


def test_only_the_neighbours_see_a_label_that_no_plane_can_cut_off():
    rng = np.random.default_rng(4)
    x = rng.uniform(-1, 1, (4000, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(int)  # opposite quadrants
    split = x[:3000], y[:3000], x[3000:], y[3000:]
    assert knn_hits(*split).mean() > 0.95
    assert probe_hits(*split).mean() < 0.65


def test_five_neighbours_vote():
    train_x = np.array([[0.0], [0.1], [1.0], [1.1], [1.2], [50.0]])
    train_y = np.array([0, 0, 1, 1, 1, 0])
    hits = knn_hits(train_x, train_y, np.array([[0.05], [40.0]]), np.array([1, 0]))
    # Both are outvoted by the three points in the middle; the first is rightly so.
    np.testing.assert_array_equal(hits, [True, False])


def test_linear_probe_standardises_its_features():
    train_x, train_y = labelled_clusters(5, 1000, gap=6, labels=4)
    test_x, test_y = labelled_clusters(6, 1000, gap=6, labels=4)
    scale, offset = np.array([1e-6, 1.0, 1e6, 1e3]), np.array([0.0, 1e3, -1e6, 5.0])
    plain = probe_hits(train_x, train_y, test_x, test_y)
    rescaled = probe_hits(train_x * scale + offset, train_y, test_x * scale + offset, test_y)
    assert plain.mean() > 0.99
    assert rescaled.mean() == pytest.approx(plain.mean(), abs=0.003)


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


def test_a_picture_is_judged_by_the_other_points_of_the_picture():
    """Three heaps of six points: one of label 0 with a stray, one of label 1, one of both labels.

    The stray is outvoted. In the third heap each point sees two others of its label and three of
    the other one. Would it vote for itself, it could win.
    """
    heaps = np.repeat([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]], 6, axis=0)
    points = heaps + np.random.default_rng(11).uniform(size=(18, 2))
    labels = np.array([1, 0, 0, 0, 0, 0, *[1] * 6, 0, 0, 0, 1, 1, 1])
    # Of 40 images, of which the map shows those with odd numbers up to 35.
    index, of_all = np.arange(1, 36, 2), np.full(40, 9)
    of_all[index] = labels
    found = Measurement()
    measure_picture(found, Embedding(index, points), of_all)
    assert found.values["tsne_knn"] == pytest.approx(100 * 11 / 18)
    assert found.values["tsne_silhouette"] == pytest.approx(silhouette(points, labels))
    # Each number is a mean over points, with a bootstrap: a share p has the error √(p (1 − p) / n).
    error = 100 * (11 / 18 * 7 / 18 / 18) ** 0.5
    assert found.replicates["tsne_knn"].std() == pytest.approx(error, rel=0.25)
    without_labels = Measurement()
    measure_picture(without_labels, Embedding(index, points), None)
    assert not without_labels.values


def test_baselines_see_what_pixels_show_and_components_keep(monkeypatch):
    """The label is in a faint first pixel; twelve strong ones are noise that fills the components.

    Among the pixels planes find the label. The ten components leave the faint pixel out.
    """
    rng = np.random.default_rng(13)

    def images(n):
        y = rng.integers(2, size=n)
        x = rng.uniform(size=(n, 13)).astype(np.float32)
        x[:, 0] = 0.4 + 0.05 * y
        return x, y

    monkeypatch.setattr(structure, "PIXEL_TRAIN", 900)
    monkeypatch.setattr(structure, "PIXEL_TEST", 200)
    train, test = images(1000), images(400)
    found = measure_baselines(Dataset(*train, *test, (1, 13), "faint", False))
    assert list(found) == ["pixels", "PCA-10"]
    assert found["pixels"]["probe"] > 99
    assert found["PCA-10"]["probe"] == pytest.approx(50, abs=9)
    mixed = rng.permutation(test[1])  # the test images' labels decide
    found = measure_baselines(Dataset(*train, test[0], mixed, (1, 13), "mixed", False))
    assert found["pixels"]["probe"] == pytest.approx(50, abs=9)
    # A strong pixel instead is seen by all.
    for x, y in (train, test):
        x[:, 0] = y
    x, y = test
    found = measure_baselines(Dataset(*train, x, y, (1, 13), "strong", False))
    for name in found:
        assert found[name]["probe"] > 99 and found[name]["knn"] > 90
    assert found["pixels"]["silhouette"] == pytest.approx(silhouette(x, y), abs=1e-6)
    assert found["PCA-10"]["silhouette"] > found["pixels"]["silhouette"]


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
