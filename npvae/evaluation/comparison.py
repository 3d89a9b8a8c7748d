"""The numbers of several models side by side, with intervals, and the differences between them.

The intervals contain both what another draw of the test images and what another training would
change. With one training of a model, the second comes from a table that is shipped with npvae: the
spread over seeds in the reference experiment.
"""

import csv
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from npvae.evaluation.encoded import MODELS, Key
from npvae.evaluation.intervals import Interval, Spread, combine, spread_of
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.metrics import METRICS

SEED_SPREAD = Path(__file__).with_name("seed_spread.csv")


@dataclass(frozen=True)
class Comparison:
    """The measurements of the models, by their keys, and the scores of a perfect match."""

    measured: dict[Key, list[Measurement]]  # one for each seed; the first is the one pictured
    perfect_match: dict[str, float]  # by metric

    @property
    def seeds(self) -> int:
        """Return how many trainings of each model there are, at least."""
        return min(len(found) for found in self.measured.values())

    def value(self, model: Key, key: str) -> float | None:
        """Return a number of a model, averaged over its seeds; None if it was not measured."""
        values = self._values(model, key)
        return float(np.mean(values)) if values else None

    def interval(self, model: Key, key: str) -> Interval | None:
        """Return the number's 95 % interval, or None if nothing is known of how it varies."""
        mean, replicates, spreads = self.value(model, key), *self._errors(model, key)
        if mean is None or (replicates is None and not spreads):
            return None
        return combine(mean, replicates, spreads)

    def difference(self, key: str, a: Key = "kl", b: Key = "ws") -> Interval | None:
        """Return the number of model a minus that of model b, with its 95 % interval.

        Images differ far more from one another than the models do on one image. Both models meet
        the same bootstrap samples, so that this spread cancels. The trainings are independent.
        """
        values = self.value(a, key), self.value(b, key)
        (rep_a, spread_a), (rep_b, spread_b) = self._errors(a, key), self._errors(b, key)
        if None in values or (not (spread_a and spread_b) and (rep_a is None or rep_b is None)):
            return None
        replicates = None if rep_a is None or rep_b is None else rep_a - rep_b
        return combine(values[0] - values[1], replicates, spread_a + spread_b)

    def with_number(self, key: str, change: Callable[[Mapping[str, Any]], Any]) -> "Comparison":
        """Return the comparison with a number made from others: of values, and of replicates."""

        def extended(found: dict[str, Any]) -> dict[str, Any]:
            with suppress(KeyError):
                return found | {key: change(found)}
            return {name: value for name, value in found.items() if name != key}

        measured = {
            model: [Measurement(extended(m.values), extended(m.replicates)) for m in runs]
            for model, runs in self.measured.items()
        }
        return replace(self, measured=measured)

    def spread_table(self, command: str) -> str:
        """Return the spread of each number over the seeds, as a CSV text like `seed_spread.csv`."""
        lines = [f"# {command}", "model,metric,deviation,seeds"]
        for model in filter(self.measured.__contains__, MODELS):
            for metric in METRICS:
                values = self._values(model, metric.key)
                if len(values) > 1:
                    deviation, seeds = spread_of(values)
                    lines.append(f"{model},{metric.key},{deviation:.4g},{seeds}")
        return "\n".join(lines) + "\n"

    def _values(self, model: Key, key: str) -> list[float]:
        found = [m.values.get(key) for m in self.measured.get(model, [])]
        return [v for v in found if v is not None]

    def _errors(self, model: Key, key: str) -> tuple[np.ndarray | None, list[tuple[Spread, int]]]:
        """Return the number's bootstrap replicates, and its spread over trainings if known."""
        found = [m.replicates[key] for m in self.measured.get(model, []) if key in m.replicates]
        replicates = np.mean(found, axis=0) if found else None
        values = self._values(model, key)
        if len(values) > 1:
            return replicates, [(spread_of(values), len(values))]
        shipped = shipped_spread().get((model, key))
        return replicates, [] if shipped is None else [(shipped, 1)]


@cache
def shipped_spread() -> dict[tuple[str, str], Spread]:
    """Read the table of spreads over seeds: from (model, metric) to its spread.

    The file's first line is the command that made it.
    """
    with SEED_SPREAD.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {
            (row["model"], row["metric"]): Spread(float(row["deviation"]), int(row["seeds"]))
            for row in rows
        }
