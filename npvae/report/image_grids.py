"""The pictures of the comparison that are made of images or of one point per image.

Reconstructions, straight lines between two codes, decoded draws of the prior, and the t-SNE map:

    z(t) = (1 - t) mu_A + t mu_B,   t from 0 to 1          z ~ N(0, I)
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from sklearn.manifold import TSNE

from npvae.evaluation.encoded import Trained
from npvae.models.inference import decode
from npvae.report.charts import COLOURS, DARK, HALF, STYLE, new_figure, save

COLUMNS = 10  # images in a row of reconstructions
STEPS = 9  # decoded images along each line
SAMPLE_ROWS = 8


class Embedding(NamedTuple):
    """A map of some of N images into the plane."""

    index: np.ndarray  # (n,) which of the N
    points: np.ndarray  # (n, 2)
    total: int  # N


def pick_images(labels: np.ndarray | None, total: int, count: int) -> np.ndarray:
    """Return the indices of up to `count` of `total` images, of as many classes as possible.

    The first image of each class, then the second of each, and so on; without labels just the first
    images.
    """
    if labels is None:
        return np.arange(min(count, total))
    turn = np.empty(total, int)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        turn[members] = np.arange(len(members))
    return np.lexsort((labels, turn))[:count]


def draw_reconstructions(
    models: Sequence[Trained], images: np.ndarray, labels: np.ndarray | None, directory: Path
) -> None:
    """Write reconstruction_<key>.png: originals, and what becomes of them by z = mu and sampled z.

    The same images for all models, one of each class where there are labels.
    """
    index = pick_images(labels, len(images), COLUMNS)
    for model in models:
        rows = [_grey(images[index]), decode(model.w, model.mu[index])]
        rows.append(decode(model.w, model.z[index]))
        canvas, centres, _ = _tile(np.stack(rows), model.run.image_shape)
        ax = _show(canvas, f"{model.label}: originals and their reconstructions")
        ax.set_yticks(centres, ["original", "z = μ", "z sampled"])
        save(ax.figure, directory / f"reconstruction_{model.key}.png")


def draw_interpolations(
    models: Sequence[Trained],
    images: np.ndarray,
    labels: np.ndarray | None,
    directory: Path,
    pairs: int = 5,
) -> None:
    """Write interpol_<key>.png: images decoded from the straight line between two codes, by rows.

    The same pairs for all models, of different classes where there are labels; their originals
    stand at both ends. Needs at least 2 images.
    """
    index = pick_images(labels, len(images), 2 * pairs)
    starts, ends = index[: len(index) // 2 * 2].reshape(-1, 2).T
    t = np.linspace(0, 1, STEPS, dtype=np.float32)[None, :, None]
    for model in models:
        a, b = model.mu[starts][:, None], model.mu[ends][:, None]
        z = (1 - t) * a + t * b  # (pairs, STEPS, latent)
        decoded = decode(model.w, z.reshape(-1, z.shape[2])).reshape(len(z), STEPS, -1)
        shape = model.run.image_shape
        left, _, (at_left,) = _tile(_grey(images[starts])[:, None], shape)
        middle, _, at_middle = _tile(decoded, shape)
        right, _, (at_right,) = _tile(_grey(images[ends])[:, None], shape)
        gap = np.full((len(left), shape[1] // 4 + 1), np.nan)
        canvas = np.hstack([left, gap, middle, gap, right])
        offset = left.shape[1] + gap.shape[1]
        ax = _show(canvas, f"{model.label}: along the line from μ(A) to μ(B)")
        at_right += offset + middle.shape[1] + gap.shape[1]
        at = [at_left, *(offset + at_middle[::2]), at_right]
        ax.set_xticks(at, ["A", "t = 0", "¼", "½", "¾", "1", "B"])
        ax.xaxis.tick_top()
        ax.set_xlabel("A, B: originals.   Between them: decoded (1 − t) μ(A) + t μ(B)")
        save(ax.figure, directory / f"interpol_{model.key}.png")


def draw_samples(models: Sequence[Trained], directory: Path, seed: int = 0) -> None:
    """Write samples_<key>.png: decoded draws from the prior N(0, I), the same for all models."""
    for model in models:
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((SAMPLE_ROWS**2, model.z.shape[1]), dtype=np.float32)
        decoded = decode(model.w, z).reshape(SAMPLE_ROWS, SAMPLE_ROWS, -1)
        canvas, _, _ = _tile(decoded, model.run.image_shape)
        ax = _show(canvas, f"{model.label}: decoded draws from the prior N(0, I)")
        save(ax.figure, directory / f"samples_{model.key}.png")


def tsne(mu: np.ndarray, seed: int, subset: int = 5000) -> Embedding:
    """Map codes mu (N, latent), or `subset` of them drawn by the seed, into the plane by t-SNE.

    Neighbours in the plane are mostly neighbours in latent space; distances between clusters and
    their sizes mean little. Needs at least 2 codes.

    Source: van der Maaten & Hinton 2008, Visualizing Data using t-SNE.
    """
    total = len(mu)
    index = np.sort(np.random.default_rng(seed).permutation(total)[:subset])
    # t-SNE does not see shift and scale, but rounding in its start from principal components does:
    # of codes all alike or far from 0 it may come out NaN, on which scikit-learn crashes.
    chosen = np.asarray(mu, np.float64)[index]
    chosen = chosen - chosen[0]
    scale = np.abs(chosen).max()
    if scale > 0:
        chosen /= scale
    if chosen.shape[1] == 1:  # the start from two principal components needs two columns
        chosen = np.pad(chosen, ((0, 0), (0, 1)))
    start = "pca" if scale > 0 else "random"
    perplexity = min(30, (len(index) - 1) / 3)
    method = TSNE(init=start, perplexity=perplexity, random_state=seed)
    return Embedding(index, method.fit_transform(chosen), total)


@matplotlib.rc_context(STYLE)
def draw_tsne(
    models: Sequence[Trained],
    embeddings: Sequence[Embedding],
    labels: np.ndarray | None,
    directory: Path,
) -> None:
    """Write tsne_<key>.png: the embedding of each model's mu, coloured by label if there are any.

    labels (N,) belong to all N images.
    """
    reach = 1.04 * max(np.abs(e.points).max() for e in embeddings) or 1.0
    for model, (index, points, total) in zip(models, embeddings, strict=True):
        figure = new_figure(HALF, 5.4)
        ax = figure.add_subplot()
        dots = {"s": 5, "linewidths": 0, "alpha": 0.8}
        if labels is None:
            ax.scatter(*points.T, color=COLOURS[model.key], **dots)
        else:
            classes = np.unique(labels)
            name = "tab10" if len(classes) <= 10 else "turbo"
            colours = matplotlib.colormaps[name].resampled(max(10, len(classes)))
            for i, label in enumerate(classes):
                members = points[labels[index] == label]
                if len(members):
                    ax.scatter(*members.T, color=colours(i), label=str(label), **dots)
                    _name_cluster(ax, members, str(label))
            figure.legend(
                loc="outside right center", title="class", markerscale=3, handletextpad=0.2,
                ncols=-(-len(classes) // 20),
            )  # fmt: skip
        count = f"{len(index):,} of {total:,} images" if len(index) < total else f"{total:,} images"
        ax.set(
            title=f"{model.label}: t-SNE of μ, {count}",
            xlabel="t-SNE axis 1 (no unit)",
            ylabel="t-SNE axis 2 (no unit)",
            xlim=(-reach, reach),
            ylim=(-reach, reach),
            aspect="equal",
        )
        save(figure, directory / f"tsne_{model.key}.png")


def _name_cluster(ax: Axes, members: np.ndarray, name: str) -> None:
    """Write the class on its points, at the one nearest to their median."""
    middle = np.median(members, axis=0)
    at = members[np.square(members - middle).sum(axis=1).argmin()]
    halo = [withStroke(linewidth=3, foreground="white")]
    ax.text(*at, name, ha="center", va="center", color=DARK, weight="bold", path_effects=halo)


def _grey(images: np.ndarray) -> np.ndarray:
    """Return images, bytes or floats, as floats from 0 to 1."""
    return images / 255 if images.dtype == np.uint8 else images


def _tile(images: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay images (rows, columns, pixels) out on a canvas with NaN between them.

    Returns the canvas and where the middle of each row and of each column is.
    """
    rows, columns, _ = images.shape
    height, width = shape
    gap = max(1, min(shape) // 14)
    cells = np.full((rows, columns, height + gap, width + gap), np.nan)
    cells[:, :, :height, :width] = images.reshape(rows, columns, height, width)
    canvas = cells.transpose(0, 2, 1, 3).reshape(rows * (height + gap), columns * (width + gap))
    centres_y = np.arange(rows) * (height + gap) + (height - 1) / 2
    centres_x = np.arange(columns) * (width + gap) + (width - 1) / 2
    return canvas[:-gap, :-gap], centres_y, centres_x


@matplotlib.rc_context(STYLE)
def _show(canvas: np.ndarray, title: str) -> Axes:
    """Make a figure of a canvas: black is 0, white is 1 and nothing."""
    figure = new_figure(HALF, 1.5 * HALF)
    ax = figure.add_subplot()
    ax.imshow(canvas, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set(title=title, xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax
