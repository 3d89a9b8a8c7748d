"""How smooth the way from one image to another is: through the latent space, or by fading.

    through the latent space    decode the points of the straight line between the two mu
    fading                      the straight line, pixel by pixel, between its two ends

A fade shows both images faintly on top of each other: it is the way without a model, here between
a model's own two decoded ends. With the classifier's features f_1 .. f_T of a path's images,

    path = sum_t |f_(t+1) - f_t| / |f_T - f_1|      1 is straight

It grows with T: compare paths of equal T only.
"""

import numpy as np
from sklearn.neural_network import MLPClassifier

from npvae.evaluation.classifier import features
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.intervals import Measurement
from npvae.models.inference import decode
from npvae.training import streams

POINTS = 21  # of a path, both ends included


def measure_interpolation(found: Measurement, model: EncodedRun, instruments: Instruments) -> None:
    """Measure the section "interpolation" of `metrics.py`: ways, and fades between their ends."""
    pairs, classifier = instruments.pairs, instruments.classifier
    way = decode(model.w, straight_lines(model.mu, pairs))
    ends = decode(model.w, model.mu[pairs.ravel()])
    fade = straight_lines(ends, np.arange(len(ends)).reshape(-1, 2))
    found.add_means(path=path_lengths(classifier, way), fade_path=path_lengths(classifier, fade))


def random_pairs(n_images: int, pairs: int, seed: int) -> np.ndarray:
    """Draw the two indices (pairs, 2), never equal, of each pair of n_images >= 2."""
    rng = np.random.default_rng([seed, streams.IMAGE_PAIRS])
    first = rng.integers(n_images, size=pairs)
    return np.stack([first, (first + rng.integers(1, n_images, size=pairs)) % n_images], axis=1)


def straight_lines(x: np.ndarray, pairs: np.ndarray, points: int = POINTS) -> np.ndarray:
    """Return evenly spaced points (n points, d) of the lines between x[pairs[:, 0]] and [:, 1].

    x is (N, d); the points of a line follow one another, both ends among them.
    """
    start, end = (x[pairs[:, side], None].astype(np.float32) for side in (0, 1))  # (n, 1, d)
    t = np.linspace(0, 1, points, dtype=np.float32)[:, None]
    return ((1 - t) * start + t * end).reshape(-1, x.shape[1])


def path_lengths(classifier: MLPClassifier, images: np.ndarray) -> np.ndarray:
    """Return the length (n,) of each path of POINTS of the images (n POINTS, pixels), in a row.

    Where nothing changes it is 1.
    """
    f = features(classifier, images).astype(np.float64)
    f = f.reshape(-1, POINTS, f.shape[1])
    steps = np.linalg.norm(np.diff(f, axis=1), axis=2).sum(axis=1)
    distance = np.linalg.norm(f[:, -1] - f[:, 0], axis=1)
    return np.divide(steps, distance, out=np.ones_like(steps), where=(steps > 0) | (distance > 0))
