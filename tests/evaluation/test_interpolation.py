"""Paths whose length, jumps and confidence are known: the classifier's features are the pixels."""

import numpy as np
import pytest

from npvae.evaluation.classifier.network import make_classifier
from npvae.evaluation.interpolation import path_quality, random_pairs, straight_lines
from npvae.models.inference import decode
from npvae.models.vae import make_vae

PAIRS = np.array([[0, 1], [2, 1]])


@pytest.fixture
def classifier():
    """Two pixels, two features equal to them, and P(class 1) = sigmoid(4 (second - first))."""
    w = make_classifier(2, 2, np.float32, None, hidden=(2, 2)).w
    w.W1[:] = w.W2[:] = np.eye(2)
    w.W3[:] = [[4, 0], [0, 4]]
    return w


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_length_jumps_and_confidence_of_paths_drawn_by_hand(classifier):
    straight = [[0.0, 0.0], [0.25, 0.25], [0.5, 0.5], [0.75, 0.75], [1.0, 1.0]]
    corner = [[0.0, 0.0], [0.0, 0.5], [0.0, 1.0], [0.5, 1.0], [1.0, 1.0]]
    sudden = [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]
    still = [[0.3, 0.2]] * 5
    images = np.array([straight, corner, sudden, still], np.float32).reshape(20, 2)
    found = path_quality(classifier, images, points=5)
    assert found["path"] == pytest.approx([1, np.sqrt(2), 1, 1])
    assert found["jump"] == pytest.approx([1, 1, 4, 1])
    corner_confidence = [0.5, sigmoid(2), sigmoid(4), sigmoid(2), 0.5]
    mean = [0.5, np.mean(corner_confidence), sigmoid(4), sigmoid(0.4)]
    assert found["confidence"] == pytest.approx(mean, rel=1e-5)
    assert found["confidence_least"] == pytest.approx(
        [0.5, 0.5, sigmoid(4), sigmoid(0.4)], rel=1e-5
    )


def test_straight_lines_are_even_and_reach_both_ends():
    x = np.array([[0, 0], [100, 200], [255, 0]], np.uint8)
    found = straight_lines(x, np.array([[0, 1], [2, 1]]), points=5).reshape(2, 5, 2)
    np.testing.assert_allclose(found[0], [[0, 0], [25, 50], [50, 100], [75, 150], [100, 200]])
    np.testing.assert_allclose(found[1, [0, -1]], [[255, 0], [100, 200]])


@pytest.fixture
def curved_vae():
    """A decoder of one latent number whose two pixels rise one after the other."""
    w = make_vae(2, 2, 1, np.float32, None).w
    w.W3[:] = [[1, -1]]  # h = (max(0, z), max(0, -z))
    w.W4[:] = [[3, 0], [0, -3]]  # first pixel grows where z > 0, second where z < 0
    return w


def test_a_bent_path_is_longer_than_the_line_between_its_ends(classifier, curved_vae):
    mu = np.array([[-2.0], [2.0], [0.5]], np.float32)
    found = path_quality(classifier, decode(curved_vae, straight_lines(mu, PAIRS)))
    # Decoded: from (0.5, s(-6)) up to (0.5, 0.5), then over to (s(6), 0.5): two equal legs.
    assert found["path"] == pytest.approx([np.sqrt(2), 1], rel=1e-4)
    assert found["jump"][0] > 2  # the sigmoids rise near z = 0
    assert found["confidence_least"][0] == pytest.approx(0.5)


def test_a_fade_is_straight_and_runs_between_the_images(classifier):
    images = np.array([[0, 1], [1, 0], [0.2, 0.4]], np.float32)
    found = path_quality(classifier, straight_lines(images, PAIRS, points=3), points=3)
    assert found["path"] == pytest.approx([1, 1], rel=1e-5)
    assert found["jump"] == pytest.approx([1, 1], rel=1e-4)
    # Pixels (0, 1) -> (.5, .5) -> (1, 0), and (.2, .4) -> (.6, .2) -> (1, 0).
    mean = [(2 * sigmoid(4) + 0.5) / 3, (sigmoid(0.8) + sigmoid(1.6) + sigmoid(4)) / 3]
    assert found["confidence"] == pytest.approx(mean, rel=1e-5)
    assert found["confidence_least"] == pytest.approx([0.5, sigmoid(0.8)], rel=1e-5)


def test_random_pairs_are_seeded_and_never_pair_an_image_with_itself():
    pairs = random_pairs(3, 3000, seed=0)
    assert pairs.shape == (3000, 2)
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    assert found.tolist() == [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]
    assert counts == pytest.approx(500, rel=0.15)
    assert np.array_equal(pairs, random_pairs(3, 3000, seed=0))
    assert not np.array_equal(pairs, random_pairs(3, 3000, seed=1))
