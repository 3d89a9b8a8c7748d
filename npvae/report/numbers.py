"""numbers.csv: every number of the report, one a row, for those who want to compute with them.

model     what the report calls it; "KL − WS" is a difference, "pixels" or "critic" no model
seed      of one training, or "all" for the mean over the seeds, with its 95 % interval
weight    of the model's regulariser; sigma if the posterior's σ was held
epochs    of training; in a difference, a model not trained for so long has its longest training
limit     of the training images, where not all of them were used
images    "test", or "held out" from the training of the sweep
"""

import csv
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.intervals import Interval
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.study import Study, Trained
from npvae.files.atomic import replacing
from npvae.report.answer import with_controls, with_noise
from npvae.report.budgets import with_training_error
from npvae.report.claims import label
from npvae.report.trade_off import compare_settings, settings_of

COLUMNS = (
    "model", "seed", "weight", "sigma", "limit", "epochs", "images",
    "metric", "unit", "value", "low", "high",
)  # fmt: skip
Row = dict[str, Any]


def write_numbers(
    study: Study,
    instruments: Instruments,
    comparisons: dict[int, Comparison],
    calibration: Sequence,
    path: Path,
) -> None:
    """Write the table to `path`. Raises UserError if it cannot be written."""
    rows = [row for t in study.trained for row in _of_training(t)]
    for epochs, c in comparisons.items():
        full = with_controls(study, c) if epochs == min(comparisons) else c
        shorter = {label(m) for m in c.measured if study.epochs_of(m, epochs) < epochs}
        found = _of_comparison(with_noise(with_training_error(full)), {"epochs": epochs})
        rows += [row for row in found if row["model"] not in shorter]
        for model in c.measured:
            if label(model) not in shorter:
                seconds = float(np.mean([t.seconds for t in study.at(model, epochs)]))
                row = {"model": label(model), "seed": "all", "epochs": epochs}
                rows.append(row | _number("training time", seconds, unit="s"))
    for s in settings_of(study):
        o = s.trained[0].options
        row = {"epochs": o.epochs, "weight": s.weight, "limit": o.limit}
        for images, found in (("test", [t.measurement for t in s.trained]),
                              ("held out", [t.held_out for t in s.trained])):  # fmt: skip
            rows += _of_comparison(Comparison({s.name: found}, {}), row | {"images": images})
    if settings := settings_of(study):  # the differences between them, on the test images
        o = settings[0].trained[0].options
        both = _of_comparison(
            compare_settings(settings, {}), {"epochs": o.epochs, "limit": o.limit}
        )
        rows += [row for row in both if " − " in row["model"]]
    rows += _of_baselines(instruments, calibration)
    with replacing(path) as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({"images": "test"} | row for row in rows)


def _number(key: str, value: float, interval: Interval | None = None, unit: str = "") -> Row:
    """Return the last columns of a row: what is measured, and the number."""
    row = {"metric": key, "unit": unit, "value": value}
    if key in BY_KEY:
        row |= {"metric": BY_KEY[key].name, "unit": BY_KEY[key].unit}
    return row if interval is None else row | {"low": interval.low, "high": interval.high}


def _of_training(t: Trained) -> Iterator[Row]:
    o = t.options
    row = {"model": label(t.model), "weight": t.weight, "epochs": o.epochs, "seed": o.seed}
    row |= {"sigma": "" if o.sigma is None else o.sigma, "limit": o.limit or ""}
    yield row | _number("training time", t.seconds, unit="s")
    yield row | _number("settled", int(t.settled))
    for images, found in (("test", t.measurement), ("held out", t.held_out)):
        for key, value in found.values.items() if found else ():
            yield row | {"images": images} | _number(key, value)
    for name, values in t.measurement.per_dimension.items():
        for i, value in enumerate(values):
            yield row | _number(f"{name}, z{i + 1}", float(value))


def _of_comparison(c: Comparison, row: Row) -> Iterator[Row]:
    """Return the means over the seeds and their differences, with intervals."""
    for model, found in c.measured.items():
        for key in found[0].values:
            number = _number(key, c.value(model, key), c.interval(model, key))
            yield row | {"model": label(model), "seed": "all"} | number
    for a, b in combinations(c.measured, 2):
        for key in c.measured[a][0].values:
            if (gap := c.difference(key, a, b)) is not None:
                names = {"model": f"{label(a)} − {label(b)}", "seed": "all"}
                yield row | names | _number(key, gap.mean, gap)


def _of_baselines(instruments: Instruments, calibration: Sequence) -> Iterator[Row]:
    scores = instruments.baselines | {"perfect match": instruments.perfect_match}
    for name, values in scores.items():
        for key, value in values.items():
            yield {"model": name} | _number(key, value)
    yield {"model": "data"} | _number("entropy", instruments.entropy, unit="nats")
    if instruments.classifier_accuracy is not None:
        accuracy = 100 * instruments.classifier_accuracy
        yield {"model": "classifier"} | _number("accuracy", accuracy, unit="%")
    for point in calibration:
        row = {"model": f"critic, {point.name} with W₁ = {point.truth:.3g}"}
        for name in ("truth", "estimate", "slope", "low", "high"):
            yield row | _number(name, getattr(point, name))
        if point.truth:
            error = 100 * (point.estimate / point.truth - 1)
            yield row | _number("error of the estimate", error, unit="%")
