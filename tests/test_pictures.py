"""What each picture shows: the right files; the same bins, axes and images for both models."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.image import imread
from matplotlib.patches import StepPatch
from matplotlib.text import Text
from threadpoolctl import threadpool_limits

from npvae.errors import UserError
from npvae.experiment import image_grids, pictures, trade_off
from npvae.experiment.checkpoint import new_run
from npvae.experiment.evaluate import Errors, decode
from npvae.experiment.image_grids import Embedding, pick_images, tsne
from npvae.experiment.options import Options
from npvae.experiment.structure import trustworthiness
from npvae.experiment.trade_off import SweepPoint
from npvae.experiment.trained import apply

N = 90


def make_case(latent=3, shape=(5, 7), labels=True, alike=False):
    """A KL and a WS model, untrained, with a made-up history, and the images they have seen.

    With `alike` both have the same weights.
    """
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (N, shape[0] * shape[1]), dtype=np.uint8)
    models = []
    for seed, kind in enumerate(("kl", "ws")):
        options = Options(kind, latent_dim=latent, hidden_dim=6, seed=0 if alike else seed)
        run = new_run(options, shape)
        for epoch in (1, 2, 3):
            row = {"epoch": epoch, "train_bce": 100 / epoch + seed, "test_bce_z": 110 / epoch}
            run.history.append(row | {f"train_{'w1' if seed else 'kl'}": 10.0 * epoch})
        models.append(apply(run, images, seed=0))
    return SimpleNamespace(
        models=models, images=images, labels=np.arange(N) % 4 if labels else None, shape=shape
    )


@pytest.fixture(autouse=True)
def one_thread():
    """On so few points, t-SNE's threads would mostly wait for one another."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def figures(monkeypatch):
    """The figure of each file, by the file's name, kept instead of being written."""
    kept = {}
    for module in (pictures, image_grids, trade_off):
        monkeypatch.setattr(module, "save", lambda figure, path: kept.update({path.name: figure}))
    return kept


def sweep():
    return [
        SweepPoint(run, weight, 8 + weight, 9 + weight, 1 / weight, 30 / weight, weight == 1)
        for run in ("kl", "ws")
        for weight in (0.1, 1, 10)
    ]


def draw_all(case, directory):
    models, of_images = case.models, (case.images, case.labels, directory)
    pictures.draw_errors(models, directory)
    pictures.draw_latents(models, directory)
    pictures.draw_correlations(models, directory)
    pictures.draw_training(models, directory)
    trade_off.draw_trade_off(sweep(), directory)
    image_grids.draw_reconstructions(models, *of_images)
    image_grids.draw_interpolations(models, *of_images)
    image_grids.draw_samples(models, directory)
    points = np.random.default_rng(1).standard_normal((N, 2))
    embeddings = [Embedding(np.arange(N), points, N)] * 2
    image_grids.draw_tsne(models, embeddings, case.labels, directory)


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize(
    "case",
    [{}, {"latent": 1, "labels": False}, {"latent": 25, "shape": (28, 28)}],
    ids=["5x7", "one dimension, no labels", "25 dimensions, 28x28"],
)
def test_every_file_is_a_readable_png_of_a_size_fit_for_a_report(tmp_path, case):
    draw_all(make_case(**case), tmp_path)
    kinds = "error", "latent_dist", "correlation", "reconstruction", "interpol", "samples", "tsne"
    expected = {f"{kind}_{key}.png" for kind in kinds for key in ("kl", "ws")}
    assert {p.name for p in tmp_path.iterdir()} == expected | {"training_loss.png", "trade_off.png"}
    for path in tmp_path.iterdir():
        height, width, _ = imread(path).shape
        assert 600 <= width <= 1200, path.name
        assert 150 <= height <= 1200, path.name
        assert path.stat().st_size < 200_000, path.name


def test_the_same_data_gives_the_same_bytes(tmp_path):
    case = make_case()
    written = []
    for _ in range(2):
        pictures.draw_errors(case.models, tmp_path)
        written.append((tmp_path / "error_kl.png").read_bytes())
    assert written[0] == written[1]


