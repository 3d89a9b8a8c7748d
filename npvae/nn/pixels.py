"""Pixels as the networks see them: numbers in [0, 1], whether the data set has bytes or floats."""

import numpy as np
from numba import prange

from npvae.kernels.jit import jit, shared_from


@jit
def _copy_image(image, scale, x):
    for p in range(image.size):
        x[p] = scale * x.dtype.type(image[p])


@shared_from(16_384)  # pixels
def _copy_images(images, index, scale, x):
    for row in prange(index.size):
        _copy_image(images[index[row]], scale, x[row])


@jit
def gather(images: np.ndarray, index: np.ndarray, x: np.ndarray) -> None:
    """Copy images[index] to x as numbers in [0, 1]; bytes are divided by 255, floats kept."""
    scale = x.dtype.type(1 / 255 if images.itemsize == 1 else 1)  # bytes or floats
    _copy_images(x.size, images, index, scale, x)


def unit_range(images: np.ndarray) -> np.ndarray:
    """Return images as floats in [0, 1]: bytes are divided by 255, floats kept."""
    return images / np.float32(255) if images.dtype == np.uint8 else images
