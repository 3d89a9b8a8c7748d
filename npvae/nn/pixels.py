"""Pixels as the networks see them: numbers in [0, 1], whether the data set has bytes or floats."""

import numpy as np
from numba import prange

from npvae.kernels.jit import THREADING_LAYER, jit

# Fewer pixels are left to one thread: it is done before the others are awake.
MIN_PARALLEL = 1_000_000 if THREADING_LAYER == "workqueue" else 16_384


@jit
def _copy_image(image, scale, x):
    for p in range(image.size):
        x[p] = scale * x.dtype.type(image[p])  # now in [0, 1]


@jit(parallel=True)
def gather(images: np.ndarray, index: np.ndarray, x: np.ndarray) -> None:
    """Copy images[index] to x as numbers in [0, 1]; bytes are divided by 255, floats kept."""
    scale = x.dtype.type(1 / 255 if images.itemsize == 1 else 1)  # bytes or floats
    if x.size >= MIN_PARALLEL:
        for row in prange(index.size):
            _copy_image(images[index[row]], scale, x[row])
    else:
        for row in range(index.size):
            _copy_image(images[index[row]], scale, x[row])


def unit_range(images: np.ndarray) -> np.ndarray:
    """Return images as floats in [0, 1]: bytes are divided by 255, floats kept."""
    return images / np.float32(255) if images.dtype == np.uint8 else images
