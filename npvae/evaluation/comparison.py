"""How sure a difference is: intervals of the numbers of both models, and of their difference.

With two seeds or more, an interval is Student's over the seeds (what another training would give).
With one run each, it is a bootstrap over the test images, for those numbers that are means over
images; the others have none, and no verdict is built on them.
"""

from dataclasses import dataclass

import numpy as np

from npvae.evaluation.intervals import Interval, bootstrap_interval, mean_and_interval
from npvae.evaluation.measure import SEED, Measurement


@dataclass(frozen=True)
class Comparison:
    """The measurements of the runs, by the key of their kind, and the scores of a perfect match."""

    measured: dict[str, list[Measurement]]  # one for each seed; the first is the one pictured
    perfect_match: dict[str, float]  # by metric

    @property
    def seeds(self) -> int:
        """Return how many runs of each model there are."""
        return len(self.measured["kl"])

    def value(self, run: str, key: str) -> float | None:
        """Return a number of model "kl" or "ws", averaged over the seeds; None if not measured."""
        values = self._values(run, key)
        return float(np.mean(values)) if values else None

    def interval(self, run: str, key: str) -> Interval | None:
        """Return the number's 95 % interval, or None if there is none."""
        values = self._values(run, key)
        if len(values) > 1:
            return mean_and_interval(values)
        samples = self._per_image(run, key)
        return None if samples is None else bootstrap_interval(samples, SEED)

    def difference(self, key: str) -> Interval | None:
        """Return KL's number minus WS's with its 95 % interval, paired by seed or by image.

        Images differ far more from one another than the models do on one image. The difference on
        each image takes that spread out, and its interval is much narrower than either model's.
        """
        kl, ws = self._values("kl", key), self._values("ws", key)
        if len(kl) > 1 and len(kl) == len(ws):
            return mean_and_interval(np.subtract(kl, ws))
        kl, ws = self._per_image("kl", key), self._per_image("ws", key)
        return None if kl is None or ws is None else bootstrap_interval(kl - ws, SEED)

    def _values(self, run: str, key: str) -> list[float]:
        found = [m.values.get(key) for m in self.measured[run]]
        return [v for v in found if v is not None]

    def _per_image(self, run: str, key: str) -> np.ndarray | None:
        return self.measured[run][0].per_image.get(key)
