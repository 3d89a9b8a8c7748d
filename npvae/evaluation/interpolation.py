"""How smooth the way from one image to another is: through the latent space, or by fading.

    through the latent space    decode the points of the straight line between the two mu
    fading                      the straight line, pixel by pixel, between the two images

A fade shows both images faintly on top of each other. It is the way without a model: between the
test images themselves, and between a model's own two decoded ends. Each path is measured by the
classifier: in its feature space, and by how surely it sees a digit along the way.
"""

import numpy as np
from sklearn.metrics import pairwise_distances_argmin_min

from npvae.evaluation.classifier.features import classify
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.measurement import Measurement
from npvae.models.inference import decode
from npvae.training import streams

POINTS = 21  # of a path, both ends included
JUMP = 2  # times the mean step: a path with a larger step jumps. Chosen by us


def measure_interpolation(found: Measurement, model: EncodedRun, instruments: Instruments) -> None:
    """Measure the section "interpolation" of `metrics.py`, and the fade between the same ends.

    The fade's numbers are kept under the same keys with "fade_" before them.
    """
    pairs = instruments.pairs
    path = decode(model.w, straight_lines(model.mu, pairs))
    found.add_means(**measure_paths(instruments, path))
    ends = decode(model.w, model.mu[pairs.ravel()])
    fade = straight_lines(ends, np.arange(len(ends)).reshape(-1, 2))
    found.add_means(**{f"fade_{k}": v for k, v in measure_paths(instruments, fade).items()})


def random_pairs(n_images: int, pairs: int, seed: int) -> np.ndarray:
    """Draw the two indices (pairs, 2), never equal, of each pair of n_images >= 2."""
    rng = np.random.default_rng([seed, streams.IMAGE_PAIRS])
    first = rng.integers(n_images, size=pairs)
    return np.stack([first, (first + rng.integers(1, n_images, size=pairs)) % n_images], axis=1)


def straight_lines(x: np.ndarray, pairs: np.ndarray, points: int = POINTS) -> np.ndarray:
    """Return evenly spaced points (n points, d) from x[pairs[:, 0]] to x[pairs[:, 1]].

    x is (N, d); the points of a line follow one another, both ends among them.
    """
    start, end = (x[pairs[:, side], None].astype(np.float32) for side in (0, 1))  # (n, 1, d)
    t = np.linspace(0, 1, points, dtype=np.float32)[:, None]
    return ((1 - t) * start + t * end).reshape(-1, x.shape[1])


def measure_paths(
    instruments: Instruments, images: np.ndarray, points: int = POINTS
) -> dict[str, np.ndarray]:
    """Measure paths of T = `points` images each, given one after the other (n points, pixels).

    Returns a number for each path, (n,), under each of the keys of `metrics.py`. With the features
    f_1 .. f_T of a path's images, steps s_t = |f_(t+1) - f_t|, largest class probabilities p_t, and
    the distance d(f) of features f to those of the nearest training image:

        path = sum_t s_t / |f_T - f_1|      1 is straight
        jump = max_t s_t / mean_t s_t       1 is even, T - 1 is one jump
        jumpy = 100 if jump > 2, else 0
        off_data = mean_t d(f_t) / mean d(a test image's f)
        confidence = mean_t p_t

    Where nothing changes, path and jump are 1. Both grow with T: compare paths of equal T only.
    """
    f, p = classify(instruments.classifier, images)
    f = f.astype(np.float64)
    away = distance_to_nearest(f, instruments.train_features).reshape(-1, points)
    f = f.reshape(-1, points, f.shape[1])
    steps = np.linalg.norm(np.diff(f, axis=1), axis=2)  # (n, points - 1)
    distance = np.linalg.norm(f[:, -1] - f[:, 0], axis=1)
    jump = _ratio(steps.max(axis=1), steps.mean(axis=1))
    found = {
        "path": _ratio(steps.sum(axis=1), distance),
        "jump": jump,
        "jumpy": 100.0 * (jump > JUMP),
        "confidence": p.max(axis=1).reshape(-1, points).mean(axis=1, dtype=np.float64),
    }
    if instruments.usual_distance is not None:
        found["off_data"] = away.mean(axis=1) / instruments.usual_distance
    return found


def distance_to_nearest(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the Euclidean distance (n,) of each of features (n, d) to the nearest of others."""
    found = pairwise_distances_argmin_min(features.astype(np.float64), others.astype(np.float64))
    return found[1]


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a / b, and 1 where both are 0."""
    return np.divide(a, b, out=np.ones_like(a), where=(a > 0) | (b > 0))
