"""The picture of the claims: a row each, its numbers as bars, and the verdict's word."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread
from picture_helpers import texts
from studies import BASELINES, make_study

from npvae.evaluation.intervals import Interval
from npvae.report.claims import CLAIMS, FAILS, HOLDS, MIXED, OPEN, Part, Verdict, judge
from npvae.report.claims_chart import COLOURS, REACH, draw_claims, standardised


def judged(study):
    return {str(e): judge(study.comparison(e), BASELINES) for e in study.epochs}


@pytest.mark.parametrize(
    ("low", "high", "at"), [(1, 3, 2), (-3, -1, -2), (-1, 1, 0), (99, 101, REACH), (-9, -8, -REACH)]
)
def test_a_margin_is_in_halves_of_its_interval(low, high, at):
    assert standardised(Interval((low + high) / 2, low, high)) == at


def test_a_margin_without_width_is_beyond_the_axis():
    assert standardised(Interval(0.1, 0.1, 0.1)) == REACH
    assert standardised(Interval(-0.1, -0.1, -0.1)) == -REACH
    assert standardised(Interval(0, 0, 0)) == 0


def test_a_claim_is_a_row_of_bars_coloured_by_what_they_say_the_later_ones_lighter(
    tmp_path, figures
):
    parts = [Part("a", "", Interval(4, 2, 6)), Part("b", "", Interval(-9, -10, -8))]
    late = [Part("a", "", Interval(1, -1, 3)), Part("b", "", None)]
    other = [Part("a", "", Interval(-2, -3, -1))]
    judged = {
        "35 epochs": [Verdict("first", "", parts), Verdict("second", "", other)],
        "70 epochs": [Verdict("first", "", late), Verdict("second", "", other)],
    }
    draw_claims(judged, tmp_path)
    (ax,) = figures["claims.png"].axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert texts(ax) == [f"{MIXED}\n→ {OPEN}", FAILS]
    assert [text.get_position()[1] for text in ax.texts] == [0, 1]
    assert [text.get_color() for text in ax.texts] == [COLOURS[OPEN], COLOURS[FAILS]]
    bars = [(to_hex(bar.get_color()[0]).upper(), bar.get_alpha()) for bar in ax.collections]
    assert bars == [
        (COLOURS[HOLDS], 1), (COLOURS[FAILS], 1), (COLOURS[OPEN], 0.45),
        (COLOURS[FAILS], 1), (COLOURS[FAILS], 0.45),
    ]  # fmt: skip
    ends = np.array([bar.get_segments()[0] for bar in ax.collections])
    np.testing.assert_allclose(ends[:, :, 0], [[1, 3], [-6, -4], [-0.5, 1.5], [-3, -1], [-3, -1]])
    rows = ends[:, 0, 1]
    assert list(np.round(rows)) == [0, 0, 0, 1, 1] and len(set(rows)) == 5
    low, high = ax.get_xlim()
    assert low <= -REACH - 1 and high >= REACH + 1 and ax.get_ylim() == (1.5, -0.5)
    assert ax.get_xlabel().endswith("35 epochs; lighter: 70 epochs")


def test_texts_do_not_run_into_one_another(tmp_path, figures):
    draw_claims(judged(make_study()), tmp_path)
    figure = figures["claims.png"]
    figure.draw_without_rendering()
    (ax,) = figure.axes
    names = [label.get_window_extent() for label in ax.get_yticklabels()]
    words = [text.get_window_extent() for text in ax.texts]
    assert len(names) == len(words) == len(CLAIMS)
    inner = [box.padded(-2) for box in names + words]
    assert not [(a, b) for n, a in enumerate(inner) for b in inner[:n] if a.overlaps(b)]
    (left, _), (right, _) = ax.transData.transform([(-REACH - 1, 0), (REACH + 1, 0)])
    assert max(box.x1 for box in names) < left and right < min(box.x0 for box in words)


def test_the_picture_is_as_wide_as_a_phone_can_show(tmp_path):
    draw_claims(judged(make_study()), tmp_path)
    image = imread(tmp_path / "claims.png")
    assert 600 <= image.shape[1] <= 780
    assert (tmp_path / "claims.png").stat().st_size < 400_000
    assert len(set(COLOURS.values())) == 4
