"""The report: it opens with the answer, its tables are complete, its sentences fit the numbers."""

import re
from dataclasses import replace

import numpy as np
import pytest
from studies import blank_data, make_study

from npvae.evaluation.intervals import Interval
from npvae.evaluation.metrics import METRICS
from npvae.report import sentences
from npvae.report.claims import FAILS, HOLDS, UNKNOWN, Part, Verdict, judge
from npvae.report.markdown import plain
from npvae.report.sentences import comparisons
from npvae.report.text import write_report

ONE = {"seeds": 1, "epochs": (35,), "weights": False}
LEAST = ONE | {"models": ("kl", "ws")}
SECTIONS = ["The answer", "Distance and copies", "The claims of the reference report", "Pictures",
            "How it was measured", "What was trained", "Tables"]  # fmt: skip


def report(study, labels=True, missing=0, **changes):
    data, found = replace(blank_data(labels), **changes), comparisons(study)
    judged = {name: judge(c) for name, c in found.items()}
    return write_report(study, found, judged, data, missing=missing)


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


def test_the_report_shows_the_pictures_and_the_options_of_each_model(full):
    for name in ("error", "latent_dist", "reconstruction", "interpol", "tsne", "samples"):
        assert all(f"(plots/{name}_{m}.png) |" in full for m in ("kl", "ws", "sw", "ae"))
    assert "_ae.png" not in report(make_study(**LEAST))
    for row in (
        "epochs | 35 | 35 | 35 | 35",
        "beta | 1.0 | – | – | 0.0",
        "directions | – | – | 50 | –",
    ):
        assert f"| {row} |" in full


def test_all_settings_stand_in_the_trade_off_at_both_lengths(full):
    for words in ("WS, λ = 3", "SW, λ = 10", "KL, β = 1"):
        assert f"| {words} | 35 | 3 | " in full and f"| {words} | 140 | 3 | " in full
    assert "plots/trade_off.png" in full
    least = report(make_study(**LEAST))
    assert "plots/trade_off.png" not in least and "`python analyze.py --study`" in least


def test_names_are_escaped_and_a_sample_is_named():
    text = report(make_study(**LEAST), is_sample=True)
    assert plain("blank <images>") in text and "<images>" not in text.replace("\\<images\\>", "")
    assert "**This is a sample of the data.**" in text
    assert "sample of the data" not in report(make_study(**LEAST))


def test_a_study_that_is_not_finished_is_shown_as_far_as_it_is():
    """At 140 epochs WS was not trained, and another setting has one training."""
    study = make_study()
    kept = [t for t in study.trained
            if not (t.options.epochs == 140 and study.key_of(t.options) == "ws")
            and not (study.key_of(t.options) == "sw-10" and t.options.seed)]  # fmt: skip
    text = report(replace(study, trained=kept), missing=7)
    assert "7 are not finished, and not shown" in text and "All numbers, 140" not in text
    assert "| KL, β = 1 | 140 | 3 |" in text and "| WS, λ = 0.1736 | 140 |" not in text
    assert "| SW, λ = 10 | 35 | 1 |" in text
    assert "not finished" not in report(study)


def first(**how):
    return next(iter(comparisons(make_study(**how)).values()))


def test_a_clear_winner_is_named_alone_a_tie_is_called_so_and_one_training_is_never_clear():
    best = sentences.who_is_best
    assert best(first(), "frechet", "invents") == "KL invents clearly best."
    tie = best(first(), "sse_mu", "copies")
    assert tie.startswith("AE copies best, but no difference between WS, SW and AE")
    for key in ("sse_mu", "frechet", "scale", "shape"):
        said = best(first(**ONE), key, "wins")
        assert said.endswith("wins best in these runs.")
    assert "not measured" in best(first(labels=False), "frechet", "invents")


def test_noise_and_information_by_hand():
    c = first(**ONE)
    assert f"{100 * (13.35 - 11.67) / 13.35:.3g} % is due to that noise" in sentences.noise(c)
    assert "at most 13.8 nats" in sentences.information(c)
    assert "The codes of WS, SW and AE have next to no noise" in sentences.information(c)
    del c.measured["kl"][0].values["information"]
    assert "not measured" in sentences.information(c)
    assert "in pixels" in sentences.fitted(first(labels=False))


def test_without_labels_and_with_one_class_the_advice_is_another():
    study, marks = make_study(labels=False, **LEAST), np.zeros(5, int)
    unlabelled = report(study, labels=False)
    one_class = report(study, labels=False, train_labels=marks, test_labels=marks)
    assert "these images have none. Give images with labels" in unlabelled
    assert "all of these are equal. Give images of at least two" in one_class


def test_options_that_are_not_the_question_are_told_where_they_differ():
    study = make_study(**ONE)
    assert sentences.differing(study) == ""  # weights and kinds are the question
    of_kl, *others = study.trained
    odd = replace(of_kl, options=replace(of_kl.options, batch_size=32, limit=6000))
    text = sentences.differing(replace(study, trained=[odd, *others]))
    assert "batch size (KL 32, WS 64, SW 64, AE 64)" in text
    assert "limit (KL 6000, WS –, SW –, AE –)" in text and "hidden" not in text


def test_the_shortest_and_the_longest_training_are_compared_or_each_with_its_own():
    study = make_study(seeds=2, epochs=(35, 70, 140))
    assert list(comparisons(study)) == ["35 epochs", "140 epochs"]
    study = make_study(**ONE)
    of_kl, *others = study.trained
    odd = replace(of_kl, options=replace(of_kl.options, epochs=3))
    study = replace(study, trained=[odd, *others])
    ((name, c),) = comparisons(study).items()
    assert name == "each its own epochs" and list(c.measured) == ["kl", "ws", "sw", "ae"]
    assert "epochs (KL 3, WS 35" in sentences.differing(study)


def test_the_basis_counts_and_says_what_was_seen():
    data = blank_data()
    text = sentences.basis(comparisons(make_study()), data, missing=0)
    assert "trained 3 times (35 epochs)" in text and "5 test images, which no training saw" in text
    assert UNKNOWN not in text
    assert UNKNOWN in sentences.basis(comparisons(make_study(**ONE)), data, missing=0)


def test_claims_are_counted_and_what_longer_training_changes_is_named(full):
    margins = Interval(2, 1, 3), Interval(-2, -3, -1), None
    sure, wrong, open_ = (Verdict("a", "", [Part("n", "", margin)]) for margin in margins)
    text = sentences.claims_found({"35 epochs": [sure], "140 epochs": [wrong]})
    assert f"35 epochs: 1 {HOLDS}" in text and f"“a” ({HOLDS} → {FAILS})" in text
    text = sentences.claims_found({"35 epochs": [sure], "140 epochs": [open_]})
    assert f"140 epochs: 0 {HOLDS}" in text and text.endswith("otherwise: none.")
    assert "Longer" not in sentences.claims_found({"35 epochs": [sure]})
    lengths = "measured, 35 epochs | verdict | measured, 140 epochs | verdict |"
    assert f"| claim | rule | {lengths}" in full
