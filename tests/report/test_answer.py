"""The answer follows the numbers: who leads, what the controls say, and what is missing."""

from dataclasses import replace

import numpy as np
import pytest
from studies import compare, make_study, measurement, world

from npvae.evaluation.comparison import Comparison
from npvae.report.answer import draw_answer, due_to, five_sentences, held, leads, with_controls


def sentences(study, **changes):
    """The five sentences, with the numbers of some models and controls changed at 35 epochs."""
    study = changed(study, **changes)
    return five_sentences(study, compare(study))


def changed(study, **changes):
    """A study with other values of (key of a model, or ("kl", sigma)): {metric: value}."""
    trained = []
    for t in study.trained:
        key = (
            t.model
            if t.options.sigma is None
            else f"{t.model}{t.options.sigma:g}".replace("0.", "")
        )
        new = changes.get(key, {}) if t.held_out is None else {}
        values = t.measurement.values | new
        trained.append(replace(t, measurement=measurement(values, t.options.seed, trainings=0.001)))
    return replace(study, trained=trained)


SMALL = {"seeds": 3, "sweep": False}


def test_who_reconstructs_better_with_both_kinds_of_code():
    study = make_study(**SMALL, budgets=(35,))
    (text, *_) = sentences(study, kl={"sse_z": 9.0})
    assert "With z sampled, KL reconstructs better (squared error: KL 9.0" in text
    assert "with z = μ, WS does better (KL 11.7" in text
    (text, *_) = sentences(study, kl={"sse_z": 10.98})
    assert "With z sampled, neither model clearly reconstructs better" in text
    assert "AE 10.9" in text and "plain autoencoder, which nothing regularises" in text


def test_the_prior_is_judged_at_both_ends_of_the_budget():
    text = sentences(make_study(**SMALL))[1]
    assert "KL matches the prior better (sliced W₁: KL 0.084" in text and "match 0.016)" in text
    assert "KL samples from it better (Fréchet: KL 26.2" in text
    assert "after 140 epochs, KL samples better" in text and "not settled" not in text
    text = sentences(make_study(**SMALL, budgets=(35, 70)))[1]
    assert "after 70 epochs, KL samples better (KL 22.0" in text
    assert "), though WS had not settled by then" in text
    study = make_study(**SMALL)
    last = next(t for t in study.trained if (t.model, t.options.epochs) == ("ws", 140))
    study = replace(
        study, trained=[replace(t, settled=t.settled and t is not last) for t in study.trained]
    )
    assert "though WS had not settled by then" in sentences(study)[1]
    assert "after" not in sentences(make_study(**SMALL, budgets=(35,)))[1]


@pytest.mark.parametrize(
    ("frechet", "words"),
    [
        (3.0, "but the plain autoencoder, which has no critic, is better than WS"),
        (3.3, "and WS is not clearly better than the plain autoencoder"),
        (3.9, "and WS is better than the plain autoencoder, too"),
    ],
)
def test_the_fitted_sampler_is_held_against_the_autoencoder(frechet, words):
    text = sentences(make_study(**SMALL, budgets=(35,)), ae={"frechet_mix": frechet})[2]
    assert "WS samples better (Fréchet: KL 5.0" in text and words in text


# In each of two σ and against the autoencoder WS must lead: (KL − WS at 0.17, at 0.03, AE − WS).
@pytest.mark.parametrize(
    ("gaps", "shown"),
    [((1, 1, 1), True), ((0, 1, 1), False), ((1, -1, 1), False), ((1, 1, 0), False)],
)
def test_a_benefit_of_the_distance_itself_needs_every_control(gaps, shown):
    changes = {
        "kl17": {"frechet": 30 + 9 * gaps[0]}, "kl03": {"frechet": 30 + 9 * gaps[1]},
        "ws17": {"frechet": 30}, "ws03": {"frechet": 30}, "ws": {"frechet": 30},
        "ae": {"frechet": 30 + 9 * gaps[2]},
    }  # fmt: skip
    for model in ("kl17", "kl03", "ws17", "ws03"):
        changes[model] |= {"sse_z": 11, "frechet_mix": 4, "bound_mix": -100}
    study = make_study(**SMALL, budgets=(35,))
    text = sentences(study, **changes)[3]
    benefit = (
        "the data show a benefit of the Wasserstein distance itself, in Fréchet distance (prior)."
    )
    none = "the data do not show a benefit of the Wasserstein distance itself."
    assert (benefit if shown else none) in text
    assert (none if shown else benefit) not in text
    assert "With σ held at 0.17 and 0.03 in both, WS leads KL by 0.0" in text
    c = with_controls(changed(study, **changes), compare(changed(study, **changes))[35])
    assert leads(c, [0.17, 0.03])["both"] == (["frechet"] if shown else [])


