"""The report: it opens with the answer, its tables are complete, and nothing is left unfilled."""

import re
from dataclasses import replace

import pytest
from studies import make_instruments, make_study, pictured

from npvae.evaluation.metrics import METRICS
from npvae.report.claims import judge
from npvae.report.markdown import plain
from npvae.report.sentences import comparisons
from npvae.report.text import write_report

LEAST = {"seeds": 1, "epochs": (35,), "models": ("kl", "ws"), "weights": False}
SECTIONS = ["The answer", "Distance and copies", "The claims of the reference report", "Pictures",
            "How it was measured", "What was trained", "Tables"]  # fmt: skip


def report(study, labels=True, **changes):
    instruments = make_instruments(labels)
    instruments = replace(instruments, data=replace(instruments.data, **changes))
    judged = {n: judge(c, instruments.baselines) for n, c in comparisons(study).items()}
    return write_report(study, instruments, pictured(study), judged)


@pytest.fixture(scope="module")
def full():
    return report(make_study())


@pytest.mark.parametrize("how", [{}, LEAST, {"labels": False, "seeds": 2}])
def test_the_report_opens_with_the_answer_and_ends_with_tables(how):
    text = report(make_study(**how), how.get("labels", True))
    assert re.findall("^## (.*)$", text, re.M) == SECTIONS
    assert text.index("(explorer.html)") < text.index("## The answer")
    assert text.index("Copies.") < text.index("plots/first.png") < text.index("plots/law.png")
    assert "nan" not in text and "None" not in text and not set("{}") & set(text)
    assert text.count("<details>") == text.count("</details>")


def test_numbers_with_intervals_stand_in_tables(full):
    rest = [line for line in full.splitlines() if "±" in line and not line.startswith("|")]
    assert len(rest) == 1 and "after a ±" in rest[0]


def test_every_metric_has_its_row_and_its_definition(full):
    lines = full.splitlines()
    for m in METRICS:
        meaning = m.meaning.replace("|", "\\|")
        assert f"| {m.name} | {m.unit} | {m.goal} | {meaning} |" in lines
        assert any(line.startswith(f"| {m.name} | ") and "±" in line for line in lines)


def test_the_report_shows_pictures_of_the_runs_it_is_given(full):
    for name in ("error", "latent_dist", "reconstruction", "interpol", "tsne", "samples"):
        assert all(f"(plots/{name}_{m}.png) |" in full or f"(plots/{name}_{m}.png) " in full
                   for m in ("kl", "ws", "sw", "ae"))  # fmt: skip
    assert "_ae.png" not in report(make_study(**LEAST))


def test_each_model_has_its_own_options_in_the_method(full):
    assert "| epochs | 35 | 35 | 35 | 35 |" in full
    assert "| loss | BCE + 1 · KL | BCE + 0.1736 · W1 | BCE + 0.1736 · SW | BCE |" in full
    assert "| critic | – | 10 → 512 ReLU" in full and "6 → 9 ReLU → 20" in full


def test_all_settings_stand_in_the_trade_off_at_both_lengths(full):
    for words in ("WS, λ = 3", "SW, λ = 10", "KL, β = 1"):
        assert f"| {words} | 35 | " in full and f"| {words} | 140 | " in full
    assert "plots/trade_off.png" in full
    least = report(make_study(**LEAST))
    assert "plots/trade_off.png" not in least and "`python analyze.py --study`" in least


def test_names_are_escaped_and_a_sample_is_named():
    text = report(make_study(**LEAST), is_sample=True)
    assert plain("blank <images>") in text and "<images>" not in text.replace("\\<images\\>", "")
    assert "**This is a sample of the data.**" in text
    assert "sample of the data" not in report(make_study(**LEAST))


def test_claims_have_a_verdict_at_each_length(full):
    assert (
        "| claim | rule | measured, 35 epochs | verdict | measured, 140 epochs | verdict |" in full
    )
