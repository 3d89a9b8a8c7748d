"""The study: the trainings that a comparison needs beside the given runs, and what each measured.

    seeds      the same training with other random numbers
    budgets    the same training, two and four times as long: stations of one run; KL and WS,
               where the given run has not settled by then, also eight and sixteen times
    controls   the plain autoencoder, and both models with the posterior's σ held at a fixed value
    sweep      other weights of the regularisers, trained without the last sixth of the training
               images: on these the best weight is chosen, and judged on the test images

Each training has a directory under the study's, named after what it differs in: KIND-WEIGHT, then
-sigmaN, -limitN where given, -seedN, and in it one directory for each station.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from npvae.evaluation.classifier.features import classify
from npvae.evaluation.distances import frechet_from_features
from npvae.evaluation.encoded import encode_run, kind_of
from npvae.evaluation.instruments import DRAWS, SEED, Instruments, prior_draws
from npvae.evaluation.latent import measure_sliced
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.settled import is_settled
from npvae.models.inference import decode
from npvae.training.checkpoint import Run
from npvae.training.options import Options
from npvae.training.runs import RUNS

BUDGETS = (1, 2, 4)  # times the epochs of the given runs
LONGEST = 16  # the same, of a run that does not settle
SIGMAS = (0.17, 0.03)  # held: about what the KL model learns, and a small one
HELD_OUT = 6  # one of so many training images is held out in the sweep


@dataclass(frozen=True)
class Trained:
    """One finished training, and what was measured of it."""

    options: Options
    seconds: float  # spent training
    settled: bool  # by the rule of `settled.py`
    measurement: Measurement  # on the test images
    held_out: Measurement | None = None  # on held-out training images: in the sweep only

    @classmethod
    def of(cls, run: Run, measured: Measurement, held_out: Measurement | None = None) -> "Trained":
        """Make the record of a finished run."""
        seconds = sum(row["seconds"] for row in run.history)
        return cls(run.options, seconds, is_settled(run), measured, held_out)

    @property
    def model(self) -> str:
        """Return the key of its row in MODELS: "kl", "ws" or "ae"."""
        return kind_of(self.options).key

    @property
    def weight(self) -> float:
        """Return the weight of its regulariser."""
        return _weight(self.options)


@dataclass(frozen=True)
class Study:
    """All trainings that were measured; `reference` are the options that the others vary."""

    trained: list[Trained]
    reference: dict[str, Options]  # by model

    def budgets(self) -> list[int]:
        """Return the numbers of epochs at which the reference options were trained, ascending."""
        return sorted({t.options.epochs for t in self.trained if self._is_reference(t)})

    def at(self, model: str, epochs: int) -> list[Trained]:
        """Return a model's trainings of so many epochs that differ from its reference in the seed.

        The given run is the first of them. Where the model was not trained for so long, the longest
        of its shorter trainings stand in: one that has settled is not continued, nor is AE.
        """
        found = [t for t in self.trained if t.model == model and self._is_reference(t)]
        most = max((t.options.epochs for t in found if t.options.epochs <= epochs), default=0)
        return [t for t in found if t.options.epochs == most]

    def epochs_of(self, model: str, epochs: int) -> int:
        """Return the epochs of the trainings that `at` returns, of which there must be one."""
        return self.at(model, epochs)[0].options.epochs

    def measured(self, epochs: int) -> dict[str, list[Measurement]]:
        """Return the measurements of those, by model, for the models that have any."""
        found = {model: self.at(model, epochs) for model in self.reference}
        return {model: [t.measurement for t in some] for model, some in found.items() if some}

    def held(self, model: str, sigma: float) -> list[Trained]:
        """Return a model's trainings with σ held at `sigma`."""
        return [t for t in self.trained if t.model == model and t.options.sigma == sigma]

    def sweep(self, model: str) -> dict[float, list[Trained]]:
        """Return a model's trainings of the sweep by weight, ascending."""
        found = [t for t in self.trained if t.held_out is not None and t.options.run == model]
        weights = sorted({t.weight for t in found})
        return {weight: [t for t in found if t.weight == weight] for weight in weights}

    def _is_reference(self, t: Trained) -> bool:
        """Tell whether it differs from its model's reference in epochs and seed at most."""
        o = self.reference.get(t.model)
        same = o and replace(o, epochs=t.options.epochs, seed=t.options.seed) == t.options
        return bool(same) and t.held_out is None


