"""How far apart are two clouds of points: q(z) and the prior, real and generated features.

    W₁        min over pairings π of  1/n Σᵢ ‖xᵢ − y_π(i)‖
    MMD²      E k(x, x′) + E k(y, y′) − 2 E k(x, y)
    Fréchet   ‖μ₁ − μ₂‖² + tr(C₁ + C₂ − 2 (C₁^½ C₂ C₁^½)^½)

None of them is exactly 0 (or 1) for two finite draws of one distribution, W₁ and Fréchet least of
all: read each beside its value between two such draws, of the same sizes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from npvae.evaluation.intervals import finite_array

BLOCK = 4_000_000  # distances held at once, 32 MB


class PrecisionRecall(NamedTuple):
    """The share of fakes that look real, and the share of the real data that the fakes reach."""

    precision: float
    recall: float


def exact_w1(x: ArrayLike, y: ArrayLike) -> float:
    """1-Wasserstein distance between two samples (n, d) of equal size, Euclidean ground distance.

        W₁ = min over permutations π of  1/n Σᵢ ‖xᵢ − y_π(i)‖₂

    For equal numbers of equally heavy points the best transport plan is a pairing, found exactly
    by the assignment algorithm: time n³ at worst, seconds at n = 2000, memory 8 n² bytes. Units
    of x; lower is closer. Biased upwards: two draws of one distribution score above 0, more so in
    high dimension.

    Source: Peyré & Cuturi 2019, Computational Optimal Transport, sections 2.2 and 2.4.
    """
    x, y = _two_samples(x, y, same_size=True)
    cost = cdist(x, y)  # (n, n)
    return float(cost[linear_sum_assignment(cost)].mean())


def w1_per_dimension(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """W₁ between each column of x and the same column of y, both (n, d); returns (d,).

    On a line the best pairing is the sorted one:  W₁ = 1/n Σᵢ |x₍ᵢ₎ − y₍ᵢ₎|.  Units of x; lower
    is closer.

    Source: Peyré & Cuturi 2019, section 2.6, remark 2.28.
    """
    x, y = _two_samples(x, y, same_size=True)
    return np.abs(np.sort(x, axis=0) - np.sort(y, axis=0)).mean(axis=0)


def sliced_w1(
    x: ArrayLike, y: ArrayLike, directions: int = 500, seed: int | np.random.Generator = 0
) -> float:
    """Mean W₁ of the samples (n, d) projected on random directions θ of unit length.

        SW₁ = 1/L Σ_l W₁(x θ_l, y θ_l),     θ_l uniform on the unit sphere

    Plain mean, not scaled up by √d or otherwise: SW₁ <= W₁, and for y = x + v it is E|⟨v, θ⟩| =
    ‖v‖ Γ(d/2) / (√π Γ((d + 1)/2)), about 0.25 ‖v‖ at d = 10. Units of x; lower is closer.

    Source: Bonneel, Rabin, Peyré & Pfister 2015, Sliced and Radon Wasserstein Barycenters of
    Measures (for W₂); Peyré & Cuturi 2019, section 10.4.
    """
    x, y = _two_samples(x, y, same_size=True)
    if directions < 1:
        raise ValueError(f"directions: needs at least 1, but is {directions}")
    theta = np.random.default_rng(seed).standard_normal((x.shape[1], directions))
    theta /= np.linalg.norm(theta, axis=0)
    step = max(1, BLOCK // len(x))
    blocks = (theta[:, start : start + step] for start in range(0, directions, step))
    return float(
        np.concatenate([w1_per_dimension(x @ block, y @ block) for block in blocks]).mean()
    )


def mmd_imq(x: ArrayLike, y: ArrayLike, sigma: float = 1.0) -> float:
    """Squared maximum mean discrepancy of x (n, d) and y (m, d), inverse multiquadric kernel.

        MMD² = 1/(n(n−1)) Σ_{i≠j} k(xᵢ, xⱼ) + 1/(m(m−1)) Σ_{i≠j} k(yᵢ, yⱼ)
               − 2/(nm) Σ_{ij} k(xᵢ, yⱼ)
        k(a, b) = C / (C + ‖a − b‖²),     C = 2 d σ²

    C is the mean squared distance between two draws of the prior N(0, σ²I). The U-statistic
    leaves the pairs i = j out, which makes it unbiased: for equal distributions it scatters about
    0 and may be slightly negative. No units, at most 2; lower is closer.

    Source: Tolstikhin, Bousquet, Gelly & Schölkopf 2018, Wasserstein Auto-Encoders, algorithm 2
    and section 4; the estimator: Gretton et al. 2012, A Kernel Two-Sample Test, lemma 6.
    """
    x, y = _two_samples(x, y, least=2)
    if not (np.isfinite(sigma) and sigma > 0):
        raise ValueError(f"sigma: must be a positive number, but is {sigma}")
    scale = 2 * x.shape[1] * sigma**2
    n, m = len(x), len(y)
    # k(a, a) = 1, so taking n (or m) from the full sum leaves the pairs i ≠ j.
    within_x = (_imq_sum(x, x, scale) - n) / (n * (n - 1))
    within_y = (_imq_sum(y, y, scale) - m) / (m * (m - 1))
    return within_x + within_y - 2 * _imq_sum(x, y, scale) / (n * m)


def frechet_distance(mu1: ArrayLike, cov1: ArrayLike, mu2: ArrayLike, cov2: ArrayLike) -> float:
    """Fréchet distance between the Gaussians N(mu1, cov1) and N(mu2, cov2), as a square.

        ‖μ₁ − μ₂‖² + tr(C₁) + tr(C₂) − 2 tr((C₁^½ C₂ C₁^½)^½)

    means (d,), covariances (d, d). It is their squared 2-Wasserstein distance: units of x
    squared; lower is closer. The last trace is the sum of the singular values of C₁^½ C₂^½, and
    each root comes from a symmetric eigendecomposition, so singular covariances (a dead feature)
    need no special care.

    Source: Dowson & Landau 1982, The Fréchet distance between multivariate normal distributions;
    as the score of a generator: Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule
    Converge to a Local Nash Equilibrium, eq. 6.
    """
    mu1, mu2 = finite_array("mu1", mu1, ndim=1), finite_array("mu2", mu2, ndim=1)
    cov1, cov2 = finite_array("cov1", cov1, ndim=2), finite_array("cov2", cov2, ndim=2)
    d = len(mu1)
    if mu2.shape != (d,) or cov1.shape != (d, d) or cov2.shape != (d, d):
        shapes = f"{mu1.shape}, {cov1.shape}, {mu2.shape}, {cov2.shape}"
        raise ValueError(
            f"mu1, cov1, mu2, cov2: needs (d,), (d, d), (d,), (d, d), but has {shapes}"
        )
    overlap = np.linalg.norm(_symmetric_root("cov1", cov1) @ _symmetric_root("cov2", cov2), "nuc")
    squared = np.sum((mu1 - mu2) ** 2) + np.trace(cov1) + np.trace(cov2) - 2 * overlap
    return max(0.0, float(squared))  # rounding may leave −1e-15


def frechet_from_features(real: ArrayLike, fake: ArrayLike) -> float:
    """Fréchet distance of Gaussians fitted to two sets of features, (n, d) and (m, d).

    Features' units squared; lower is closer. The estimate grows as samples get fewer (Bińkowski
    et al. 2018, Demystifying MMD GANs, appendix D): compare only values from equal numbers, more
    than d of them.
    """
    real, fake = _two_samples(real, fake, least=2, names=("real", "fake"))
    fits = [(f.mean(axis=0), np.atleast_2d(np.cov(f, rowvar=False))) for f in (real, fake)]
    return frechet_distance(*fits[0], *fits[1])


def precision_recall(real: ArrayLike, fake: ArrayLike, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall of fake features (m, d) against real ones (n, d).

    A set's manifold is the union of balls around its points, each just reaching its k-th nearest
    other point of the same set. Then

        precision = share of fakes inside the real manifold      (are the samples plausible?)
        recall    = share of reals inside the fakes' manifold    (are all kinds of data sampled?)

    No units, both 0 to 1, higher is better; two draws of one distribution score somewhat below 1.
    Use the same n and m for every model compared. Needs more than k points in each set. Distances
    are taken in blocks, by matrix product: exact to about 1e-7 of the largest feature vector.

    Source: Kynkäänniemi, Karras, Laine, Lehtinen & Aila 2019, Improved Precision and Recall Metric
    for Assessing Generative Models, section 2, eqs. 1 and 2.
    """
    if k < 1:
        raise ValueError(f"k: needs at least 1, but is {k}")
    real, fake = _two_samples(real, fake, least=k + 1, names=("real", "fake"))
    real_radius, fake_radius = _kth_neighbour_distance(real, k), _kth_neighbour_distance(fake, k)
    inside = 0
    reached = np.zeros(len(real), dtype=bool)
    start = 0
    block_mib = BLOCK * 8 / 2**20
    for distance in pairwise_distances_chunked(fake, real, working_memory=block_mib):  # (rows, n)
        stop = start + len(distance)
        inside += int((distance <= real_radius).any(axis=1).sum())
        reached |= (distance <= fake_radius[start:stop, None]).any(axis=0)
        start = stop
    return PrecisionRecall(inside / len(fake), float(reached.mean()))


