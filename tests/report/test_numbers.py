"""numbers.csv: one tidy table, and the numbers of the report are in it."""

import csv

import pytest
from studies import make_study

from npvae.report.numbers import COLUMNS, write_numbers


def test_each_training_mean_difference_and_baseline_has_a_row_of_its_own(tmp_path):
    """The made-up study is larger than the real one, of 61 trainings and fewer settings."""
    study, path = make_study(seeds=4), tmp_path / "numbers.csv"
    write_numbers(study, path)
    assert len(study.trained) == 64 and path.stat().st_size < 200_000
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS and all(None not in row.values() for row in rows)
    for setting, weight in (("ws", "0.1736"), ("sw-10", "10"), ("ae", "0")):
        asked = setting, "sse_z", "140"
        own = [r for r in rows if (r["setting"], r["metric"], r["epochs"]) == asked]
        assert [r["seed"] for r in own] == ["0", "1", "2", "3", "all"]
        assert {r["weight"] for r in own} == {weight} and own[0]["low"] == ""
        values = [t.measurement.values["sse_z"] for t in study.at(setting, 140)]
        assert [float(r["value"]) for r in own[:4]] == pytest.approx(values, rel=1e-4)
        expected = study.comparison(140).interval(setting, "sse_z")
        assert interval(own[4]) == pytest.approx(expected, rel=1e-4)
    asked = "KL − WS", "sse_z", "35"
    (row,) = [r for r in rows if (r["model"], r["metric"], r["epochs"]) == asked]
    assert interval(row) == pytest.approx(study.comparison(35).difference("sse_z"), rel=1e-3)
    identity = COLUMNS[: COLUMNS.index("value")]
    assert len({tuple(r[name] for name in identity) for r in rows}) == len(rows)
    others = {"KL", "WS", "SW", "AE", "SW − AE", "pixels", "perfect match"}
    assert others <= {r["model"] for r in rows}


def interval(row):
    return [float(row[name]) for name in ("value", "low", "high")]
