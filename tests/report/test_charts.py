"""What each chart shows: the same bins, axes and colours for all models, and the right numbers."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Text
from studies import make_case, make_study

from npvae.evaluation.intervals import Interval
from npvae.models.inference import Errors
from npvae.report import charts
from npvae.report.claims import CLAIMS, FAILS, HOLDS, MIXED, OPEN, Part, Verdict, judge


def texts(shown):
    return [text.get_text() for text in shown]


def test_errors_show_counts_mean_and_mode_on_the_same_axes(tmp_path, figures):
    rng = np.random.default_rng(0)
    low = np.r_[np.full(150, 3.2), rng.uniform(0, 30, 50)]
    high = np.r_[np.full(120, 22.7), rng.uniform(0, 35, 79), 1000.0]
    pairs = zip(make_case().models, ((low, high), (high, low)), strict=True)
    models = [replace(m, at_mu=Errors(mu, mu), at_z=Errors(z, z)) for m, (mu, z) in pairs]
    charts.draw_errors(models, tmp_path)
    kl, ws = axes = [figures[f"error_{key}.png"].axes[0] for key in ("kl", "ws")]
    assert (kl.get_xlim(), kl.get_ylim()) == (ws.get_xlim(), ws.get_ylim())
    drawn = [p.get_data() for ax in axes for p in ax.patches if isinstance(p, StepPatch)]
    kl_mu, _, ws_mu, ws_z = drawn
    assert all(np.array_equal(data.edges, kl_mu.edges) for data in drawn)
    np.testing.assert_array_equal(kl_mu.values, ws_z.values)
    assert kl_mu.values.sum() == 200  # all of them
    assert ws_mu.values.sum() == 198  # 99.5 % of all 400 are on the axis
    assert kl_mu.edges[[0, -1]] == pytest.approx([0, np.quantile([low, high], 0.995)])
    legend = texts(figures["error_kl.png"].legends[0].findobj(Text))
    assert f"z = μ: mean {low.mean():.1f}, mode 3.5" in legend and "line: mean" in legend
    assert f"z sampled: mean {high.mean():.1f}, mode 22.5" in legend
    assert [line.get_xdata()[0] for line in kl.lines] == [low.mean(), high.mean()]


def test_latent_densities_are_densities_on_the_same_axes(tmp_path, figures):
    """As far as z of KL and WS reach: AE has its own curves, and may lie beyond."""
    z, mu = np.random.default_rng(0).standard_normal((2, 3, 5000, 4))
    z *= np.array([1, 3, 50])[:, None, None]
    models = [replace(model, z=z[n], mu=mu[n])
              for n, model in enumerate(make_case(keys=("kl", "ws", "ae")).models)]  # fmt: skip
    charts.draw_latents(models, tmp_path)
    reach = 1.05 * np.quantile(np.abs(z[1]), 0.9995, axis=0).max()
    for model in models:
        axes = figures[f"latent_dist_{model.key}.png"].axes
        assert len(axes) == 4
        for ax, *codes in zip(axes, model.z.T, model.mu.T, strict=True):
            assert ax.get_xlim() == pytest.approx((-reach, reach))
            assert ax.get_ylim() == pytest.approx((0, 1.5 * 0.39894), rel=1e-4)
            edges = ax.patches[1].get_xy()[::2, 0]  # from the left at the base, up and down
            for patch, code in zip(ax.patches, codes, strict=True):
                expected = np.histogram(code, edges)[0] / (len(code) * np.diff(edges))
                heights = patch.get_xy()[1 : 2 * len(edges) - 1 : 2, 1]
                np.testing.assert_allclose(heights, expected, atol=1e-12)
            x, y = ax.lines[0].get_data()
            np.testing.assert_allclose(y, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
        assert axes[2].get_title() == f"z3: std {model.z[:, 2].std():.2f}"
    legend = figures["latent_dist_kl.png"].legends[0].get_texts()
    assert texts(legend) == ["z sampled", "μ", "prior N(0, 1)"]


def test_latent_panels_end_at_20_and_say_so(tmp_path, figures):
    for latent, panels in ((1, 1), (3, 3), (25, 20)):
        (model,) = make_case(latent=latent, keys=("kl",)).models
        model.z[:, 20:] *= 100  # which is not shown
        charts.draw_latents([model], tmp_path)
        figure = figures["latent_dist_kl.png"]
        assert 3 < figure.get_figheight() < 7  # inches
        assert len(figure.axes) == panels and figure.axes[0].get_xlim()[1] < 20
        assert f"dimensions 1 to {panels} of {latent}" in figure.legends[0].get_title().get_text()


def test_training_curves_are_the_history_with_units(tmp_path, figures):
    case = make_case(keys=("kl", "ws", "ae"))  # AE has curves, and no regulariser
    charts.draw_training(case.models, tmp_path)
    bce, kl, w1 = figures["training_loss.png"].axes
    drawn = {line.get_label(): line.get_ydata() for line in bce.lines}
    np.testing.assert_array_equal(drawn["KL train"], [100, 50, 100 / 3])
    np.testing.assert_array_equal(drawn["WS train"], [101, 51, 100 / 3 + 1])
    np.testing.assert_array_equal(drawn["WS test, z sampled"], [110, 55, 110 / 3])
    assert "AE train" in drawn
    for ax, unit in ((bce, "nats per image"), (kl, "nats per image"), (w1, "W₁ in units of z")):
        assert ax.get_ylabel().startswith(unit)
    assert w1.lines[0].get_xydata().tolist() == [[1, 10], [2, 20], [3, 30]]
    assert {line.get_color() for line in kl.lines} == {charts.LOOKS["kl"]["color"]}


def test_ticks_of_a_logarithmic_axis_are_plain_and_few():
    ax = Figure((3, 3)).add_subplot()
    for *ends, ticks in (
        (10, 16, [10, 12, 14, 16]),
        (1.2, 90, [2, 5, 10, 20, 50]),
        (0.2, 90, [1, 10]),
    ):
        ax.set(xscale="log", xlim=ends)
        charts.plain_ticks(ax.xaxis)
        np.testing.assert_allclose([t for t in ax.get_xticks() if ends[0] <= t <= ends[1]], ticks)
    assert ax.xaxis.get_major_formatter()(0.5) == "0.5"


def test_the_law_has_a_bar_for_each_part_as_long_as_it_is(tmp_path, figures):
    """A part that is not above 0 has its number and no bar."""
    study = make_study(seeds=1, epochs=(35,))
    study.trained[0].measurement.values["shape"] = -0.04
    c = study.comparison(35)
    charts.draw_law(c, tmp_path)
    (ax,) = figures["law.png"].axes
    names = texts(ax.get_yticklabels())
    assert names[:4] == ["KL  scale", "KL  shape", "KL  information", "WS  scale"]
    assert len(names) == 9 and "AE  information" not in names and ax.get_xscale() == "log"
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    expected = [c.value("kl", "scale"), charts.LEAST, c.value("kl", "information")]
    np.testing.assert_allclose(ends[:3], expected)
    assert ends[names.index("AE  scale")] > 100
    _, *expected = c.interval("kl", "scale")
    np.testing.assert_allclose(ax.collections[0].get_segments()[0][:, 0], expected)
    assert texts(ax.texts)[1:3] == ["−0.04", "13.8"]


def test_the_trade_off_stands_over_scale_plus_shape_at_both_lengths(tmp_path, figures):
    study = make_study()
    charts.draw_trade_off(study, tmp_path)
    copies, noisy, inventions = figures["trade_off.png"].axes
    assert inventions.get_xlabel().endswith("scale + shape, nats")
    assert list(inventions.lines[-1].get_ydata()) == [0.54, 0.54]  # two sets of real images
    lines = [line.get_xydata() for line in copies.lines if len(line.get_xdata()) == 2]
    for setting, line in zip(study.settings, lines, strict=False):
        for epochs, point in zip((35, 140), line, strict=True):
            c = study.comparison(epochs)
            x = c.value(setting, "scale") + c.value(setting, "shape")
            np.testing.assert_allclose(point, [x, c.value(setting, "sse_mu")])
    assert len(lines) == len(study.settings) == 8
    assert [text.xy for text in copies.texts] == [tuple(line[-1]) for line in lines[:7]]
    # KL's points, with the intervals of both numbers: hollow for the shorter training.
    faces = "white", charts.LOOKS["kl"]["color"]
    for drawn, face, epochs in zip(copies.containers, faces, (35, 140), strict=False):
        across, down = (bars.get_segments()[0] for bars in drawn.lines[2])
        _, *ends = study.comparison(epochs).interval("kl", "sse_mu")
        np.testing.assert_allclose(down[:, 1], ends)
        assert across[0, 0] < down[0, 0] < across[1, 0]
        assert drawn.lines[0].get_markerfacecolor() == face
    for panel in (copies, noisy):
        assert texts(panel.texts) == ["1", "0.1736", "1", "3", "0.1736", "3", "10"]
    assert texts(figures["trade_off.png"].legends[0].get_texts()) == ["KL", "WS", "SW", "AE"]


def test_a_claim_is_a_row_of_bars_coloured_by_what_they_say_the_later_lighter(tmp_path, figures):
    """A margin is drawn in halves of its interval, and at most at the end of the axis."""

    def verdict(claim, *margins):
        return Verdict(claim, "", [Part("a", "", m and Interval(*m)) for m in margins])

    first, late = verdict("first", (2, 1, 3), (-8, -9, -7)), verdict("first", (0, -1, 1), None)
    other, last = verdict("second", (-1.1, -2.1, -0.1)), verdict("second", (0.1, 0.1, 0.1))
    charts.draw_claims({"35 epochs": [first, other], "70 epochs": [late, last]}, tmp_path)
    (ax,) = figures["claims.png"].axes
    assert texts(ax.get_yticklabels()) == ["first", "second"]
    assert texts(ax.texts) == [f"{MIXED}\n→ {OPEN}", f"{FAILS}*\n→ {HOLDS}"]
    assert ax.get_xlabel().endswith("* borderline")
    assert [text.get_color() for text in ax.texts] == [charts.COLOURS[v] for v in (OPEN, HOLDS)]
    bars = [(to_hex(bar.get_color()[0]).upper(), bar.get_alpha()) for bar in ax.collections]
    said = (HOLDS, 1), (FAILS, 1), (OPEN, 0.45), (FAILS, 1), (HOLDS, 0.45)
    assert bars == [(charts.COLOURS[verdict], alpha) for verdict, alpha in said]
    ends = np.array([bar.get_segments()[0] for bar in ax.collections])
    np.testing.assert_allclose(ends[:, :, 0], [[1, 3], [-6, -4], [-1, 1], [-2.1, -0.1], [4, 6]])
    rows = ends[:, 0, 1]
    assert list(np.round(rows)) == [0, 0, 0, 1, 1] and len(set(rows)) == 5


def test_the_texts_of_the_claims_do_not_run_into_one_another(tmp_path, figures):
    study = make_study()
    charts.draw_claims({str(e): judge(study.comparison(e)) for e in study.epochs}, tmp_path)
    figure = figures["claims.png"]
    figure.draw_without_rendering()
    (ax,) = figure.axes
    assert ax.get_position().width > 0.43  # of the figure, as long names are broken
    names = [label.get_window_extent() for label in ax.get_yticklabels()]
    words = [text.get_window_extent() for text in ax.texts]
    assert len(names) == len(words) == len(CLAIMS)
    inner = [box.padded(-2) for box in names + words]
    assert not [(a, b) for n, a in enumerate(inner) for b in inner[:n] if a.overlaps(b)]
    ends = ax.transData.transform([(side * (charts.REACH + 1), 0) for side in (-1, 1)])[:, 0]
    assert max(box.x1 for box in names) < ends[0] and ends[1] < min(box.x0 for box in words)
