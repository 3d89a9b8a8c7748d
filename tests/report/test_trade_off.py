"""The trade-off: weights chosen on held-out images, pairs corrected for their number, labels."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread
from matplotlib.text import Text
from picture_helpers import texts
from studies import OPTIONS, make_study, measurement, perfect_match, world

from npvae.evaluation.encoded import Setting
from npvae.evaluation.intervals import Interval
from npvae.evaluation.results import Study, Trained
from npvae.report.trade_off import (
    SWEPT,
    beaten,
    best_of,
    draw_trade_off,
    holm,
    of_kind,
    p_value,
    trade_off_text,
    weights_sentence,
)
from npvae.training.kinds import KINDS


def study_of(points, trainings=0.001, settled=True):
    """A study of (model, weight, SSE with z sampled, Fréchet distance on test, and held out).

    Beside them it has the two reference models.
    """
    given = [replace(OPTIONS[model], seed=seed) for model in SWEPT for seed in range(3)]
    trained = [Trained(o, 1.0, True, measurement(world(o.kind), o.seed)) for o in given]
    for model, weight, sse, frechet, held_out in points:
        options = replace(OPTIONS[model], limit=9, **{KINDS[model].weight: weight})
        values = world(model) | {
            "sse_z": sse, "sse_mu": 0.9 * sse, "frechet": frechet, "w1_sliced": 0.1 / weight,
        }  # fmt: skip
        for seed in range(3):
            found = measurement(values, seed, trainings=trainings, images=0.001)
            # the first seed alone would choose another weight than the mean of all three
            own = (200 - held_out, 2 * held_out - 100, 2 * held_out - 100)[seed]
            trained.append(Trained(replace(options, seed=seed), 1.0, settled, found, own))
    return Study(trained, perfect_match())


def weighted(model, weight):
    """The key of a weight in the sweep."""
    return Setting(model, weight=weight)


def comparison(study):
    """The comparison at the study's only number of epochs."""
    return study.comparisons[35]


POINTS = [
    ("kl", 0.1, 10, 50, 50), ("kl", 1, 14, 26, 20), ("kl", 8, 30, 40, 30),
    ("ws", 0.1736, 10.2, 60, 60), ("ws", 2, 12, 25, 99), ("ws", 9, 13, 35, 30),
]  # fmt: skip


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.5]), [1, 1])
    assert holm([]).size == 0


def test_a_p_value_is_that_of_the_interval():
    assert p_value(Interval(1, 0, 2)) == pytest.approx(0.05)  # the interval ends at 0
    assert p_value(Interval(1.31422, 0.31422, 2.31422)) == pytest.approx(0.01, rel=1e-3)
    assert p_value(Interval(-1, -2, 0)) == p_value(None) == p_value(Interval(0, 0, 0)) == 1
    assert p_value(Interval(1, 1, 1)) == 0
    assert p_value(Interval(1, np.nan, np.nan)) == 1


def test_the_weight_is_chosen_on_held_out_images_and_scored_on_test_images():
    study = study_of(POINTS)
    assert [best_of(of_kind(study, kind)) for kind in SWEPT] == [
        weighted("kl", 1),
        weighted("ws", 9),
    ]
    text = weights_sentence(study)
    assert text.startswith("Of KL at β = 1 and WS at λ = 9, which sample best on held-out")
    assert "KL at β = 1 samples from the prior better (Fréchet distance (prior): 26.0" in text
    assert "WS at λ = 9 reconstructs better (SSE (z sampled): 14.0" in text


def test_a_setting_must_be_beaten_in_both():
    study = study_of(POINTS)
    found, tested = beaten(study, comparison(study))
    assert tested == 18
    assert set(found) == {
        (weighted("ws", 2), weighted("kl", 1)),
        (weighted("ws", 2), weighted("kl", 8)),
        (weighted("ws", 9), weighted("kl", 8)),
        (weighted("kl", 0.1), weighted("ws", 0.1736)),
    }
    losers = "WS at λ = 0.1736, KL at β = 1, KL at β = 8"
    assert (
        f"Beaten in both by a setting of the other model: {losers} (Holm's correction for 18 pairs)"
    ) in weights_sentence(study)
    even = study_of([("kl", 1, 10, 9, 9), ("ws", 1, 10, 9, 9)])
    assert "of the other model: none (Holm's correction for 2 pairs)" in weights_sentence(even)


def test_many_pairs_need_more_than_one(monkeypatch):
    """A lead whose p is 0.03 counts alone, and not among eighteen pairs."""
    lead = Interval(1.107, 0.107, 2.107)  # z = 2.17
    monkeypatch.setattr("npvae.report.trade_off.lead", lambda c, key, b, a: lead)
    assert p_value(lead) == pytest.approx(0.03, abs=1e-3)
    assert beaten(study_of(POINTS), None) == ([], 18)
    one_of_each = study_of([POINTS[0], POINTS[-1]])
    assert beaten(one_of_each, None)[0] == []  # 2 · 0.03
    monkeypatch.setattr(
        "npvae.report.trade_off.lead", lambda c, key, b, a: lead if b.model == "ws" else None
    )
    assert beaten(one_of_each, None)[0] == []
    strong = Interval(1.2, 0.2, 2.2)  # z = 2.35, p = 0.019
    monkeypatch.setattr(
        "npvae.report.trade_off.lead", lambda c, key, b, a: strong if b.model == "ws" else None
    )
    assert len(beaten(one_of_each, None)[0]) == 1


