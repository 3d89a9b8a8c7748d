"""The pictures of the comparison that are made of images or of one point per image.

Reconstructions, straight lines between two codes, decoded draws of the prior, and the t-SNE map:

    z(t) = (1 - t) mu_A + t mu_B,   t from 0 to 1          z ~ N(0, I)
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import SEED
from npvae.evaluation.structure import Embedding, straight_lines
from npvae.models.inference import decode
from npvae.nn.pixels import unit_range
from npvae.report.charts import DARK, HALF, LOOKS, save
from npvae.training import streams

COLUMNS = 10  # images in a row of reconstructions
PAIRS = 5  # of images, with a line from one to the other
STEPS = 9  # decoded images along each line
SIDE = 8  # images in a row of samples, and of the report's first picture
HALO = [withStroke(linewidth=3, foreground="white")]  # of a name on points of any colour


def pick_images(data: Dataset, count: int) -> np.ndarray:
    """Return the indices of up to `count` test images, of as many classes as possible.

    The first image of each class, then the second of each, and so on; without labels just the first
    images.
    """
    labels = data.test_labels
    if labels is None:
        return np.arange(len(data.test_images))[:count]
    turn = np.empty(len(labels), int)
    for label in np.unique(labels):
        turn[labels == label] = np.arange((labels == label).sum())
    return np.lexsort((labels, turn))[:count]


def prior_codes(n: int, model: EncodedRun) -> np.ndarray:
    """Return n draws (n, latent) from the prior N(0, I); fewer of them are the first ones."""
    rng = np.random.default_rng([SEED, streams.PICTURED_SAMPLES])
    return rng.standard_normal((n, model.z.shape[1]), dtype=np.float32)


def draw_first(models: Sequence[EncodedRun], data: Dataset, directory: Path) -> None:
    """Write first.png: originals, each model's copies of them (z = mu), and its inventions.

    The same test images and the same draws from the prior for all models.
    """
    index = pick_images(data, SIDE)
    copies = [decode(model.w, model.mu[index]) for model in models]
    inventions = [decode(model.w, prior_codes(len(index), model)) for model in models]
    rows = [unit_range(data.test_images[index]), *copies, *inventions]
    names = [f"{model.label} {what}" for what in ("copies", "inventions") for model in models]
    ax, _ = _show(rows, data.image_shape, ["originals", *names])
    ax.tick_params(labelsize=13)
    save(ax.figure, directory / "first.png")


def draw_reconstructions(models: Sequence[EncodedRun], data: Dataset, directory: Path) -> None:
    """Write reconstruction_<key>.png: originals, and their reconstructions for both kinds of code.

    The same test images for all models, one of each class where there are labels.
    """
    index = pick_images(data, COLUMNS)
    originals = unit_range(data.test_images[index])
    for model in models:
        rows = [originals, *(decode(model.w, code[index]) for code in (model.mu, model.z))]
        ax, _ = _show(rows, data.image_shape, ["original", "z = μ", "z sampled"])
        ax.set_title(f"{model.label}: originals and their reconstructions")
        save(ax.figure, directory / f"reconstruction_{model.key}.png")


def draw_interpolations(models: Sequence[EncodedRun], data: Dataset, directory: Path) -> None:
    """Write interpol_<key>.png: images decoded from the straight line between two codes, by rows.

    The same pairs for all models, of different classes where there are labels; their originals
    stand at both ends. Needs at least 2 images.
    """
    index = pick_images(data, 2 * PAIRS)
    index = index[: len(index) // 2 * 2].reshape(-1, 2)  # (pairs, 2)
    originals = unit_range(data.test_images[index])  # (pairs, 2, pixels)
    for model in models:
        z = straight_lines(model.mu, index, STEPS)  # (pairs STEPS, latent)
        decoded = decode(model.w, z).reshape(len(index), STEPS, -1)
        rows = np.concatenate([originals[:, :1], decoded, originals[:, 1:]], axis=1)
        ax, at = _show(rows, data.image_shape)
        ax.set_title(f"{model.label}: along the line from μ(A) to μ(B)")
        ax.set_xticks([at[0], *at[1:-1:2], at[-1]], ["A", "t = 0", "¼", "½", "¾", "1", "B"])
        ax.xaxis.tick_top()
        ax.set_xlabel("A, B: originals.   Between them: decoded (1 − t) μ(A) + t μ(B)")
        save(ax.figure, directory / f"interpol_{model.key}.png")


def draw_samples(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write samples_<key>.png: decoded draws from the prior N(0, I), the same for all models."""
    for model in models:
        decoded = decode(model.w, prior_codes(SIDE**2, model))
        ax, _ = _show(decoded.reshape(SIDE, SIDE, -1), model.run.image_shape)
        ax.set_title(f"{model.label}: decoded draws from the prior N(0, I)")
        save(ax.figure, directory / f"samples_{model.key}.png")


def draw_tsne(
    models: Sequence[EncodedRun], embeddings: Sequence[Embedding], data: Dataset, directory: Path
) -> None:
    """Write tsne_<key>.png: the map of each model's mu, coloured by class if there are any.

    A class has its name on its points, at the one nearest to their median.
    """
    reach = 1.04 * max(np.abs(e.points).max() for e in embeddings) or 1.0
    for model, (index, points) in zip(models, embeddings, strict=True):
        ax = Figure((HALF, 5.4)).add_subplot()
        dots = {"s": 7, "linewidths": 0, "alpha": 0.8}
        if data.test_labels is None:
            ax.scatter(*points.T, color=LOOKS[model.key]["color"], **dots)
        else:
            for n, label in enumerate(np.unique(data.test_labels)):
                own = points[data.test_labels[index] == label]
                if len(own):
                    ax.scatter(*own.T, color=f"C{n}", **dots)  # ten colours, in turn
                    at = own[np.square(own - np.median(own, axis=0)).sum(axis=1).argmin()]
                    look = {"color": DARK, "weight": "bold", "path_effects": HALO}
                    ax.text(*at, str(label), ha="center", va="center", **look)
        ax.set(title=f"{model.label}: t-SNE of μ, {len(index):,} of {len(model.mu):,} images",
               xlabel="t-SNE axis 1 (no unit)", ylabel="t-SNE axis 2 (no unit)",
               xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")  # fmt: skip
        save(ax.figure, directory / f"tsne_{model.key}.png")


def _show(
    images: Sequence[np.ndarray], shape: tuple[int, int], names: Sequence[str] = ()
) -> tuple[Axes, np.ndarray]:
    """Make a figure of rows of images (columns, pixels), black for 0, with white between them.

    The rows have names, or none of them. Returns the axes, and where each column's middle is.
    """
    rows, columns, (height, width) = len(images), len(images[0]), shape
    gap = max(1, min(shape) // 14)
    cells = np.full((rows, columns, height + gap, width + gap), np.nan)
    cells[:, :, :height, :width] = np.reshape(images, (rows, columns, height, width))
    canvas = cells.transpose(0, 2, 1, 3).reshape(rows * (height + gap), columns * (width + gap))
    ax = Figure((HALF, 1.5 * HALF)).add_subplot()
    ax.imshow(canvas[:-gap, :-gap], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set_xticks([])
    ax.set_yticks(np.arange(len(names)) * (height + gap) + (height - 1) / 2, names)
    return ax, np.arange(columns) * (width + gap) + (width - 1) / 2
