"""The report: it opens with the answer, and its sentences follow the numbers."""

import re

import pytest
from studies import CALIBRATION, compare, judged, make_instruments, make_study, report

from npvae.evaluation import comparison
from npvae.evaluation.intervals import Spread
from npvae.evaluation.metrics import METRICS
from npvae.report.claims import VERDICTS, value_of
from npvae.report.markdown import number, plain
from npvae.report.rulers import basis, rulers_text, spread

LEAST = {"seeds": 1, "budgets": (35,), "controls": False, "sweep": False}
SECTIONS = ["The answer", "What is due to what", "The claims of the reference report", "Budgets",
            "The trade-off", "Pictures", "The rulers", "What was trained", "Tables"]  # fmt: skip


@pytest.fixture(scope="module")
def full():
    return make_study()


@pytest.mark.parametrize("how", [{}, LEAST, {"labels": False, "seeds": 2}])
def test_the_report_opens_with_the_answer_and_ends_with_tables(how):
    text = report(make_study(**how), how.get("labels", True))
    assert re.findall("^## (.*)$", text, re.M) == SECTIONS
    answer = text.partition("## What is due")[0]
    assert re.findall(r"^(\d)\. \*\*", answer, re.M) == list("12345")
    assert answer.index("5. **") < answer.index("plots/answer.png") < answer.index("Based on")
    assert "nan" not in text and "None" not in text
    assert text.count("<details>") == text.count("</details>")


def test_most_numbers_are_folded_away(full):
    text = report(full)
    open_text = re.sub("<details>.*?</details>", "", text, flags=re.S)
    assert open_text.count("±") < 90 < text.count("±") / 3


def test_the_claims_are_counted_at_both_budgets_and_changes_are_named(full):
    text = report(full)
    for budget, verdicts in judged(full).items():
        found = [v.verdict for v in verdicts]
        counts = ", ".join(f"{name}: {found.count(name)}" for name in VERDICTS)
        assert f"at {budget} {counts}" in text
    assert (
        "| claim | rule | measured, 35 epochs | verdict | measured, 140 epochs | verdict |" in text
    )
    assert "The longer training changes no verdict." in text
    moved = make_study()
    for t in moved.trained:
        if t.model == "kl" and t.options.epochs == 140:
            t.measurement.values["w1_sliced"] *= 100
    text = report(moved)
    assert (
        "The longer training changes: “KL holds its codes closer to the prior" in text
        and "” (holds → does not hold). " in text
    )
    mixed = make_study()
    for t in mixed.trained:  # WS interpolates more smoothly in some numbers, at 140 in others
        if t.model == "kl" and t.options.epochs in (35, 140):
            t.measurement.values["jumpy" if t.options.epochs == 35 else "jump"] /= 2
    claims = {v.claim: [v] for v in judged(mixed)["35 epochs"]}
    for v in judged(mixed)["140 epochs"]:
        claims[v.claim].append(v)
    first, last = claims["WS interpolates more smoothly"]
    assert first.verdict == last.verdict == "mixed" and first.words != last.words
    assert "“WS interpolates more smoothly” (mixed" not in report(mixed)
    single = report(make_study(**LEAST))
    assert "| claim | rule | measured, 35 epochs | verdict |\n" in single
    assert "longer training changes" not in single


def test_every_metric_has_its_row_and_its_definition(full):
    lines = report(full).splitlines()
    for m in METRICS:
        assert f"| {m.name} | {m.unit} | {m.better} | {m.meaning} |" in lines
        assert any(line.startswith(f"| {m.name} | ") and "±" in line for line in lines)
    row = next(line for line in lines if line.startswith("| nearest neighbours | 96.4"))
    assert row.endswith(" pixels 97.3, PCA-10 92.8 |") and row.count(" ± ") == 4
    row = next(line for line in lines if line.startswith("| the critic's W₁ | "))
    assert row.startswith("| the critic's W₁ | – | 2.63 ±") and " | – | – |" in row


def test_the_first_16_latent_dimensions_are_tabulated(full):
    text = report(full)
    assert "The first 16 of 20 dimensions." in text
    assert "| z16 |\n" in text and "z17" not in text
    assert "| std of z, KL | 0 | 0.125 | 0.25 |" in text and "| 1.75 | 1.88 |\n" in text


def test_the_report_shows_pictures_of_the_runs_it_is_given(full):
    text = report(full)
    for name in ("error", "latent_dist", "reconstruction", "interpol", "tsne", "samples"):
        assert f"(plots/{name}_kl.png) |" in text and f"(plots/{name}_ae.png) |" in text
    assert "_ae.png" not in report(make_study(**LEAST))


def test_names_are_escaped_and_runs_described():
    text = report(make_study(**LEAST))
    assert plain("blank <images>") in text and "<images>" not in text.replace("\\<images\\>", "")
    assert "6 → 9 ReLU → 20" in text and "0 (KL) and 0 (WS) epochs" in text


def test_the_basis_says_what_more_there_is(full):
    data = make_instruments().data
    assert "`--" not in basis(full, data, compare(full))
    assert "3 trainings of each model for 35, 70, 140 epochs" in basis(full, data, compare(full))
    longer = make_study(seeds=2, sweep=False, longer=(280, 560))
    text = basis(longer, data, compare(longer))
    assert (
        "for 35, 70, 140 epochs, and of those that had not settled for 280, 560, measured" in text
    )
    least = make_study(**LEAST)
    text = basis(least, data, compare(least))
    assert "1 training of each model for 35 epochs" in text
    assert "with `--seeds N`, `--budgets`, `--controls`, `--sweep`." in text


def test_the_report_says_where_the_spread_over_trainings_comes_from(full, monkeypatch):
    single = compare(make_study(**LEAST))[35]
    assert "from the spread over 3 seeds." in spread(compare(full)[35])
    monkeypatch.setattr("npvae.evaluation.comparison.shipped_spread", dict)
    assert "but not what another training would" in spread(single)
    shipped = {("kl", "sse_mu"): Spread(0.1, 7)}
    for module in ("npvae.evaluation.comparison", "npvae.report.rulers"):
        monkeypatch.setattr(f"{module}.shipped_spread", lambda: shipped)
    assert comparison.shipped_spread() is shipped
    assert "over 7 seeds of the reference experiment, which comes with npvae" in spread(single)


def test_the_rulers_by_hand(full):
    text = rulers_text(compare(full)[35], make_instruments(), CALIBRATION)
    assert "wrong by\n6 to 10 %" in text and "plots/calibration.png" in text
    c = compare(full)[35]
    low, high = (value_of(c, "ws", key) for key in ("w1_low", "w1_high"))
    assert (
        f"WS {low} to {high}" in text
        and "KL 0.20" in text
        and "The critic's own estimate for WS is 2.63" in text
    )
    assert "Grey pixels cost 45.5 nats" in text and "recognises 98.1 %" in text
    assert f"PCA-10 {number(92.8)}" in text and "100 bootstrap samples" in text
    assert "no more than 2 %" in text and "no more than 10 %" in text
    assert "neither clearly leads (KL − WS 2" in text
    bare = rulers_text(compare(full)[35], make_instruments(), [])
    assert "calibration.png" not in bare


def test_a_likelihood_is_led_by_the_higher_bound():
    study = make_study(**LEAST)
    c = compare(study)[35]
    for model, bound in (("kl", -90.0), ("ws", -150.0)):
        c.measured[model][0].values["bound_prior"] = bound
    text = rulers_text(c, make_instruments(), [])
    assert "With the prior N(0, I), KL leads by 60.0 ± " in text
