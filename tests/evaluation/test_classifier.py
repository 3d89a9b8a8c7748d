"""The classifier and its loss against central differences and known answers, then at work."""

import os

import numpy as np
import pytest

from npvae.data.dataset import load_data
from npvae.errors import UserError
from npvae.evaluation.classifier import features as features_module
from npvae.evaluation.classifier.features import classify, train_classifier
from npvae.evaluation.classifier.network import (
    classifier_objective,
    make_classifier,
    make_classifier_activations,
)
from npvae.evaluation.classifier.softmax import softmax_cross_entropy
from npvae.nn.adam import adam_update
from npvae.nn.gradcheck import check_gradients

REAL_MNIST = os.environ.get("NPVAE_DATA_DIR")


def cross_entropy(logits, labels):
    """Return the mean loss, each row's loss, and the gradient."""
    losses, dlogits = np.empty(len(logits), logits.dtype), np.empty_like(logits)
    mean = softmax_cross_entropy(logits, np.array(labels), losses, dlogits)
    return mean, losses, dlogits


@pytest.mark.parametrize("batch", [1, 3, 7])
def test_cross_entropy_gradient(batch):
    rng = np.random.default_rng(batch)
    logits, labels = rng.standard_normal((batch, 5)), rng.integers(5, size=batch)
    _, _, dlogits = cross_entropy(logits, labels)
    found = check_gradients(lambda: cross_entropy(logits, labels)[0], {"logits": (logits, dlogits)})
    assert found.max_error < 1e-7, found.worst


