"""What every model is measured with: the same images, the same classifier, the same random numbers.

`measure.py` makes the instruments, and the modules beside it use them.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPClassifier

from npvae.data.dataset import Dataset
from npvae.training import streams

SEED = 0  # of everything random in the analysis: the same draws for every model
DRAWS = 3  # draws of the prior that codes are compared with
FIT_SIZE = 20_000  # training images whose codes, or pixels, are fitted


@dataclass
class Instruments:
    """The instruments, made once. Without labels of two classes there is no classifier, nor what
    needs it.
    """

    data: Dataset
    # What simple things score, by name and metric. "perfect match": for BCE, the least possible
    baselines: dict[str, dict[str, float]]
    components: PCA | None = None  # of the training images' pixels
    blurred: np.ndarray | None = None  # (n, blurs) sharpness of blurred test images
    classifier: MLPClassifier | None = None
    test_features: np.ndarray | None = None  # (N, 64)
    pairs: np.ndarray | None = None  # (n, 2) test images to interpolate between


def prior_draws(n: int, latent: int, draw: int) -> np.ndarray:
    """Return n draws from N(0, I): numbers 0, 1, .. are those that every model is compared with.

    Number DRAWS is decoded as samples, and takes a model's place for the scores of a perfect match.
    """
    rng = np.random.default_rng([SEED, streams.PRIOR_DRAWS, draw])
    return rng.standard_normal((n, latent), dtype=np.float32)


def some_rows(n: int, most: int) -> np.ndarray:
    """Return the indices of at most `most` of n rows, in order: always the same random choice.

    The first rows would not do. MNIST's first 5,000 test images, for one, are easier than the rest.
    """
    rng = np.random.default_rng([SEED, streams.CHOSEN_ROWS])
    return np.sort(rng.permutation(n)[:most])
