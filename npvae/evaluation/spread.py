"""The spread of each number over the seeds of a training, as it is shipped with npvae.

A single training does not tell what another seed would have given. The table knows it for the
settings of the study, and only for these: the same kind, weight, epochs and data, and every other
option at its default.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from npvae.evaluation.intervals import Spread, spread_of
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.metrics import BY_KEY
from npvae.training.kinds import KINDS
from npvae.training.options import Options

SEED_SPREAD = Path(__file__).with_name("seed_spread.csv")
COLUMNS = ("kind", "weight", "epochs", "data", "metric", "deviation", "seeds")
Setting = tuple[str, str, str, str]  # the first four columns


def shipped_spread(options: Options, data: str) -> dict[str, Spread]:
    """Return the spreads, by metric, of a training on data with this fingerprint, if known."""
    default = replace(Options(options.kind), epochs=options.epochs, seed=options.seed)
    if replace(default, **{KINDS[options.kind].weight: options.weight}) != options:
        return {}
    return _table().get(_setting(options, data), {})


def spread_table(
    trained: Sequence[tuple[Options, str, Sequence[Measurement]]], command: str
) -> str:
    """Return the table as a CSV text: of each setting its options, data, and a training a seed.

    The first line is the command that made it.
    """
    lines = [f"# {command}", ",".join(COLUMNS)]
    for options, data, measured in trained:
        for metric in BY_KEY:
            values = [m.values[metric] for m in measured if metric in m.values]
            if len(values) > 1:
                deviation, seeds = spread_of(values)
                row = *_setting(options, data), metric, f"{deviation:.4g}", str(seeds)
                lines.append(",".join(row))
    return "\n".join(lines) + "\n"


def _setting(options: Options, data: str) -> Setting:
    return options.kind, f"{options.weight:g}", str(options.epochs), data[:16]


@cache
def _table() -> Mapping[Setting, dict[str, Spread]]:
    found = {}
    with SEED_SPREAD.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            spread = Spread(float(row["deviation"]), int(row["seeds"]))
            setting = tuple(row[column] for column in COLUMNS[:4])
            found.setdefault(setting, {})[row["metric"]] = spread
    return found
