"""What is measured of one model: its numbers, and how they vary with the test images."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from npvae.evaluation.intervals import resample


@dataclass
class Measurement:
    """The numbers of one model, by the keys of `metrics.py`; one that is not defined is left out.

    `replicates` holds, for the numbers that depend on the test images, their values on bootstrap
    samples of these (see `resample`).
    """

    values: dict[str, float] = field(default_factory=dict)
    replicates: dict[str, np.ndarray] = field(default_factory=dict)  # (RESAMPLES,)

    def add(self, key: str, statistic: Callable[..., float], *arrays: np.ndarray) -> None:
        """Keep statistic(*arrays), and its bootstrap over the rows of the arrays."""
        self.values[key] = float(statistic(*arrays))
        self.replicates[key] = resample(statistic, *arrays)

    def add_means(self, **samples: np.ndarray) -> None:
        """Keep the mean of each array (n,) of numbers of single images, with its bootstrap."""
        for key, array in samples.items():
            self.add(key, np.mean, np.asarray(array, np.float64))