def test_a_directory_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UserError, match=r"error_kl\.png"):
        pictures.draw_errors(make_case().models, tmp_path / "missing")


def with_errors(model, at_mu, at_z):
    return replace(model, at_mu=Errors(at_mu, at_mu), at_z=Errors(at_z, at_z))


def test_errors_show_counts_mean_and_mode_on_the_same_axes(tmp_path, figures):
    rng = np.random.default_rng(0)
    kl, ws = make_case().models
    low = np.r_[np.full(150, 3.2), rng.uniform(0, 30, 50)]
    high = np.r_[np.full(150, 22.7), rng.uniform(0, 35, 49), 1000.0]
    models = [with_errors(kl, low, high), with_errors(ws, high, low)]
    pictures.draw_errors(models, tmp_path)
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
    assert pictures.error_bin_width(models) == 1
    legend = [text.get_text() for text in figures["error_kl.png"].legends[0].findobj(Text)]
    assert f"z = μ: mean {low.mean():.1f}, mode 3.5" in legend
    assert f"z sampled: mean {high.mean():.1f}, mode 22.5" in legend
    assert "line: mean, triangle: mode; beyond the axis: 0 and 1 images" in legend


@pytest.mark.parametrize(("scale", "width"), [(30, 1), (45, 2), (0.3, 0.01), (0, 1)])
def test_bins_fit_errors_of_any_size(scale, width):
    errors = scale * np.linspace(0, 1, 1001)
    models = [with_errors(model, errors, errors) for model in make_case().models]
    assert pictures.error_bin_width(models) == pytest.approx(width)


def test_latent_densities_are_densities_on_the_same_axes(tmp_path, figures):
    rng = np.random.default_rng(0)
    models = [
        replace(
            model, z=(scale * rng.standard_normal((5000, 4))), mu=rng.standard_normal((5000, 4))
        )
        for model, scale in zip(make_case().models, (1, 3), strict=True)
    ]
    pictures.draw_latents(models, tmp_path)
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
    pictures.draw_latents(models, tmp_path)
    kl, ws = (figures[f"latent_dist_{key}.png"].axes for key in ("kl", "ws"))
    assert kl[0].get_ylim()[1] < 0.9
    bin_width = np.diff(kl[0].patches[0].get_data().edges)[0]
    assert texts(kl[1]) == [f"μ ↑ {1 / bin_width:.1f}"]
    assert texts(ws[1]) == [f"z ↑ {1 / bin_width:.1f}\nμ ↑ {1 / bin_width:.1f}"]
    assert texts(kl[0]) == texts(ws[2]) == []


def test_latent_panels_end_at_20_and_say_so(tmp_path, figures):
    pictures.draw_latents(make_case(latent=25).models, tmp_path)
    figure = figures["latent_dist_kl.png"]
    assert len(figure.axes) == 20
    assert "first 20 of 25 latent dimensions" in figure.legends[0].get_title().get_text()


def test_correlations_are_those_of_z_on_a_fixed_scale(tmp_path, figures):
    models = make_case().models
    z = np.random.default_rng(0).standard_normal((N, 3))
    z[:, 2] -= z[:, 0]
    models = [replace(model, z=z) for model in models]
    pictures.draw_correlations(models, tmp_path)
    image = figures["correlation_ws.png"].axes[0].images[0]
    np.testing.assert_allclose(image.get_array(), np.corrcoef(z.T))
    assert image.get_clim() == (-1, 1)
    assert f"{np.corrcoef(z.T)[2, 0]:.2f}" in texts(figures["correlation_ws.png"].axes[0])


def test_training_curves_are_the_history_with_units(tmp_path, figures):
    case = make_case()
    pictures.draw_training(case.models, tmp_path)
    bce, kl, w1 = figures["training_loss.png"].axes
    drawn = {line.get_label(): line.get_ydata() for line in bce.lines}
    np.testing.assert_array_equal(drawn["KL train"], [100, 50, 100 / 3])
    np.testing.assert_array_equal(drawn["WS train"], [101, 51, 100 / 3 + 1])
    np.testing.assert_array_equal(drawn["WS test, z sampled"], [110, 55, 110 / 3])
    for ax, unit in ((bce, "nats per image"), (kl, "nats per image"), (w1, "W₁ in units of z")):
        assert ax.get_ylabel().startswith(unit)
    assert list(w1.lines[0].get_xdata()) == [1, 2, 3]
    assert list(w1.lines[0].get_ydata()) == [10, 20, 30]
    assert {line.get_color() for line in kl.lines} == {pictures.COLOURS["kl"]}


