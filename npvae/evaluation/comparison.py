"""How sure a difference is: intervals of the numbers of both models, and of their difference.

With two seeds or more, an interval is Student's over the seeds (what another training would give).
With one run each, it is a bootstrap over the test images, for those numbers that are means over
images; the others have none, and no verdict is built on them.
"""

from dataclasses import dataclass

import numpy as np

from npvae.evaluation.intervals import (
    Interval,
    bootstrap_interval,
    mean_and_interval,
    paired_difference,
)
from npvae.evaluation.measure import SEED, Measurement


@dataclass(frozen=True)
class Comparison:
    """The measurements of both models, one for each seed; the first is the one that is pictured."""

    kl: list[Measurement]
    ws: list[Measurement]
    floors: dict[str, float]  # what a perfect match scores

    @property
    def seeds(self) -> int:
        """Return how many runs of each model there are."""
        return len(self.kl)

    def value(self, run: str, key: str) -> float | None:
        """Return a number of model "kl" or "ws", averaged over the seeds; None if not measured."""
        values = self._values(run, key)
        return float(np.mean(values)) if values else None

    def interval(self, run: str, key: str) -> Interval | None:
        """Return the number's 95 % interval, or None if there is none."""
        values = self._values(run, key)
        if len(values) > 1:
            return mean_and_interval(values)
        samples = getattr(self, run)[0].per_image.get(key)
        return None if samples is None else bootstrap_interval(samples, SEED)

    def difference(self, key: str) -> Interval | None:
        """Return KL's number minus WS's with its 95 % interval, paired by seed or by image."""
        kl, ws = self._values("kl", key), self._values("ws", key)
        if len(kl) > 1 and len(kl) == len(ws):
            return mean_and_interval(np.subtract(kl, ws))
        samples = [getattr(self, run)[0].per_image.get(key) for run in ("kl", "ws")]
        if any(s is None for s in samples):
            return None
        return paired_difference(*samples, SEED)

    def _values(self, run: str, key: str) -> list[float]:
        found = [m.values.get(key) for m in getattr(self, run)]
        return [v for v in found if v is not None]
