"""The pictures of the law and of the trade-off: what stands where."""

import numpy as np
import pytest
from picture_helpers import texts
from studies import make_study

from npvae.report.charts import LOOKS
from npvae.report.study_charts import LEAST, draw_law, draw_trade_off


def test_the_law_has_a_bar_for_each_part_as_long_as_it_is(tmp_path, figures):
    c = make_study().comparison(35)
    draw_law(c, tmp_path)
    (ax,) = figures["law.png"].axes
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[:4] == ["KL  scale", "KL  shape", "KL  information", "WS  scale"]
    assert len(names) == 9 and "AE  information" not in names
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(
        ends[:3], [c.value("kl", p) for p in ("scale", "shape", "information")]
    )
    assert ends[names.index("AE  scale")] > 100 and ax.get_xscale() == "log"
    assert texts(ax)[2] == "13.8"


def test_a_part_that_is_not_above_0_has_its_number_and_no_bar(tmp_path, figures):
    study = make_study(seeds=1, epochs=(35,))
    study.trained[0].measurement.values["shape"] = -0.04
    draw_law(study.comparison(35), tmp_path)
    (ax,) = figures["law.png"].axes
    bar = ax.patches[1]
    assert bar.get_width() == pytest.approx(0) and bar.get_x() == LEAST
    assert texts(ax)[1] == "−0.04"


def test_the_trade_off_stands_over_scale_plus_shape_at_both_lengths(tmp_path, figures):
    study = make_study()
    draw_trade_off(study, tmp_path)
    copies, noisy, inventions = figures["trade_off.png"].axes
    assert inventions.get_xlabel().endswith("scale + shape, nats")
    lines = [line.get_xydata() for line in copies.lines if len(line.get_xdata()) == 2]
    for setting, line in zip(study.settings, lines, strict=False):
        for epochs, point in zip((35, 140), line, strict=True):
            c = study.comparison(epochs)
            x = c.value(setting, "scale") + c.value(setting, "shape")
            np.testing.assert_allclose(point, [x, c.value(setting, "sse_mu")])
    assert len(lines) == len(study.settings) == 8
    # KL's points, with the intervals of both numbers: hollow for the shorter training.
    faces = "white", LOOKS["kl"]["color"]
    for drawn, face, epochs in zip(copies.containers, faces, (35, 140), strict=False):
        across, down = (bars.get_segments()[0] for bars in drawn.lines[2])
        _, *ends = study.comparison(epochs).interval("kl", "sse_mu")
        np.testing.assert_allclose(down[:, 1], ends)
        assert across[0, 0] < down[0, 0] < across[1, 0]
        assert drawn.lines[0].get_markerfacecolor() == face
    assert texts(copies) == texts(noisy) == ["1", "0.1736", "0.1736", "1", "3", "3", "10"]
    words = [text.get_text() for text in figures["trade_off.png"].legends[0].get_texts()]
    assert words == ["KL", "WS", "SW", "AE", "hollow: 35 epochs", "filled: 140 epochs"]