def _two_samples(
    x: ArrayLike,
    y: ArrayLike,
    least: int = 1,
    same_size: bool = False,
    names: tuple[str, str] = ("x", "y"),
) -> tuple[np.ndarray, np.ndarray]:
    """Check two clouds (n, d) and (m, d) and return them as float64; raises ValueError."""
    x = finite_array(names[0], x, ndim=2, least=least)
    y = finite_array(names[1], y, ndim=2, least=least)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"{names[0]} and {names[1]}: {x.shape[1]} and {y.shape[1]} columns, not equal"
        )
    if same_size and len(x) != len(y):
        raise ValueError(f"{names[0]} and {names[1]}: {len(x)} and {len(y)} samples, not equal")
    return x, y


def _imq_sum(x: np.ndarray, y: np.ndarray, scale: float) -> float:
    """Sum of scale / (scale + ‖xᵢ − yⱼ‖²) over all pairs, a block of rows at a time."""
    step = max(1, BLOCK // len(y))
    blocks = (cdist(x[i : i + step], y, "sqeuclidean") for i in range(0, len(x), step))
    return float(sum((scale / (scale + block)).sum() for block in blocks))


def _symmetric_root(name: str, cov: np.ndarray) -> np.ndarray:
    """C^½ of a covariance (d, d); raises ValueError if it is not one (symmetric, no value < 0)."""
    tolerance = 1e-8 * np.abs(cov).max()
    if not np.allclose(cov, cov.T, rtol=0, atol=tolerance):
        raise ValueError(f"{name}: is not symmetric")
    values, vectors = np.linalg.eigh(cov)
    if values[0] < -len(cov) * tolerance:
        raise ValueError(f"{name}: has the negative eigenvalue {values[0]:.3g}, is no covariance")
    # Eigenvalues that are 0 come back as rounding noise, of which the root would be far from 0.
    values[values < len(cov) * np.finfo(np.float64).eps * values[-1]] = 0
    return (vectors * np.sqrt(values)) @ vectors.T


def _kth_neighbour_distance(points: np.ndarray, k: int) -> np.ndarray:
    """Distance (n,) of each point to its k-th nearest other point."""
    distances, _ = NearestNeighbors(algorithm="brute").fit(points).kneighbors(n_neighbors=k)
    return distances[:, -1]
