"""Mixtures of Gaussians fitted to codes: densities to sample from, and to measure shape with.

    y = (z - m) V diag(v)^-1/2          m, V diag(v) V^T = the mean and the covariance of the codes
    log g(z) = log sum_k w_k N(y; m_k, C_k) - sum_i log(v_i) / 2

The mixture is fitted to the whitened codes y. So an invertible affine map of the codes changes
neither which mixture is found, up to a rotation, nor what the 1e-6 means that scikit-learn adds to
the variances, so that a dimension that never varies has some width.
Source: Dempster, Laird & Rubin 1977, Maximum likelihood from incomplete data via the EM algorithm.
"""

from typing import NamedTuple

import numpy as np
from sklearn.mixture import GaussianMixture

from npvae.evaluation.instruments import SEED
from npvae.training import streams

MIXTURE = 10  # Gaussians to draw samples from


class Density(NamedTuple):
    """A mixture of Gaussians, and the map that whitens codes: y = (z - mean) @ whiten."""

    mean: np.ndarray  # (L,)
    whiten: np.ndarray  # (L, L); whiten whiten^T is the inverse of the codes' covariance
    mixture: GaussianMixture

    def log(self, z: np.ndarray) -> np.ndarray:
        """Return log g(z) (N,) of points z (N, L)."""
        y = (z.astype(np.float64) - self.mean) @ self.whiten
        return self.mixture.score_samples(y) + np.linalg.slogdet(self.whiten)[1]

    def draw(self, n: int) -> np.ndarray:
        """Return n draws (n, L), in random order and the same each time."""
        y, _ = self.mixture.sample(n)  # one component after the other
        y = np.random.default_rng([SEED, streams.SAMPLER_ORDER]).permutation(y)
        return self.mean + y @ np.linalg.inv(self.whiten)


def standard_normal(latent: int) -> Density:
    """Return N(0, I), the prior, as such a density."""
    zero, one, mixture = np.zeros(latent), np.eye(latent), GaussianMixture()
    mixture.weights_, mixture.means_ = np.ones(1), zero[None]
    mixture.precisions_cholesky_ = one[None]
    return Density(zero, one, mixture)


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
    components = min(components, len(np.unique(z, axis=0)))
    mixture = GaussianMixture(components, max_iter=500, random_state=SEED)
    return Density(mean, whiten, mixture.fit((z - mean) @ whiten))
