"""How good a model's images are: those that it gives back, and its samples.

    gap     mean BCE of the test images − mean BCE of as many training images        both at z = μ
    blur    the s for which  mean sharpness(originals blurred by s) = mean sharpness(at z = μ)

A decoder that is unsure where an edge lies makes it soft. The blur says how soft in pixels.

Samples are decoded draws of four sources. The prior asks that the codes match it. A fitted density
does not, so samples from it tell what the decoder can do once the match no longer counts (Ghosh,
Sajjadi, Vergari, Black & Schölkopf 2020, From Variational to Deterministic Autoencoders, section
4). For training codes themselves, what is left is the decoder's fault.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from npvae.evaluation.densities import Density, fit_density
from npvae.evaluation.distances import frechet_distances
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import DRAWS, Instruments, features, prior_draws, some_rows
from npvae.evaluation.intervals import Measurement, resample
from npvae.models.inference import decode, reconstruction_errors
from npvae.nn.pixels import unit_range

BLUR_IMAGES = 2_000  # test images whose blur is measured
BLURS = np.append(0, np.arange(0.2, 4.01, 0.05))  # in pixels; below 0.2 nothing changes


def measure_reconstruction(
    found: Measurement, model: EncodedRun, by: Instruments, train_mu: np.ndarray
) -> None:
    """Measure the section "reconstruction" of `metrics.py`, with μ of all training images."""
    data = by.data
    found.add_means(sse_mu=model.at_mu.sse, sse_z=model.at_z.sse, bce_mu=model.at_mu.bce)
    found.add(lambda sse: {"sse_z_mode": histogram_mode(sse)}, sse=model.at_z.sse)
    seen = some_rows(len(train_mu), len(model.mu))
    measure_gap(found, reconstruction_errors(model.w, train_mu[seen], data.train_images[seen]).bce)
    made = decode(model.w, model.mu[some_rows(len(model.mu), BLUR_IMAGES)])
    both = {"made": sharpness(made, data.image_shape), "blurred": by.blurred}
    found.add(lambda **drawn: {"blur": blur_in_pixels(**drawn)}, **both)


def histogram_mode(values: np.ndarray, bin_width: float = 1.0) -> float:
    """Return the centre of the fullest histogram bin of `values` (n,), the lowest of equally full.

    Bin j covers [j · bin_width, (j + 1) · bin_width), so that all models share the same bins.
    """
    bins, counts = np.unique(np.floor(values / bin_width), return_counts=True)
    return float((bins[counts.argmax()] + 0.5) * bin_width)


def measure_gap(found: Measurement, train_bce: np.ndarray) -> None:
    """Add the gap between the test images' BCE, already found, and that of training images (n,).

    These are two independent samples. Each is resampled by itself, with a seed of its own.
    """
    found.values["gap_bce_mu"] = found.values["bce_mu"] - float(train_bce.mean())
    train = resample(np.mean, seed=1, a=train_bce)
    found.replicates["gap_bce_mu"] = found.replicates["bce_mu"] - train


def sharpness(images: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return each image's mean absolute difference of neighbouring pixels; images in [0, 1]."""
    steps = (np.abs(np.diff(images.reshape(-1, *shape), axis=axis)) for axis in (2, 1))
    return sum(s.sum(axis=(1, 2), dtype=np.float64) for s in steps) / np.prod(shape)


def blur_originals(images: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the sharpness (n, len(BLURS)) of n of images (N, pixels), under each blur of BLURS.

    Outside of an image everything is black.
    """
    grid = unit_range(images[some_rows(len(images), BLUR_IMAGES)]).reshape(-1, *shape)
    blurred = (gaussian_filter(grid, (0, s, s), mode="constant") for s in BLURS)
    return np.stack([sharpness(one, shape) for one in blurred], axis=1)


def blur_in_pixels(made: np.ndarray, blurred: np.ndarray) -> float:
    """Return the Gaussian blur, in pixels, whose images are as sharp on average as those made.

    made (n,) is the sharpness of each, blurred (n, len(BLURS)) that of each original under each
    blur, between which the answer is interpolated. It is 0 for sharper images than the originals.
    """
    falling = np.minimum.accumulate(blurred.mean(axis=0))
    return float(np.interp(-made.mean(), -falling, BLURS))


def measure_samples(
    found: Measurement, model: EncodedRun, by: Instruments, train_z: np.ndarray, mix: Density
) -> None:
    """Measure the section "samples" of `metrics.py`: as many as there are test images.

    If there are fewer codes train_z (m, latent) of training images, to which the Gaussians `mix`
    were fitted, it is as many. Without a classifier the pixels' components are left. The bootstrap
    draws rows of both sides with one index. They are unrelated, so it has the chance on either.
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
