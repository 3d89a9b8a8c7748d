"""How far apart are two clouds of points: q(z) and the prior, real and generated features.

    W₁        min over pairings π of  1/n Σᵢ ‖xᵢ − y_π(i)‖      (n points each)
    Fréchet   ‖μ₁ − μ₂‖² + tr(C₁ + C₂ − 2 (C₁^½ C₂ C₁^½)^½)

For two finite draws of one distribution neither is 0: read each number beside its value for two
such draws of the same sizes. How much a W₁ is too large depends on the distributions.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import ndtri

from npvae.models.sliced import mean_shadow
from npvae.training import streams


def assignment_w1(x: np.ndarray, y: np.ndarray) -> float:
    """1-Wasserstein distance between two samples (n, d) of equal size, Euclidean ground distance.

    For equally heavy points the best transport plan is a pairing, which the assignment algorithm
    finds: time n³ at worst, seconds at n = 2000. As W₁ is convex, the mean over samples is at least
    the distance of their distributions.

    Source: Peyré & Cuturi 2019, Computational Optimal Transport, sections 2.2 and 2.4.
    """
    cost = cdist(x, y)  # (n, n)
    # Taking a number from a column or row changes all pairings alike, and saves half of the time.
    reduced = cost - cost.mean(axis=0)
    reduced -= reduced.min(axis=1, keepdims=True)
    return float(cost[linear_sum_assignment(reduced)].mean())


def normal_w1(x: np.ndarray) -> np.ndarray:
    """W₁ between each column of x (n, d) and N(0, 1); returns (d,).

    On a line the best transport keeps the order. So the i-th smallest of n points is compared with
    the middle of the i-th of n equally likely parts of N(0, 1).

    Source: Peyré & Cuturi 2019, section 2.6, remark 2.30.
    """
    rows = np.sort(x.T, axis=1)  # one after the other in memory
    middles = ndtri((np.arange(rows.shape[1]) + 0.5) / rows.shape[1]).astype(x.dtype)
    return np.abs(rows - middles).mean(axis=1, dtype=np.float64)


def sliced_normal_w1(x: np.ndarray, directions: int = 500, seed: int = 0) -> float:
    """Mean W₁ to N(0, 1) of the sample x (n, d) projected on random unit directions θ.

        SW₁ = 1/K Σ_k W₁(x θ_k, N(0, 1)) / E|θ₁|,     θ_k uniform on the unit sphere

    On every θ the projection of N(0, I) is N(0, 1). The mean length E|θ₁| of a direction's shadow
    on an axis, 0.259 at d = 10, makes ‖v‖ of a shift by v, as in `npvae/models/sliced.py`.

    Source: Bonneel, Rabin, Peyré & Pfister 2015, Sliced and Radon Wasserstein Barycenters of
    Measures (for W₂); Peyré & Cuturi 2019, section 10.4.
    """
    rng = np.random.default_rng([seed, streams.DIRECTIONS])
    theta = rng.standard_normal((x.shape[1], directions))
    theta = (theta / np.linalg.norm(theta, axis=0)).astype(x.dtype)
    return float(normal_w1(x @ theta).mean()) / mean_shadow(x.shape[1])


def frechet_distances(x: np.ndarray, **others: np.ndarray) -> dict[str, float]:
    """Fréchet distances, as squares, of the Gaussian of points x (n, d) to those of others (m, d).

    The last trace is the sum of the singular values of C₁^½ C₂^½, and each root comes from a
    symmetric eigendecomposition, so singular covariances (a dead feature) need no special care. The
    estimate grows as samples get fewer (Bińkowski et al. 2018, Demystifying MMD GANs, appendix D):
    compare only values from equal numbers, more than d of them.

    Source: Dowson & Landau 1982, The Fréchet distance between multivariate normal distributions;
    as the score of a generator: Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule
    Converge to a Local Nash Equilibrium, eq. 6.
    """
    (mean, root), found = _mean_and_root(x), {}
    for key, (m, r) in zip(others, map(_mean_and_root, others.values()), strict=True):
        squares = np.sum((mean - m) ** 2) + np.sum(root**2) + np.sum(r**2)
        found[key] = max(0.0, float(squares - 2 * np.linalg.norm(root @ r, "nuc")))
    return found


def _mean_and_root(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (d,) of points x (n, d), and the root C^½ (d, d) of their covariance."""
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(x, rowvar=False)))
    # Eigenvalues that are 0 come back as rounding noise, of which the root would be far from 0.
    values[values < len(values) * np.finfo(np.float64).eps * values[-1]] = 0
    return x.mean(axis=0, dtype=np.float64), (vectors * np.sqrt(values)) @ vectors.T
