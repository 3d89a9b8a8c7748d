"""Mixtures of Gaussians fitted to codes: densities to sample from, and to measure shape with.

    y = (z - m) V diag(v)^-1/2          m, V diag(v) V^T = the mean and the covariance of the codes
    log g(z) = log sum_k w_k N(y; m_k, C_k) - sum_i log(v_i) / 2

The mixture is fitted to the whitened codes y. So an invertible affine map of the codes changes
neither which mixture is found, up to a rotation, nor what the least width of a component means.
Expectation maximisation never lowers the mean of log g. From k-means' clusters on it finds in turn

    shares    r_k(y) = w_k N(y; m_k, C_k) / sum_j w_j N(y; m_j, C_j)
    parts     w_k, m_k, C_k = weight, mean and covariance of the y, each counted r_k(y) times

Source: Dempster, Laird & Rubin 1977, Maximum likelihood from incomplete data via the EM algorithm.
"""

from typing import NamedTuple

import numpy as np
from sklearn.cluster import KMeans

from npvae.evaluation.instruments import SEED
from npvae.training import streams

LEAST_VARIANCE = 1e-6  # of whitened codes, added to each: what never varies needs some width
MOST_STEPS, LEAST_GAIN = 500, 1e-3  # of expectation maximisation; in nats, of a step


class Density(NamedTuple):
    """A mixture of K Gaussians, and the map that whitens codes: y = (z - mean) @ whiten."""

    mean: np.ndarray  # (L,)
    whiten: np.ndarray  # (L, L); whiten whiten^T is the inverse of the codes' covariance
    weights: np.ndarray  # (K,)
    means: np.ndarray  # (K, L)
    covariances: np.ndarray  # (K, L, L)

    def log(self, z: np.ndarray) -> np.ndarray:
        """Return log g(z) (N,) of points z (N, L)."""
        y = (z.astype(np.float64) - self.mean) @ self.whiten
        return _shares(y, *self[2:])[0] + np.linalg.slogdet(self.whiten)[1]

    def draw(self, n: int) -> np.ndarray:
        """Return n draws (n, L), in random order and the same each time."""
        rng = np.random.RandomState(SEED)
        counts = rng.multinomial(n, self.weights)  # one component after the other
        parts = zip(self.means, self.covariances, counts, strict=True)
        y = np.concatenate([rng.multivariate_normal(*part) for part in parts])
        y = np.random.default_rng([SEED, streams.SAMPLER_ORDER]).permutation(y)
        return self.mean + y @ np.linalg.inv(self.whiten)


def standard_normal(latent: int) -> Density:
    """Return N(0, I), the prior, as such a density."""
    one = np.eye(latent)
    return Density(np.zeros(latent), one, np.ones(1), np.zeros((1, latent)), one[None])


def moments(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean m (L,) of codes z (N, L), and the eigenpairs v (L,), V (L, L) of their C.

    v is 0 where the codes vary no more than rounding does, as in a dimension that never varies.
    """
    z = z.astype(np.float64)
    m = z.mean(axis=0)
    v, V = np.linalg.eigh((z - m).T @ (z - m) / len(z))
    rounding = len(v) * np.finfo(np.float64).eps * (v.sum() + m @ m)
    return m, np.where(v > rounding, v, 0), V


def fit_density(z: np.ndarray, components: int) -> Density:
    """Fit so many Gaussians to codes z (n, L), n >= 2, or as many as there are different codes."""
    mean, v, V = moments(z)
    whiten = V / np.sqrt(np.where(v > 0, v, 1))  # what never varies stays as it is
    y = (z - mean) @ whiten
    components = min(components, len(np.unique(z, axis=0)))
    clusters = KMeans(components, n_init=1, random_state=SEED).fit(y).labels_
    parts, before = _parts(y, np.eye(components)[:, clusters]), -np.inf
    for _ in range(MOST_STEPS):
        log_g, shares = _shares(y, *parts)
        parts = _parts(y, shares)
        if abs(log_g.mean() - before) < LEAST_GAIN:
            break
        before = log_g.mean()
    return Density(mean, whiten, *parts)


def _shares(
    y: np.ndarray, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return log of the mixture (N,), and the shares (K, N), at points y (N, L).

        log N(y; m, C) = (log det P - L log 2 pi - m^T P m) / 2 + (P m)^T y - y^T P y / 2

    with P = C^-1. It is linear in 1, y_i and y_i y_j: for all parts together a product of matrices.
    """
    P, L = np.linalg.inv(covariances), y.shape[1]
    Pm = np.einsum("kij,kj->ki", P, means)
    constant = np.linalg.slogdet(P)[1] - L * np.log(2 * np.pi) - (means * Pm).sum(axis=1)
    i, j = np.triu_indices(L)
    square = ((i == j) / 2 - 1) * P[:, i, j]  # y_i y_j stands for y_j y_i, too
    factors = np.column_stack([np.log(weights) + constant / 2, Pm, square])
    terms = np.concatenate([np.ones((1, len(y))), y.T, y.T[i] * y.T[j]])
    log_parts = factors @ terms  # (K, N)
    most = log_parts.max(axis=0)
    parts = np.exp(log_parts - most)
    total = parts.sum(axis=0)
    return most + np.log(total), parts / total


def _parts(y: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the parts of a mixture by the shares (K, N) that they have of y (N, L)."""
    counts = shares.sum(axis=1) + 10 * np.finfo(np.float64).eps  # a part may have lost all
    means = shares @ y / counts[:, None]
    covariances = np.tile(LEAST_VARIANCE * np.eye(y.shape[1]), (len(means), 1, 1))
    columns = np.ascontiguousarray(y.T)
    for C, m, share, count in zip(covariances, means, shares, counts, strict=True):
        away = columns - m[:, None]  # (L, N)
        C += (share * away) @ away.T / count
    return counts / counts.sum(), means, covariances
