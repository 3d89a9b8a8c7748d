"""How well a model gives an image back: its errors, their gap to the training images, its blur.

    gap     mean BCE of the test images − mean BCE of as many training images        both at z = μ
    blur    the s for which  mean sharpness(originals blurred by s) = mean sharpness(at z = μ)

A decoder that is unsure where an edge lies makes it soft. The blur says how soft in pixels.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import Instruments, some_rows
from npvae.evaluation.intervals import Measurement, resample
from npvae.models.inference import decode, reconstruction_errors
from npvae.nn.pixels import unit_range

BLUR_IMAGES = 2_000  # test images whose blur is measured
BLURS = np.append(0, np.arange(0.2, 4.01, 0.05))  # in pixels; below 0.2 nothing changes
MODE_BIN = 1.0  # width of the bins in which the most frequent error is found


def measure_reconstruction(
    found: Measurement, model: EncodedRun, instruments: Instruments, train_mu: np.ndarray
) -> None:
    """Measure the section "reconstruction" of `metrics.py`, with μ of all training images."""
    data = instruments.data
    found.add_means(sse_mu=model.at_mu.sse, sse_z=model.at_z.sse, bce_mu=model.at_mu.bce)
    found.add(lambda sse: {"sse_z_mode": histogram_mode(sse)}, sse=model.at_z.sse)
    seen = some_rows(len(train_mu), len(model.mu))
    measure_gap(found, reconstruction_errors(model.w, train_mu[seen], data.train_images[seen]).bce)
    rows = some_rows(len(data.test_images), BLUR_IMAGES)
    made = sharpness(decode(model.w, model.mu[rows]), data.image_shape)
    both = {"made": made, "blurred": instruments.blurred}
    found.add(lambda **drawn: {"blur": blur_in_pixels(**drawn)}, **both)


def histogram_mode(values: np.ndarray, bin_width: float = MODE_BIN) -> float:
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
    grid = images.reshape(-1, *shape)
    across = np.abs(np.diff(grid, axis=2)).sum(axis=(1, 2), dtype=np.float64)
    down = np.abs(np.diff(grid, axis=1)).sum(axis=(1, 2), dtype=np.float64)
    return (across + down) / np.prod(shape)


def blur_originals(images: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the sharpness (n, len(BLURS)) of the images of `blur`, under each blur of the table.

    images (N, pixels) are bytes or floats in [0, 1]. Outside of an image everything is black.
    """
    grid = unit_range(images[some_rows(len(images), BLUR_IMAGES)]).reshape(-1, *shape)
    eyes = [np.eye(side, dtype=grid.dtype) for side in shape]
    table = np.empty((len(grid), len(BLURS)))
    for k, s in enumerate(BLURS):
        # A blur is linear: along an axis it is a product with the blurred identity.
        down, across = (gaussian_filter(eye, (s, 0), mode="constant") for eye in eyes)
        table[:, k] = sharpness(down @ grid @ across.T, shape)
    return table


def blur_in_pixels(made: np.ndarray, blurred: np.ndarray) -> float:
    """Return the Gaussian blur, in pixels, whose images are as sharp on average as those made.

    made (n,) is the sharpness of each, blurred (n, len(BLURS)) that of each original under each
    blur, between which the answer is interpolated. It is 0 for sharper images than the originals.
    """
    falling = np.minimum.accumulate(blurred.mean(axis=0))
    return float(np.interp(-made.mean(), -falling, BLURS))
