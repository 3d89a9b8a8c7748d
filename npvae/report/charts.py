"""The charts of the comparison, each a function that takes data and writes PNG files.

One colour per model, and the same bins, ranges and draws for both, so that any two pictures of a
kind can be compared by eye. Pictures made of images are in image_grids.py.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.intervals import Interval, histogram_mode
from npvae.files.atomic import replacing
from npvae.training.runs import RUNS, RunKind

DPI = 130
HALF, FULL = 5.4, 8.4  # inches: pictures shown beside each other, and across the page
NARROW = 5.8  # inches: a picture of its own that is still read on a phone
DARK = "#222222"
PERFECT = {"color": "#777777", "linewidth": 1.2, "linestyle": "-."}  # the line of a perfect match
STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
    "legend.fontsize": 10,
}
LATENT_PANELS = 20
PRIOR_PEAK = 1 / np.sqrt(2 * np.pi)  # density of N(0, 1) at 0


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure of at most this size in inches; `save` cuts off what stays empty."""
    return Figure((width, height), dpi=DPI, layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file, the same bytes for the same figure. Raises UserError."""
    with replacing(path, "wb") as file:
        figure.savefig(
            file, format="png", bbox_inches="tight", pad_inches=0.08, metadata={"Software": None}
        )


def mark(
    ax: Axes,
    at: tuple[float, float],
    kind: RunKind,
    *,
    settled: bool,
    x: Interval | None = None,
    y: Interval | None = None,
) -> None:
    """Draw a model's point, with the intervals of its coordinates; hollow if it has not settled."""
    errors = {
        name: [[value - of.low], [of.high - value]]
        for name, value, of in (("xerr", at[0], x), ("yerr", at[1], y))
        if of is not None
    }
    ax.errorbar(
        *at, **errors, marker=kind.marker, markersize=6, color=kind.colour, capsize=2.5,
        elinewidth=1.4, linestyle="none", markerfacecolor=kind.colour if settled else "white",
    )  # fmt: skip


def plain_ticks(axis: Axis, few: bool = False) -> None:
    """Write plain numbers at some places of each decade of a logarithmic axis, or at a few."""
    decades = float(np.diff(np.log10(axis.get_view_interval()))[0])
    steps = (1, 2, 5) if decades < 1.5 or not few else (1, 3) if decades < 2.2 else (1,)
    if decades < 1:
        steps = (1, 1.5, 2, 3, 5, 7) if decades > 0.4 else (1, 1.2, 1.4, 1.7, 2, 2.5, 3, 4, 5, 6, 8)
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def error_bins(models: Sequence[EncodedRun]) -> tuple[float, np.ndarray]:
    """Return the width of draw_errors' bins, and their edges from 0 on.

    About 40 bins hold 99.5 % of the sums of squared errors of all models. The width is 1, 2 or 5
    times a power of ten.
    """
    most = np.quantile([errors.sse for m in models for errors in (m.at_mu, m.at_z)], 0.995)
    power = 10 ** np.floor(np.log10(most / 40)) if most > 0 else 1.0
    width = float(next(step * power for step in (1, 2, 5, 10) if step * power >= most / 40))
    return width, np.arange(np.ceil(most / width) + 2) * width


@matplotlib.rc_context(STYLE)
def draw_errors(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write error_<key>.png: histogram of each image's sum of squared errors, z = mu and sampled.

    The axis ends where the bins of 99.5 % of all errors end; the picture says how many are beyond.
    """
    width, edges = error_bins(models)
    codes = [(model.at_mu.sse, model.at_z.sse) for model in models]
    top = 1.08 * max(np.histogram(sse, edges)[0].max() for pair in codes for sse in pair)
    for model, (at_mu, at_z) in zip(models, codes, strict=True):
        colour = model.kind.colour
        figure = new_figure(HALF, 4.2)
        ax = figure.add_subplot()
        looks = (
            ("z = μ", at_mu, {"color": colour, "alpha": 0.45, "fill": True}, colour, "-"),
            ("z sampled", at_z, {"color": DARK, "linewidth": 1.4}, DARK, "--"),
        )
        for name, sse, look, line, dashes in looks:
            counts, mean = np.histogram(sse, edges)[0], sse.mean()
            mode = histogram_mode(sse, width)
            ax.stairs(counts, edges, **look, label=f"{name}: mean {mean:.1f}, mode {mode:g}")
            ax.axvline(mean, color=line, linestyle=dashes, linewidth=1.6)
            ax.plot(mode, counts.max(), "v", markersize=9, color=line, markeredgecolor="white")
        ax.set(
            title=f"{model.kind.label}: reconstruction error per image",
            xlabel="sum of squared errors over the pixels (grey values 0 to 1)",
            ylabel=f"images per bin of width {width:g}",
            xlim=(0, edges[-1]),
            ylim=(0, top),
        )
        beyond = [int((sse >= edges[-1]).sum()) for sse in (at_mu, at_z)]
        note = f"; beyond the axis: {beyond[0]} and {beyond[1]} images" if any(beyond) else ""
        title = "line: mean, triangle: mode" + note
        figure.legend(loc="outside lower center", ncols=2, title=title, title_fontsize=10)
        save(figure, directory / f"error_{model.kind.key}.png")


@matplotlib.rc_context(STYLE)
def draw_latents(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write latent_dist_<key>.png: densities of z and mu in each latent dimension, and the prior's.

    At most the first 20 dimensions. A curve higher than the axis, as where mu is nearly constant,
    is cut off and its height written there.
    """
    codes = [(m.z[:, :LATENT_PANELS], m.mu[:, :LATENT_PANELS]) for m in models]
    spread = max(np.quantile(np.abs(z), 0.9995, axis=0).max() for z, _ in codes)
    reach = max(3.5, 1.05 * float(spread))
    bins = int(np.clip(np.sqrt(len(models[0].z)), 10, 70))
    edges = np.linspace(-reach, reach, bins + 1)
    densities = [[_densities(code, edges) for code in pair] for pair in codes]
    highest = max(density.max() for pair in densities for density in pair)
    top = np.clip(1.1 * highest, 1.1 * PRIOR_PEAK, 2 * PRIOR_PEAK)
    for model, (z, mu) in zip(models, densities, strict=True):
        panels, latent = len(z), model.z.shape[1]
        columns = min(5, int(np.ceil(np.sqrt(panels))))
        rows = -(-panels // columns)
        figure = new_figure(HALF, 3.6 if rows == 1 else 1.5 + 1.2 * rows)
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for i, ax in enumerate(axes[:panels]):
            _latent_panel(ax, edges, z=z[i], mu=mu[i], top=top, colour=model.kind.colour)
            ax.set_title(f"z{i + 1}: std {model.z[:, i].std():.2f}", fontsize=10, pad=3)
        for ax in axes[panels:]:
            ax.remove()
        count = f"{panels} latent dimensions" if panels > 1 else "latent dimension"
        if panels < latent:
            count = f"first {panels} of {latent} latent dimensions"
        figure.supxlabel("value of z (the prior's standard deviation is 1)", fontsize=11)
        figure.supylabel("density", fontsize=11)
        figure.legend(
            *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3,
            title=f"{model.kind.label}: distribution of the {count}", title_fontsize=12,
        )  # fmt: skip
        save(figure, directory / f"latent_dist_{model.kind.key}.png")


def _latent_panel(
    ax: Axes, edges: np.ndarray, z: np.ndarray, mu: np.ndarray, top: float, colour: str
) -> None:
    """Draw the densities (bins,) of z and mu in one dimension, and the prior's over them."""
    x = np.linspace(edges[0], edges[-1], 400)
    ax.stairs(z, edges, fill=True, color=colour, alpha=0.45, label="z sampled")
    middles = (edges[1:] + edges[:-1]) / 2
    ax.plot(middles, mu, color=colour, linestyle="--", linewidth=1.5, label="μ")
    ax.plot(x, PRIOR_PEAK * np.exp(-0.5 * x**2), color=DARK, linewidth=1.1, label="prior N(0, 1)")
    cut = [f"{name} ↑ {d.max():.1f}" for name, d in (("z", z), ("μ", mu)) if d.max() > top]
    if cut:
        ax.text(
            0.98, 0.97, "\n".join(cut), ha="right", va="top", fontsize=8, transform=ax.transAxes,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )  # fmt: skip
    ax.set(xlim=(edges[0], edges[-1]), ylim=(0, top))
    ax.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    ax.tick_params(labelsize=9)


@matplotlib.rc_context(STYLE)
def draw_training(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write training_loss.png: BCE of all runs, then the regulariser of those that have one."""
    figure = new_figure(FULL, 3.4)
    bce, *own = figure.subplots(1, 1 + sum(model.kind.key in RUNS for model in models))
    free = iter(own)
    for model in models:
        history = model.run.history
        epochs = [row["epoch"] for row in history]
        colour = model.kind.colour
        look = {"color": colour, "marker": model.kind.marker, "markersize": 4}
        look["markevery"] = max(1, len(epochs) // 8)
        for column, name, dashes, face in (
            ("train_bce", "train", "-", colour),
            ("test_bce_z", "test, z sampled", "--", "white"),
        ):
            values = [row[column] for row in history]
            label = f"{model.kind.label} {name}"
            bce.plot(epochs, values, dashes, label=label, markerfacecolor=face, **look)
        if model.kind.key not in RUNS:
            continue
        ax = next(free)
        regulariser = next(loss for loss in model.kind.losses if loss.title)
        values = [row[regulariser.column] for row in history]
        ax.plot(epochs, values, label=f"{model.kind.label} train", **look)
        ax.set(title=regulariser.title, ylabel=regulariser.unit)
    bce.set(title="reconstruction (BCE)", ylabel="nats per image")
    for ax in (bce, *own):
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        ax.legend(fontsize=9)
    save(figure, directory / "training_loss.png")


def _densities(samples: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the histogram density (d, bins) of each column of samples (n, d).

    Samples beyond the edges count in n, so each curve has the area of its visible part.
    """
    counts = np.stack([np.histogram(column, edges)[0] for column in samples.T])
    return counts / (len(samples) * np.diff(edges))
