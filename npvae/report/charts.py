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
from npvae.evaluation.reconstruction import MODE_BIN
from npvae.files.atomic import replacing
from npvae.training.kinds import KINDS

DPI = 130
HALF, FULL = 5.4, 8.4  # inches: pictures shown beside each other, and across the page
NARROW = 5.8  # inches: a picture of its own that is still read on a phone
DARK = "#222222"
# By model: four of Okabe and Ito's colours, which the colour-blind tell apart, and the shapes of
# the marks, which serve print in grey.
MODEL_COLOURS = {"kl": "#0072B2", "ws": "#D55E00", "sw": "#CC79A7", "ae": "#009E73"}
MODEL_MARKERS = {"kl": "o", "ws": "s", "sw": "D", "ae": "^"}
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
    model: str,
    *,
    filled: bool,
    x: Interval | None = None,
    y: Interval | None = None,
) -> None:
    """Draw a model's point, with the intervals of its coordinates; hollow or filled."""
    errors = {
        name: [[value - of.low], [of.high - value]]
        for name, value, of in (("xerr", at[0], x), ("yerr", at[1], y))
        if of is not None
    }
    colour = MODEL_COLOURS[model]
    ax.errorbar(
        *at, **errors, marker=MODEL_MARKERS[model], markersize=6, color=colour, capsize=2.5,
        elinewidth=1.4, linestyle="none", markerfacecolor=colour if filled else "white",
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


@matplotlib.rc_context(STYLE)
def draw_errors(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write error_<key>.png: histogram of each image's sum of squared errors, z = mu and sampled.

    The axis ends where 99.5 % of all errors do.
    """
    codes = [(model.at_mu.sse, model.at_z.sse) for model in models]
    edges = np.linspace(0, np.quantile(codes, 0.995) or 1, 41)
    top = 1.08 * max(np.histogram(sse, edges)[0].max() for pair in codes for sse in pair)
    for model, (at_mu, at_z) in zip(models, codes, strict=True):
        colour = MODEL_COLOURS[model.key]
        figure = new_figure(HALF, 4.2)
        ax = figure.add_subplot()
        looks = (
            ("z = μ", at_mu, {"color": colour, "alpha": 0.45, "fill": True}, colour, "-"),
            ("z sampled", at_z, {"color": DARK, "linewidth": 1.4}, DARK, "--"),
        )
        for name, sse, look, line, dashes in looks:
            counts, mean = np.histogram(sse, edges)[0], sse.mean()
            mode = histogram_mode(sse, MODE_BIN)
            ax.stairs(counts, edges, **look, label=f"{name}: mean {mean:.1f}, mode {mode:g}")
            ax.axvline(mean, color=line, linestyle=dashes, linewidth=1.6)
        ax.set(
            title=f"{model.label}: reconstruction error per image",
            xlabel="sum of squared errors over the pixels (grey values 0 to 1)",
            ylabel="images",
            xlim=(0, edges[-1]),
            ylim=(0, top),
        )
        figure.legend(loc="outside lower center", ncols=2, title="line: mean", title_fontsize=10)
        save(figure, directory / f"error_{model.key}.png")


@matplotlib.rc_context(STYLE)
def draw_latents(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write latent_dist_<key>.png: densities of z and mu in each latent dimension, and the prior's.

    At most the first 20 dimensions. The axis ends at 1.5 times the prior's peak: the curve of a
    nearly constant mu is cut off there.
    """
    # The plain autoencoder comes last, and its codes reach far: the axis ends before them.
    shown = [np.abs(model.z[:, :LATENT_PANELS]) for model in models if model.key != "ae"]
    spread = max(np.quantile(z, 0.9995, axis=0).max() for z in shown)
    reach = max(3.5, 1.05 * float(spread))
    edges, x = np.linspace(-reach, reach, 71), np.linspace(-reach, reach, 400)
    for model in models:
        latent, colour = model.z.shape[1], MODEL_COLOURS[model.key]
        panels = min(latent, LATENT_PANELS)
        columns = min(5, int(np.ceil(np.sqrt(panels))))
        rows = -(-panels // columns)
        figure = new_figure(HALF, 3.6 if rows == 1 else 1.5 + 1.2 * rows)
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        # Codes beyond the axis count, too: a curve has the area of its visible part.
        share = 1 / (len(model.z) * (edges[1] - edges[0]))
        look = {"weights": np.full(len(model.z), share), "color": colour}
        for i, ax in enumerate(axes[:panels]):
            z, mu = model.z[:, i], model.mu[:, i]
            ax.hist(z, edges, alpha=0.45, histtype="stepfilled", label="z sampled", **look)
            ax.hist(mu, edges, histtype="step", ls="--", linewidth=1.5, label="μ", **look)
            prior = PRIOR_PEAK * np.exp(-0.5 * x**2)
            ax.plot(x, prior, color=DARK, linewidth=1.1, label="prior N(0, 1)")
            ax.set(xlim=(-reach, reach), ylim=(0, 1.5 * PRIOR_PEAK))
            ax.set_title(f"z{i + 1}: std {z.std():.2f}", fontsize=10, pad=3)
            ax.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            ax.tick_params(labelsize=9)
        for ax in axes[panels:]:
            ax.remove()
        which = f"latent dimensions 1 to {panels} of {latent}"
        figure.supxlabel("value of z (the prior's standard deviation is 1)", fontsize=11)
        figure.supylabel("density", fontsize=11)
        figure.legend(
            *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3,
            title=f"{model.label}: {which}", title_fontsize=12,
        )  # fmt: skip
        save(figure, directory / f"latent_dist_{model.key}.png")


@matplotlib.rc_context(STYLE)
def draw_training(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write training_loss.png: BCE of all runs, then the regulariser of those that have one."""
    panels = 1 + sum(model.key in KINDS for model in models)
    figure = new_figure(FULL, 3.2 * -(-panels // 2))
    bce, *regularisers = figure.subplots(-(-panels // 2), 2, squeeze=False).ravel()[:panels]
    for ax in figure.axes[panels:]:
        ax.remove()
    free = iter(regularisers)
    for model in models:
        history = model.run.history
        epochs = [row["epoch"] for row in history]
        colour = MODEL_COLOURS[model.key]
        look = {"color": colour, "marker": MODEL_MARKERS[model.key], "markersize": 4}
        look["markevery"] = max(1, len(epochs) // 8)
        for column, name, dashes, face in (
            ("train_bce", "train", "-", colour),
            ("test_bce_z", "test, z sampled", "--", "white"),
        ):
            values = [row[column] for row in history]
            label = f"{model.label} {name}"
            bce.plot(epochs, values, dashes, label=label, markerfacecolor=face, **look)
        if model.key not in KINDS:
            continue
        ax = next(free)
        regulariser = next(loss for loss in KINDS[model.key].losses if loss.title)
        values = [row[regulariser.column] for row in history]
        ax.plot(epochs, values, label=f"{model.label} train", **look)
        ax.set(title=regulariser.title, ylabel=regulariser.unit)
    bce.set(title="reconstruction (BCE)", ylabel="nats per image")
    for ax in (bce, *regularisers):
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        ax.legend(fontsize=9)
    save(figure, directory / "training_loss.png")
