"""A study's results: all trainings that were measured, by their settings, and the comparisons.

A setting is what trainings share that differ in seed and epochs only. Its key is that of its model
where it is the setting of a given run: "kl", "ws", "sw", "ae". Else the weight stands behind it, as
in "ws-3", and a posterior's σ that was held, as in "kl-sigma0.17".
"""

from dataclasses import dataclass, replace
from functools import cached_property

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import model_of
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.spread import shipped_spread, spread_table
from npvae.training.options import Options


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
    perfect_match: dict[str, float]  # by metric

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
        if replace(given, seed=options.seed, epochs=options.epochs) == options:
            return model
        same_weight = given.weight == options.weight
        sigma = "" if options.sigma is None else f"-sigma{options.sigma:g}"
        return model + ("" if sigma and same_weight else f"-{options.weight:g}") + sigma

    def at(self, setting: str, epochs: int) -> list[Trained]:
        """Return the trainings of a setting, by key, at a number of epochs: one for each seed."""
        return [
            t
            for t in self.trained
            if t.options.epochs == epochs and self.key_of(t.options) == setting
        ]

    def comparison(self, epochs: int) -> Comparison:
        """Return the comparison of all settings that were trained for so many epochs."""
        found = {setting: self.at(setting, epochs) for setting in self.settings}
        found = {setting: trained for setting, trained in found.items() if trained}
        return Comparison(
            {setting: [t.measurement for t in trained] for setting, trained in found.items()},
            self.perfect_match,
            {setting: shipped_spread(t[0].options, t[0].data) for setting, t in found.items()},
        )

    def spread_table(self, command: str) -> str:
        """Return the spread of each number over the seeds, as a text like `seed_spread.csv`."""
        stations = [self.at(setting, e) for setting in self.settings for e in self.epochs]
        rows = [(t[0].options, t[0].data, [one.measurement for one in t]) for t in stations if t]
        return spread_table(rows, command)