def reference_of(given: Iterable[Options]) -> dict[str, Options]:
    """Return the options that the study varies, by model.

    They are those of the given runs; without an autoencoder among them, KL's with beta = 0.
    """
    found = {kind_of(options).key: options for options in given}
    return found | {"ae": found.get("ae", replace(found["kl"], beta=0.0))}


def other_trainings(
    given: Sequence[Options], seeds: int, budgets: bool, controls: bool
) -> list[Options]:
    """Return the options of the trainings beside the given ones, without those of the sweep."""
    reference = reference_of(given)
    keys = reference if controls else {kind_of(options).key for options in given}
    wanted = []
    for key, options in reference.items():
        if key not in keys:
            continue
        held = [replace(options, sigma=s) for s in SIGMAS if controls and key != "ae"]
        for seed in _seeds(options.seed, seeds):
            times = BUDGETS if budgets else (1,)
            wanted += [replace(options, seed=seed, epochs=options.epochs * n) for n in times]
            wanted += [replace(o, seed=seed) for o in held]
    return [options for options in wanted if options not in given]


def longer_trainings(given: Sequence[Options], seeds: int, runs: Sequence[Run]) -> list[Options]:
    """Return twice the epochs for each given run of which the longest station has not settled.

    All seeds are continued then. `runs` are those trained so far. LONGEST is the limit, and the
    autoencoder is not continued.
    """
    wanted = []
    for options in given:
        stations = [run for run in runs if replace(run.options, epochs=options.epochs) == options]
        last = max(stations, key=lambda run: run.epoch)
        longer = replace(options, epochs=2 * last.epoch)
        may = kind_of(options).key in RUNS and longer.epochs <= LONGEST * options.epochs
        if may and not is_settled(last):
            wanted += [replace(longer, seed=seed) for seed in _seeds(options.seed, seeds)]
    return wanted


def sweep_trainings(given: Sequence[Options], images: int, seeds: int) -> list[Options]:
    """Return the options of the sweep's trainings, on all but the held-out training images.

    `images` is the number of training images that there are.
    """
    wanted = []
    for options in given:
        if kind_of(options).key == "ae":
            continue
        for seed in _seeds(options.seed, seeds):
            for weight in RUNS[options.run].sweep:
                changed = {options.kind.weight: weight, "seed": seed}
                limit = held_out_rows(options, images).start
                wanted.append(replace(options, limit=limit, **changed))
    return wanted


def held_out_rows(options: Options, images: int) -> slice:
    """Return which of `images` training images the sweep holds out: a sixth of those used."""
    used = min(images, options.limit or images)
    return slice(used - used // HELD_OUT, used)


def directory_of(options: Options) -> Path:
    """Return where a training of the study is kept, below the study's directory."""
    sigma = "" if options.sigma is None else f"-sigma{options.sigma:g}"
    limit = "" if options.limit is None else f"-limit{options.limit}"
    name = f"{options.run}-{_weight(options):g}{sigma}{limit}-seed{options.seed}"
    return Path(name, str(options.epochs))


def measure_point(run: Run, instruments: Instruments, held_out: np.ndarray) -> Trained:
    """Measure a run of the sweep, on the test images and on held-out training images (n, pixels).

    It gets the few numbers that the trade-off is about.
    """
    made = None
    if instruments.classifier is not None:
        draws = prior_draws(len(instruments.test_features), run.options.latent_dim, draw=DRAWS)
        made = classify(instruments.classifier, decode(run.vae.w, draws)).features

    def measured(images: np.ndarray) -> Measurement:
        found, model = Measurement(), encode_run(run, images, SEED)
        found.add_means(sse_mu=model.at_mu.sse, sse_z=model.at_z.sse)
        measure_sliced(found, model.z)
        if made is not None:
            real = classify(instruments.classifier, images).features
            found.add("frechet", lambda f: frechet_from_features(f, made), real)
        return found

    return Trained.of(run, measured(instruments.data.test_images), measured(held_out))


def _weight(options: Options) -> float:
    return getattr(options, options.kind.weight)


def _seeds(own: int, count: int) -> list[int]:
    """Return `count` seeds, the given run's own first."""
    return [own, *(seed for seed in range(count + 1) if seed != own)][:count]