def test_trade_off_joins_points_by_weight_and_rings_the_reference(tmp_path, figures):
    points = [*sweep()[::-1], SweepPoint("ws", 100, np.nan, np.nan, 0.1, 5, False)]
    trade_off.draw_trade_off(points, tmp_path, frechet_floor=2)
    left, right = figures["trade_off.png"].axes
    for ax in (left, right):
        assert sorted(texts(ax)) == sorted(["0.1", "1", "10"] * 2)
        rings = [line for line in ax.lines if line.get_markersize() == 13 and len(line.get_xdata())]
        assert len(rings) == 2
        assert ax.get_xscale() == ax.get_yscale() == "log"
    line = next(line for line in left.lines if line.get_label() == "KL, weight β: z sampled")
    np.testing.assert_allclose(line.get_xdata(), [10, 1, 0.1])
    np.testing.assert_allclose(line.get_ydata(), [9.1, 10, 19])
    assert rings[0].get_xydata().tolist() == [[10, 30]]
    assert right.get_ylim()[0] <= 2


def test_pick_images_takes_each_class_in_turn():
    labels = np.array([7, 7, 7, 3, 3, 5])
    assert pick_images(labels, 6, 4).tolist() == [3, 5, 0, 4]
    assert pick_images(labels, 6, 99).tolist() == [3, 5, 0, 4, 1, 2]
    assert pick_images(None, 6, 4).tolist() == [0, 1, 2, 3]


def cells(figure, shape, rows, columns):
    """Cut the canvas of a picture back into its images (rows, columns, pixels), gap 1."""
    canvas = np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)
    h, w = shape
    assert canvas.shape == (rows * (h + 1) - 1, columns * (w + 1) - 1)
    grid = [[canvas[r : r + h, c : c + w].ravel() for c in range(0, canvas.shape[1], w + 1)]
            for r in range(0, canvas.shape[0], h + 1)]  # fmt: skip
    return np.array(grid)


@pytest.mark.parametrize("labels", [True, False])
def test_reconstructions_stand_under_their_originals(tmp_path, figures, labels):
    case = make_case(labels=labels)
    image_grids.draw_reconstructions(case.models, case.images, case.labels, tmp_path)
    index = pick_images(case.labels, N, 10)
    for model in case.models:
        figure = figures[f"reconstruction_{model.key}.png"]
        original, at_mu, at_z = cells(figure, case.shape, 3, 10)
        np.testing.assert_allclose(original, case.images[index] / 255)
        np.testing.assert_allclose(at_mu, decode(model.w, model.mu[index]), rtol=1e-6)
        np.testing.assert_allclose(at_z, decode(model.w, model.z[index]), rtol=1e-6)


def test_interpolation_goes_straight_from_one_code_to_the_other(tmp_path, figures):
    case = make_case(shape=(7, 4))
    floats = (case.images / 255).astype(np.float32)
    image_grids.draw_interpolations(case.models, floats, case.labels, tmp_path)
    index = pick_images(case.labels, N, 10)
    assert (case.labels[index[::2]] != case.labels[index[1::2]]).all()
    for model in case.models:
        canvas = figures[f"interpol_{model.key}.png"].axes[0].images[0].get_array()
        # 11 columns of width 4, 8 gaps of 1 among the decoded, 2 of 2 beside the originals
        assert canvas.shape == (5 * 8 - 1, 11 * 4 + 8 + 2 * 2)
        for row, (a, b) in enumerate(index.reshape(-1, 2)):
            strip = canvas[8 * row : 8 * row + 7]
            middle = decode(model.w, (model.mu[[a]] + model.mu[[b]]) / 2)
            for column, expected in (
                (0, floats[a]),
                (6, decode(model.w, model.mu[[a]])),
                (6 + 4 * 5, middle),
                (6 + 8 * 5, decode(model.w, model.mu[[b]])),
                (52, floats[b]),
            ):
                cell = strip[:, column : column + 4]
                np.testing.assert_allclose(cell.ravel(), expected.ravel(), rtol=1e-5)


