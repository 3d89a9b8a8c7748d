"""How far apart are two clouds of points: q(z) and the prior, real and generated features.

    W₁        min over pairings π of  1/n Σᵢ ‖xᵢ − y_π(i)‖
    MMD²      E k(x, x′) + E k(y, y′) − 2 E k(x, y)
    Fréchet   ‖μ₁ − μ₂‖² + tr(C₁ + C₂ − 2 (C₁^½ C₂ C₁^½)^½)

For two finite draws of one distribution none of them is exactly 0, and W₁ and Fréchet are far from
it. So read each number beside its value for two such draws of the same sizes.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

BLOCK = 4_000_000  # distances held at once, 32 MB


def exact_w1(x: np.ndarray, y: np.ndarray) -> float:
    """1-Wasserstein distance between two samples (n, d) of equal size, Euclidean ground distance.

    For equal numbers of equally heavy points the best transport plan is a pairing, found exactly
    by the assignment algorithm: time n³ at worst, seconds at n = 2000, memory 8 n² bytes. Units
    of x; lower is closer. Biased upwards, more so in high dimension.

    Source: Peyré & Cuturi 2019, Computational Optimal Transport, sections 2.2 and 2.4.
    """
    cost = cdist(x, y)  # (n, n)
    return float(cost[linear_sum_assignment(cost)].mean())


def w1_per_dimension(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """W₁ between each column of x and the same column of y, both (n, d); returns (d,).

    On a line the best pairing is the sorted one:  W₁ = 1/n Σᵢ |x₍ᵢ₎ − y₍ᵢ₎|.  Units of x; lower
    is closer.

    Source: Peyré & Cuturi 2019, section 2.6, remark 2.28.
    """
    x, y = (np.sort(points.astype(np.float64), axis=0) for points in (x, y))
    return np.abs(x - y).mean(axis=0)


def sliced_w1(x: np.ndarray, y: np.ndarray, directions: int = 500, seed: int = 0) -> float:
    """Mean W₁ of the samples (n, d) projected on random directions θ of unit length.

        SW₁ = 1/L Σ_l W₁(x θ_l, y θ_l),     θ_l uniform on the unit sphere

    Plain mean, not scaled up by √d or otherwise: SW₁ <= W₁, and for y = x + v it is E|⟨v, θ⟩| =
    ‖v‖ Γ(d/2) / (√π Γ((d + 1)/2)), about 0.25 ‖v‖ at d = 10. Units of x; lower is closer.

    Source: Bonneel, Rabin, Peyré & Pfister 2015, Sliced and Radon Wasserstein Barycenters of
    Measures (for W₂); Peyré & Cuturi 2019, section 10.4.
    """
    theta = np.random.default_rng(seed).standard_normal((x.shape[1], directions))
    theta /= np.linalg.norm(theta, axis=0)
    step = max(1, BLOCK // len(x))
    blocks = (theta[:, start : start + step] for start in range(0, directions, step))
    distances = [w1_per_dimension(x @ block, y @ block) for block in blocks]
    return float(np.concatenate(distances).mean())


def mmd_imq(x: np.ndarray, y: np.ndarray) -> float:
    """Squared maximum mean discrepancy of x (n, d) and y (m, d), inverse multiquadric kernel.

        MMD² = 1/(n(n−1)) Σ_{i≠j} k(xᵢ, xⱼ) + 1/(m(m−1)) Σ_{i≠j} k(yᵢ, yⱼ)
               − 2/(nm) Σ_{ij} k(xᵢ, yⱼ)
        k(a, b) = C / (C + ‖a − b‖²),     C = 2 d

    C is the mean squared distance between two draws of the prior N(0, I). The U-statistic
    leaves the pairs i = j out, which makes it unbiased: for equal distributions it scatters about
    0 and may be slightly negative. No units, at most 2; lower is closer.

    Source: Tolstikhin, Bousquet, Gelly & Schölkopf 2018, Wasserstein Auto-Encoders, algorithm 2
    and section 4; the estimator: Gretton et al. 2012, A Kernel Two-Sample Test, lemma 6.
    """
    scale = 2 * x.shape[1]
    n, m = len(x), len(y)
    # k(a, a) = 1, so taking n (or m) from the full sum leaves the pairs i ≠ j.
    within_x = (_imq_sum(x, x, scale) - n) / (n * (n - 1))
    within_y = (_imq_sum(y, y, scale) - m) / (m * (m - 1))
    return within_x + within_y - 2 * _imq_sum(x, y, scale) / (n * m)


def frechet_distance(mu1: np.ndarray, cov1: np.ndarray, mu2: np.ndarray, cov2: np.ndarray) -> float:
    """Fréchet distance between the Gaussians N(mu1, cov1) and N(mu2, cov2), as a square.

    means (d,), covariances (d, d). It is their squared 2-Wasserstein distance: units of x
    squared; lower is closer. The last trace is the sum of the singular values of C₁^½ C₂^½, and
    each root comes from a symmetric eigendecomposition, so singular covariances (a dead feature)
    need no special care.

    Source: Dowson & Landau 1982, The Fréchet distance between multivariate normal distributions;
    as the score of a generator: Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule
    Converge to a Local Nash Equilibrium, eq. 6.
    """
    overlap = np.linalg.norm(_symmetric_root(cov1) @ _symmetric_root(cov2), "nuc")
    squared = np.sum((mu1 - mu2) ** 2) + np.trace(cov1) + np.trace(cov2) - 2 * overlap
    return max(0.0, float(squared))  # rounding may leave −1e-15


def frechet_from_features(real: np.ndarray, fake: np.ndarray) -> float:
    """Fréchet distance of Gaussians fitted to two sets of features, (n, d) and (m, d).

    Features' units squared; lower is closer. The estimate grows as samples get fewer (Bińkowski
    et al. 2018, Demystifying MMD GANs, appendix D): compare only values from equal numbers, more
    than d of them.
    """
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    return frechet_distance(
        mu1=real.mean(axis=0),
        cov1=np.cov(real, rowvar=False),
        mu2=fake.mean(axis=0),
        cov2=np.cov(fake, rowvar=False),
    )


def precision_recall(real: np.ndarray, fake: np.ndarray, k: int = 3) -> tuple[float, float]:
    """Return the improved precision and recall of fake features (m, d) against real ones (n, d).

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
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    finders = [NearestNeighbors(n_neighbors=k, algorithm="brute").fit(f) for f in (real, fake)]
    real_radius, fake_radius = (f.kneighbors()[0][:, -1] for f in finders)  # (n,), (m,)
    inside = 0
    reached = np.zeros(len(real), dtype=bool)
    start = 0
    block_mib = BLOCK * 8 / 2**20
    for distance in pairwise_distances_chunked(fake, real, working_memory=block_mib):  # (rows, n)
        stop = start + len(distance)
        inside += int((distance <= real_radius).any(axis=1).sum())
        reached |= (distance <= fake_radius[start:stop, None]).any(axis=0)
        start = stop
    return inside / len(fake), float(reached.mean())


def _imq_sum(x: np.ndarray, y: np.ndarray, scale: float) -> float:
    """Sum of scale / (scale + ‖xᵢ − yⱼ‖²) over all pairs, a block of rows at a time."""
    step = max(1, BLOCK // len(y))
    blocks = (cdist(x[i : i + step], y, "sqeuclidean") for i in range(0, len(x), step))
    return float(sum((scale / (scale + block)).sum() for block in blocks))


def _symmetric_root(cov: np.ndarray) -> np.ndarray:
    """C^½ of a covariance (d, d)."""
    values, vectors = np.linalg.eigh(cov)
    # Eigenvalues that are 0 come back as rounding noise, of which the root would be far from 0.
    values[values < len(cov) * np.finfo(np.float64).eps * values[-1]] = 0
    return (vectors * np.sqrt(values)) @ vectors.T
