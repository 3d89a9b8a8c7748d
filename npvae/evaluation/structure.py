"""How the latent space is organised: which digits lie apart, which dimensions are used.

    accuracy           share of test images whose digit is told from μ alone
    silhouette         mean over points of (b − a) / max(a, b)
    active units       dimensions u with Var_x(μ_u(x)) > 0.01
    t-SNE              a map of the codes into the plane, and how far it can be trusted

Points are the posterior means μ (n, d) of images, labels their digits (n,).
"""

from typing import NamedTuple

import numpy as np
from sklearn import manifold
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

MAP_SIZE = 5_000  # points of a t-SNE map
TRUST_SIZE = 3_000  # of these, points whose neighbours are compared, in memory of 24 n² bytes


class Embedding(NamedTuple):
    """A map of some of N images into the plane."""

    index: np.ndarray  # (n,) which of the N
    points: np.ndarray  # (n, 2)


def knn_accuracy(
    train_x: np.ndarray, train_y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray, k: int = 5
) -> float:
    """Share of test points (m, d) labelled like the most of their k nearest training points.

    Euclidean distance, equal votes. No units, 0 to 1, higher is better: labels (n,) keep to
    regions of their own, of whatever shape. Chance is the share of the commonest label.

    Source: Cover & Hart 1967, Nearest Neighbor Pattern Classification.
    """
    # In 10 dimensions the brute search, a matrix product, is several times faster than a tree.
    neighbours = KNeighborsClassifier(k, algorithm="brute")
    neighbours.fit(train_x.astype(np.float64), train_y)
    return float(neighbours.score(test_x.astype(np.float64), test_y))


def linear_probe_accuracy(
    train_x: np.ndarray, train_y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray
) -> float:
    """Test accuracy of multinomial logistic regression on standardised features (n, d).

    Mean and scale come from the training points; L2 penalty ½‖w‖² beside the summed
    cross-entropy, which at thousands of points weighs nothing. No units, 0 to 1, higher is
    better: labels are told apart by planes.

    Source: Alain & Bengio 2016, Understanding intermediate layers using linear classifier probes.
    """
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    # Products of ten columns are too small to share out: several threads take longer than one.
    with threadpool_limits(1, user_api="blas"):
        probe.fit(train_x.astype(np.float64), train_y)
        return float(probe.score(test_x.astype(np.float64), test_y))


def silhouette_by_label(
    x: np.ndarray, labels: np.ndarray, samples: int = 5000, seed: int = 0
) -> float | None:
    """Mean silhouette of points (n, d) when the label (n,) of each is taken for its cluster.

        s = (b − a) / max(a, b),   a, b = mean distance to the own and to the nearest other label

    No units, −1 to 1: 1 = tight and far apart, 0 = overlapping, negative = nearer to another
    label. Higher is better separated. Time grows as n²: of more than `samples` points that many
    are used, drawn without replacement by `seed`. None where all labels are equal or all differ:
    then there are no clusters to compare.

    Source: Rousseeuw 1987, Silhouettes: a graphical aid to cluster analysis, section 2.
    """
    if len(x) > samples:
        chosen = np.random.default_rng(seed).choice(len(x), samples, replace=False)
        x, labels = x[chosen], labels[chosen]
    if not 1 < len(np.unique(labels)) < len(labels):
        return None
    return float(silhouette_score(x.astype(np.float64), labels))


def tsne(mu: np.ndarray, seed: int, subset: int = MAP_SIZE) -> Embedding:
    """Map codes mu (N, latent), or `subset` of them drawn by the seed, into the plane by t-SNE.

    Neighbours in the plane are mostly neighbours in latent space; distances between clusters and
    their sizes mean little. Needs at least 2 codes.

    Source: van der Maaten & Hinton 2008, Visualizing Data using t-SNE.
    """
    index = np.sort(np.random.default_rng(seed).permutation(len(mu))[:subset])
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


def trustworthiness(mu: np.ndarray, embedding: Embedding, k: int = 5) -> float:
    """How far neighbours in an embedding of mu (N, latent) are neighbours in latent space as well.

        T = 1 − 2 / (n k (2n − 3k − 1)) Σᵢ Σ_{j in Nᵢ} max(0, r(i, j) − k)

    Nᵢ: the k nearest of point i in the embedding; r(i, j): the rank of j among the neighbours of
    i in latent space; n: the number of points, of which at most the first 3,000 are used. No units,
    0 to 1, higher is better: 1 = no false neighbours, about 0.5 for an embedding at random. Needs
    k < n / 2.

    Source: Venna & Kaski 2001, Neighborhood Preservation in Nonlinear Projection Methods.
    """
    index, points = embedding.index[:TRUST_SIZE], embedding.points[:TRUST_SIZE]
    x, y = mu[index].astype(np.float64), points.astype(np.float64)
    return float(manifold.trustworthiness(x, y, n_neighbors=k))


def active_units(mu: np.ndarray, threshold: float = 0.01) -> np.ndarray:
    """Tell the latent dimensions that carry information: a boolean (d,), its sum their number.

    mu (n, d): the posterior means of n >= 2 images. The variance is in units of z squared, and
    the prior's is 1. More active units: more of the latent space is used.

    Source: Burda, Grosse & Salakhutdinov 2016, Importance Weighted Autoencoders, section 5.2.
    """
    return mu.var(axis=0, dtype=np.float64) > threshold


def correlation(samples: np.ndarray) -> np.ndarray:
    """Pearson correlations (d, d) between the columns of `samples` (n, d), n >= 2.

    No units, −1 to 1; those of the prior are 0 off the diagonal. There n independent draws of the
    prior still have a mean size near √(2 / (π n)). A dimension that never varies counts as
    correlated with none (0).
    """
    matrix = np.eye(samples.shape[1])
    varies = np.ptp(samples, axis=0) > 0
    if varies.sum() > 1:
        found = np.corrcoef(samples[:, varies], rowvar=False, dtype=np.float64)
        matrix[np.ix_(varies, varies)] = found
    return matrix
