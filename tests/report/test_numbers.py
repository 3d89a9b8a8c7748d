"""numbers.csv: one tidy table, and every number of the report is in it."""

import csv
import re

import pytest
from studies import CALIBRATION, compare, make_instruments, make_study, report

from npvae.report.markdown import number, shown
from npvae.report.numbers import COLUMNS, write_numbers

CASES = {
    "everything": {"seeds": 3},
    "the least": {"seeds": 1, "budgets": (35,), "controls": False, "sweep": False},
    "no labels": {"seeds": 2, "labels": False},
    "one model trained longer": {"seeds": 2, "longer": (280,)},
}


def rows_of(study, tmp_path, labels=True):
    instruments, comparisons = make_instruments(labels), compare(study, labels)
    write_numbers(study, instruments, comparisons, CALIBRATION, tmp_path / "numbers.csv")
    with (tmp_path / "numbers.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames) == COLUMNS
        return list(reader)


def forms(rows):
    """How the numbers of the table can be written in the report, without their sign."""
    found = set()
    for row in rows:
        value = float(row["value"])
        found.add(number(value).lstrip("−"))
        if row["low"]:
            half = (float(row["high"]) - float(row["low"])) / 2
            found.add(shown(value, half).lstrip("−"))
    return found


def with_halves(text):
    """All numbers of a text that are written with their intervals, without their sign."""
    return set(re.findall(r"\d+(?:\.\d+)? ± \d+(?:\.\d+)?", text))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_number_of_the_report_is_in_the_table(case, tmp_path):
    labels = case.get("labels", True)
    study = make_study(**case)
    known = forms(rows_of(study, tmp_path, labels))
    text = report(study, labels, CALIBRATION)
    assert len(with_halves(text)) > 20
    assert with_halves(text) - known == set()
    tables = [cell.strip() for line in text.splitlines() if line.startswith("| ")
              for cell in line.strip("|").split(" | ")]  # fmt: skip
    plain = {cell.lstrip("−") for cell in tables if re.fullmatch(r"−?[\d.]+", cell)}
    assert plain and plain - known == set()
    scales = {
        score for cell in tables for score in re.findall(r"(?:pixels|PCA-10|match) ([\d.]+)", cell)
    }
    assert scales - known == set()
    rest = re.findall(
        r"(\d+) s\b|([\d.]+) nats even|recognises ([\d.]+)|by\n(\d+) to (\d+) %", text
    )
    assert {figure for found in rest for figure in found if figure} - known == set() != rest


def test_each_training_has_its_rows_and_the_mean_its_interval(tmp_path):
    study = make_study(seeds=3, sweep=False)
    rows = rows_of(study, tmp_path)
    own = [r for r in rows if r["model"] == "WS" and r["metric"] == "SSE (z sampled)"
           and r["epochs"] == "70" and not r["sigma"]]  # fmt: skip
    assert [r["seed"] for r in own] == ["0", "1", "2", "all"]
    assert float(own[3]["value"]) == pytest.approx(sum(float(r["value"]) for r in own[:3]) / 3)
    interval = compare(study)[70].interval("ws", "sse_z")
    assert float(own[3]["low"]) == interval.low and float(own[3]["high"]) == interval.high
    assert own[0]["weight"] == "0.1736" and own[0]["low"] == "" and own[0]["images"] == "test"
    times = [r for r in rows if r["metric"] == "training time" and r["model"] == "WS"]
    assert {(r["unit"], r["value"]) for r in times if r["epochs"] == "70"} == {
        ("s", "1260"),
        ("s", "1260.0"),
    }


def test_differences_controls_the_sweep_and_baselines_are_told_apart(tmp_path):
    rows = rows_of(make_study(seeds=2, longer=(280,)), tmp_path)
    identity = COLUMNS[: COLUMNS.index("unit")]
    assert len({tuple(r[name] for name in identity) for r in rows}) == len(rows)
    models = {r["model"] for r in rows}
    longest = {r["model"] for r in rows if r["epochs"] == "280"}
    assert longest == {"WS", "KL − WS", "KL − AE", "WS − AE"}  # the others were not trained so long
    assert {"KL − WS", "KL, σ = 0.03 − WS, σ = 0.03", "WS at λ = 3", "pixels", "PCA-10",
            "KL at β = 1 − WS at λ = 3", "perfect match", "fade", "data",
            "critic, shift with W₁ = 1"} <= models  # fmt: skip
    sigma = {(r["model"], r["sigma"]) for r in rows if r["sigma"]}
    assert sigma == {("KL", "0.17"), ("KL", "0.03"), ("WS", "0.17"), ("WS", "0.03")}
    held_out = {(r["model"], r["weight"]) for r in rows if r["images"] == "held out"}
    assert ("WS at λ = 3", "3") in held_out and ("KL", "10") in held_out
    for model, seed in (("WS at λ = 3", "all"), ("WS", "0")):
        test, held_out = (
            float(r["value"])
            for r in rows
            if (r["model"], r["seed"], r["weight"], r["metric"])
            == (model, seed, "3", "sliced W₁ to the prior")
        )
        assert held_out == pytest.approx(1.25 * test)
    units = {r["metric"]: r["unit"] for r in rows}
    assert units["nearest neighbours"] == "%" and units["BCE (z = μ)"] == "nats"
