"""What each picture shows: the right files; the same bins, axes and images for both models."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import StepPatch
from matplotlib.text import Text
from picture_helpers import N, make_case

from npvae.evaluation.structure import Embedding
from npvae.models.inference import Errors
from npvae.report import charts, image_grids


def draw_all(case, directory):
    models = case.models
    charts.draw_errors(models, directory)
    charts.draw_latents(models, directory)
    charts.draw_training(models, directory)
    image_grids.draw_reconstructions(models, case.data, directory)
    image_grids.draw_interpolations(models, case.data, directory)
    image_grids.draw_samples(models, directory)
    points = np.random.default_rng(1).standard_normal((N, 2))
    embeddings = [Embedding(np.arange(N), points)] * len(models)
    image_grids.draw_tsne(models, embeddings, case.data, directory)


@pytest.mark.parametrize(
    "case",
    [
        {"keys": ("kl", "ws", "sw", "ae")},
        {"latent": 1, "labels": False},
    ],
    ids=["four models, 5x7", "one dimension, no labels"],
)
def test_every_file_is_a_readable_png_of_a_size_fit_for_a_report(tmp_path, case):
    draw_all(make_case(**case), tmp_path)
    keys = case.get("keys", ("kl", "ws"))
    kinds = "error", "latent_dist", "reconstruction", "interpol", "samples", "tsne"
    expected = {f"{kind}_{key}.png" for kind in kinds for key in keys}
    assert {p.name for p in tmp_path.iterdir()} == expected | {"training_loss.png"}
    for path in tmp_path.iterdir():
        height, width, _ = imread(path).shape
        assert 600 <= width <= 1200, path.name
        assert 150 <= height <= 1200, path.name
        assert path.stat().st_size < 200_000, path.name


def with_errors(model, at_mu, at_z):
    return replace(model, at_mu=Errors(at_mu, at_mu), at_z=Errors(at_z, at_z))


def test_errors_show_counts_mean_and_mode_on_the_same_axes(tmp_path, figures):
    rng = np.random.default_rng(0)
    kl, ws = make_case().models
    low = np.r_[np.full(150, 3.2), rng.uniform(0, 30, 50)]
    high = np.r_[np.full(150, 22.7), rng.uniform(0, 35, 49), 1000.0]
    models = [with_errors(kl, low, high), with_errors(ws, high, low)]
    charts.draw_errors(models, tmp_path)
    axes = [figures[f"error_{key}.png"].axes[0] for key in ("kl", "ws")]
    assert axes[0].get_xlim() == axes[1].get_xlim()
    assert axes[0].get_ylim() == axes[1].get_ylim()
    (kl_mu, kl_z), (ws_mu, ws_z) = (
        [p.get_data() for p in ax.patches if isinstance(p, StepPatch)] for ax in axes
    )
    for data in (kl_z, ws_mu, ws_z):
        np.testing.assert_array_equal(data.edges, kl_mu.edges)
    np.testing.assert_array_equal(kl_mu.values, ws_z.values)
    assert kl_mu.values.sum() == 200  # all of them
    assert ws_mu.values.sum() == 198  # 99.5 % of all 400 are on the axis
    assert kl_mu.edges[[0, -1]] == pytest.approx([0, np.quantile([low, high], 0.995)])
    legend = [text.get_text() for text in figures["error_kl.png"].legends[0].findobj(Text)]
    assert f"z = μ: mean {low.mean():.1f}, mode 3.5" in legend
    assert f"z sampled: mean {high.mean():.1f}, mode 22.5" in legend
    assert "line: mean" in legend
    assert [line.get_xdata()[0] for line in axes[0].lines] == [low.mean(), high.mean()]


def with_codes(models, z, mu):
    """The models with other codes, each (n, latent)."""
    pairs = zip(models, z, mu, strict=True)
    return [replace(model, z=own_z, mu=own_mu) for model, own_z, own_mu in pairs]


def densities(ax):
    """The heights (bins,) of z's and mu's histograms, and the bins' edges."""
    z, mu = (patch.get_xy() for patch in ax.patches)  # from the left at the base, up and down
    edges = mu[::2, 0]
    return z[1 : 2 * len(edges) - 1 : 2, 1], mu[1:-1:2, 1], edges


def test_latent_densities_are_densities_on_the_same_axes(tmp_path, figures):
    draws = np.random.default_rng(0).standard_normal((4, 5000, 4))
    models = with_codes(make_case().models, (draws[0], 3 * draws[1]), draws[2:])
    charts.draw_latents(models, tmp_path)
    kl, ws = (figures[f"latent_dist_{key}.png"].axes for key in ("kl", "ws"))
    assert len(kl) == len(ws) == 4
    reach = 1.05 * np.quantile(np.abs(models[1].z), 0.9995, axis=0).max()
    for model, axes in zip(models, (kl, ws), strict=True):
        for ax, *codes in zip(axes, model.z.T, model.mu.T, strict=True):
            assert ax.get_xlim() == pytest.approx((-reach, reach))
            assert ax.get_ylim() == pytest.approx((0, 1.5 * 0.39894), rel=1e-4)
            *found, edges = densities(ax)
            for heights, code in zip(found, codes, strict=True):
                expected = np.histogram(code, edges)[0] / (len(code) * np.diff(edges))
                np.testing.assert_allclose(heights, expected, atol=1e-12)
            (prior,) = ax.lines
            x, y = prior.get_data()
            np.testing.assert_allclose(y, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
    assert kl[2].get_title() == f"z3: std {models[0].z[:, 2].std():.2f}"
    legend = [text.get_text() for text in figures["latent_dist_kl.png"].legends[0].get_texts()]
    assert legend == ["z sampled", "μ", "prior N(0, 1)"]


def test_latent_panels_end_at_20_and_say_so(tmp_path, figures):
    models = make_case(latent=25).models
    for model in models:
        model.z[:, 20:] *= 100  # which is not shown
    charts.draw_latents(models, tmp_path)
    figure = figures["latent_dist_kl.png"]
    assert len(figure.axes) == 20
    assert "dimensions 1 to 20 of 25" in figure.legends[0].get_title().get_text()
    assert figure.axes[0].get_xlim()[1] < 20


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
    assert list(w1.lines[0].get_xdata()) == [1, 2, 3]
    assert list(w1.lines[0].get_ydata()) == [10, 20, 30]
    assert {line.get_color() for line in kl.lines} == {charts.LOOKS["kl"]["color"]}


@pytest.mark.parametrize(
    ("ends", "few", "ticks"),
    [
        ((10, 16), False, [10, 12, 14, 16]),
        ((20, 90), False, [20, 40, 60, 80]),
        ((0.2, 90), False, [0.2, 0.5, 1, 2, 5, 10, 20, 50]),
        ((0.2, 90), True, [1, 10]),
    ],
)
def test_ticks_of_a_logarithmic_axis_are_plain_and_few(ends, few, ticks):
    ax = Figure((3, 3)).add_subplot()
    ax.set(xscale="log", xlim=ends)
    charts.plain_ticks(ax.xaxis, few)
    inside = [t for t in ax.get_xticks() if ends[0] <= t <= ends[1]]
    np.testing.assert_allclose(inside, ticks)
    assert ax.xaxis.get_major_formatter()(0.5) == "0.5"
