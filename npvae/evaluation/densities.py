"""Mixtures of Gaussians fitted to codes: densities to sample from, and to measure shape with.

    y = (z - m) V diag(v)^-1/2          m, V diag(v) V^T = the mean and the covariance of the codes
    log g(z) = log mixture(y) - sum_i log(v_i) / 2

The mixture is fitted to the whitened codes y. So an invertible affine map of the codes changes
neither which mixture is found, up to a rotation, nor what the least width of a component means.
"""

from typing import NamedTuple

import numpy as np
from sklearn.mixture import GaussianMixture

from npvae.evaluation.instruments import SEED
from npvae.training import streams

LEAST_VARIANCE = 1e-6  # of whitened codes, added to each: what never varies needs some width
MOST_STEPS = 500  # of expectation maximisation


class Density(NamedTuple):
    """A mixture fitted to codes, and the map that whitens these: y = (z - mean) @ whiten."""

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
    mixture = GaussianMixture(
        components, reg_covar=LEAST_VARIANCE, max_iter=MOST_STEPS, random_state=SEED
    )
    return Density(mean, whiten, mixture.fit((z - mean) @ whiten))
