"""The picture of the claims: each number's margin where it belongs, and the verdict's word."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.image import imread
from studies import judged, make_study

from npvae.evaluation.intervals import Interval
from npvae.report.claims import HOLDS, MIXED, OPEN, Part, Verdict
from npvae.report.claims_chart import COLOURS, REACH, draw_claims, standardised


@pytest.mark.parametrize(
    ("low", "high", "at"), [(1, 3, 2), (-3, -1, -2), (-1, 1, 0), (99, 101, REACH), (-9, -8, -REACH)]
)
def test_a_margin_is_in_halves_of_its_interval(low, high, at):
    assert standardised(Interval((low + high) / 2, low, high)) == at


def test_a_margin_without_width_is_beyond_the_axis():
    assert standardised(Interval(0.1, 0.1, 0.1)) == REACH
    assert standardised(Interval(-0.1, -0.1, -0.1)) == -REACH
    assert standardised(Interval(0, 0, 0)) == 0


def test_the_picture_has_a_row_for_each_number(tmp_path, figures):
    parts = [Part("a", "", Interval(4, 2, 6)), Part("b", "", Interval(-9, -10, -8))]
    late = [Part("a", "", Interval(1, -1, 3)), Part("b", "", None)]
    judged = {"35": [Verdict("c", "", parts)], "70": [Verdict("c", "", late)]}
    draw_claims(judged, tmp_path)
    (ax,) = figures["claims.png"].axes
    shown = [text.get_text() for text in ax.texts]
    assert shown == ["c", f"{MIXED}\n→ {OPEN}", "a", "b", "no interval"]
    assert ax.texts[1].get_color() == COLOURS[OPEN]  # of the later verdict
    markers = [line for line in ax.lines if line.get_marker() not in ("None", None, "")]
    assert [(m.get_xdata()[0], m.get_marker()) for m in markers] == [
        (2, "o"), (0.5, "o"), (-REACH, "<"),
    ]  # fmt: skip
    assert markers[0].get_markerfacecolor() == COLOURS[HOLDS]
    assert markers[1].get_markerfacecolor() == "white"
    bars = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2]
    assert [1, 3] in [list(bar) for bar in bars] and [-0.5, 1.5] in [list(bar) for bar in bars]


def test_texts_do_not_run_into_one_another(tmp_path, figures):
    draw_claims(judged(make_study()), tmp_path)
    figure = figures["claims.png"]
    figure.draw_without_rendering()
    (ax,) = figure.axes
    boxes = [text.get_window_extent() for text in ax.texts]
    inner = [box.padded(-2) for box in boxes]
    assert not [(a, b) for n, a in enumerate(inner) for b in inner[:n] if a.overlaps(b)]
    left, _ = ax.transData.transform((-REACH, 0))
    names = [text.get_window_extent() for text in ax.texts if text.get_fontsize() == 8.5]
    assert len(names) > 30 and max(box.x1 for box in names) < left


def test_the_picture_is_as_wide_as_a_phone_can_show(tmp_path):
    draw_claims(judged(make_study()), tmp_path)
    image = imread(tmp_path / "claims.png")
    assert 600 <= image.shape[1] <= 750
    assert (tmp_path / "claims.png").stat().st_size < 400_000
    ink = {tuple(np.round(np.array(to_rgba(c)[:3]) * 255)) for c in COLOURS.values()}
    assert len(ink) == 4
