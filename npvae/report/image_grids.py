"""The pictures of the comparison that are made of images or of one point per image.

Reconstructions, straight lines between two codes, decoded draws of the prior, and the t-SNE map:

    z(t) = (1 - t) mu_A + t mu_B,   t from 0 to 1          z ~ N(0, I)
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import SEED
from npvae.evaluation.interpolation import straight_lines
from npvae.evaluation.structure import Embedding
from npvae.models.inference import decode
from npvae.nn.pixels import unit_range
from npvae.report.charts import DARK, HALF, LOOKS, STYLE, save
from npvae.training import streams

COLUMNS = 10  # images in a row of reconstructions
PAIRS = 5  # of images, with a line from one to the other
STEPS = 9  # decoded images along each line
SAMPLE_ROWS = 8
FIRST_COLUMNS = 8  # images in a row of the report's first picture


def pick_images(labels: np.ndarray | None, total: int, count: int) -> np.ndarray:
    """Return the indices of up to `count` of `total` images, of as many classes as possible.

    The first image of each class, then the second of each, and so on; without labels just the first
    images.
    """
    if labels is None:
        return np.arange(min(count, total))
    turn = np.empty(total, int)
    for label in np.unique(labels):
        turn[labels == label] = np.arange((labels == label).sum())
    return np.lexsort((labels, turn))[:count]


def draw_reconstructions(models: Sequence[EncodedRun], data: Dataset, directory: Path) -> None:
    """Write reconstruction_<key>.png: originals, and their reconstructions for both kinds of code.

    The same test images for all models, one of each class where there are labels.
    """
    index = pick_images(data.test_labels, len(data.test_images), COLUMNS)
    originals = unit_range(data.test_images[index])
    for model in models:
        at_mu, at_z = (decode(model.w, code[index]) for code in (model.mu, model.z))
        ax, centres, _ = _show([originals, at_mu, at_z], data.image_shape)
        ax.set_title(f"{model.label}: originals and their reconstructions")
        ax.set_yticks(centres, ["original", "z = μ", "z sampled"])
        save(ax.figure, directory / f"reconstruction_{model.key}.png")


def draw_first(models: Sequence[EncodedRun], data: Dataset, directory: Path) -> None:
    """Write first.png: originals, each model's copies of them (z = mu), and its inventions.

    The same test images and the same draws from the prior for all models.
    """
    index = pick_images(data.test_labels, len(data.test_images), FIRST_COLUMNS)
    copies = [decode(model.w, model.mu[index]) for model in models]
    inventions = [decode(model.w, prior_codes(len(index), model)) for model in models]
    rows = [unit_range(data.test_images[index]), *copies, *inventions]
    names = [f"{model.label} {what}" for what in ("copies", "inventions") for model in models]
    ax, centres, _ = _show(rows, data.image_shape)
    ax.set_yticks(centres, ["originals", *names], fontsize=13)
    save(ax.figure, directory / "first.png")


def draw_interpolations(models: Sequence[EncodedRun], data: Dataset, directory: Path) -> None:
    """Write interpol_<key>.png: images decoded from the straight line between two codes, by rows.

    The same pairs for all models, of different classes where there are labels; their originals
    stand at both ends. Needs at least 2 images.
    """
    index = pick_images(data.test_labels, len(data.test_images), 2 * PAIRS)
    index = index[: len(index) // 2 * 2].reshape(-1, 2)  # (pairs, 2)
    originals = unit_range(data.test_images[index])  # (pairs, 2, pixels)
    for model in models:
        z = straight_lines(model.mu, index, STEPS)  # (pairs STEPS, latent)
        decoded = decode(model.w, z).reshape(len(index), STEPS, -1)
        rows = np.concatenate([originals[:, :1], decoded, originals[:, 1:]], axis=1)
        ax, _, at = _show(rows, data.image_shape)
        ax.set_title(f"{model.label}: along the line from μ(A) to μ(B)")
        ax.set_xticks([at[0], *at[1:-1:2], at[-1]], ["A", "t = 0", "¼", "½", "¾", "1", "B"])
        ax.xaxis.tick_top()
        ax.set_xlabel("A, B: originals.   Between them: decoded (1 − t) μ(A) + t μ(B)")
        save(ax.figure, directory / f"interpol_{model.key}.png")


def prior_codes(n: int, model: EncodedRun) -> np.ndarray:
    """Return n draws (n, latent) from the prior N(0, I); fewer of them are the first ones."""
    rng = np.random.default_rng([SEED, streams.PICTURED_SAMPLES])
    return rng.standard_normal((n, model.z.shape[1]), dtype=np.float32)


def draw_samples(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write samples_<key>.png: decoded draws from the prior N(0, I), the same for all models."""
    for model in models:
        decoded = decode(model.w, prior_codes(SAMPLE_ROWS**2, model))
        ax, _, _ = _show(decoded.reshape(SAMPLE_ROWS, SAMPLE_ROWS, -1), model.run.image_shape)
        ax.set_title(f"{model.label}: decoded draws from the prior N(0, I)")
        save(ax.figure, directory / f"samples_{model.key}.png")


