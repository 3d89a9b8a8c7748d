"""The budget study: what settled when, what it cost, and a picture by epochs and by seconds."""

from dataclasses import replace

import numpy as np
import pytest
from studies import make_study

from npvae.report.budgets import budgets_text, draw_budgets
from npvae.report.claims import value_of


def draw(figures, tmp_path, **how):
    study = make_study(**how)
    draw_budgets(study, tmp_path)
    return study, figures["budgets.png"]


def slower(study, factor):
    """The study, with KL's trainings taking so many times as long."""
    seconds = {"kl": factor}
    trained = [replace(t, seconds=t.seconds * seconds.get(t.key, 1)) for t in study.trained]
    return replace(study, trained=trained)


def test_the_text_says_when_each_model_settled_and_what_equal_cost_buys():
    study = make_study(seeds=2, sweep=False)
    text = budgets_text(study)
    assert "KL has settled at 35 epochs, WS has settled at 140 epochs, AE has settled" in text
    c = study.comparisons
    kl, ws = (value_of(c[e], m, "sse_z") for e, m in ((140, "kl"), (35, "ws")))
    costs = "At no higher cost, KL after 140 epochs (280 s) against WS after 35 (630 s)"
    assert f"{costs}: SSE (z sampled) {kl} against {ws} and" in text
    assert "KL after 70 epochs (322 s)" in budgets_text(slower(study, 2.3))  # 140 take 644 s
    assert "cost" not in budgets_text(slower(study, 9.1))  # 35 take 637 s
    study = make_study(seeds=2, sweep=False, budgets=(35, 70))
    assert "WS has not settled at 70" in budgets_text(study)


def test_a_model_has_settled_only_where_no_longer_training_has_not():
    study = make_study(seeds=1, sweep=False)
    trained = [
        replace(t, settled=t.options.epochs != 70) if t.key == "kl" else t for t in study.trained
    ]
    study = replace(study, trained=trained)
    assert "KL has settled at 140 epochs" in budgets_text(study)


def test_the_picture_is_shown_if_there_is_more_than_one_budget():
    assert "(plots/budgets.png)" in budgets_text(make_study(seeds=1, sweep=False, budgets=(35, 70)))
    study = make_study(seeds=1, budgets=(35,), controls=False, sweep=False)
    text = budgets_text(study)
    assert "WS has not settled at 35." in text
    assert "budgets.png" not in text


def test_the_training_error_is_the_test_error_without_the_gap():
    c = make_study(seeds=2, budgets=(35,), sweep=False).comparisons[35]
    expected = c.value("kl", "bce_mu") - c.value("kl", "gap_bce_mu")
    assert c.value("kl", "bce_train") == pytest.approx(expected)


def test_the_picture_shows_each_number_against_epochs_and_seconds(tmp_path, figures):
    study, figure = draw(figures, tmp_path, seeds=2, sweep=False)
    axes = np.reshape(figure.axes, (4, 2))
    assert [ax.get_title(loc="left")[:3] for ax in axes[:, 0]] == ["SSE", "BCE", "sli", "Fré"]
    (epochs, kl, _), (seconds, *_) = (
        (ax.get_xlabel(), *[line for line in ax.lines if len(line.get_xdata()) == 3][:2])
        for ax in axes[-1]
    )
    assert (epochs, seconds) == ("epochs", "seconds of training")
    assert list(kl.get_xdata()) == [35, 70, 140]
    c = study.comparisons
    np.testing.assert_allclose(kl.get_ydata(), [c[e].value("kl", "frechet") for e in (35, 70, 140)])
    by_seconds = [line.get_xdata() for line in axes[0, 1].lines if len(line.get_xdata()) == 3]
    assert [70, 140, 280] in [list(x) for x in by_seconds]
    assert [630, 1260, 2520] in [list(x) for x in by_seconds]
    points = [bars.lines[0] for bars in axes[0, 0].containers]
    hollow = [p.get_xdata()[0] for p in points if p.get_markerfacecolor() == "white"]
    assert hollow == [35, 70]  # of WS


def test_a_model_that_was_trained_longer_alone_has_more_points_than_the_others(tmp_path, figures):
    study, figure = draw(figures, tmp_path, seeds=2, sweep=False, longer=(280,))
    lines = [list(line.get_xdata()) for line in figure.axes[-2].lines]
    assert [35, 70, 140, 280] in lines and lines.count([35, 70, 140]) == 2
    seconds = [list(line.get_xdata()) for line in figure.axes[-1].lines]
    assert [630, 1260, 2520, 5040] in seconds and [70, 140, 280] in seconds
    assert "KL after 140 epochs (280 s) against WS after 35" in budgets_text(study)


def test_dotted_are_the_codes_means_and_the_training_images(tmp_path, figures):
    study, figure = draw(figures, tmp_path, seeds=2, sweep=False)
    dotted = [
        [line for line in ax.lines if line.get_linestyle() == ":" and len(line.get_xdata()) == 3]
        for ax in figure.axes
    ]
    assert [len(lines) for lines in dotted] == [3, 3, 3, 3, 0, 0, 0, 0]
    c = study.comparisons
    values = [c[e].value("kl", "sse_mu") for e in (35, 70, 140)]
    np.testing.assert_allclose(dotted[0][0].get_ydata(), values)


def test_without_labels_or_autoencoder_the_picture_has_fewer_rows_and_lines(tmp_path, figures):
    how = {"seeds": 1, "controls": False, "sweep": False, "labels": False}
    _, figure = draw(figures, tmp_path, **how)
    assert len(figure.axes) == 6
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["KL", "WS", "hollow: not settled", "perfect match"]
