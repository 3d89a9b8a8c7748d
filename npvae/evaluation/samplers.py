"""Where to draw z from after the training: densities fitted to the codes of the training images.

    one Gaussian      N(m, C), with the mean and the covariance of the codes
    ten Gaussians     sum_k w_k N(m_k, C_k), fitted by expectation maximisation

The prior N(0, I) asks that the codes match it. A fitted density does not, so samples from it tell
what the decoder can do once the match to the prior no longer counts.
"""

from typing import NamedTuple

import numpy as np
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import SEED, some_rows
from npvae.models.inference import encode, sample

COMPONENTS = 10  # of the mixture
FIT_SIZE = 20_000  # training images whose codes are fitted
LEAST_VARIANCE = 1e-6  # added to each: a dimension that never varies needs some width
MOST_STEPS = 500  # of expectation maximisation


class Samplers(NamedTuple):
    """Densities fitted to a model's training codes; `score_samples` gives their logarithm."""

    gauss: GaussianMixture  # one component
    mix: GaussianMixture  # COMPONENTS, or as many as there are different codes


def fit(model: EncodedRun, train_images: np.ndarray) -> Samplers:
    """Fit both densities to z drawn from the posteriors of training images (N, pixels).

    Source: Ghosh, Sajjadi, Vergari, Black & Schölkopf 2020, From Variational to Deterministic
    Autoencoders, section 4.
    """
    return fit_codes(training_codes(model, train_images, FIT_SIZE))


def training_codes(model: EncodedRun, train_images: np.ndarray, most: int) -> np.ndarray:
    """Return z (n, latent), one draw each from the posteriors of `most` random training images.

    The noise is not that of the test images' codes.
    """
    mu, logvar = encode(model.w, train_images[some_rows(len(train_images), most)])
    return sample(mu, logvar, SEED + 1)


def fit_codes(z: np.ndarray) -> Samplers:
    """Fit both densities to codes z (n, latent), n >= 2."""
    z = z.astype(np.float64)
    components = min(COMPONENTS, len(np.unique(z, axis=0)))
    # Products of ten columns are too small to share out: several threads take longer than one.
    with threadpool_limits(1):
        fitted = (
            GaussianMixture(
                k, reg_covar=LEAST_VARIANCE, max_iter=MOST_STEPS, random_state=SEED
            ).fit(z)
            for k in (1, components)
        )
        return Samplers(*fitted)


def draw(density: GaussianMixture, n: int) -> np.ndarray:
    """Return n draws (n, latent), in random order and the same each time."""
    z, _ = density.sample(n)  # one component after the other
    return np.random.default_rng(SEED).permutation(z).astype(np.float32)


def gaussian_of(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (latent,) of codes z (N, latent) and a factor A (latent, latent).

    A A^T is their covariance: mean + A eps, with eps ~ N(0, I), is the Gaussian fitted to them.
    """
    covariance = np.cov(z, rowvar=False) + 1e-9 * np.eye(z.shape[1])
    return z.mean(axis=0), np.linalg.cholesky(covariance)
