"""The answer follows the numbers: who leads, what the controls say, and what is missing."""

import re
from dataclasses import replace

import numpy as np
import pytest
from studies import make_study, measurement, world

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import Setting
from npvae.report.answer import draw_answer, due_to, five_sentences, has_controls, leads


def sentences(study, **changes):
    """The five sentences, with the numbers of some models changed."""
    return five_sentences(changed(study, changes))


def changed(study, changes):
    """A study with other values, {metric: value}, for the trainings of some keys."""
    trained = []
    for t in study.trained:
        values = t.measurement.values | changes.get(t.key, {})
        trained.append(replace(t, measurement=measurement(values, t.options.seed, trainings=0.001)))
    return replace(study, trained=trained)


SMALL = {"seeds": 3, "sweep": False}
KL17, WS17, KL03, WS03 = (Setting(model, sigma) for sigma in (0.17, 0.03) for model in ("kl", "ws"))


def test_who_reconstructs_better_with_both_kinds_of_code():
    study = make_study(**SMALL, budgets=(35,))
    (text, *_) = sentences(study, kl={"sse_z": 9.0})
    assert "In squared error with z sampled, KL reconstructs better (KL 9.0" in text
    assert "with z = μ, WS does better (KL 11.7" in text
    (text, *_) = sentences(study, kl={"sse_z": 10.98})
    assert "with z sampled, neither clearly reconstructs better (KL 10.98" in text
    assert "AE 10.9" in text and "plain autoencoder, which nothing regularises" in text


def test_the_prior_is_judged_at_both_ends_of_the_budget():
    text = sentences(make_study(**SMALL))[1]
    assert "By sliced W₁, KL matches it better (KL 0.084" in text
    assert "by Fréchet distance, KL samples from it better (KL 26.2" in text
    assert "after 140 epochs, KL samples from it better" in text and "not settled" not in text
    better = sentences(make_study(**SMALL), kl={"w1_sliced": 9.0, "frechet": 400.0})[1]
    assert "By sliced W₁, WS matches it better (KL 9.0" in better
    assert "by Fréchet distance, WS samples from it better (KL 400" in better
    text = sentences(make_study(**SMALL, budgets=(35, 70)))[1]
    assert "after 70 epochs, KL samples from it better (KL 22.0" in text
    assert "), though WS had not settled by then" in text
    study = make_study(**SMALL)
    last = next(t for t in study.trained if (t.key, t.options.epochs) == ("ws", 140))
    trained = [replace(t, settled=t.settled and t is not last) for t in study.trained]
    study = replace(study, trained=trained)  # one seed of three
    assert "though WS had not settled by then" in sentences(study)[1]
    assert "after" not in sentences(make_study(**SMALL, budgets=(35,)))[1]


@pytest.mark.parametrize(("frechet", "leader"), [(3.0, "AE"), (3.3, "neither"), (3.9, "WS")])
def test_the_fitted_sampler_is_held_against_the_autoencoder(frechet, leader):
    text = sentences(make_study(**SMALL, budgets=(35,)), ae={"frechet_mix": frechet})[2]
    assert "From ten Gaussians fitted to training codes, WS samples better (KL 5.0" in text
    assert f"of WS and the plain autoencoder, {leader} is clearly better." in text


