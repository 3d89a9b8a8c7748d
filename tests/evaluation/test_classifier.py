"""The classifier where the class is plain to see and where it is not, and its features."""

import numpy as np
import pytest
from scipy.special import softmax

from npvae.evaluation.instruments import features, train_classifier
from npvae.nn.pixels import unit_range


def stripes(seed, n):
    """Noisy byte images of 4 x 4 pixels, of which the row numbered by the label is bright."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=n)
    images = rng.integers(100, size=(n, 4, 4))
    images[np.arange(n), labels] += 100
    return images.reshape(n, 16).astype(np.uint8), labels


def test_perfect_where_the_class_shows_and_useless_where_it_does_not():
    images, labels = stripes(0, 300)
    unseen, marks = stripes(1, 600)
    net, other = (train_classifier(images, labels, seed) for seed in (0, 1))
    assert net.score(unit_range(unseen), marks) == 1
    assert not np.array_equal(net.coefs_[0], other.coefs_[0])
    shuffled = np.random.default_rng(2).permutation(labels)
    useless = train_classifier(images, shuffled, seed=0)
    assert useless.score(unit_range(unseen), marks) == pytest.approx(0.25, abs=0.12)


def test_features_are_the_layer_from_which_the_class_is_read():
    images, labels = stripes(0, 50)  # fewer than a batch
    net, again = (train_classifier(images, labels, seed=0) for _ in range(2))
    assert np.array_equal(net.coefs_[0], again.coefs_[0])
    found = features(net, images)
    assert (found.shape, found.dtype, found.min()) == ((50, 64), np.float32, 0)
    p = softmax(found @ net.coefs_[-1] + net.intercepts_[-1], axis=1)
    np.testing.assert_allclose(p, net.predict_proba(unit_range(images)), atol=1e-5)
    assert np.mean(p.argmax(axis=1) == labels) == 1
    np.testing.assert_array_equal(features(net, unit_range(images)), found)
