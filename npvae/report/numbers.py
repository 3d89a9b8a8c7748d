"""numbers.csv: every number of the report, one a row, for those who want to compute with them.

model     what the report calls it; "KL − WS" is a difference, "pixels" or "critic" no model
seed      of one training, or "all" for the mean over the seeds, with its 95 % interval
weight    of the model's regulariser; sigma if the posterior's σ was held
epochs    of training; in a difference, a model not trained for so long has its longest training
limit     of the training images, where not all of them were used
"""

import csv
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.intervals import Interval
from npvae.evaluation.latent import by_dimension
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Study, Trained
from npvae.files.atomic import replacing
from npvae.report.claims import label

COLUMNS = (
    "model", "seed", "weight", "sigma", "limit", "epochs", "metric", "unit", "value", "low", "high"
)  # fmt: skip
Row = dict[str, Any]


def write_numbers(
    study: Study,
    instruments: Instruments,
    models: Sequence[EncodedRun],
    calibration: Sequence,
    path: Path,
) -> None:
    """Write the table to `path`. Raises UserError if it cannot be written.

    `models` are the runs that are pictured, `calibration` is that of `calibrate`.
    """
    rows = [row for t in study.trained for row in _of_training(t)]
    for model in models:
        o = model.run.options
        row = {"model": model.label, "epochs": o.epochs, "seed": o.seed}
        for name, values in by_dimension(model.z).items():
            rows += [row | _number(f"{name}, z{i}", x) for i, x in enumerate(values, 1)]
    rows += [row for epochs in study.stations for row in _of_stations(study, epochs)]
    for name, scores in (instruments.baselines | {"perfect match": study.perfect_match}).items():
        rows += [{"model": name} | _number(key, value) for key, value in scores.items()]
    for point in calibration:
        row = {"model": f"critic, {point.name} with W₁ = {point.truth:.3g}"}
        numbers = point._asdict() | {"error, %": 100 * (point.estimate / point.truth - 1)}
        rows += [row | _number(name, numbers[name]) for name in numbers if name != "name"]
    with replacing(path) as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _number(key: str, value: float, interval: Interval | None = None) -> Row:
    """Return the last columns of a row: what is measured, and the number."""
    row = {"metric": key, "unit": "", "value": value}
    if key in BY_KEY:
        row |= {"metric": BY_KEY[key].name, "unit": BY_KEY[key].unit}
    return row if interval is None else row | {"low": interval.low, "high": interval.high}


def _of_training(t: Trained) -> Iterator[Row]:
    o = t.options
    row = {"model": label(t.key), "weight": t.weight, "epochs": o.epochs, "seed": o.seed}
    row |= {"sigma": "" if o.sigma is None else o.sigma, "limit": o.limit or ""}
    more = {"training time, s": t.seconds, "settled": int(t.settled)}
    if t.held_out is not None and not np.isnan(t.held_out):
        more["Fréchet distance, held-out images"] = t.held_out
    for key, value in (more | t.measurement.values).items():
        yield row | _number(key, value)


def _of_stations(study: Study, epochs: int) -> Iterator[Row]:
    """Return the means over the seeds and their differences, with intervals.

    What was not trained for so long has its means with its own longest training.
    """
    c, row = study.comparisons[epochs], {"epochs": epochs, "seed": "all"}
    so_long = [model for model in c.measured if study.epochs_of(model, epochs) == epochs]
    for model in so_long:
        mean = row | {"model": label(model)}
        yield mean | _number("training time, s", study.seconds(model, epochs))
        for key in c.measured[model][0].values:
            yield mean | _number(key, c.value(model, key), c.interval(model, key))
    for a, b in combinations(c.measured, 2):
        is_fair = (a in study.sweep) == (b in study.sweep)  # trained on the same images
        for key in c.measured[a][0].values if is_fair and (a in so_long or b in so_long) else ():
            if (gap := c.difference(key, a, b)) is not None:
                yield row | {"model": f"{label(a)} − {label(b)}"} | _number(key, gap.mean, gap)
