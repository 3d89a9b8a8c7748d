"""How the codes are organised: whether digits lie apart, in latent space and in the t-SNE picture.

    knn         share of test digits told from μ alone, by the 5 nearest training images' μ
    t-SNE       a map of the codes into the plane, judged by its silhouette: of each point
    silhouette  s = (b − a) / max(a, b),  a, b = mean distance to its own and to the next digit

The neighbours are also asked in the pixels themselves: a model has to be better than these.

Sources: Cover & Hart 1967, Nearest Neighbor Pattern Classification; van der Maaten & Hinton 2008,
Visualizing Data using t-SNE; Rousseeuw 1987, Silhouettes: a graphical aid to cluster analysis.
"""

from typing import NamedTuple

import numpy as np
from sklearn import manifold
from sklearn.metrics import silhouette_samples
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

from npvae.data.dataset import Dataset
from npvae.evaluation.instruments import SEED, some_rows
from npvae.evaluation.intervals import Measurement
from npvae.nn.pixels import unit_range
from npvae.training import streams

NEIGHBOURS = 5  # that vote
MAP_SIZE = 2_000  # points of a t-SNE map
PIXEL_TEST = 2_000  # test images whose neighbours are sought in pixels; all would take minutes


class Embedding(NamedTuple):
    """A map of some of N images into the plane."""

    index: np.ndarray  # (n,) which of the N
    points: np.ndarray  # (n, 2)


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

    Euclidean distance, equal votes. Chance is the share of the commonest label.
    """
    # In 10 dimensions the brute search, a matrix product, is several times faster than a tree.
    neighbours = KNeighborsClassifier(NEIGHBOURS, algorithm="brute").fit(train_x, train_y)
    return neighbours.predict(test_x) == test_y


def tsne(mu: np.ndarray, seed: int, subset: int = MAP_SIZE) -> Embedding:
    """Map codes mu (N, latent), N >= 2, or `subset` of them drawn by the seed, into the plane.

    Neighbours in the plane are mostly neighbours in latent space; distances between clusters and
    their sizes mean little.
    """
    rng = np.random.default_rng([seed, streams.TSNE_IMAGES])
    index = np.sort(rng.permutation(len(mu))[:subset])
    # A shift and a scale change no t-SNE map. They do change the rounding of its start from the
    # principal components: for codes all alike or far from 0 it may be NaN, and scikit-learn fails.
    chosen = mu[index].astype(np.float64)
    chosen -= chosen[0].copy()
    scale = np.abs(chosen).max()
    if scale > 0:
        chosen /= scale
    if chosen.shape[1] == 1:  # the start from two principal components needs two columns
        chosen = np.pad(chosen, ((0, 0), (0, 1)))
    start = "pca" if scale > 0 else "random"
    perplexity = min(30, (len(index) - 1) / 3)
    method = manifold.TSNE(init=start, perplexity=perplexity, random_state=seed)
    return Embedding(index=index, points=method.fit_transform(chosen))