# In each of two σ and against the autoencoder WS must lead: (KL − WS at 0.17, at 0.03, AE − WS).
@pytest.mark.parametrize(
    ("gaps", "shown"),
    [((1, 1, 1), True), ((0, 1, 1), False), ((1, -1, 1), False), ((1, 1, 0), False)],
)
def test_a_benefit_of_the_distance_itself_needs_every_control(gaps, shown):
    changes = {
        KL17: {"frechet": 30 + 9 * gaps[0]}, KL03: {"frechet": 30 + 9 * gaps[1]},
        WS17: {"frechet": 30}, WS03: {"frechet": 30}, "ws": {"frechet": 30, "sse_z": 10.9},
        "ae": {"frechet": 30 + 9 * gaps[2]},
    }  # fmt: skip
    for key in (KL17, KL03, WS17, WS03):
        changes[key] |= {"sse_z": 11, "frechet_mix": 4, "bound_mix": -100}
    study = changed(make_study(**SMALL, budgets=(35,)), changes)
    text = five_sentences(study)[3]
    benefit = (
        "the data show a benefit of the Wasserstein distance itself, in Fréchet distance (prior)."
    )
    none = "the data do not show a benefit of the Wasserstein distance itself."
    assert (benefit if shown else none) in text
    assert (none if shown else benefit) not in text
    over_kl, over_ae = gaps[0] == gaps[1] == 1, gaps[2] == 1
    assert (
        "With σ held at 0.17 and 0.03 in both, WS is better than KL in"
        f" {'Fréchet distance (prior)' if over_kl else 'no measure'}; it is better than the plain"
        f" autoencoder in {'Fréchet distance (prior)' if over_ae else 'no measure'}:"
    ) in text
    assert leads(study.comparisons[35])["both"] == (["frechet"] if shown else [])


def test_the_controls_are_compared_on_the_same_images():
    c = make_study(**SMALL, budgets=(35,)).comparisons[35]
    assert list(c.measured) == ["kl", "ws", "ae", KL17, WS17, KL03, WS03]
    assert c.value(WS03, "sse_z") == pytest.approx(11.1)


@pytest.mark.parametrize("missing", ["ae", KL17, WS17, KL03, WS03])
def test_a_single_missing_control_leaves_the_question_open(missing):
    study = make_study(**SMALL, budgets=(35,))
    assert has_controls(study.comparisons[35])
    study = replace(study, trained=[t for t in study.trained if t.key != missing])
    assert not has_controls(study.comparisons[35])
    assert "is not known: that takes the controls" in five_sentences(study)[3]
    assert "In the place of the KL" not in due_to(study)


def test_without_controls_nothing_is_said_of_the_distance_but_how_to_find_out():
    study = make_study(seeds=1, budgets=(35,), controls=False, sweep=False)
    found = five_sentences(study)
    assert len(found) == 5
    assert "not known: that takes the controls, `python analyze.py --controls`" in found[3]
    assert "autoencoder" not in found[0] + found[2]
    assert "`python analyze.py --sweep`" in found[4]
    text = due_to(study)
    assert "**The noise.**" in text and "**The critic.**" not in text
    assert "held" not in text and "**The budget.**" not in text


def test_what_is_due_to_what_by_hand():
    study = changed(
        make_study(**SMALL, budgets=(35, 140)),
        {
            "kl": {"sse_mu": 10.0, "sse_z": 14.0}, "ws": {"sse_mu": 9.0, "sse_z": 9.0},
            "ae": {"sse_z": 8.0}, KL17: {"sse_z": 13.0}, WS17: {"sse_z": 12.5},
            KL03: {"sse_z": 11.0}, WS03: {"sse_z": 10.7},
        },
    )  # fmt: skip
    noise, critic, sampler, budget = due_to(study).split(" **")
    assert "WS leads KL by 5.0" in noise and "instead of μ costs KL 4.0" in noise
    assert "Trained with σ held at 0.03, KL gains 3.0" in noise
    changes = re.findall(
        r"changes the squared error by (\S+) ± \S+ and the Fr.*? by (\S+) ±", critic
    )
    assert changes == [("1.000", "−385"), ("−0.50", "189"), ("−0.30", "189")]
    assert "Added to a plain autoencoder, it changes" in critic
    assert re.findall("with σ = (0...), it changes", critic) == ["0.17", "0.03"]
    assert "From N(0, I) the Fréchet distance is KL 26.2" in sampler and "WS 3.3" in sampler
    assert "With 140 epochs instead of 35, the Fréchet distance (prior) is KL 18.5" in budget
    assert "the squared error KL 14.0" in budget


