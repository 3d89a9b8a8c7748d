"""The report: it opens with the answer, and its sentences follow the numbers."""

import re
from dataclasses import replace

import pytest
from studies import CALIBRATION, judged, make_instruments, make_study, pictured, report

from npvae.evaluation.latent import by_dimension
from npvae.evaluation.metrics import METRICS
from npvae.report.claims import VERDICTS, value_of
from npvae.report.markdown import number, plain
from npvae.report.text import TEMPLATE, basis, write_report

MODELS = {"KL": "kl", "WS": "ws", "AE": "ae"}
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
    assert "The longer training changes: none." in text
    moved = make_study()
    for t in moved.trained:
        if t.key == "kl" and t.options.epochs == 140:
            t.measurement.values["w1_sliced"] *= 100
    text = report(moved)
    assert (
        "The longer training changes: “KL holds its codes closer to the prior" in text
        and "” (holds → does not hold). " in text
    )
    mixed = make_study()
    for t in mixed.trained:  # WS interpolates more smoothly in some numbers, at 140 in others
        if t.key == "kl" and t.options.epochs in (35, 140):
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
        assert f"| {m.name} | {m.unit} | {m.goal} | {m.meaning} |" in lines
        assert any(line.startswith(f"| {m.name} | ") and "±" in line for line in lines)
    row = next(line for line in lines if line.startswith("| nearest neighbours | 96.4"))
    assert row.endswith(" pixels 97.3, PCA-10 92.8 |") and row.count(" ± ") == 4
    row = next(line for line in lines if line.startswith("| the critic's W₁ | "))
    assert row.startswith("| the critic's W₁ | – | 2.63 ±") and " | – | – |" in row


def test_the_first_16_latent_dimensions_are_tabulated_at_the_end(full):
    text = report(full).partition("## Tables")[2]
    assert text.index("All numbers") < text.index("By latent dimension")
    assert "| z16 |\n" in text and "z17" not in text
    model = pictured(full)[1]
    for name, values in by_dimension(model.z).items():
        assert f"| {name}, WS | {' | '.join(map(number, values[:16]))} |\n" in text


def test_the_report_shows_pictures_of_the_runs_it_is_given(full):
    text = report(full)
    for name in ("error", "latent_dist", "reconstruction", "interpol", "tsne", "samples"):
        assert f"(plots/{name}_kl.png) |" in text and f"(plots/{name}_ae.png) |" in text
    assert "_ae.png" not in report(make_study(**LEAST))


def test_names_are_escaped_and_runs_described():
    text = report(make_study(**LEAST))
    assert plain("blank <images>") in text and "<images>" not in text.replace("\\<images\\>", "")
    assert "6 → 9 ReLU → 20" in text and "batch 64, 35 epochs, Adam" in text
    assert "BCE + 1 · KL; BCE + 0.1736 · W₁, gradient" in text


def test_the_basis_says_what_more_there_is(full):
    data = make_instruments().data
    text = basis(full, data)
    assert "`--" not in text
    assert "3 trainings of each model for 35, 70, 140 epochs, measured on 5 test images" in text
    text = basis(make_study(seeds=2, sweep=False, longer=(280, 560)), data)
    only = "(the longest only of those that had not settled)"
    assert f"for 35, 70, 140, 280, 560 epochs {only}, measured" in text
    assert text.endswith("more to add, with `--sweep`.")
    text = basis(make_study(**LEAST), data)
    assert "1 training of each model for 35 epochs, measured" in text
    assert "with `--seeds N`, `--budgets`, `--controls`, `--sweep`." in text


def test_every_field_of_the_template_is_filled(full):
    fields = re.findall(r"{(.*?)}", TEMPLATE.read_text(encoding="utf-8"))
    assert len(fields) == len(set(fields)) > 25
    for text in (report(full, calibration=CALIBRATION), report(make_study(**LEAST))):
        assert not set("{}") & set(text)


def test_the_rulers_by_hand(full):
    text = report(full, calibration=CALIBRATION).partition("## The rulers")[2]
    assert "wrong by 6 to 10 %" in text and "plots/calibration.png" in text
    c = full.comparisons[35]
    low, high = (", ".join(f"{name} {value_of(c, m, key)}" for name, m in MODELS.items())
                 for key in ("w1_low", "w1_high"))  # fmt: skip
    assert f"at least {low}; at most {high}. The critic's own estimate for\nWS is 2.63" in text
    assert "Grey pixels cost 45.5 nats" in text and "recognises 98.1 %" in text
    assert f"PCA-10 {number(92.8)}" in text and "100 bootstrap samples" in text
    assert "no more than\n2 %" in text and "no more than 10 %" in text
    assert "calibration.png" not in report(full)


def test_a_likelihood_is_led_by_the_higher_bound():
    study = make_study(**LEAST)
    bounds = {"kl": (-90.0, -95, -99), "ws": (-150.0, -96, -98)}
    for t in study.trained:
        names = "bound_prior", "bound_gauss", "bound_mix"
        t.measurement.values.update(zip(names, bounds[t.key], strict=True))
    found = re.findall(r"([−\d.]+) ± \S+ (nats with the prior N|with one|with ten)", report(study))
    assert found == [("60.0", "nats with the prior N"), ("1.0", "with one"), ("−1.0", "with ten")]


def test_the_captions_and_rulers_follow_the_numbers(full):
    text, c = report(full), full.comparisons[35]
    for key, words in (("blur", "were blurred by"), ("width", "1 for the prior:"),
                       ("jumpy", "their mean step:")):  # fmt: skip
        assert f"{words} KL {value_of(c, 'kl', key)}, WS {value_of(c, 'ws', key)}, AE" in text


def test_without_labels_the_report_says_that_nothing_judges_samples():
    text = report(make_study(seeds=2, labels=False), False)
    assert "no labels, so there is no classifier" in text
    assert "their mean step: not measured, because the data has no labels." in text
    assert "no classifier" not in report(make_study(**LEAST))


def test_a_sample_of_the_data_is_named():
    study = make_study(**LEAST)
    instruments = make_instruments()
    instruments = replace(instruments, data=replace(instruments.data, is_sample=True))
    sample = "**This is a sample of the data.**"
    assert sample in write_report(study, instruments, pictured(study), ())
    assert sample not in report(study)