def test_the_text_says_what_has_not_settled_and_tabulates():
    text = trade_off_text(study_of(POINTS, settled=False))
    assert "trained 3 times for 35 epochs" in text
    assert "Not settled: KL at β = 0.1; KL at β = 1;" in text
    assert "| KL at β = 1 | 12.6" in text and "plots/trade_off.png" in text
    assert "Not settled: none." in trade_off_text(study_of(POINTS))
    empty = trade_off_text(study_of([]))
    assert "`python analyze.py --sweep`" in empty and "trade_off.png" not in empty


def test_the_picture_has_intervals_settled_marks_and_the_reference(tmp_path, figures):
    study = study_of(POINTS, trainings=0.01)
    one_unsettled = [replace(t, settled=t.weight != 2) for t in study.trained]
    draw_trade_off(replace(study, trained=one_unsettled), tmp_path)
    figure = figures["trade_off.png"]
    above, below = figure.axes
    for ax in (above, below):
        assert sorted(texts(ax)) == sorted(["0.1", "1", "8", "0.174", "2", "9"])
        rings = [line for line in ax.lines if line.get_markersize() == 13 and len(line.get_xdata())]
        assert len(rings) == 2
        assert {weighted("kl", 1), weighted("ws", 0.1736)} == {
            setting for setting in study.sweep for ring in rings
            if np.allclose([ring.get_xdata()[0], ring.get_ydata()[0]],
                           [comparison(study).value(setting, key) for key in KEYS[ax is below]])
        }  # fmt: skip
        marks = [bars.lines[0] for bars in ax.containers]
        assert [m.get_markerfacecolor() == "white" for m in marks] == [False] * 4 + [True, False]
    c = comparison(study)
    x, y = (c.interval(weighted("kl", 1), key) for key in ("sse_z", "frechet"))
    horizontal, vertical = (bars.get_segments()[0] for bars in below.containers[1].lines[2])
    np.testing.assert_allclose(horizontal[:, 0], [x.low, x.high])
    np.testing.assert_allclose(vertical[:, 1], [y.low, y.high])
    lines = [line.get_ydata() for line in above.lines if len(line.get_ydata()) == 3]
    np.testing.assert_allclose(lines[0], [10, 14, 30], rtol=1e-3)
    np.testing.assert_allclose(lines[1], [9, 12.6, 27], rtol=1e-3)
    assert [0.016] * 2 in [list(line.get_xdata()) for line in above.lines]
    assert [0.54] * 2 in [list(line.get_ydata()) for line in below.lines]
    assert "35 epochs" in figure.get_suptitle()


KEYS = ("w1_sliced", "sse_z"), ("sse_z", "frechet")
CROWDS = [
    POINTS,
    [("kl", w, 10 + w / 50, 30 - w, 9) for w in (0.1, 0.3, 1, 3, 10)]
    + [("ws", w, 10.05 + w / 50, 30.5 - w, 9) for w in (0.1736, 1, 3, 10)],
    [("kl", w, 10 + 0.2 * n, 30, 9) for n, w in enumerate((0.1, 0.3, 1, 3, 10))]
    + [("ws", w, 10.1 + 0.2 * n, 31, 9) for n, w in enumerate((0.1736, 1, 3, 10))],
]


@pytest.mark.parametrize("points", CROWDS, ids=["apart", "pairs", "a row"])
def test_labels_collide_with_nothing(points, tmp_path, figures):
    draw_trade_off(study_of(points, trainings=0.002), tmp_path)
    figure = figures["trade_off.png"]
    figure.draw_without_rendering()
    for ax in figure.axes:
        boxes = [Text.get_window_extent(text).padded(-1) for text in ax.texts]
        assert sorted(texts(ax)) == sorted(f"{point[1]:.3g}" for point in points)
        frame = ax.get_window_extent()
        assert all(frame.x0 < b.x0 and b.x1 < frame.x1 for b in boxes)
        assert all(frame.y0 < b.y0 and b.y1 < frame.y1 for b in boxes)
        assert not [1 for n, a in enumerate(boxes) for b in boxes[:n] if a.overlaps(b)]
        at = [ax.transData.transform(bars.lines[0].get_xydata())[0] for bars in ax.containers]
        assert not [1 for box in boxes for x, y in at if box.contains(x, y)]


def test_without_labels_only_reconstruction_is_shown(tmp_path, figures):
    study = make_study(seeds=1, budgets=(35,), labels=False)
    draw_trade_off(study, tmp_path)
    assert len(figures["trade_off.png"].axes) == 1
    assert "no labels" in weights_sentence(study)
    assert "| KL at β = 1 |" in trade_off_text(study)
    assert "nan" not in trade_off_text(study)


def test_the_picture_is_a_png_of_a_size_fit_for_a_phone(tmp_path):
    draw_trade_off(study_of(POINTS), tmp_path)
    _, width, _ = imread(tmp_path / "trade_off.png").shape
    assert 600 <= width <= 800
    assert (tmp_path / "trade_off.png").stat().st_size < 200_000
