"""A small classifier, whose last hidden layer is the space in which samples are compared.

    h1 = relu(x W1 + b1),   h2 = relu(h1 W2 + b2),   logits = h2 W3 + b3

h2 are the image's 64 *features*: what the classifier has found in it, from which a linear map tells
the class. Distances between features mean more than distances between pixels. It is scikit-learn's
network; training takes some seconds, so nothing is kept on disk.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from npvae.nn.pixels import unit_range

HIDDEN = (128, 64)
BATCH = 128
STEPS = 2_000  # 4 epochs of MNIST; a smaller data set is seen more often


def train_classifier(images: np.ndarray, labels: np.ndarray, seed: int) -> MLPClassifier:
    """Train a classifier on images (N, pixels), bytes or floats in [0, 1], with labels (N,).

    Some STEPS batches, fewer if the loss falls no more: about 97.5 % of MNIST's test images come
    out right. The same seed gives the same bits on as many threads of linear algebra.
    """
    batch = min(BATCH, len(images))
    epochs = -(-STEPS * batch // len(images))
    net = MLPClassifier(HIDDEN, batch_size=batch, max_iter=epochs, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so many steps are all it gets
        return net.fit(unit_range(images), labels)


def features(net: MLPClassifier, images: np.ndarray) -> np.ndarray:
    """Return h2 (N, 64) of images (N, pixels), bytes or floats in [0, 1]."""
    h = unit_range(images)
    for W, b in zip(net.coefs_[:-1], net.intercepts_[:-1], strict=True):
        h = np.maximum(h @ W + b, 0)
    return h
