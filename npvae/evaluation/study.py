"""The study: all trainings that were measured, by what they share, and the numbers compared.

`npvae/training/study.py` says which trainings there are. Each has a name: those that differ in
seed and epochs only have the same.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from npvae.evaluation.classifier.features import classify
from npvae.evaluation.comparison import Comparison
from npvae.evaluation.distances import frechet_distance
from npvae.evaluation.encoded import EncodedRun, kind_of
from npvae.evaluation.instruments import DRAWS, Instruments, prior_draws
from npvae.evaluation.intervals import Measurement
from npvae.evaluation.latent import measure_sliced
from npvae.models.inference import decode
from npvae.training.options import Options
from npvae.training.runs import RUNS
from npvae.training.study import weight_of


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
        return weight_of(self.options)

    @property
    def name(self) -> str:
        """Return what it shares with trainings that differ in seed and epochs: its key everywhere.

        It is a key of MODELS, or such as "KL, σ = 0.17" for a control, "WS at λ = 3" in the sweep.
        """
        kind = kind_of(self.options)
        if self.held_out is not None:
            return f"{kind.label} at {kind.symbol} = {self.weight:g}"
        return kind.key if self.options.sigma is None else held(kind.key, self.options.sigma)


@dataclass(frozen=True)
class Study:
    """All trainings that were measured."""

    trained: list[Trained]
    perfect_match: dict[str, float]  # by metric

    @cached_property
    def stations(self) -> dict[int, dict[str, list[Trained]]]:
        """Return the trainings by epochs, ascending, then by name: one for each seed.

        Where there are none so long, the longest stand in: what has settled is not continued.
        """
        found, latest = {}, {}
        for epochs in sorted({t.options.epochs for t in self.trained}):
            own = [t for t in self.trained if t.options.epochs == epochs]
            names = dict.fromkeys(t.name for t in own)
            latest = latest | {name: [t for t in own if t.name == name] for name in names}
            found[epochs] = latest
        return found

    @cached_property
    def comparisons(self) -> dict[int, Comparison]:
        """Return the comparison of all stations at each number of epochs, ascending.

        Two numbers are made from others: what decoding z costs, and the BCE of training images.
        """
        found = {}
        for epochs, names in self.stations.items():
            measured = {name: [t.measurement for t in own] for name, own in names.items()}
            c = Comparison(measured, self.perfect_match)
            c = c.with_number("noise", lambda of: of["sse_z"] - of["sse_mu"])
            found[epochs] = c.with_number("bce_train", lambda of: of["bce_mu"] - of["gap_bce_mu"])
        return found

    @property
    def sweep(self) -> dict[str, list[Trained]]:
        """Return the trainings of the sweep by name, the weights of each model ascending."""
        shortest = self.stations[min(self.stations)]
        return {name: found for name, found in shortest.items() if found[0].held_out is not None}

    def at(self, name: str, epochs: int) -> list[Trained]:
        """Return the trainings of a name at a number of epochs; none for what was not trained."""
        return self.stations[epochs].get(name, [])

    def epochs_of(self, name: str, epochs: int) -> int:
        """Return after how many epochs these, of which there must be one, were measured."""
        return self.at(name, epochs)[0].options.epochs

    def settled(self, name: str, epochs: int) -> bool:
        """Tell whether all of these, of which there must be one, have settled."""
        return all(t.settled for t in self.at(name, epochs))

    def seconds(self, name: str, epochs: int) -> float:
        """Return how long these took, mean over the seeds."""
        return float(np.mean([t.seconds for t in self.at(name, epochs)]))


def held(model: str, sigma: float) -> str:
    """Return the name of the trainings of a model with its posterior's σ held."""
    return f"{RUNS[model].label}, σ = {sigma:g}"


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
