"""How smooth the way from one image to another is: through the latent space, and in pixels.

    latent            decoded points of the straight line between the two mu
    reconstructions   the straight line, pixel by pixel, between the decoded ends of the path above
    pixels            the straight line, pixel by pixel, between the two images themselves

A straight line between two pictures shows both faintly on top of each other. Each path is measured
by the classifier: in its feature space, and by how surely it sees a digit along the way.
"""

from typing import NamedTuple

import numpy as np

from npvae.evaluation.classifier.features import class_probabilities, features
from npvae.evaluation.classifier.network import ClassifierWeights
from npvae.models.inference import decode
from npvae.models.vae import VAEWeights

POINTS = 21


class PathQuality(NamedTuple):
    """What the classifier says of n paths: one number for each path, each array (n,)."""

    length: np.ndarray  # path length / distance of its ends, in feature space; 1 = straight
    largest_jump: np.ndarray  # largest / mean step between points; 1 = even, points - 1 = one jump
    mean_confidence: np.ndarray  # largest class probability, mean over the path; higher is better
    min_confidence: np.ndarray  # and at the path's least certain point


class Interpolation(NamedTuple):
    """The three ways between the same pairs of images."""

    latent: PathQuality
    reconstructions: PathQuality
    pixels: PathQuality


def random_pairs(n_images: int, pairs: int, seed: int) -> np.ndarray:
    """Draw the two indices (pairs, 2), never equal, of each pair; raises ValueError for 1 image."""
    if n_images < 2:
        raise ValueError(f"{n_images} image(s): a pair needs two")
    rng = np.random.default_rng(seed)
    first = rng.integers(n_images, size=pairs)
    return np.stack([first, (first + rng.integers(1, n_images, size=pairs)) % n_images], axis=1)


def interpolate(
    w: VAEWeights,
    classifier: ClassifierWeights,
    mu: np.ndarray,
    images: np.ndarray,
    pairs: np.ndarray,
    points: int = POINTS,
) -> Interpolation:
    """Measure the three paths between the images of each pair, at `points` points, ends included.

    `images` (N, pixels) are uint8 or float in [0, 1], `mu` (N, latent) their codes, and `pairs`
    (n, 2) indices of both. With the same pairs for two models, numbers are paired path by path.
    """
    decoded = decode(w, straight_lines(mu, pairs, points))  # (n points, pixels)
    ends = decoded.reshape(len(pairs), points, -1)[:, [0, -1]]  # (n, 2, pixels)
    end_pairs = np.arange(2 * len(pairs)).reshape(-1, 2)
    paths = (
        decoded,
        straight_lines(ends.reshape(2 * len(pairs), -1), end_pairs, points),
        straight_lines(images, pairs, points) / np.float32(255 if images.dtype == np.uint8 else 1),
    )
    return Interpolation(*(path_quality(classifier, path, points) for path in paths))


def straight_lines(x: np.ndarray, pairs: np.ndarray, points: int) -> np.ndarray:
    """Return evenly spaced points (n points, d) from x[pairs[:, 0]] to x[pairs[:, 1]].

    x is (N, d); the points of a line follow one another, both ends among them.
    """
    start, end = (x[pairs[:, side], None].astype(np.float32) for side in (0, 1))  # (n, 1, d)
    t = np.linspace(0, 1, points, dtype=np.float32)[:, None]
    return ((1 - t) * start + t * end).reshape(-1, x.shape[1])


def path_quality(classifier: ClassifierWeights, images: np.ndarray, points: int) -> PathQuality:
    """Measure paths of `points` images each, given one after the other (n points, pixels).

    With features f_1 .. f_T of a path's images and steps s_t = |f_(t+1) - f_t|: length =
    sum_t s_t / |f_T - f_1|, largest jump = max_t s_t / mean_t s_t. Where nothing changes, both are
    1. Both grow with T: compare equal numbers of points only.
    """
    f = features(classifier, images).astype(np.float64).reshape(-1, points, classifier.W3.shape[0])
    confidence = class_probabilities(classifier, images).max(axis=1).reshape(-1, points)
    steps = np.linalg.norm(np.diff(f, axis=1), axis=2)  # (n, points - 1)
    distance = np.linalg.norm(f[:, -1] - f[:, 0], axis=1)
    return PathQuality(
        length=_ratio(steps.sum(axis=1), distance),
        largest_jump=_ratio(steps.max(axis=1), steps.mean(axis=1)),
        mean_confidence=confidence.mean(axis=1, dtype=np.float64),
        min_confidence=confidence.min(axis=1),
    )


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a / b, and 1 where both are 0."""
    return np.divide(a, b, out=np.ones_like(a), where=(a > 0) | (b > 0))