def test_cross_entropy_of_known_probabilities():
    logits = np.log([[1.0, 2.0, 5.0], [3.0, 3.0, 3.0]])
    logits[0] += 40  # changes nothing
    mean, losses, dlogits = cross_entropy(logits, [1, 0])
    assert losses == pytest.approx([np.log(4), np.log(3)])
    assert mean == pytest.approx((np.log(4) + np.log(3)) / 2)
    p = np.array([[1 / 8, 2 / 8, 5 / 8], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(dlogits, (p - [[0, 1, 0], [1, 0, 0]]) / 2)


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_cross_entropy_is_exact_for_logits_of_any_size(real):
    largest = np.finfo(real).max
    logits = np.array([[largest, 0, -largest], [1e4, 1e4 - 3, 0], [-1e4, 0, -2e4]], real)
    _, losses, dlogits = cross_entropy(logits, [0, 1, 0])
    assert losses[[0, 2]].tolist() == [0, 1e4]
    assert losses[1] == pytest.approx(3 + np.log1p(np.exp(-3)), rel=4 * float(np.finfo(real).eps))
    assert np.isfinite(dlogits).all()
    _, losses, _ = cross_entropy(logits[:1], [1])
    assert losses[0] == largest


class SmallClassifier:
    """A classifier of 12 pixels and 4 classes, in float64, with 5 of 40 random images."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.net = make_classifier(12, 4, np.float64, rng, hidden=(9, 7))
        self.a = make_classifier_activations(self.net.w, 5)
        self.images, self.labels = rng.uniform(size=(40, 12)), rng.integers(4, size=40)
        self.index = rng.permutation(40)[:5]

    def train(self, steps):
        self.a.x[:] = self.images[self.index]
        losses = []
        for t in range(1, steps + 1):
            losses.append(classifier_objective(self.net, self.a, self.labels[self.index]))
            adam_update(self.net, t, lr=1e-2)
        return losses


@pytest.mark.parametrize("steps", [1, 30])
def test_classifier_loss_for_every_parameter(steps):
    small = SmallClassifier()
    small.train(steps)
    net, a = small.net, small.a

    def loss():
        return classifier_objective(net, a, small.labels[small.index])

    loss()
    arrays = {n: (w, dw.copy()) for n, w, dw in zip(net.w._fields, net.w, net.dw, strict=True)}
    found = check_gradients(
        loss, arrays, lambda: np.concatenate([a.h1, a.h2], axis=1) > 0, samples=10**6
    )
    assert found.max_error < 1e-5, found.worst
    assert found.skipped < 0.05 * found.checked
    assert len(found.errors) == 6


def test_the_gradient_trains_on_the_given_images():
    small = SmallClassifier()
    losses = small.train(300)
    assert losses[0] == pytest.approx(np.log(4), abs=0.3)
    assert losses[-1] < 0.01
    assert accuracy(small.net.w, small.images[small.index], small.labels[small.index]) == 1


def accuracy(w, images, labels):
    """The share of images whose most probable class is their label."""
    return np.mean(classify(w, images).probabilities.argmax(axis=1) == labels)


def stripes(seed, n):
    """Noisy byte images of 4 x 4 pixels, of which the row numbered by the label is bright."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=n)
    images = rng.integers(100, size=(n, 4, 4))
    images[np.arange(n), labels] += 100
    return images.reshape(n, 16).astype(np.uint8), labels


@pytest.fixture
def few_steps(monkeypatch):
    monkeypatch.setattr(features_module, "STEPS", 200)


@pytest.mark.usefixtures("few_steps")
class TestTrained:
    def test_perfect_where_the_class_shows_and_useless_where_it_does_not(self):
        images, labels = stripes(0, 1000)
        test_images, test_labels = stripes(1, 1000)
        w = train_classifier(images, labels, seed=0)
        assert accuracy(w, test_images, test_labels) == 1
        shuffled = np.random.default_rng(2).permutation(labels)
        w = train_classifier(images, shuffled, seed=0)
        assert accuracy(w, test_images, test_labels) == pytest.approx(0.25, abs=0.12)

    def test_every_image_is_trained_on_though_the_data_may_be_sorted(self):
        images, labels = stripes(0, 1000)
        order = labels.argsort()
        w = train_classifier(images[order], labels[order], seed=0)
        assert accuracy(w, images, labels) == 1

    def test_each_epoch_has_a_new_order_and_the_rate_falls_to_0(self, monkeypatch):
        batches, rates = [], {}
        gather, adam_update = features_module.gather, features_module.adam_update

        def listening_gather(images, index, x):
            batches.append(index)
            gather(images, index, x)

        def listening_adam(net, t, lr):
            rates[t] = lr
            return adam_update(net, t, lr)

        monkeypatch.setattr(features_module, "gather", listening_gather)
        monkeypatch.setattr(features_module, "adam_update", listening_adam)
        train_classifier(*stripes(0, 300), seed=0)
        assert list(rates) == list(range(1, 201))
        np.testing.assert_allclose(list(rates.values()), 1e-3 * (1 - np.arange(200) / 200))
        epochs = [np.concatenate(pair) for pair in zip(batches[::2], batches[1::2], strict=True)]
        assert all(len(np.unique(order)) == 256 for order in epochs)
        assert len({tuple(order) for order in epochs}) == 100

    def test_the_seed_decides_every_bit(self):
        images, labels = stripes(0, 300)
        first, again, other = (train_classifier(images, labels, seed) for seed in (5, 5, 6))
        for a, b, c in zip(first, again, other, strict=True):
            assert np.array_equal(a, b)
            assert not np.array_equal(a, c)

    def test_fewer_images_than_a_batch(self):
        images, labels = stripes(0, 50)
        assert accuracy(train_classifier(images, labels, seed=0), images, labels) == 1

    def test_features_are_the_layer_from_which_the_class_is_read(self):
        images, labels = stripes(0, 1234)  # more than two batches, and not a whole number of them
        w = train_classifier(images, labels, seed=0)
        found, p = classify(w, images)
        assert (found.shape, found.dtype) == ((1234, 64), np.float32)
        assert found.min() == 0
        e = np.exp(found @ w.W3 + w.b3)
        assert (p.shape, p.dtype) == ((1234, 4), np.float32)
        np.testing.assert_allclose(p, e / e.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-7)

    def test_bytes_and_floats_are_the_same_images(self):
        images, labels = stripes(0, 300)
        w = train_classifier(images, labels, seed=0)
        as_floats = (images / 255).astype(np.float32)
        np.testing.assert_allclose(
            classify(w, as_floats).features, classify(w, images).features, atol=1e-5
        )


def test_two_classes_are_needed():
    with pytest.raises(UserError, match="at least two classes"):
        train_classifier(np.zeros((20, 16), np.uint8), np.zeros(20, np.int64), seed=0)


@pytest.mark.skipif(not REAL_MNIST, reason="NPVAE_DATA_DIR does not name the MNIST files")
def test_mnist_is_classified():
    data = load_data()
    w = train_classifier(data.train_images, data.train_labels, seed=0)
    assert accuracy(w, data.test_images, data.test_labels) >= 0.975