def test_without_labels_the_codes_are_judged_instead_of_samples():
    study = make_study(**SMALL, labels=False)
    found = five_sentences(study)
    assert "after 140 epochs, KL matches it better" in found[1] and "Fréchet" not in " ".join(found)
    assert "Samples are not judged: the data has no labels" in found[2]
    text = due_to(study)
    assert "sliced W₁ to the prior by −8.6" in text and "Fréchet" not in text


def test_one_number_without_an_interval_decides_nothing():
    study = make_study(seeds=1, budgets=(35,), controls=False, sweep=False)
    for t in study.trained:
        t.measurement.replicates.clear()
    text = five_sentences(study)[0]
    assert "neither clearly reconstructs better (KL 13.3, WS 11)" in text
    assert "neither clearly does better (KL 11.7, WS 11)" in text


def test_the_picture_has_a_row_for_each_training_and_control(tmp_path, figures):
    study = make_study(**SMALL)
    draw_answer(study, tmp_path)
    axes = figures["answer.png"].axes
    names = [text.get_text() for text in axes[0].get_yticklabels()]
    assert names == [
        "KL, 35 epochs", "KL, 140 epochs", "WS, 35 epochs", "WS, 140 epochs", "AE, 35 epochs",
        "AE, 140 epochs", "KL, σ = 0.17", "WS, σ = 0.17", "KL, σ = 0.03", "WS, σ = 0.03",
    ]  # fmt: skip
    assert [ax.get_title() for ax in axes] == [
        "SSE (z sampled)", "sliced W₁ to the prior", "Fréchet (prior)", "Fréchet (ten Gaussians)"
    ]  # fmt: skip
    points = [bars.lines[0] for bars in axes[0].containers]
    assert [float(p.get_xdata()[0]) for p in points][:3] == pytest.approx(
        [13.35, 13.1207, 10.98], abs=1e-3
    )
    hollow = [n for n, p in enumerate(points) if p.get_markerfacecolor() == "white"]
    assert hollow == [2, 7, 9]  # WS at 35 epochs, also with σ held
    interval = study.comparisons[35].interval("ws", "sse_z")
    (segment,) = axes[0].containers[2].lines[2][0].get_segments()
    np.testing.assert_allclose(segment, [[interval.low, 2], [interval.high, 2]])


def test_a_model_that_was_trained_longer_alone_is_named_with_its_epochs(tmp_path, figures):
    study = make_study(**SMALL, longer=(280,))
    draw_answer(study, tmp_path)
    names = [text.get_text() for text in figures["answer.png"].axes[0].get_yticklabels()]
    assert names[:6] == [
        "KL, 35 epochs", "KL, 140 epochs", "WS, 35 epochs", "WS, 280 epochs", "AE, 35 epochs",
        "AE, 140 epochs",
    ]  # fmt: skip
    assert (
        "; after 140 (KL, AE) and 280 (WS) epochs, KL samples from it better" in sentences(study)[1]
    )
    assert "With 140 (KL, AE) and 280 (WS) epochs instead of 35, the" in due_to(study)
    c = study.comparisons
    assert c[280].value("kl", "sse_z") == c[140].value("kl", "sse_z")


def test_a_single_comparison_without_labels_is_pictured(tmp_path, figures):
    study = make_study(seeds=1, budgets=(35,), controls=False, sweep=False, labels=False)
    draw_answer(study, tmp_path)
    assert len(figures["answer.png"].axes) == 2
    assert len(figures["answer.png"].axes[0].containers) == 2


def test_worlds_are_those_of_the_models():
    assert world("kl")["sse_z"] == 13.35 and world("ws", sse_z=2)["sse_z"] == 21.96
    assert Comparison({"kl": [measurement(world("kl"))]}, {}).value("kl", "sse_z") == 13.35
