"""The numbers of docs/findings.md, and of README's findings, are those of docs/findings.csv.

That is the numbers.csv of the study. A table whose first head cell is "number" has in its head
settings with their epochs, "WS, λ = 3, 140 epochs", or differences, "KL − WS, 35 epochs"; then rows
of a name in npvae/evaluation/metrics.py, brackets behind it being free, and what the report shows.
In the text, each number with decimals is one of the file, rounded so: a value, half of an interval,
a weight, the share of an error that is noise in %, or a ratio of times.
"""

import csv
import re
from itertools import product
from pathlib import Path

from npvae.evaluation.metrics import BY_KEY
from npvae.report.markdown import shown

ROOT = Path(__file__).resolve().parents[2]
CSV = ROOT / "docs" / "findings.csv"
NAMES = {metric.name: metric.key for metric in BY_KEY.values()}
SYMBOLS = {"KL": "β", "WS": "λ", "SW": "λ"}


def study():
    """The means by their setting, as a head cell has it, and number; and all that text may name."""
    means, values, none = {}, [], (None, None)
    with CSV.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            value, low, high, weight = (
                float(row[c]) if row[c] else None for c in ("value", "low", "high", "weight")
            )
            half = None if low is None else (high - low) / 2
            values += [number for number in (value, half, weight) if number is not None]
            if row["seed"] == "all":
                model, symbol = row["model"], SYMBOLS.get(row["model"])
                setting = model if symbol is None else f"{model}, {symbol} = {row['weight']}"
                means[f"{setting}, {row['epochs']} epochs", row["metric"]] = value, half
    for setting in {setting for setting, _ in means}:
        mu, z = (means.get((setting, key), none)[0] for key in ("sse_mu", "sse_z"))
        values += [100 * (1 - mu / z)] if mu and z else []
    seconds = [value for (_, key), (value, _) in means.items() if key == "seconds"]
    return means, values + [a / b for a, b in product(seconds, seconds) if b]


def wrong_cells(text, means):
    """The cells of tables of numbers that are not what the file says, with what it says."""
    found = []
    for block in re.findall(r"(?:^\| *number .*\n)(?:^\|.*\n)+", text, re.M):
        head, _, *rows = ([cell.strip() for cell in line.strip("|\n ").split("|")]
                          for line in block.splitlines())  # fmt: skip
        for name, *cells in rows:
            key = NAMES[name if name in NAMES else name.rsplit(" (", 1)[0]]
            for setting, cell in zip(head[1:], cells, strict=True):
                expected = shown(*means.get((setting, key), (None, None)))
                found += [(name, setting, cell, expected)] if cell != expected else []
    return found


def wrong_words(text, values):
    """The numbers with decimals in the text, outside of tables, that are none of these, rounded."""
    prose = re.sub(r"^\|.*$|`[^`]*`", "", text, flags=re.M).replace("−", "-")
    found = []
    for number in re.findall(r"(?<![\w.=])-?\d+\.\d+(?! *epochs)", prose):
        places = len(number.partition(".")[2])
        if not any(round(abs(v), places) == abs(float(number)) for v in values):
            found.append(number)
    return found


def test_every_number_of_the_findings_is_one_of_the_study():
    means, values = study()
    text = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## What was found")[2].partition("\n## ")[0]
    assert "\n| number" in text and CSV.stat().st_size < 200_000
    assert wrong_cells(text, means) == []
    assert wrong_words(text.partition("## What the reference did")[0] + section, values) == []
