"""A study's results: all trainings that were measured, by what they share, and the comparisons.

`npvae/training/study.py` says which trainings there are. Each has a key: those that differ in seed
and epochs only have the same.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from npvae.evaluation.classifier.features import classify
from npvae.evaluation.comparison import Comparison
from npvae.evaluation.distances import frechet_distance
from npvae.evaluation.encoded import EncodedRun, Key, Setting, model_of
from npvae.evaluation.instruments import DRAWS, Instruments, prior_draws
from npvae.evaluation.latent import measure_sliced
from npvae.evaluation.measurement import Measurement
from npvae.models.inference import decode
from npvae.training.options import Options


@dataclass(frozen=True)
class Trained:
    """One finished training, and what was measured of it."""

    options: Options
    seconds: float  # spent training
    settled: bool
    measurement: Measurement  # on the test images
    held_out: float | None = None  # in the sweep: Fréchet distance to held-out training images

    @property
    def weight(self) -> float:
        """Return the weight of its regulariser."""
        return self.options.weight

    @property
    def key(self) -> Key:
        """Return what it shares with trainings that differ in seed and epochs only."""
        model = model_of(self.options)
        if self.held_out is not None:
            return Setting(model, weight=self.weight)
        return model if self.options.sigma is None else Setting(model, self.options.sigma)


@dataclass(frozen=True)
class Study:
    """All trainings that were measured."""

    trained: list[Trained]
    perfect_match: dict[str, float]  # by metric

    @cached_property
    def stations(self) -> dict[int, dict[Key, list[Trained]]]:
        """Return the trainings by epochs, ascending, then by key: one for each seed.

        Where there are none so long, the longest stand in: what has settled is not continued.
        """
        found, latest = {}, {}
        for epochs in sorted({t.options.epochs for t in self.trained}):
            ended = [t for t in self.trained if t.options.epochs == epochs]
            keys = dict.fromkeys(t.key for t in ended)
            latest = latest | {key: [t for t in ended if t.key == key] for key in keys}
            found[epochs] = latest
        return found

    @cached_property
    def comparisons(self) -> dict[int, Comparison]:
        """Return the comparison of all stations at each number of epochs, ascending.

        Two numbers are made from others: what decoding z costs, and the BCE of training images.
        """
        found = {}
        for epochs, trained in self.stations.items():
            measured = {key: [t.measurement for t in seeds] for key, seeds in trained.items()}
            c = Comparison(measured, self.perfect_match)
            c = c.with_number("noise", lambda of: of["sse_z"] - of["sse_mu"])
            found[epochs] = c.with_number("bce_train", lambda of: of["bce_mu"] - of["gap_bce_mu"])
        return found

    @property
    def sweep(self) -> dict[Setting, list[Trained]]:
        """Return the trainings of the sweep by key, the weights of each model ascending."""
        shortest = self.stations[min(self.stations)]
        return {key: found for key, found in shortest.items() if found[0].held_out is not None}

    def at(self, key: Key, epochs: int) -> list[Trained]:
        """Return the trainings of a key at a number of epochs; none for what was not trained."""
        return self.stations[epochs].get(key, [])

    def epochs_of(self, key: Key, epochs: int) -> int:
        """Return after how many epochs these, of which there must be one, were measured."""
        return self.at(key, epochs)[0].options.epochs

    def settled(self, key: Key, epochs: int) -> bool:
        """Tell whether all of these, of which there must be one, have settled."""
        return all(t.settled for t in self.at(key, epochs))

    def seconds(self, key: Key, epochs: int) -> float:
        """Return how long these took, mean over the seeds."""
        return float(np.mean([t.seconds for t in self.at(key, epochs)]))


def measure_point(
    model: EncodedRun, instruments: Instruments, held_out: np.ndarray
) -> tuple[Measurement, float]:
    """Measure a model of the sweep: the few numbers that the trade-off is about.

    Returns also the Fréchet distance of its samples to held-out training images (n, pixels), by
    which a weight is chosen; without labels it is NaN.
    """
    found = Measurement()
    found.add_means(sse_mu=model.at_mu.sse, sse_z=model.at_z.sse)
    measure_sliced(found, model.z)
    if instruments.classifier is None:
        return found, np.nan
    draws = prior_draws(*model.z.shape, draw=DRAWS)
    made = classify(instruments.classifier, decode(model.w, draws)).features
    found.add("frechet", lambda real: frechet_distance(real, made), instruments.test_features)
    return found, frechet_distance(classify(instruments.classifier, held_out).features, made)
