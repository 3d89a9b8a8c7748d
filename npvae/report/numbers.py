"""numbers.csv: every number of the report, one a row, for those who want to compute with them.

model     KL, WS, SW or AE; "KL − WS" is a difference; "pixels" or "perfect match" no model
setting   its key: that of the model, or with the weight behind it, such as "ws-3"
seed      of one training, or "all" for the mean over the seeds, with its 95 % interval
weight    of the model's regulariser; epochs: of training
metric    the key of the number in npvae/evaluation/metrics.py, which tells its unit
low, high the interval; without a known chance of training it holds for other images only
"""

import csv
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from npvae.evaluation.encoded import MODELS, model_of
from npvae.evaluation.intervals import Interval
from npvae.evaluation.results import Study
from npvae.files import replacing

COLUMNS = (
    "model", "setting", "weight", "epochs", "seed", "metric", "value", "low", "high"
)  # fmt: skip
Row = dict[str, Any]


def write_numbers(study: Study, path: Path) -> None:
    """Write the table to `path`. Raises UserError if it cannot be written."""
    rows = [row for epochs in study.epochs for row in _of_length(study, epochs)]
    for name, scores in study.baselines.items():
        rows += [{"model": name} | _number(key, value) for key, value in scores.items()]
    with replacing(path) as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _number(key: str, value: float, interval: Interval | None = None) -> Row:
    """Return the last columns of a row: what is measured, and the number in five digits."""
    row = {"metric": key, "value": f"{value:.5g}"}
    ends = {} if interval is None else {"low": interval.low, "high": interval.high}
    return row | {name: f"{end:.5g}" for name, end in ends.items()}


def _of_length(study: Study, epochs: int) -> Iterator[Row]:
    """Return each training's numbers, the means over the seeds, and differences of the models."""
    c = study.comparison(epochs)
    for setting, measured in c.measured.items():
        o = study.settings[setting]
        row = {"model": MODELS[model_of(o)], "setting": setting, "weight": f"{o.weight:g}"}
        row["epochs"] = epochs
        for t in study.at(setting, epochs):
            for key, value in t.measurement.values.items():
                yield row | {"seed": t.options.seed} | _number(key, value)
        for key in measured[0].values:
            interval = c.interval(setting, key)
            yield row | {"seed": "all"} | _number(key, c.value(setting, key), interval)
    for a, b in combinations(c.models, 2):
        row = {"model": f"{MODELS[a]} − {MODELS[b]}", "epochs": epochs, "seed": "all"}
        for key in c.measured[a][0].values:
            if (gap := c.difference(key, a, b)) is not None:
                yield row | _number(key, gap.mean, gap)
