"""What every model is measured with: the same images, the same classifier, the same random numbers.

    h1 = relu(x W1 + b1),   h2 = relu(h1 W2 + b2),   logits = h2 W3 + b3        the classifier

h2 are an image's 64 *features*: what the classifier has found in it, from which a linear map tells
the class. Distances between features mean more than distances between pixels. `measure.py` makes
the instruments, in some seconds, so nothing is kept on disk.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from npvae.data.dataset import Dataset
from npvae.nn.pixels import unit_range
from npvae.training import streams

SEED = 0  # of everything random in the analysis: the same draws for every model
DRAWS = 3  # draws of the prior that codes are compared with
FIT_SIZE = 20_000  # training images whose codes, or pixels, are fitted
HIDDEN = (128, 64)  # units of the classifier
PCA_SIZE = 64  # principal components of the pixels, as many as the classifier has features
BATCH, STEPS = 128, 2_000  # 4 epochs of MNIST; a smaller data set is seen more often


@dataclass
class Instruments:
    """The instruments. Without labels of two classes there is no classifier, nor what needs it."""

    data: Dataset
    # What simple things score, by name and metric. "perfect match": for BCE, the least possible
    baselines: dict[str, dict[str, float]]
    components: PCA | None = None  # of the training images' pixels
    blurred: np.ndarray | None = None  # (n, blurs) sharpness of blurred test images
    classifier: MLPClassifier | None = None
    test_features: np.ndarray | None = None  # (N, 64)
    pairs: np.ndarray | None = None  # (n, 2) test images to interpolate between


def prior_draws(n: int, latent: int, draw: int) -> np.ndarray:
    """Return n draws from N(0, I): numbers 0, 1, .. are those that every model is compared with.

    Number DRAWS is decoded as samples, and takes a model's place for the scores of a perfect match.
    """
    rng = np.random.default_rng([SEED, streams.PRIOR_DRAWS, draw])
    return rng.standard_normal((n, latent), dtype=np.float32)


def some_rows(n: int, most: int) -> np.ndarray:
    """Return the indices of at most `most` of n rows, in order: always the same random choice.

    The first rows would not do. MNIST's first 5,000 test images, for one, are easier than the rest.
    """
    rng = np.random.default_rng([SEED, streams.CHOSEN_ROWS])
    return np.sort(rng.permutation(n)[:most])


def principal_components(images: np.ndarray) -> PCA:
    """Return the first PCA_SIZE principal components of FIT_SIZE of images (n, pixels)."""
    x = unit_range(images[some_rows(len(images), FIT_SIZE)]).astype(np.float64)
    with np.errstate(invalid="ignore"):  # 0 / 0 in shares of the variance, if all are alike
        return PCA(min(PCA_SIZE, *x.shape), svd_solver="covariance_eigh").fit(x)


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
