"""How the codes are organised: whether digits lie apart, in latent space and in the t-SNE picture.

    knn, probe     share of test digits told from μ alone, by its neighbours or by planes
    silhouette     (b − a) / max(a, b) of each point, a and b its mean distances to own and others
    t-SNE          a map of the codes into the plane, judged by the same two measures

Points are the posterior means μ (n, d) of images, labels their digits (n,). The same is measured of
the pixels themselves, and of their principal components: a model has to be better than these.
"""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.stats import mode
from sklearn import manifold
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_samples
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import Instruments, some_rows
from npvae.evaluation.measurement import Measurement
from npvae.models.inference import encode
from npvae.nn.pixels import unit_range
from npvae.training import streams

NEIGHBOURS = 5  # that vote
MAP_SIZE = 5_000  # points of a t-SNE map
SILHOUETTE_SIZE = 5_000  # points of a silhouette, whose time grows with the square
# Of the baselines in pixels, which would take minutes with all images.
PIXEL_TRAIN, PIXEL_TEST, PIXEL_STEPS = 10_000, 2_000, 20
COMPONENTS = 10  # principal components of the other baseline


class Embedding(NamedTuple):
    """A map of some of N images into the plane."""

    index: np.ndarray  # (n,) which of the N
    points: np.ndarray  # (n, 2)


def measure_structure(found: Measurement, model: EncodedRun, instruments: Instruments) -> None:
    """Measure the section "structure" of `metrics.py`, but for what belongs to the picture."""
    data = instruments.data
    train_mu, _ = encode(model.w, data.train_images)
    codes = train_mu, data.train_labels, model.mu, data.test_labels
    found.add_means(knn=100 * knn_hits(*codes), probe=100 * probe_hits(*codes))
    add_silhouette(found, "silhouette", model.mu, data.test_labels)


def measure_picture(found: Measurement, embedding: Embedding, labels: np.ndarray | None) -> None:
    """Measure a t-SNE picture of test images with labels (N,); without labels there is nothing."""
    if labels is None:
        return
    index, points = embedding
    nearest = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(points)
    others = nearest.kneighbors(return_distance=False)  # (n, NEIGHBOURS), without the point itself
    found.add_means(tsne_knn=100 * (mode(labels[index][others], axis=1).mode == labels[index]))
    add_silhouette(found, "tsne_silhouette", points, labels[index])


def measure_baselines(data: Dataset) -> dict[str, dict[str, float]]:
    """Return knn, probe and silhouette of the pixels and of their 10 principal components.

    To save minutes, the neighbours in pixels are sought for 2,000 random test images, and the probe
    on pixels learns from 10,000 random training images in 20 steps. On MNIST it is right for 90 %;
    all training images would give 92 %.
    """
    train, test = (unit_range(images) for images in (data.train_images, data.test_images))
    y, y_test = data.train_labels, data.test_labels
    few, asked = some_rows(len(train), PIXEL_TRAIN), some_rows(len(test), PIXEL_TEST)
    pca = PCA(min(COMPONENTS, train.shape[1]), svd_solver="covariance_eigh").fit(train[few])
    compressed = pca.transform(train), y, pca.transform(test), y_test
    pixels, components = Measurement(), Measurement()
    pixels.add_means(knn=100 * knn_hits(train, y, test[asked], y_test[asked]))
    pixels.add_means(probe=100 * probe_hits(train[few], y[few], test, y_test, steps=PIXEL_STEPS))
    components.add_means(knn=100 * knn_hits(*compressed), probe=100 * probe_hits(*compressed))
    add_silhouette(pixels, "silhouette", test, y_test)
    add_silhouette(components, "silhouette", compressed[2], y_test)
    return {"pixels": pixels.values, "PCA-10": components.values}


def knn_hits(
    train_x: np.ndarray, train_y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray
) -> np.ndarray:
    """Tell (m,) which test points (m, d) have the label of most of their 5 nearest training points.

    Euclidean distance, equal votes. The more do, the more the labels (n,) keep to regions of their
    own, of whatever shape. Chance is the share of the commonest label.

    Source: Cover & Hart 1967, Nearest Neighbor Pattern Classification.
    """
    # In 10 dimensions the brute search, a matrix product, is several times faster than a tree.
    neighbours = KNeighborsClassifier(NEIGHBOURS, algorithm="brute").fit(train_x, train_y)
    return neighbours.predict(test_x) == test_y


def probe_hits(
    train_x: np.ndarray,
    train_y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    steps: int = 1000,
) -> np.ndarray:
    """Tell (m,) which test points (m, d) logistic regression on training points labels rightly.

    Features are standardised by the mean and scale of the training points (n, d). The L2 penalty
    ½‖w‖² stands beside the summed cross-entropy; at thousands of points it weighs nothing. At most
    `steps` of its optimiser. The more are right, the better planes tell the labels apart.

    Source: Alain & Bengio 2016, Understanding intermediate layers using linear classifier probes.
    """
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=steps))
    # Products of ten columns are too small to share out: several threads take longer than one.
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return probe.fit(train_x, train_y).predict(test_x) == test_y


def add_silhouette(found: Measurement, key: str, x: np.ndarray, labels: np.ndarray) -> None:
    """Add the silhouette of points (n, d) when the label (n,) of each is taken for its cluster.

        s = (b − a) / max(a, b),   a, b = mean distance to the own and to the nearest other label

    No units, −1 to 1: 1 = tight and far apart, 0 = overlapping, negative = nearer to another
    label. Higher is better separated. Time grows as n²: of more than 5,000 points so many random
    ones are used. Nothing is added where all labels are equal or all differ.

    Source: Rousseeuw 1987, Silhouettes: a graphical aid to cluster analysis, section 2.
    """
    rows = some_rows(len(x), SILHOUETTE_SIZE)
    x, labels = x[rows], labels[rows]
    if 1 < len(np.unique(labels)) < len(labels):
        found.add_means(**{key: silhouette_samples(x.astype(np.float64), labels)})


def tsne(mu: np.ndarray, seed: int, subset: int = MAP_SIZE) -> Embedding:
    """Map codes mu (N, latent), or `subset` of them drawn by the seed, into the plane by t-SNE.

    Neighbours in the plane are mostly neighbours in latent space; distances between clusters and
    their sizes mean little. Needs at least 2 codes.

    Source: van der Maaten & Hinton 2008, Visualizing Data using t-SNE.
    """
    rng = np.random.default_rng([seed, streams.TSNE_IMAGES])
    index = np.sort(rng.permutation(len(mu))[:subset])
    # A shift and a scale change no t-SNE map. They do change the rounding of its start from the
    # principal components: for codes all alike or far from 0 it may be NaN, and scikit-learn fails.
    chosen = mu[index].astype(np.float64)
    chosen = chosen - chosen[0]
    scale = np.abs(chosen).max()
    if scale > 0:
        chosen /= scale
    if chosen.shape[1] == 1:  # the start from two principal components needs two columns
        chosen = np.pad(chosen, ((0, 0), (0, 1)))
    start = "pca" if scale > 0 else "random"
    perplexity = min(30, (len(index) - 1) / 3)
    method = manifold.TSNE(init=start, perplexity=perplexity, random_state=seed)
    return Embedding(index=index, points=method.fit_transform(chosen))
