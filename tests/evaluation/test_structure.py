"""Neighbours that must be right or useless, clusters apart or mixed, maps and paths by hand."""

import numpy as np
import pytest
from sklearn.metrics import silhouette_score
from studies import PIXELS_ARE_FEATURES

from npvae.data.dataset import Dataset
from npvae.evaluation import structure
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.intervals import Measurement
from npvae.evaluation.structure import POINTS, Embedding, knn_hits, path_lengths, tsne
from npvae.training.options import Options
from npvae.training.run import new_run


def clusters(seed, n, gap, d=4, labels=5):
    """Points about `labels` corners `gap` apart along the axes, and their labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(labels, size=n)
    return rng.standard_normal((n, d)) + gap * np.eye(labels, d)[y], y


def test_neighbours_are_perfect_where_labels_are_apart_and_at_chance_where_they_are_mixed():
    assert knn_hits(*clusters(0, 500, gap=40), *clusters(1, 200, gap=40)).all()
    mixed = knn_hits(*clusters(2, 2000, gap=0), *clusters(3, 2000, gap=0))
    assert mixed.mean() == pytest.approx(0.2, abs=0.03)
    train_x = np.array([[0.0], [0.1], [1.0], [1.1], [1.2], [50.0]])
    train_y = np.array([0, 0, 1, 1, 1, 0])
    hits = knn_hits(train_x, train_y, np.array([[0.05], [40.0]]), np.array([1, 0]))
    # Both are outvoted by the three points in the middle; the first is rightly so.
    np.testing.assert_array_equal(hits, [True, False])


def silhouette(monkeypatch, points, labels):
    """The silhouette of a map of every second of some images."""
    index, of_all = np.arange(0, 2 * len(points), 2), np.full(2 * len(points), 9)
    of_all[index] = labels
    monkeypatch.setattr(structure, "tsne", lambda mu, seed: Embedding(index, points))
    found, _ = structure.measure_map(of_all, of_all)
    assert found.values.keys() == found.replicates.keys()
    return found.values.get("tsne_silhouette")


def test_silhouette_of_labels_apart_of_labels_mixed_and_of_four_points_by_hand(monkeypatch):
    assert silhouette(monkeypatch, *clusters(7, 400, gap=1000)) > 0.99
    assert silhouette(monkeypatch, *clusters(8, 400, gap=0)) == pytest.approx(0, abs=0.05)
    # Labels {0, 1} and {10, 11}; a = 1 throughout; b = 10.5, 9.5, 9.5, 10.5.
    x = np.array([[0.0], [1.0], [10.0], [11.0]])
    expected = (9.5 / 10.5 + 8.5 / 9.5) / 2
    assert silhouette(monkeypatch, x, np.array([0, 0, 1, 1])) == pytest.approx(expected)
    for labels in (np.zeros(4), np.arange(4)):  # all are equal, or all differ
        assert silhouette(monkeypatch, x, labels) is None


def test_neighbours_in_pixels_are_those_of_all_pixels(monkeypatch):
    """The label is in one strong pixel among twelve of noise; bytes count as shares of 255."""
    rng = np.random.default_rng(13)
    y, x = rng.integers(2, size=1400), rng.integers(64, size=(1400, 13)).astype(np.uint8)
    x[:, 0] = 255 * y
    monkeypatch.setattr(structure, "PIXEL_TEST", 200)
    # Bytes below 256 beside floats of at most 1 would be far from all of them.
    for train in (x[:1000], (x[:1000] / 255).astype(np.float32)):
        for marks, share, error in ((y[1000:], 100, 0), (rng.permutation(y[1000:]), 50, 11)):
            data = Dataset(train, y[:1000], x[1000:], marks, (1, 13), "", False)
            assert structure.pixel_neighbours(data) == pytest.approx(share, abs=error)


@pytest.mark.usefixtures("one_thread")
def test_tsne_keeps_neighbours_of_a_subset_that_depends_on_the_seed_alone():
    mu, label = clusters(0, 300, gap=20, d=5, labels=3)
    index, points = tsne(mu, seed=1, subset=120)
    assert (len(np.unique(index)), points.shape) == (120, (120, 2)) and index.max() > 200
    assert silhouette_score(points, label[index]) > 0.5  # it shows the three clusters
    np.testing.assert_array_equal(tsne(mu, seed=1, subset=120).points, points)
    other = tsne(clusters(9, 300, gap=0, d=2)[0], seed=1, subset=120)
    np.testing.assert_array_equal(other.index, index)
    # Of degenerate codes it is finite.
    few = clusters(1, 60, gap=20, d=1, labels=3)[0]
    for mu in (
        1000 + 1e-3 * few.astype(np.float32),  # one dimension, far from 0
        1e-30 * np.c_[few, few[::-1]],
        np.full((40, 3), 0.7),  # all alike
        np.c_[np.zeros(40), np.arange(40)],  # one collapsed
        np.arange(12).reshape(3, 4),  # three images
    ):
        index, points = tsne(mu, seed=0)
        assert len(index) == len(mu) and np.isfinite(points).all()


def test_lengths_of_paths_drawn_by_hand():
    def path(*corners):
        """Even steps from corner to corner, POINTS in all."""
        t = np.linspace(0, len(corners) - 1, POINTS)
        return np.transpose([np.interp(t, range(len(corners)), x) for x in np.transpose(corners)])

    straight, corner = path((0, 0), (1, 1)), path((0, 0), (0, 1), (1, 1))
    sudden = np.repeat([[0.0, 1.0], [1.0, 0.0]], [POINTS - 1, 1], axis=0)
    still = np.full((POINTS, 2), 0.3)
    images = np.concatenate([straight, corner, sudden, still]).astype(np.float32)
    found = path_lengths(PIXELS_ARE_FEATURES, images)
    assert found == pytest.approx([1, np.sqrt(2), 1, 1])


def test_a_model_is_measured_on_its_way_and_on_the_fade_between_its_own_ends(monkeypatch):
    """Its two pixels rise one after the other: s(-3 max(0, -z)) and s(3 max(0, z)).

    Decoded: from (0.5, s(-6)) up to (0.5, 0.5), then over to (s(6), 0.5): two equal legs.
    """
    run = new_run(Options("kl", latent_dim=1, hidden_dim=2), (1, 2))
    run.vae.theta[:] = 0
    run.vae.w.W3[:], run.vae.w.W4[:] = [[1, -1]], [[3, 0], [0, -3]]
    mu, pairs = np.array([[-2.0], [2.0], [0.5]], np.float32), np.array([[0, 1], [1, 2]])
    labels = np.array([0, 0, 1])
    data = Dataset(None, np.repeat(labels, 5), None, np.array([0, 1, 1]), (1, 2), "", False)
    instruments = Instruments(data, {}, classifier=PIXELS_ARE_FEATURES, pairs=pairs)
    # Decoding z, which is elsewhere, would give other paths.
    found, seen = Measurement(), []
    lengths = lambda net, images: seen.append(images) or path_lengths(net, images)  # noqa: E731
    monkeypatch.setattr(structure, "path_lengths", lengths)
    model = EncodedRun(run, mu, mu, mu**2, None, None)
    structure.measure_structure(found, model, instruments, np.repeat(mu, 5, axis=0))
    assert found.values["knn"] == pytest.approx(100 * 2 / 3)  # the second is told wrongly
    assert found.values["path"] == pytest.approx((np.sqrt(2) + 1) / 2, rel=1e-4)
    assert found.values["fade_path"] == pytest.approx(1, rel=1e-5)
    way, fade = (images.reshape(2, POINTS, 2)[:, [0, -1]] for images in seen)
    np.testing.assert_allclose(fade, way)
    # Of two paths, the standard error is half of their distance over √2.
    error = (np.sqrt(2) - 1) / 2 / np.sqrt(2)
    assert found.replicates["path"].std() == pytest.approx(error, rel=0.25)
