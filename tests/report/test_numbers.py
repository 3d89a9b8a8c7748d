"""numbers.csv: one tidy table, and every number of the report is in it."""

import csv
import re

import pytest
from studies import CALIBRATION, make_instruments, make_study, pictured, report

from npvae.report.markdown import number, shown
from npvae.report.numbers import COLUMNS, write_numbers

CASES = {
    "everything": {"seeds": 3},
    "the least": {"seeds": 1, "budgets": (35,), "controls": False, "sweep": False},
    "no labels": {"seeds": 2, "labels": False},
    "one model trained longer": {"seeds": 2, "longer": (280,)},
}


def rows_of(study, tmp_path, labels=True):
    path = tmp_path / "numbers.csv"
    write_numbers(study, make_instruments(labels), pictured(study), CALIBRATION, path)
    with path.open(encoding="utf-8", newline="") as file:
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
    rest = re.findall(r"(\d+) s\b|([\d.]+) nats even|recognises ([\d.]+)|by (\d+) to (\d+) %", text)
    assert {figure for found in rest for figure in found if figure} - known == set() != rest


def test_each_training_has_its_rows_and_the_mean_its_interval(tmp_path):
    study = make_study(seeds=3, sweep=False)
    rows = rows_of(study, tmp_path)
    own = [r for r in rows if r["model"] == "WS" and r["metric"] == "SSE (z sampled)"
           and r["epochs"] == "70" and not r["sigma"]]  # fmt: skip
    assert [r["seed"] for r in own] == ["0", "1", "2", "all"]
    assert float(own[3]["value"]) == pytest.approx(sum(float(r["value"]) for r in own[:3]) / 3)
    interval = study.comparisons[70].interval("ws", "sse_z")
    assert float(own[3]["low"]) == interval.low and float(own[3]["high"]) == interval.high
    gap = study.comparisons[70].difference("sse_z")
    (row,) = [r for r in rows if r["model"] == "KL − WS" and r["metric"] == "SSE (z sampled)"
              and r["epochs"] == "70"]  # fmt: skip
    assert [float(row[name]) for name in ("value", "low", "high")] == [*gap] and gap.mean > 0
    assert own[0]["weight"] == "0.1736" and own[0]["low"] == ""
    own = [r for r in rows if r["model"] == "WS" and r["epochs"] == "70"]
    times = [(r["seed"], float(r["value"])) for r in own if r["metric"] == "training time, s"]
    assert times == [("0", 1260), ("1", 1260), ("2", 1260), ("all", 1260)]
    assert {r["value"] for r in own if r["metric"] == "settled"} == {"0"}


def test_differences_controls_the_sweep_and_baselines_are_told_apart(tmp_path):
    rows = rows_of(make_study(seeds=2, longer=(280,)), tmp_path)
    identity = COLUMNS[: COLUMNS.index("unit")]
    assert len({tuple(r[name] for name in identity) for r in rows}) == len(rows)
    models = {r["model"] for r in rows}
    longest = {r["model"] for r in rows if r["epochs"] == "280"}  # only WS was trained so long
    assert {"WS", "KL − WS", "WS − AE"} <= longest
    assert all("WS" in m.split(" − ") for m in longest)
    means = {(r["model"], r["epochs"]) for r in rows if r["seed"] == "all"}
    later = {(m, epochs) for m, epochs in means if epochs != "35" and " − " not in m}
    models_at = {"70": "KL WS AE", "140": "KL WS AE", "280": "WS"}
    assert later == {(m, epochs) for epochs, names in models_at.items() for m in names.split()}
    assert {"KL − WS", "KL, σ = 0.03 − WS, σ = 0.03", "WS at λ = 3", "pixels", "PCA-10",
            "KL at β = 1 − WS at λ = 3", "perfect match", "fade", "classifier",
            "critic, shift with W₁ = 1"} <= models  # fmt: skip
    pairs = [m.split(" − ") for m in models if " − " in m]
    assert all((" at " in a) == (" at " in b) for a, b in pairs)  # trained on the same images
    sigma = {(r["model"], r["sigma"]) for r in rows if r["sigma"]}
    assert sigma == {(f"{m}, σ = {s}", s) for m in ("KL", "WS") for s in ("0.17", "0.03")}
    assert {r["limit"] for r in rows if r["model"] == "WS at λ = 3" and r["weight"]} == {"50000"}
    own = [r for r in rows if r["model"] == "WS at λ = 3" and r["seed"] == "0"]
    values = {r["metric"]: float(r["value"]) for r in own}
    held_out = values["Fréchet distance, held-out images"]
    assert held_out == pytest.approx(1.25 * values["Fréchet distance (prior)"])
    assert {r["weight"] for r in own} == {"3"}
    z17 = [r for r in rows if r["metric"] == "standard deviation, z17"]
    assert [r["model"] for r in z17] == ["KL", "WS", "AE"]
    model = pictured(make_study(seeds=1, budgets=(35,)))[0]
    assert float(z17[0]["value"]) == pytest.approx(model.z[:, 16].std())
    units = {r["metric"]: r["unit"] for r in rows}
    assert units["nearest neighbours"] == "%" and units["BCE (z = μ)"] == "nats"
