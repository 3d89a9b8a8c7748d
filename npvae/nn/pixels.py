"""Pixels as the networks see them: numbers in [0, 1], whether the data set has bytes or floats."""

import numpy as np

from npvae.kernels.jit import jit


@jit
def gather(images: np.ndarray, index: np.ndarray, x: np.ndarray) -> None:
    """Copy images[index] to x as numbers in [0, 1]; bytes are divided by 255, floats kept."""
    scale = x.dtype.type(1 / 255 if images.itemsize == 1 else 1)  # bytes or floats
    for row in range(index.size):
        image = images[index[row]]  # (P,)
        for p in range(image.size):
            x[row, p] = scale * x.dtype.type(image[p])  # now in [0, 1]


def unit_range(images: np.ndarray) -> np.ndarray:
    """Return images as floats in [0, 1]: bytes are divided by 255, floats kept."""
    return images / np.float32(255) if images.dtype == np.uint8 else images
