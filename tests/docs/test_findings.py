"""The numbers of docs/findings.md, and of README's findings, are those of docs/findings.csv.

docs/findings.csv is the numbers.csv of the study. A table of docs/findings.md whose first head cell
is "number" is read like this:

    head cell     a setting and its epochs, "WS, λ = 3, 140 epochs", or a difference of two models,
                  "KL − WS, 35 epochs"
    first cell    the name of a number in npvae/evaluation/metrics.py; brackets behind it are free
    other cells   the number as the report shows it, "11.67 ± 0.14"; "–" where there is none

In the text, each number with decimals or a ± must be some number of the file, rounded so: a value,
half of an interval, a weight, the share of KL's error that is noise in %, or a ratio of times.
"""

import csv
import re
from itertools import product
from pathlib import Path

import pytest

from npvae.evaluation.metrics import BY_KEY
from npvae.report.markdown import shown

ROOT = Path(__file__).resolve().parents[2]
CSV = ROOT / "docs" / "findings.csv"
NAMES = {metric.name: metric.key for metric in BY_KEY.values()}
SYMBOLS = {"KL": "β", "WS": "λ", "SW": "λ"}
measured = pytest.mark.skipif(not CSV.exists(), reason="docs/findings.csv: no study is measured")


def read(path):
    """The rows of the means, by the head cell of their setting and the key of their number."""
    found = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["seed"] != "all":
                continue
            model, symbol = row["model"], SYMBOLS.get(row["model"])
            setting = model if symbol is None else f"{model}, {symbol} = {row['weight']}"
            value, low, high = (float(row[c]) if row[c] else None for c in ("value", "low", "high"))
            half = None if low is None else (high - low) / 2
            found[f"{setting}, {row['epochs']} epochs", row["metric"]] = value, half
    return found


def tables(text):
    """The head and the rows of each table of numbers."""
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
        head, _, *rows = ([cell.strip() for cell in line.strip("|\n ").split("|")]
                          for line in block.splitlines())  # fmt: skip
        if head[0] == "number":
            yield head, rows


def wrong_cells(text, numbers):
    """The cells that are not what the file says, with what it says."""
    found = []
    for head, rows in tables(text):
        for name, *cells in rows:
            key = NAMES[name if name in NAMES else name.rsplit(" (", 1)[0]]
            for setting, cell in zip(head[1:], cells, strict=True):
                expected = shown(*numbers.get((setting, key), (None, None)))
                if cell != expected:
                    found.append((name, setting, cell, expected))
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


def all_values(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    values = [float(r["value"]) for r in rows]
    values += [(float(r["high"]) - float(r["low"])) / 2 for r in rows if r["low"]]
    values += [float(r["weight"]) for r in rows if r["weight"]]
    noise = {}
    for r in rows:
        if r["metric"] in ("sse_mu", "sse_z") and r["seed"] == "all":
            noise.setdefault((r["setting"], r["epochs"]), []).append(float(r["value"]))
    shares = [100 * (1 - min(v) / max(v)) for v in noise.values()]
    seconds = [float(r["value"]) for r in rows if r["metric"] == "seconds" and r["seed"] == "all"]
    return values + shares + [a / b for a, b in product(seconds, seconds) if b]


@measured
def test_every_cell_of_a_table_of_numbers_is_that_of_the_study():
    text = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert list(tables(text)) and CSV.stat().st_size < 200_000
    assert wrong_cells(text, read(CSV)) == []


@measured
def test_every_number_with_decimals_in_the_text_is_one_of_the_study():
    values = all_values(CSV)
    findings = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    ours = findings.partition("## What the reference did")[0]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## What was found")[2].partition("\n## ")[0]
    assert wrong_words(ours, values) == [] and wrong_words(section, values) == []
