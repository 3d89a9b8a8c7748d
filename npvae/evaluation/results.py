"""A study's results: all trainings that were measured, by their settings, and their comparison.

A setting is what trainings share that differ in seed and epochs only. Its key is that of its model
("kl", "ws", "sw", "ae") for a given run's setting. Else the weight stands behind it, as in "ws-3".

A single training does not tell what another seed would have given. `seed_spread.csv` knows it for
the settings of the study, and only for these: the same kind, weight, epochs and data, and every
other option at its default.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from npvae.evaluation.encoded import MODELS, model_of
from npvae.evaluation.intervals import Interval, Measurement, Number, Spread
from npvae.evaluation.metrics import BY_KEY
from npvae.training.kinds import KINDS
from npvae.training.options import Options

Baselines = dict[str, dict[str, float]]  # what simple things score: by name, then by metric
SEED_SPREAD = Path(__file__).with_name("seed_spread.csv")


@dataclass(frozen=True)
class Comparison:
    """The measurements of the settings, by their keys, and the scores of simple things."""

    measured: dict[str, list[Measurement]]  # one for each seed
    baselines: Baselines
    shipped: dict[str, dict[str, Spread]] = field(default_factory=dict)  # by setting and metric

    @property
    def models(self) -> list[str]:
        """Return the models that are compared, without their other weights, in order."""
        return [m for m in MODELS if m in self.measured]

    def number(self, setting: str, metric: str) -> Number | None:
        """Return a number, averaged over the setting's seeds; None if it was not measured.

        The spread over trainings is that of the seeds. With one seed it is the shipped one.
        """
        found = [m for m in self.measured.get(setting, []) if metric in m.values]
        if not found:
            return None
        values, n = [m.values[metric] for m in found], len(found)
        replicates = [m.replicates[metric] for m in found if metric in m.replicates]
        averaged = np.mean(replicates, axis=0) if replicates else None
        shipped = self.shipped.get(setting, {}).get(metric)
        spread = Spread(float(np.var(values, ddof=1)) / n, n - 1) if n > 1 else shipped
        return Number(float(np.mean(values)), averaged, [spread] if spread else [])

    def value(self, setting: str, metric: str) -> float | None:
        """Return a number alone, or None."""
        found = self.number(setting, metric)
        return None if found is None else found.mean

    def interval(self, setting: str, metric: str) -> Interval | None:
        """Return a number's 95 % interval, or None if nothing is known of how it varies.

        Where `chance_known` is false it tells what other images would change, and no more.
        """
        found = self.number(setting, metric)
        return None if found is None else found.interval

    def difference(self, metric: str, a: str = "kl", b: str = "ws") -> Interval | None:
        """Return the number of setting a minus that of b, with its 95 % interval, or None."""
        of_a, of_b = self.number(a, metric), self.number(b, metric)
        return None if of_a is None or of_b is None else of_a.minus(of_b).interval

    def chance_known(self, metric: str, *settings: str) -> bool:
        """Tell whether it is known of each of the settings what another training would change."""
        found = [self.number(setting, metric) for setting in settings]
        return all(number is not None and number.spreads for number in found)

    def derived(self, key: str, of: Callable[[dict], float | np.ndarray]) -> "Comparison":
        """Return a comparison in which `key` is another number, computed from those that there are.

        `of` computes it from a model's numbers, and in the same way from their replicates. Where
        one of those that it needs was not measured, the number is left out.
        """

        def changed(numbers: dict) -> dict:
            try:
                return numbers | {key: of(numbers)}
            except KeyError:
                return {name: value for name, value in numbers.items() if name != key}

        measured = {
            setting: [Measurement(changed(m.values), changed(m.replicates)) for m in found]
            for setting, found in self.measured.items()
        }
        return replace(self, measured=measured)


@dataclass(frozen=True)
class Trained:
    """One finished training, and what was measured of it on the test images."""

    options: Options
    measurement: Measurement
    data: str = ""  # the fingerprint of its images


@dataclass(frozen=True)
class Study:
    """All trainings that were measured, those of the given runs first."""

    trained: list[Trained]
    baselines: Baselines

    @cached_property
    def epochs(self) -> list[int]:
        """Return after how many epochs there are trainings, ascending."""
        return sorted({t.options.epochs for t in self.trained})

    @cached_property
    def settings(self) -> dict[str, Options]:
        """Return the settings by key: the options of the first training of each."""
        found = {}
        for t in self.trained:
            found.setdefault(self.key_of(t.options), t.options)
        return found

    def key_of(self, options: Options) -> str:
        """Return the key of the setting that these options belong to; see the head."""
        model = model_of(options)
        given = next((t.options for t in self.trained if model_of(t.options) == model), options)
        is_given = replace(given, seed=options.seed, epochs=options.epochs) == options
        return model if is_given else f"{model}-{options.weight:g}"

    def at(self, setting: str, epochs: int) -> list[Trained]:
        """Return the trainings of a setting, by key, at a number of epochs: one for each seed."""
        asked = setting, epochs
        return [t for t in self.trained if (self.key_of(t.options), t.options.epochs) == asked]

    def comparison(self, epochs: int | None) -> Comparison:
        """Return the comparison at so many epochs; None: each setting at those of its first."""
        found = {s: t for s, o in self.settings.items() if (t := self.at(s, epochs or o.epochs))}
        return Comparison(
            {s: [t.measurement for t in trained] for s, trained in found.items()},
            self.baselines,
            {s: shipped_spread(trained[0]) for s, trained in found.items()},
        )

    def spread_table(self, command: str) -> str:
        """Return a CSV text like `seed_spread.csv`; its first line is the command that made it."""
        lines = [f"# {command}", "kind,weight,epochs,data,metric,deviation,seeds"]
        for trained in (self.at(s, epochs) for s in self.settings for epochs in self.epochs):
            for metric in BY_KEY:
                measured = (t.measurement.values for t in trained)
                values = [numbers[metric] for numbers in measured if metric in numbers]
                if len(values) > 1:
                    spread = metric, f"{np.std(values, ddof=1):.4g}", str(len(values))
                    lines.append(",".join((*_identity(trained[0]), *spread)))
        return "\n".join(lines) + "\n"


def shipped_spread(trained: Trained) -> dict[str, Spread]:
    """Return the spreads over trainings like this one, by metric, if `seed_spread.csv` has them."""
    options = trained.options
    default = replace(Options(options.kind), epochs=options.epochs, seed=options.seed)
    if replace(default, **{KINDS[options.kind].weight: options.weight}) != options:
        return {}
    with SEED_SPREAD.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(line for line in file if not line.startswith("#"))
    return {
        metric: Spread(float(deviation) ** 2, int(seeds) - 1)
        for *identity, metric, deviation, seeds in rows
        if identity == _identity(trained)
    }


def _identity(trained: Trained) -> list[str]:
    """Return the first columns of the table: what a training must share with those behind it."""
    o = trained.options
    return [o.kind, f"{o.weight:g}", str(o.epochs), trained.data[:16]]
