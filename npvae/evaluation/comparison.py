"""The numbers of several settings side by side, with intervals, and the differences between them.

The intervals contain both what another draw of the test images and what another training would
change. With one training of a setting, the second is known only where a table that is shipped with
npvae holds its spread over seeds (`spread.py`).
"""

from dataclasses import dataclass, field

import numpy as np

from npvae.evaluation.intervals import Interval, Spread, combine, spread_of
from npvae.evaluation.measurement import Measurement


@dataclass(frozen=True)
class Comparison:
    """The measurements of the settings, by their keys, and the scores of a perfect match."""

    measured: dict[str, list[Measurement]]  # one for each seed
    perfect_match: dict[str, float]  # by metric
    shipped: dict[str, dict[str, Spread]] = field(default_factory=dict)  # by setting and metric

    def value(self, setting: str, metric: str) -> float | None:
        """Return a number, averaged over the setting's seeds; None if it was not measured."""
        values = self._values(setting, metric)
        return float(np.mean(values)) if values else None

    def interval(self, setting: str, metric: str) -> Interval | None:
        """Return the number's 95 % interval, or None if nothing is known of how it varies.

        Where `chance_known` is false it tells what other images would change, and no more.
        """
        mean, replicates = self.value(setting, metric), self._replicates(setting, metric)
        spreads = self._spreads(metric, setting)
        if mean is None or (replicates is None and not spreads):
            return None
        return combine(mean, replicates, spreads)

    def difference(self, metric: str, a: str = "kl", b: str = "ws") -> Interval | None:
        """Return the number of setting a minus that of setting b, with its 95 % interval.

        Images differ far more from one another than the models do on one image. Both models meet
        the same bootstrap samples, so that this spread cancels. The trainings are independent. None
        if nothing is known of how it varies; where `chance_known` is false, see `interval`.
        """
        values = self.value(a, metric), self.value(b, metric)
        of_a, of_b = self._replicates(a, metric), self._replicates(b, metric)
        paired = None if of_a is None or of_b is None else of_a - of_b
        spreads = self._spreads(metric, a, b) if self.chance_known(metric, a, b) else []
        if None in values or (paired is None and not spreads):
            return None
        return combine(values[0] - values[1], paired, spreads)

    def chance_known(self, metric: str, *settings: str) -> bool:
        """Tell whether it is known of each of the settings what another training would change."""
        return all(self._spreads(metric, setting) for setting in settings)

    def _values(self, setting: str, metric: str) -> list[float]:
        found = [m.values.get(metric) for m in self.measured.get(setting, [])]
        return [v for v in found if v is not None]

    def _replicates(self, setting: str, metric: str) -> np.ndarray | None:
        """Return the number's bootstrap replicates, mean over the seeds."""
        runs = self.measured.get(setting, [])
        found = [m.replicates[metric] for m in runs if metric in m.replicates]
        return np.mean(found, axis=0) if found else None

    def _spreads(self, metric: str, *settings: str) -> list[tuple[Spread, int]]:
        """Return the spreads over trainings that are known, with the number of trainings."""
        found = []
        for setting in settings:
            values = self._values(setting, metric)
            shipped = self.shipped.get(setting, {}).get(metric)
            if len(values) > 1:
                found.append((spread_of(values), len(values)))
            elif values and shipped is not None:
                found.append((shipped, 1))
        return found