def test_the_controls_are_compared_on_the_same_images():
    study = make_study(**SMALL, budgets=(35,))
    c = with_controls(study, compare(study)[35])
    assert list(c.measured) == ["kl", "ws", "ae", "KL, σ = 0.17", "WS, σ = 0.17", "KL, σ = 0.03",
                                "WS, σ = 0.03"]  # fmt: skip
    assert c.value(held("ws", 0.03), "sse_z") == pytest.approx(11.1)


def test_without_controls_nothing_is_said_of_the_distance_but_how_to_find_out():
    study = make_study(seeds=1, budgets=(35,), controls=False, sweep=False)
    found = five_sentences(study, compare(study))
    assert len(found) == 5
    assert "not known: that takes the controls, `python analyze.py --controls`" in found[3]
    assert "`--controls`" not in found[0] and "--controls" in found[2]
    assert "`python analyze.py --sweep`" in found[4]
    text = due_to(study, compare(study))
    assert "What is missing: trainings with σ held (`--controls`)" in text and "`--budgets`" in text
    assert "**The noise.**" in text and "**The critic.**" not in text


def test_what_is_due_to_what_by_hand():
    study = changed(
        make_study(**SMALL, budgets=(35, 140)),
        kl={"sse_mu": 10.0, "sse_z": 14.0}, ws={"sse_mu": 9.0, "sse_z": 9.0},
        ae={"sse_z": 8.0}, kl17={"sse_z": 13.0}, ws17={"sse_z": 12.5}, kl03={"sse_z": 11.0},
        ws03={"sse_z": 10.5},
    )  # fmt: skip
    noise, critic, sampler, budget = due_to(study, compare(study)).split(" **")
    assert "WS leads KL by 5.0" in noise and "instead of μ costs KL 4.0" in noise
    assert "Trained with σ held at 0.03, KL gains 3.0" in noise
    assert "changes the squared error by 1.0" in critic
    assert critic.count("it changes them by −0.5") == 2
    assert "From N(0, I) the Fréchet distance is KL 26.2" in sampler and "WS 3.3" in sampler
    assert "With 140 epochs instead of 35, the Fréchet distance (prior) is KL 18.5" in budget
    assert "What is missing" not in budget


def test_without_labels_the_codes_are_judged_instead_of_samples():
    study = make_study(**SMALL, labels=False)
    found = five_sentences(study, compare(study, labels=False))
    assert "after 140 epochs, KL matches it better" in found[1] and "Fréchet" not in " ".join(found)
    text = due_to(study, compare(study, labels=False))
    assert "sliced W₁ to the prior by −8.6" in text and "Fréchet" not in text


def test_one_number_without_an_interval_decides_nothing():
    study = make_study(seeds=1, budgets=(35,), controls=False, sweep=False)
    c = compare(study)[35]
    for m in (m for runs in c.measured.values() for m in runs):
        m.replicates.clear()
    assert "which model reconstructs better is not known" in five_sentences(study, {35: c})[0]


def test_the_picture_has_a_row_for_each_training_and_control(tmp_path, figures):
    study = make_study(**SMALL)
    draw_answer(study, compare(study), tmp_path)
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
    interval = compare(study)[35].interval("ws", "sse_z")
    (segment,) = axes[0].containers[2].lines[2][0].get_segments()
    np.testing.assert_allclose(segment, [[interval.low, 2], [interval.high, 2]])


def test_a_model_that_was_trained_longer_alone_is_named_with_its_epochs(tmp_path, figures):
    study = make_study(**SMALL, longer=(280,))
    c = compare(study)
    draw_answer(study, c, tmp_path)
    names = [text.get_text() for text in figures["answer.png"].axes[0].get_yticklabels()]
    assert names[:6] == [
        "KL, 35 epochs", "KL, 140 epochs", "WS, 35 epochs", "WS, 280 epochs", "AE, 35 epochs",
        "AE, 140 epochs",
    ]  # fmt: skip
    assert "; after 140 (KL, AE) and 280 (WS) epochs, KL samples better" in sentences(study)[1]
    assert "With 140 (KL, AE) and 280 (WS) epochs instead of 35, the" in due_to(study, c)
    assert c[280].value("kl", "sse_z") == c[140].value("kl", "sse_z")


def test_a_single_comparison_without_labels_is_pictured(tmp_path, figures):
    study = make_study(seeds=1, budgets=(35,), controls=False, sweep=False, labels=False)
    draw_answer(study, compare(study, labels=False), tmp_path)
    assert len(figures["answer.png"].axes) == 2
    assert len(figures["answer.png"].axes[0].containers) == 2


def test_worlds_are_those_of_the_models():
    assert world("kl")["sse_z"] == 13.35 and world("ws", sse_z=2)["sse_z"] == 21.96
    assert Comparison({"kl": [measurement(world("kl"))]}, {}).value("kl", "sse_z") == 13.35
