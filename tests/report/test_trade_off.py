"""The trade-off's picture and text, of points made by hand."""

from dataclasses import replace
from math import nan

import numpy as np
from matplotlib.image import imread
from picture_helpers import texts
from sweep_points import POINTS, point

from npvae.report.trade_off import draw_trade_off, trade_off_text

PERFECT = {"w1_sliced": 0.01, "frechet": 2}


def test_the_picture_is_a_png_of_a_size_fit_for_a_report(tmp_path):
    draw_trade_off(POINTS, PERFECT, tmp_path)
    height, width, _ = imread(tmp_path / "trade_off.png").shape
    assert 600 <= width <= 1200 and 150 <= height <= 1200
    assert (tmp_path / "trade_off.png").stat().st_size < 200_000


def test_the_picture_joins_points_by_weight_and_rings_the_reference(tmp_path, figures):
    points = [
        point(run, weight, 9 + weight, 30 / weight, weight == 1)
        for run in ("kl", "ws")
        for weight in (0.1, 1, 10)
    ]
    draw_trade_off(points[::-1], PERFECT, tmp_path)
    left, right = figures["trade_off.png"].axes
    for ax in (left, right):
        assert sorted(texts(ax)) == sorted(["0.1", "1", "10"] * 2)
        rings = [line for line in ax.lines if line.get_markersize() == 13 and len(line.get_xdata())]
        assert len(rings) == 2
        assert ax.get_xscale() == ax.get_yscale() == "log"
    lines = {line.get_label(): line for line in left.lines}
    sampled, at_mu = lines["KL, weight β: z sampled"], lines["KL, weight β: z = μ"]
    np.testing.assert_allclose(sampled.get_xdata(), [1.25, 0.125, 0.0125])
    np.testing.assert_allclose(sampled.get_ydata(), [9.1, 10, 19])
    np.testing.assert_allclose(at_mu.get_ydata(), [8.1, 9, 18])
    assert lines["WS, weight λ: z = μ"].get_color() != at_mu.get_color()
    assert list(lines["perfect match"].get_xdata()) == [0.01] * 2
    assert rings[0].get_xydata().tolist() == [[10, 30]]
    assert [2, 2] in [list(line.get_ydata()) for line in right.lines]


def test_the_text_by_hand():
    text = trade_off_text(POINTS)
    assert "| KL, β = 1 (reference) | 13 | 14 | 0.125 | 26 |\n" in text
    assert "| WS, λ = 2 | 11 | 12 | 0.0625 | 35 |\n" in text
    assert text.count("(reference)") == 2
    assert "come with KL, β = 1: Fréchet distance 26, at SSE 14 (z sampled)." in text
    assert "come with WS, λ = 2: Fréchet distance 35, at SSE 12 (z sampled)." in text
    assert "1 of the 3 KL settings are matched" in text
    assert "1 of the 2 WS settings are matched" in text
    assert trade_off_text([]) == ""


def test_without_labels_text_and_picture_say_nothing_of_samples(tmp_path, figures):
    unjudged = [replace(p, frechet=nan) for p in POINTS]
    text = trade_off_text(unjudged)
    assert "| KL, β = 1 (reference) | 13 | 14 | 0.125 | – |" in text
    assert "nan" not in text and "best samples" not in text and "settings are" not in text
    draw_trade_off(unjudged, {"w1_sliced": 0.01}, tmp_path)
    figures["trade_off.png"].draw_without_rendering()
    left, right = (texts(ax) for ax in figures["trade_off.png"].axes)
    assert sorted(left) == ["0.1", "0.2", "1", "2", "8"]
    assert right == ["not measured: no labels"]
