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

from npvae.evaluation.encoded import MODELS, model_of
from npvae.evaluation.results import Study
from npvae.files import replacing

COLUMNS = "model", "setting", "weight", "epochs", "seed", "metric", "value", "low", "high"


def write_numbers(study: Study, path: Path) -> None:
    """Write the table to `path`. Raises UserError if it cannot be written."""
    with replacing(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for *identity, numbers in _rows(study):
            digits = [f"{number:.5g}" for number in numbers]
            writer.writerow([*identity, *digits, *[""] * (3 - len(digits))])


def _rows(study: Study) -> Iterator[tuple]:
    """Return each training's numbers, the means over the seeds, differences, and baselines.

    A row ends in its numbers: a value, or the mean and the ends of its interval.
    """
    for epochs in study.epochs:
        c = study.comparison(epochs)
        for setting, measured in c.measured.items():
            o = study.settings[setting]
            row = MODELS[model_of(o)], setting, f"{o.weight:g}", epochs
            for t in study.at(setting, epochs):
                for key, value in t.measurement.values.items():
                    yield *row, t.options.seed, key, [value]
            for key in measured[0].values:
                numbers = c.interval(setting, key) or [c.value(setting, key)]
                yield *row, "all", key, numbers
        for a, b in combinations(c.models, 2):
            for key in c.measured[a][0].values:
                if (gap := c.difference(key, a, b)) is not None:
                    yield f"{MODELS[a]} − {MODELS[b]}", "", "", epochs, "all", key, gap
    for name, scores in study.baselines.items():
        for key, value in scores.items():
            yield name, "", "", "", "", key, [value]