@style.context(STYLE)
def draw_tsne(
    models: Sequence[EncodedRun], embeddings: Sequence[Embedding], data: Dataset, directory: Path
) -> None:
    """Write tsne_<key>.png: the map of each model's mu, coloured by label if there are any."""
    reach = 1.04 * max(np.abs(e.points).max() for e in embeddings) or 1.0
    labels = data.test_labels
    for model, (index, points) in zip(models, embeddings, strict=True):
        figure = Figure((HALF, 5.4))
        ax = figure.add_subplot()
        dots = {"s": 7, "linewidths": 0, "alpha": 0.8}
        if labels is None:
            ax.scatter(*points.T, color=LOOKS[model.key]["color"], **dots)
        else:
            classes = np.unique(labels)
            name = "tab10" if len(classes) <= 10 else "turbo"
            colours = matplotlib.colormaps[name].resampled(max(10, len(classes)))
            for i, label in enumerate(classes):
                own = points[labels[index] == label]
                if len(own):
                    ax.scatter(*own.T, color=colours(i), label=str(label), **dots)
                    _name_cluster(ax, own, str(label))
            figure.legend(loc="outside right center", title="class", markerscale=3,
                          handletextpad=0.2, ncols=-(-len(classes) // 20))  # fmt: skip
        ax.set(title=f"{model.label}: t-SNE of μ, {len(index):,} of {len(model.mu):,} images",
               xlabel="t-SNE axis 1 (no unit)", ylabel="t-SNE axis 2 (no unit)",
               xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")  # fmt: skip
        save(figure, directory / f"tsne_{model.key}.png")


def _name_cluster(ax: Axes, members: np.ndarray, name: str) -> None:
    """Write the class on its points, at the one nearest to their median."""
    at = members[np.square(members - np.median(members, axis=0)).sum(axis=1).argmin()]
    halo = [withStroke(linewidth=3, foreground="white")]
    ax.text(*at, name, ha="center", va="center", color=DARK, weight="bold", path_effects=halo)


@style.context(STYLE)
def _show(
    images: Sequence[np.ndarray], shape: tuple[int, int]
) -> tuple[Axes, np.ndarray, np.ndarray]:
    """Make a figure of rows of images (columns, pixels), black for 0, with white between them.

    Returns the axes, and where the middle of each row and of each column is.
    """
    rows, columns, (height, width) = len(images), len(images[0]), shape
    gap = max(1, min(shape) // 14)
    cells = np.full((rows, columns, height + gap, width + gap), np.nan)
    cells[:, :, :height, :width] = np.reshape(images, (rows, columns, height, width))
    canvas = cells.transpose(0, 2, 1, 3).reshape(rows * (height + gap), columns * (width + gap))
    ax = Figure((HALF, 1.5 * HALF)).add_subplot()
    ax.imshow(canvas[:-gap, :-gap], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    down = np.arange(rows) * (height + gap) + (height - 1) / 2
    return ax, down, np.arange(columns) * (width + gap) + (width - 1) / 2
