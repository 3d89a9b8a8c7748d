"""Pictures of images and of codes: the same images, draws and distances for all models."""

from dataclasses import replace

import numpy as np
from studies import N, make_case

from npvae.evaluation.structure import Embedding
from npvae.models.inference import decode
from npvae.report import image_grids
from npvae.report.image_grids import pick_images
from npvae.training import streams


def test_pick_images_takes_each_class_in_turn():
    labels = np.array([7, 7, 7, 3, 3, 5])
    data = replace(make_case().data, test_images=np.zeros((6, 35)), test_labels=labels)
    assert pick_images(data, 4).tolist() == [3, 5, 0, 4]
    assert pick_images(data, 99).tolist() == [3, 5, 0, 4, 1, 2]
    assert pick_images(replace(data, test_labels=None), 4).tolist() == [0, 1, 2, 3]


def cells(figure, shape, rows, columns):
    """Cut the canvas of a picture back into its images (rows, columns, pixels), gap 1."""
    (drawn,) = figure.axes[0].images
    assert drawn.get_clim() == (0, 1)
    canvas = np.ma.filled(drawn.get_array(), np.nan)
    h, w = shape
    assert canvas.shape == (rows * (h + 1) - 1, columns * (w + 1) - 1)
    grid = [[canvas[r : r + h, c : c + w].ravel() for c in range(0, canvas.shape[1], w + 1)]
            for r in range(0, canvas.shape[0], h + 1)]  # fmt: skip
    return np.array(grid)


def names_of(figure):
    return [name.get_text() for name in figure.axes[0].get_yticklabels()]


def test_copies_and_inventions_stand_under_their_originals(tmp_path, figures):
    case = make_case()
    image_grids.draw_reconstructions(case.models, case.data, tmp_path)
    image_grids.draw_first(case.models, case.data, tmp_path)
    image_grids.draw_samples(case.models, tmp_path)
    index = pick_images(case.data, 10)
    rng = np.random.default_rng([0, streams.PICTURED_SAMPLES])
    z = rng.standard_normal((64, 3), dtype=np.float32)  # the same for all models
    first = cells(figures["first.png"], case.shape, 5, 8)
    rows = ["originals", "KL copies", "WS copies", "KL inventions", "WS inventions"]
    assert names_of(figures["first.png"]) == rows
    for n, model in enumerate(case.models):
        figure = figures[f"reconstruction_{model.key}.png"]
        assert names_of(figure) == ["original", "z = μ", "z sampled"]
        assert figure.axes[0].get_yticks().tolist() == [2, 8, 14]  # rows of 5 pixels and a gap
        original, at_mu, at_z = cells(figure, case.shape, 3, 10)
        np.testing.assert_allclose(original, case.images[index] / 255)
        np.testing.assert_allclose(at_mu, decode(model.w, model.mu[index]), rtol=1e-6)
        np.testing.assert_allclose(at_z, decode(model.w, model.z[index]), rtol=1e-6)
        np.testing.assert_array_equal(first[[0, 1 + n]], [original[:8], at_mu[:8]])
        inventions = decode(model.w, z)
        np.testing.assert_allclose(first[3 + n], inventions[:8], rtol=1e-5)
        samples = cells(figures[f"samples_{model.key}.png"], case.shape, 8, 8)
        np.testing.assert_allclose(samples.reshape(64, -1), inventions, rtol=1e-5)


def test_interpolation_goes_straight_from_one_code_to_the_other(tmp_path, figures):
    case = make_case(shape=(7, 4))
    image_grids.draw_interpolations(case.models, case.data, tmp_path)
    index = pick_images(case.data, 10)
    assert (case.labels[index[::2]] != case.labels[index[1::2]]).all()
    for model in case.models:
        ax = figures[f"interpol_{model.key}.png"].axes[0]
        rows = cells(ax.figure, case.shape, 5, 11)
        for row, (a, b) in zip(rows, index.reshape(-1, 2), strict=True):
            t = np.linspace(0, 1, 9)[:, None]
            line = (1 - t) * model.mu[a] + t * model.mu[b]
            np.testing.assert_allclose(row[[0, -1]], case.images[[a, b]] / 255)
            np.testing.assert_allclose(row[1:-1], decode(model.w, line), rtol=1e-5)
        names = [text.get_text() for text in ax.get_xticklabels()]
        assert names == ["A", "t = 0", "¼", "½", "¾", "1", "B"]
        assert (ax.get_xticks() - 1.5).tolist() == [5 * column for column in (0, 1, 3, 5, 7, 9, 10)]


def test_tsne_picture_names_classes_and_the_subset(tmp_path, figures):
    case = make_case()
    index = np.arange(0, N, 2)  # labels 0 and 2 only
    points = np.random.default_rng(0).standard_normal((len(index), 2))
    embeddings = [Embedding(index, points), Embedding(index, 5 * points)]
    image_grids.draw_tsne(case.models, embeddings, case.data, tmp_path)
    kl, ws = (figures[f"tsne_{key}.png"].axes[0] for key in ("kl", "ws"))
    assert [text.get_text() for text in kl.texts] == ["0", "2"]
    own = points[case.labels[index] == 2]
    np.testing.assert_allclose(kl.collections[1].get_offsets(), own)
    assert not np.array_equal(*(dots.get_facecolor() for dots in kl.collections))
    away = np.linalg.norm(own - np.median(own, axis=0), axis=1)
    assert kl.texts[1].get_position() == tuple(own[away.argmin()])
    assert "45 of 90 images" in kl.get_title()
    assert kl.get_xlim() == ws.get_xlim() and kl.get_xlim()[1] > 5 * np.abs(points).max()
    image_grids.draw_tsne(case.models, embeddings, replace(case.data, test_labels=None), tmp_path)
    (shown,) = figures["tsne_kl.png"].axes[0].collections
    np.testing.assert_allclose(shown.get_offsets(), points)