def test_samples_are_the_same_draws_of_the_prior_for_both_models(tmp_path, figures):
    case = make_case(latent=2, alike=True)
    w = case.models[0].w
    image_grids.draw_samples(case.models, tmp_path, seed=3)
    kl, ws = (cells(figures[f"samples_{key}.png"], case.shape, 8, 8) for key in ("kl", "ws"))
    np.testing.assert_array_equal(kl, ws)
    z = np.random.default_rng(3).standard_normal((64, 2), dtype=np.float32)
    np.testing.assert_allclose(kl.reshape(64, -1), decode(w, z), rtol=1e-5)


def clusters(n, d, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) + 20 * np.eye(3, d)[rng.integers(3, size=n)]


def test_tsne_keeps_neighbours_of_a_subset_that_depends_on_the_seed_alone():
    mu = clusters(300, 5)
    index, points, total = tsne(mu, seed=1, subset=120)
    assert (len(np.unique(index)), points.shape, total) == (120, (120, 2), 300)
    assert trustworthiness(mu[index], points) > 0.9
    again = tsne(mu, seed=1, subset=120)
    np.testing.assert_array_equal(again.points, points)
    other = tsne(clusters(300, 2, seed=9), seed=1, subset=120)
    np.testing.assert_array_equal(other.index, index)


@pytest.mark.parametrize(
    "mu",
    [
        clusters(60, 1),
        1000 + 1e-3 * clusters(60, 1).astype(np.float32),
        1e-30 * clusters(60, 2),
        np.full((40, 3), 0.7),
        np.c_[np.zeros(40), np.arange(40)],
        clusters(3, 4),
    ],
    ids=["one dimension", "far from 0", "tiny", "all alike", "one collapsed", "three images"],
)
def test_tsne_of_degenerate_codes_is_finite(mu):
    index, points, total = tsne(mu, seed=0)
    assert len(index) == total == len(mu)
    assert np.isfinite(points).all()


def test_tsne_picture_names_classes_and_the_subset(tmp_path, figures):
    case = make_case()
    index = np.arange(0, N, 2)  # labels 0 and 2 only
    points = np.random.default_rng(0).standard_normal((len(index), 2))
    embeddings = [Embedding(index, points, N), Embedding(index, 5 * points, N)]
    image_grids.draw_tsne(case.models, embeddings, case.labels, tmp_path)
    kl, ws = (figures[f"tsne_{key}.png"] for key in ("kl", "ws"))
    assert [text.get_text() for text in kl.legends[0].get_texts()] == ["0", "2"]
    shown = kl.axes[0].collections
    np.testing.assert_allclose(shown[1].get_offsets(), points[case.labels[index] == 2])
    assert "45 of 90 images" in kl.axes[0].get_title()
    assert kl.axes[0].get_xlim() == ws.axes[0].get_xlim()


def test_tsne_picture_without_labels_has_one_colour_and_no_legend(tmp_path, figures):
    case = make_case(labels=False)
    embeddings = [Embedding(np.arange(N), np.zeros((N, 2)), N)] * 2
    image_grids.draw_tsne(case.models, embeddings, None, tmp_path)
    figure = figures["tsne_ws.png"]
    assert not figure.legends
    assert len(figure.axes[0].collections) == 1


def test_tsne_picture_gives_many_classes_different_colours(tmp_path, figures):
    case = make_case()
    points = np.random.default_rng(0).standard_normal((N, 2))
    labels = np.arange(N) % 26
    embeddings = [Embedding(np.arange(N), points, N)] * 2
    image_grids.draw_tsne(case.models, embeddings, labels, tmp_path)
    shown = figures["tsne_kl.png"].axes[0].collections
    assert len({tuple(dots.get_facecolor()[0]) for dots in shown}) == 26
