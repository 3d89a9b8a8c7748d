"""Paths whose length, jumps and confidence are known: the classifier's features are the pixels."""

import numpy as np
import pytest

from npvae.evaluation.classifier.network import make_classifier
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.interpolation import (
    distance_to_nearest,
    measure_interpolation,
    measure_paths,
    random_pairs,
    straight_lines,
)
from npvae.evaluation.measurement import Measurement
from npvae.models.inference import decode
from npvae.models.vae import make_vae
from npvae.training.options import Options
from npvae.training.run import new_run

PAIRS = np.array([[0, 1], [2, 1]])
CORNERS = np.array([[0.0, 0.0], [1.0, 1.0]])  # the training images, by their two pixels


@pytest.fixture
def instruments():
    """Two pixels, two features equal to them, and P(class 1) = sigmoid(4 (second - first))."""
    w = make_classifier(2, 2, np.float32, None, hidden=(2, 2)).w
    w.W1[:] = w.W2[:] = np.eye(2)
    w.W3[:] = [[4, 0], [0, 4]]
    return Instruments(
        data=None, perfect_match={}, classifier=w, train_features=CORNERS,
        usual_distance=0.5, pairs=PAIRS,
    )  # fmt: skip


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_numbers_of_paths_drawn_by_hand(instruments):
    straight = [[0.0, 0.0], [0.25, 0.25], [0.5, 0.5], [0.75, 0.75], [1.0, 1.0]]
    corner = [[0.0, 0.0], [0.0, 0.5], [0.0, 1.0], [0.5, 1.0], [1.0, 1.0]]
    sudden = [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]
    still = [[0.3, 0.2]] * 5
    images = np.array([straight, corner, sudden, still], np.float32).reshape(20, 2)
    found = measure_paths(instruments, images, points=5)
    assert found["path"] == pytest.approx([1, np.sqrt(2), 1, 1])
    assert found["jump"] == pytest.approx([1, 1, 4, 1])
    np.testing.assert_array_equal(found["jumpy"], [0, 0, 100, 0])
    corner_confidence = [0.5, sigmoid(2), sigmoid(4), sigmoid(2), 0.5]
    mean = [0.5, np.mean(corner_confidence), sigmoid(4), sigmoid(0.4)]
    assert found["confidence"] == pytest.approx(mean, rel=1e-5)
    # Distances to the nearer corner: 0 ¼ ½ ¼ 0 along the diagonal, and so on; a half is usual.
    away = [2**0.5, 0 + 0.5 + 1 + 0.5 + 0, 5, 5 * 0.13**0.5]
    assert found["off_data"] == pytest.approx(np.array(away) / 5 / 0.5, rel=1e-5)


def test_a_step_of_more_than_twice_the_mean_is_a_jump(instruments):
    even = np.linspace(0, 1, 5)
    # The mean step is a quarter, the largest 1.99 and 2.05 times as much.
    at_most = np.cumsum([0, 0.9, 0.9, 0.21, 1.99]) / 4
    more = np.cumsum([0, 0.9, 0.9, 0.15, 2.05]) / 4
    images = np.stack([np.stack([x, x], axis=1) for x in (even, at_most, more)])
    found = measure_paths(instruments, images.reshape(15, 2).astype(np.float32), points=5)
    np.testing.assert_array_equal(found["jumpy"], [0, 0, 100])


def test_without_a_usual_distance_there_is_none_to_compare_with(instruments):
    instruments.usual_distance = None
    assert "off_data" not in measure_paths(instruments, np.zeros((42, 2), np.float32))


def test_distance_to_the_nearest_of_several():
    points = np.array([[0.0, 0.0], [5.0, 1.0], [3.0, 4.0]], np.float32)
    others = np.array([[3.0, 4.0], [0.0, 1.0], [9.0, 4.0]], np.float32)
    found = distance_to_nearest(points, others)
    np.testing.assert_allclose(found, [1, 13**0.5, 0], atol=1e-6)


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


def test_a_bent_path_is_longer_than_the_line_between_its_ends(instruments, curved_vae):
    mu = np.array([[-2.0], [2.0], [0.5]], np.float32)
    found = measure_paths(instruments, decode(curved_vae, straight_lines(mu, PAIRS)))
    # Decoded: from (0.5, s(-6)) up to (0.5, 0.5), then over to (s(6), 0.5): two equal legs.
    assert found["path"] == pytest.approx([np.sqrt(2), 1], rel=1e-4)
    assert found["jump"][0] > 2  # the sigmoids rise near z = 0


def test_a_model_is_measured_on_its_way_and_on_the_fade_between_its_own_ends(
    instruments, curved_vae
):
    run = new_run(Options("kl", latent_dim=1, hidden_dim=2), (1, 2))
    for own, given in zip(run.vae.w, curved_vae, strict=True):
        own[:] = given
    mu = np.array([[-2.0], [2.0], [0.5]], np.float32)
    # Decoding z, which is elsewhere, would give other paths.
    found = Measurement()
    measure_interpolation(found, EncodedRun(run, mu, mu, 9 * mu, None, None), instruments)
    assert found.values["path"] == pytest.approx((np.sqrt(2) + 1) / 2, rel=1e-4)
    assert found.values["fade_path"] == pytest.approx(1, rel=1e-5)
    assert found.values["fade_jump"] == pytest.approx(1, rel=1e-3)
    path = measure_paths(instruments, decode(run.vae.w, straight_lines(mu, PAIRS)))
    assert {key: found.values[key] for key in path} == pytest.approx(
        {key: values.mean() for key, values in path.items()}, rel=1e-5
    )
    fade = measure_paths(instruments, straight_lines(decode(run.vae.w, mu), PAIRS))
    for key, values in fade.items():
        assert found.values[f"fade_{key}"] == pytest.approx(values.mean(), rel=1e-5)
        assert found.replicates[f"fade_{key}"].std() == pytest.approx(
            np.ptp(values) / 2 / 2**0.5, rel=0.25, abs=1e-4
        )  # of two paths, the standard error is half of their distance over √2


def test_a_fade_is_straight_and_runs_between_the_images(instruments):
    images = np.array([[0, 1], [1, 0], [0.2, 0.4]], np.float32)
    found = measure_paths(instruments, straight_lines(images, PAIRS, points=3), points=3)
    assert found["path"] == pytest.approx([1, 1], rel=1e-5)
    assert found["jump"] == pytest.approx([1, 1], rel=1e-4)
    # Pixels (0, 1) -> (.5, .5) -> (1, 0), and (.2, .4) -> (.6, .2) -> (1, 0).
    mean = [(2 * sigmoid(4) + 0.5) / 3, (sigmoid(0.8) + sigmoid(1.6) + sigmoid(4)) / 3]
    assert found["confidence"] == pytest.approx(mean, rel=1e-5)


def test_random_pairs_are_seeded_and_never_pair_an_image_with_itself():
    pairs = random_pairs(3, 3000, seed=0)
    assert pairs.shape == (3000, 2)
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    assert found.tolist() == [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]
    assert counts == pytest.approx(500, rel=0.15)
    assert np.array_equal(pairs, random_pairs(3, 3000, seed=0))
    assert not np.array_equal(pairs, random_pairs(3, 3000, seed=1))
