"""What each picture shows: the right files; the same bins, axes and images for both models."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread
from matplotlib.patches import StepPatch
from matplotlib.text import Text
from picture_helpers import N, make_case, texts

from npvae.errors import UserError
from npvae.evaluation.intervals import Interval
from npvae.evaluation.structure import Embedding
from npvae.models.inference import Errors
from npvae.report import charts, image_grids
from npvae.training.runs import RUNS


def draw_all(case, directory):
    models, of_images = case.models, (case.images, case.labels, directory)
    charts.draw_errors(models, directory)
    charts.draw_latents(models, directory)
    charts.draw_training(models, directory)
    image_grids.draw_reconstructions(models, *of_images)
    image_grids.draw_interpolations(models, *of_images)
    image_grids.draw_samples(models, directory)
    points = np.random.default_rng(1).standard_normal((N, 2))
    embeddings = [Embedding(np.arange(N), points)] * len(models)
    image_grids.draw_tsne(models, embeddings, case.labels, directory)


@pytest.mark.parametrize(
    "case",
    [
        {"keys": ("kl", "ws", "ae")},
        {"latent": 1, "labels": False},
        {"latent": 25, "shape": (28, 28)},
    ],
    ids=["three models, 5x7", "one dimension, no labels", "25 dimensions, 28x28"],
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


def test_the_same_data_gives_the_same_bytes(tmp_path):
    case = make_case()
    written = []
    for _ in range(2):
        charts.draw_errors(case.models, tmp_path)
        written.append((tmp_path / "error_kl.png").read_bytes())
    assert written[0] == written[1]


def test_a_directory_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UserError, match=r"error_kl\.png"):
        charts.draw_errors(make_case().models, tmp_path / "missing")


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
    assert ws_mu.values.sum() == 199  # all but the outlier
    assert charts.error_bins(models)[0] == 1
    legend = [text.get_text() for text in figures["error_kl.png"].legends[0].findobj(Text)]
    assert f"z = μ: mean {low.mean():.1f}, mode 3.5" in legend
    assert f"z sampled: mean {high.mean():.1f}, mode 22.5" in legend
    assert "line: mean, triangle: mode; beyond the axis: 0 and 1 images" in legend


@pytest.mark.parametrize(("scale", "width"), [(30, 1), (45, 2), (0.3, 0.01), (0, 1)])
def test_bins_fit_errors_of_any_size(scale, width):
    errors = scale * np.linspace(0, 1, 1001)
    models = [with_errors(model, errors, errors) for model in make_case().models]
    assert charts.error_bins(models)[0] == pytest.approx(width)


def test_latent_densities_are_densities_on_the_same_axes(tmp_path, figures):
    rng = np.random.default_rng(0)
    models = [
        replace(
            model, z=(scale * rng.standard_normal((5000, 4))), mu=rng.standard_normal((5000, 4))
        )
        for model, scale in zip(make_case().models, (1, 3), strict=True)
    ]
    charts.draw_latents(models, tmp_path)
    kl, ws = (figures[f"latent_dist_{key}.png"].axes for key in ("kl", "ws"))
    assert len(kl) == len(ws) == 4
    for ax in (*kl, *ws):
        assert (ax.get_xlim(), ax.get_ylim()) == (kl[0].get_xlim(), kl[0].get_ylim())
        density = ax.patches[0].get_data()
        assert np.sum(density.values * np.diff(density.edges)) == pytest.approx(1, abs=0.01)
        mu, prior = (line.get_ydata() for line in ax.lines)
        assert prior.max() == pytest.approx(0.3989, abs=1e-3)
        assert mu.max() == pytest.approx(0.4, abs=0.06)
        assert texts(ax) == []
    assert ws[0].patches[0].get_data().values.max() == pytest.approx(0.4 / 3, abs=0.03)
    assert kl[2].get_title() == f"z3: std {models[0].z[:, 2].std():.2f}"


def test_a_collapsed_dimension_is_cut_off_and_its_height_written(tmp_path, figures):
    rng = np.random.default_rng(0)
    models = []
    for model in make_case().models:
        z, mu = rng.standard_normal((2, 2000, 3))
        mu[:, 1] = 0.01
        models.append(replace(model, z=z, mu=mu))
    models[1].z[:, 1] = 0.01
    charts.draw_latents(models, tmp_path)
    kl, ws = (figures[f"latent_dist_{key}.png"].axes for key in ("kl", "ws"))
    assert kl[0].get_ylim()[1] < 0.9
    bin_width = np.diff(kl[0].patches[0].get_data().edges)[0]
    assert texts(kl[1]) == [f"μ ↑ {1 / bin_width:.1f}"]
    assert texts(ws[1]) == [f"z ↑ {1 / bin_width:.1f}\nμ ↑ {1 / bin_width:.1f}"]
    assert texts(kl[0]) == texts(ws[2]) == []


def test_latent_panels_end_at_20_and_say_so(tmp_path, figures):
    charts.draw_latents(make_case(latent=25).models, tmp_path)
    figure = figures["latent_dist_kl.png"]
    assert len(figure.axes) == 20
    assert "first 20 of 25 latent dimensions" in figure.legends[0].get_title().get_text()


def test_training_curves_are_the_history_with_units(tmp_path, figures):
    case = make_case()
    charts.draw_training(case.models, tmp_path)
    bce, kl, w1 = figures["training_loss.png"].axes
    drawn = {line.get_label(): line.get_ydata() for line in bce.lines}
    np.testing.assert_array_equal(drawn["KL train"], [100, 50, 100 / 3])
    np.testing.assert_array_equal(drawn["WS train"], [101, 51, 100 / 3 + 1])
    np.testing.assert_array_equal(drawn["WS test, z sampled"], [110, 55, 110 / 3])
    for ax, unit in ((bce, "nats per image"), (kl, "nats per image"), (w1, "W₁ in units of z")):
        assert ax.get_ylabel().startswith(unit)
    assert list(w1.lines[0].get_xdata()) == [1, 2, 3]
    assert list(w1.lines[0].get_ydata()) == [10, 20, 30]
    assert {line.get_color() for line in kl.lines} == {RUNS["kl"].colour}


def test_the_autoencoder_has_curves_but_no_regulariser(tmp_path, figures):
    charts.draw_training(make_case(keys=("kl", "ws", "ae")).models, tmp_path)
    bce, *own = figures["training_loss.png"].axes
    assert "AE train" in {line.get_label() for line in bce.lines}
    assert [ax.lines[0].get_label() for ax in own] == ["KL train", "WS train"]


@pytest.mark.parametrize("settled", [True, False])
def test_a_mark_has_its_interval_and_is_hollow_until_settled(settled):
    ax = charts.new_figure(3, 3).add_subplot()
    kind = RUNS["ws"]
    charts.mark(ax, (2, 5), kind, settled=settled, y=Interval(5, 3, 7))
    (bars,) = ax.containers
    assert bars.lines[0].get_xydata().tolist() == [[2, 5]]
    (segment,) = bars.lines[2][0].get_segments()
    np.testing.assert_allclose(segment, [[2, 3], [2, 7]])
    assert bars.lines[0].get_markerfacecolor() == (kind.colour if settled else "white")


@pytest.mark.parametrize(
    ("ends", "few", "ticks"),
    [
        ((10, 16), False, [10, 12, 14]),
        ((20, 90), False, [20, 30, 50, 70]),
        ((0.2, 90), False, [0.2, 0.5, 1, 2, 5, 10, 20, 50]),
        ((0.2, 90), True, [1, 10]),
    ],
)
def test_ticks_of_a_logarithmic_axis_are_plain_and_few(ends, few, ticks):
    ax = charts.new_figure(3, 3).add_subplot()
    ax.set(xscale="log", xlim=ends)
    charts.plain_ticks(ax.xaxis, few)
    inside = [t for t in ax.get_xticks() if ends[0] <= t <= ends[1]]
    np.testing.assert_allclose(inside, ticks)
    assert ax.xaxis.get_major_formatter()(0.5) == "0.5"
