"""numbers.csv: one tidy table, and the numbers of the report are in it."""

import csv

import pytest
from studies import make_instruments, make_study

from npvae.report.numbers import COLUMNS, write_numbers


@pytest.fixture(scope="module")
def study():
    return make_study()


@pytest.fixture(scope="module")
def rows(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("numbers") / "numbers.csv"
    write_numbers(study, make_instruments(), path)
    assert path.stat().st_size < 200_000
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames) == COLUMNS
        return list(reader)


def test_each_training_has_its_rows_and_the_mean_its_interval(study, rows):
    for setting, weight in (("ws", "0.1736"), ("sw-10", "10"), ("ae", "0")):
        own = [
            r for r in rows if (r["setting"], r["metric"], r["epochs"]) == (setting, "sse_z", "140")
        ]
        assert [r["seed"] for r in own] == ["0", "1", "2", "all"]
        assert {r["weight"] for r in own} == {weight} and own[0]["low"] == ""
        trained = study.at(setting, 140)
        for r, t in zip(own, trained, strict=False):
            assert float(r["value"]) == pytest.approx(t.measurement.values["sse_z"], rel=1e-5)
        interval = study.comparison(140).interval(setting, "sse_z")
        found = [float(own[3][name]) for name in ("value", "low", "high")]
        assert found == pytest.approx([*interval], rel=1e-5)


def test_differences_and_baselines_are_told_apart(study, rows):
    gap = study.comparison(35).difference("sse_z")
    (row,) = [
        r for r in rows if (r["model"], r["metric"], r["epochs"]) == ("KL − WS", "sse_z", "35")
    ]
    found = [float(row[name]) for name in ("value", "low", "high")]
    assert found == pytest.approx([*gap], rel=1e-5)
    identity = COLUMNS[: COLUMNS.index("unit")]
    assert len({tuple(r[name] for name in identity) for r in rows}) == len(rows)
    assert {"KL", "WS", "SW", "AE", "SW − AE", "pixels", "fade", "perfect match"} <= {
        r["model"] for r in rows
    }
    assert {r["unit"] for r in rows if r["metric"] == "seconds"} == {"s"}
