"""How smooth the way from one image to another is: through the latent space, or by fading.

    through the latent space    decode the points of the straight line between the two mu
    fading                      the straight line, pixel by pixel, between the two images

A fade shows both images faintly on top of each other. Each path is measured by the classifier: in
its feature space, and by how surely it sees a digit along the way.
"""

import numpy as np

from npvae.evaluation.classifier.features import classify
from npvae.evaluation.classifier.network import ClassifierWeights

POINTS = 21  # of a path, both ends included


def random_pairs(n_images: int, pairs: int, seed: int) -> np.ndarray:
    """Draw the two indices (pairs, 2), never equal, of each pair of n_images >= 2."""
    rng = np.random.default_rng(seed)
    first = rng.integers(n_images, size=pairs)
    return np.stack([first, (first + rng.integers(1, n_images, size=pairs)) % n_images], axis=1)


def straight_lines(x: np.ndarray, pairs: np.ndarray, points: int = POINTS) -> np.ndarray:
    """Return evenly spaced points (n points, d) from x[pairs[:, 0]] to x[pairs[:, 1]].

    x is (N, d); the points of a line follow one another, both ends among them.
    """
    start, end = (x[pairs[:, side], None].astype(np.float32) for side in (0, 1))  # (n, 1, d)
    t = np.linspace(0, 1, points, dtype=np.float32)[:, None]
    return ((1 - t) * start + t * end).reshape(-1, x.shape[1])


def path_quality(
    classifier: ClassifierWeights, images: np.ndarray, points: int = POINTS
) -> dict[str, np.ndarray]:
    """Measure paths of T = `points` images each, given one after the other (n points, pixels).

    Returns a number for each path, (n,), under each of four keys of `metrics.py`. With the features
    f_1 .. f_T of a path's images, steps s_t = |f_(t+1) - f_t| and largest class probabilities p_t:

        path = sum_t s_t / |f_T - f_1|      1 is straight
        jump = max_t s_t / mean_t s_t       1 is even, T - 1 is one jump
        confidence = mean_t p_t             confidence_least = min_t p_t

    Where nothing changes, path and jump are 1. Both grow with T: compare paths of equal T only.
    """
    f, p = classify(classifier, images)
    f = f.astype(np.float64).reshape(-1, points, f.shape[1])
    confidence = p.max(axis=1).reshape(-1, points)
    steps = np.linalg.norm(np.diff(f, axis=1), axis=2)  # (n, points - 1)
    distance = np.linalg.norm(f[:, -1] - f[:, 0], axis=1)
    return {
        "path": _ratio(steps.sum(axis=1), distance),
        "jump": _ratio(steps.max(axis=1), steps.mean(axis=1)),
        "confidence": confidence.mean(axis=1, dtype=np.float64),
        "confidence_least": confidence.min(axis=1),
    }


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a / b, and 1 where both are 0."""
    return np.divide(a, b, out=np.ones_like(a), where=(a > 0) | (b > 0))
