"""How the codes are organised: whether digits lie apart, and whether the way between two is smooth.

    silhouette  (b − a) / max(a, b),  a, b = a point's mean distance to its own and the next digit
    path        Σₜ |fₜ₊₁ − fₜ| / |f_T − f₁|,  f₁ .. f_T the classifier's features along a way

A way leads through the decoded points of the straight line between two μ. Its path grows with T.
It is read beside that of a fade, the straight line pixel by pixel between the same decoded ends,
which shows both images faintly on top of each other. So is `knn` beside the neighbours in pixels.

Sources: van der Maaten & Hinton 2008, Visualizing Data using t-SNE; Rousseeuw 1987, Silhouettes:
a graphical aid to the interpretation and validation of cluster analysis.
"""

from typing import NamedTuple

import numpy as np
from sklearn import manifold
from sklearn.metrics import silhouette_samples
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import SEED, Instruments, features, some_rows
from npvae.evaluation.intervals import Measurement
from npvae.models.inference import decode
from npvae.nn.pixels import unit_range
from npvae.training import streams

MAP_SIZE = 2_000  # points of a t-SNE map
PIXEL_TEST = 2_000  # test images whose neighbours are sought in pixels; all would take minutes
POINTS = 21  # of a path, both ends included


class Embedding(NamedTuple):
    """A map of some of N images into the plane."""

    index: np.ndarray  # (n,) which of the N
    points: np.ndarray  # (n, 2)


def measure_structure(
    found: Measurement, model: EncodedRun, by: Instruments, train_mu: np.ndarray
) -> None:
    """Measure `knn` with μ of all training images, and the section "interpolation"."""
    hits = knn_hits(train_mu, by.data.train_labels, model.mu, by.data.test_labels)
    found.add_means(knn=100 * hits)
    way = decode(model.w, straight_lines(model.mu, by.pairs))
    ends = decode(model.w, model.mu[by.pairs.ravel()])
    fade = straight_lines(ends, np.arange(len(ends)).reshape(-1, 2))
    path, faded = (path_lengths(by.classifier, images) for images in (way, fade))
    found.add_means(path=path, fade_path=faded)


@threadpool_limits.wrap(1, user_api="blas")
def measure_map(mu: np.ndarray, labels: np.ndarray | None) -> tuple[Measurement, Embedding]:
    """Draw the t-SNE map of codes mu (N, latent), and measure its silhouette.

    There is none without labels (N,), or where those of the map are all equal or all differ.
    """
    found, embedding = Measurement(), tsne(mu, SEED)
    if labels is not None and 1 < len(np.unique(labels[embedding.index])) < len(embedding.index):
        points = embedding.points.astype(np.float64)
        found.add_means(tsne_silhouette=silhouette_samples(points, labels[embedding.index]))
    return found, embedding


def pixel_neighbours(data: Dataset) -> float:
    """Return `knn` of the pixels, of PIXEL_TEST random test images."""
    asked = some_rows(len(data.test_images), PIXEL_TEST)
    train, test = unit_range(data.train_images), unit_range(data.test_images[asked])
    return 100 * float(knn_hits(train, data.train_labels, test, data.test_labels[asked]).mean())


def knn_hits(
    train_x: np.ndarray, train_y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray
) -> np.ndarray:
    """Tell (m,) which test points (m, d) have the label of most of their 5 nearest training points.

    Source: Cover & Hart 1967, Nearest Neighbor Pattern Classification.
    """
    # In 10 dimensions the brute search, a matrix product, is several times faster than a tree.
    neighbours = KNeighborsClassifier(5, algorithm="brute").fit(train_x, train_y)
    return neighbours.predict(test_x) == test_y


def tsne(mu: np.ndarray, seed: int, subset: int = MAP_SIZE) -> Embedding:
    """Map codes mu (N, latent), N >= 2, or `subset` of them drawn by the seed, into the plane.

    Neighbours in the plane are mostly neighbours of mu; clusters' distances and sizes mean little.
    """
    rng = np.random.default_rng([seed, streams.TSNE_IMAGES])
    index = np.sort(rng.permutation(len(mu))[:subset])
    # A shift and a scale change no t-SNE map. They do change the rounding of its start from the
    # principal components: for codes all alike or far from 0 it may be NaN, and scikit-learn fails.
    chosen = mu[index].astype(np.float64)
    chosen -= chosen[0].copy()
    scale = np.abs(chosen).max()
    start = "pca" if scale > 0 else "random"
    chosen /= scale or 1
    if chosen.shape[1] == 1:  # the start from two principal components needs two columns
        chosen = np.pad(chosen, ((0, 0), (0, 1)))
    perplexity = min(30, (len(index) - 1) / 3)
    method = manifold.TSNE(init=start, perplexity=perplexity, random_state=seed)
    return Embedding(index, method.fit_transform(chosen))


def straight_lines(x: np.ndarray, pairs: np.ndarray, points: int = POINTS) -> np.ndarray:
    """Return evenly spaced points (n points, d), ends included, of lines between pairs of x (N, d).

    pairs (n, 2) has the indices of the ends; the points of a line follow one another.
    """
    start, end = (x[pairs[:, side], None].astype(np.float32) for side in (0, 1))  # (n, 1, d)
    t = np.linspace(0, 1, points, dtype=np.float32)[:, None]
    return ((1 - t) * start + t * end).reshape(-1, x.shape[1])


def path_lengths(classifier: MLPClassifier, images: np.ndarray) -> np.ndarray:
    """Return `path` (n,) of the ways of POINTS images (n POINTS, pixels); 1 if nothing changes."""
    f = features(classifier, images).astype(np.float64)
    f = f.reshape(-1, POINTS, f.shape[1])
    steps = np.linalg.norm(np.diff(f, axis=1), axis=2).sum(axis=1)
    distance = np.linalg.norm(f[:, -1] - f[:, 0], axis=1)
    return np.divide(steps, distance, out=np.ones_like(steps), where=(steps > 0) | (distance > 0))
