"""How real a model's samples look: decoded draws of four sources, in two feature spaces.

    frechet          z from the prior N(0, I)
    frechet_gauss    z from one Gaussian fitted to training codes
    frechet_mix      z from ten, fitted by expectation maximisation
    frechet_codes    z the training codes themselves: what is left is the decoder's fault
    pca_mix          as frechet_mix, in principal components of the pixels: a second opinion

The prior asks that the codes match it. A fitted density does not, so samples from it tell what the
decoder can do once the match no longer counts (Ghosh, Sajjadi, Vergari, Black & Schölkopf 2020,
From Variational to Deterministic Autoencoders, section 4).

The bootstrap draws rows of both sides, of the test images and of the images made, with one index.
They are unrelated row by row, so it contains the chance on either side.
"""

from typing import NamedTuple

import numpy as np
from sklearn.mixture import GaussianMixture

from npvae.evaluation.classifier.features import classify
from npvae.evaluation.distances import frechet_distance
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import DRAWS, SEED, Instruments, prior_draws, some_rows
from npvae.evaluation.measurement import Measurement
from npvae.models.inference import decode, encode, sample
from npvae.models.vae import VAEWeights
from npvae.nn.pixels import unit_range
from npvae.training import streams

COMPONENTS = 10  # of the mixture
FIT_SIZE = 20_000  # training images whose codes, or pixels, are fitted
LEAST_VARIANCE = 1e-6  # added to each: a dimension that never varies needs some width
MOST_STEPS = 500  # of expectation maximisation
PCA_SIZE = 64  # principal components of the pixels, as many as the classifier has features


class Samplers(NamedTuple):
    """Densities fitted to a model's training codes; `score_samples` gives their logarithm."""

    gauss: GaussianMixture  # one component
    mix: GaussianMixture  # COMPONENTS, or as many as there are different codes


def training_codes(w: VAEWeights, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mu and z (n, latent) of training images (n, pixels), one draw from each posterior."""
    mu, logvar = encode(w, images)
    return mu, sample(mu, logvar, SEED + 1)  # not the noise of the test images' codes


def fit(z: np.ndarray) -> Samplers:
    """Fit both densities to codes z (n, latent), n >= 2."""
    z = z.astype(np.float64)
    components = min(COMPONENTS, len(np.unique(z, axis=0)))
    how = {"reg_covar": LEAST_VARIANCE, "max_iter": MOST_STEPS, "random_state": SEED}
    return Samplers(*(GaussianMixture(k, **how).fit(z) for k in (1, components)))


def draw(density: GaussianMixture, n: int) -> np.ndarray:
    """Return n draws (n, latent), in random order and the same each time."""
    z, _ = density.sample(n)  # one component after the other
    return np.random.default_rng([SEED, streams.SAMPLER_ORDER]).permutation(z)


def measure_samples(
    found: Measurement,
    model: EncodedRun,
    instruments: Instruments,
    samplers: Samplers,
    train_z: np.ndarray,
) -> None:
    """Measure the section "samples" of `metrics.py`. As many images are made as there are tests.

    Without a classifier the pixels' components are left.
    """
    n, latent = model.z.shape
    test, components = instruments.data.test_images, instruments.components
    mixed = decode(model.w, draw(samplers.mix, n))
    found.add("pca_mix", frechet_distance, project(test, components), project(mixed, components))
    if instruments.classifier is None:
        return
    sources = {
        "frechet": decode(model.w, prior_draws(n, latent, draw=DRAWS)),
        "frechet_gauss": decode(model.w, draw(samplers.gauss, n)),
        "frechet_mix": mixed,
        "frechet_codes": decode(model.w, train_z[some_rows(len(train_z), n)]),
    }
    for key, images in sources.items():
        made = classify(instruments.classifier, images).features
        real = instruments.test_features[some_rows(n, len(made))]  # as many
        found.add(key, frechet_distance, real, made)


def principal_components(images: np.ndarray) -> np.ndarray:
    """Return the first PCA_SIZE principal axes (pixels, k) of FIT_SIZE of images (n, pixels)."""
    x = unit_range(images[some_rows(len(images), FIT_SIZE)]).astype(np.float64)
    axes = np.linalg.eigh(np.cov(x, rowvar=False).reshape(x.shape[1], -1))[1]
    return axes[:, ::-1][:, :PCA_SIZE]


def project(images: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Return the coordinates (n, k) of images (n, pixels) along components (pixels, k)."""
    return unit_range(images) @ components.astype(np.float32)
