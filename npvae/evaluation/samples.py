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

import numpy as np
from sklearn.decomposition import PCA

from npvae.evaluation.classifier import features
from npvae.evaluation.densities import Density, fit_density
from npvae.evaluation.distances import frechet_distances
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import DRAWS, FIT_SIZE, Instruments, prior_draws, some_rows
from npvae.evaluation.intervals import Measurement
from npvae.models.inference import decode
from npvae.nn.pixels import unit_range

MIXTURE = 10  # Gaussians
PCA_SIZE = 64  # principal components of the pixels, as many as the classifier has features


def measure_samples(
    found: Measurement, model: EncodedRun, by: Instruments, train_z: np.ndarray, mix: Density
) -> None:
    """Measure the section "samples" of `metrics.py`: with as many images made as there are tests.

    If there are fewer codes train_z (m, latent) of training images, to which the Gaussians `mix`
    were fitted, it is as many. Without a classifier the pixels' components are left.
    """
    n = min(len(model.z), len(train_z))
    tests = some_rows(len(model.z), n)
    sources = {
        "frechet": prior_draws(n, model.z.shape[1], draw=DRAWS),
        "frechet_gauss": fit_density(train_z, 1).draw(n),
        "frechet_mix": mix.draw(n),
        "frechet_codes": train_z[some_rows(len(train_z), n)],
    }
    real = by.components.transform(unit_range(by.data.test_images[tests]))
    made = by.components.transform(decode(model.w, sources["frechet_mix"]))
    found.add(frechet_distances, x=real, pca_mix=made)
    if by.classifier is not None:
        made = {key: features(by.classifier, decode(model.w, z)) for key, z in sources.items()}
        found.add(frechet_distances, x=by.test_features[tests], **made)


def principal_components(images: np.ndarray) -> PCA:
    """Return the first PCA_SIZE principal components of FIT_SIZE of images (n, pixels)."""
    x = unit_range(images[some_rows(len(images), FIT_SIZE)]).astype(np.float64)
    with np.errstate(invalid="ignore"):  # 0 / 0 in shares of the variance, if all are alike
        return PCA(min(PCA_SIZE, *x.shape), svd_solver="covariance_eigh").fit(x)
