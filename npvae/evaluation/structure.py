"""How the latent space is organised: whether digits are apart, which dimensions carry anything.

    accuracy           share of test images whose digit is told from μ alone
    silhouette         mean over points of (b − a) / max(a, b)
    active units       dimensions u with Var_x(μ_u(x)) > 0.01

Points are the posterior means μ (n, d) of images, labels their digits (n,).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn import manifold
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from npvae.evaluation.intervals import finite_array


class Correlation(NamedTuple):
    """Pearson correlations (d, d), and the largest and the mean size of those off the diagonal."""

    matrix: np.ndarray
    max_abs: float
    mean_abs: float


def knn_accuracy(
    train_x: ArrayLike, train_y: ArrayLike, test_x: ArrayLike, test_y: ArrayLike, k: int = 5
) -> float:
    """Share of test points (m, d) labelled like the most of their k nearest training points.

    Euclidean distance, equal votes. No units, 0 to 1, higher is better: labels (n,) keep to
    regions of their own, of whatever shape. Chance is the share of the commonest label.

    Source: Cover & Hart 1967, Nearest Neighbor Pattern Classification.
    """
    train_x, train_y = _labelled("train", train_x, train_y)
    test_x, test_y = _labelled("test", test_x, test_y, columns=train_x.shape[1])
    if not 1 <= k <= len(train_x):
        raise ValueError(f"k: must be from 1 to the {len(train_x)} training points, but is {k}")
    # In 10 dimensions the brute search, a matrix product, is several times faster than a tree.
    neighbours = KNeighborsClassifier(k, algorithm="brute").fit(train_x, train_y)
    return float(neighbours.score(test_x, test_y))


def linear_probe_accuracy(
    train_x: ArrayLike, train_y: ArrayLike, test_x: ArrayLike, test_y: ArrayLike
) -> float:
    """Test accuracy of multinomial logistic regression on standardised features (n, d).

    Mean and scale come from the training points; L2 penalty ½‖w‖² beside the summed
    cross-entropy, which at thousands of points weighs nothing. No units, 0 to 1, higher is
    better: labels are told apart by planes.

    Source: Alain & Bengio 2016, Understanding intermediate layers using linear classifier probes.
    """
    train_x, train_y = _labelled("train", train_x, train_y)
    test_x, test_y = _labelled("test", test_x, test_y, columns=train_x.shape[1])
    _needs_two_labels("train", train_y)
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    # Products of ten columns are too small to share out: several threads take longer than one.
    with threadpool_limits(1, user_api="blas"):
        return float(probe.fit(train_x, train_y).score(test_x, test_y))


def silhouette_by_label(
    x: ArrayLike, labels: ArrayLike, samples: int = 5000, seed: int = 0
) -> float:
    """Mean silhouette of points (n, d) when the label (n,) of each is taken for its cluster.

        s = (b − a) / max(a, b),   a, b = mean distance to the own and to the nearest other label

    No units, −1 to 1: 1 = tight and far apart, 0 = overlapping, negative = nearer to another
    label. Higher is better separated. Time grows as n²: of more than `samples` points that many
    are used, drawn without replacement by `seed`.

    Source: Rousseeuw 1987, Silhouettes: a graphical aid to cluster analysis, section 2.
    """
    x, labels = _labelled("x", x, labels)
    if len(x) > samples:
        chosen = np.random.default_rng(seed).choice(len(x), samples, replace=False)
        x, labels = x[chosen], labels[chosen]
    _needs_two_labels("x", labels)
    if len(np.unique(labels)) == len(labels):
        raise ValueError("x: every point has a label of its own, needs several points to a label")
    return float(silhouette_score(x, labels))


def trustworthiness(x: ArrayLike, embedding: ArrayLike, k: int = 5) -> float:
    """How far the neighbours seen in an embedding (n, e) of x (n, d) are neighbours in x as well.

        T = 1 − 2 / (n k (2n − 3k − 1)) Σᵢ Σ_{j in Nᵢ} max(0, r(i, j) − k)

    Nᵢ: the k nearest of point i in the embedding; r(i, j): the rank of j among the neighbours of
    i in x. No units, 0 to 1, higher is better: 1 = no false neighbours, about 0.5 for an
    embedding at random. Memory 24 n² bytes: pass a few thousand points. Needs k < n / 2.

    Source: Venna & Kaski 2001, Neighborhood Preservation in Nonlinear Projection Methods.
    """
    x, embedding = finite_array("x", x, ndim=2), finite_array("embedding", embedding, ndim=2)
    if len(x) != len(embedding):
        raise ValueError(f"x and embedding: {len(x)} and {len(embedding)} points, not equal")
    if not 1 <= k < len(x) / 2:
        raise ValueError(f"k: must be at least 1 and below n/2 = {len(x) / 2:g}, but is {k}")
    return float(manifold.trustworthiness(x, embedding, n_neighbors=k))


def active_units(mu: ArrayLike, threshold: float = 0.01) -> np.ndarray:
    """Tell the latent dimensions that carry information: a boolean (d,), its sum their number.

        unit u is active  ⇔  Var over the data of μ_u(x) > threshold

    mu (n, d): the posterior means of n >= 2 images. The variance is in units of z squared, and
    the prior's is 1. More active units: more of the latent space is used.

    Source: Burda, Grosse & Salakhutdinov 2016, Importance Weighted Autoencoders, section 5.2.
    """
    return finite_array("mu", mu, ndim=2, least=2).var(axis=0) > threshold


def correlation(samples: ArrayLike) -> Correlation:
    """Pearson correlations between the columns of `samples` (n, d), n and d >= 2.

    No units, −1 to 1; those of the prior are 0, so max_abs and mean_abs, taken off the diagonal,
    are better low. n independent draws of the prior still give a mean_abs near √(2 / (π n)). A
    dimension that never varies counts as correlated with none (0).
    """
    samples = finite_array("samples", samples, ndim=2, least=2)
    d = samples.shape[1]
    if d < 2:
        raise ValueError(f"samples: needs at least 2 columns, but its shape is {samples.shape}")
    constant = np.ptp(samples, axis=0) == 0
    matrix = np.eye(d)
    if not constant.all():
        varying = np.ix_(~constant, ~constant)
        matrix[varying] = np.corrcoef(samples[:, ~constant], rowvar=False)
    off_diagonal = np.abs(matrix[~np.eye(d, dtype=bool)])
    return Correlation(matrix, float(off_diagonal.max()), float(off_diagonal.mean()))


def _labelled(
    name: str, x: ArrayLike, labels: ArrayLike, columns: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Check points (n, d) with labels (n,), d = `columns` where given; raises ValueError."""
    x, labels = finite_array(name, x, ndim=2), np.asarray(labels)
    if labels.shape != (len(x),):
        raise ValueError(f"{name}: {len(x)} points, but labels of shape {labels.shape}")
    if columns is not None and x.shape[1] != columns:
        raise ValueError(f"{name}: needs {columns} columns, as in training, but has {x.shape[1]}")
    return x, labels


def _needs_two_labels(name: str, labels: np.ndarray) -> None:
    if len(np.unique(labels)) < 2:
        raise ValueError(f"{name}: all {len(labels)} points have one label, needs at least 2")
