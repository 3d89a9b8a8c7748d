"""The charts of the comparison, each a function that takes data and writes PNG files.

One colour per model, and the same bins, ranges and draws for all, so that any two pictures of a
kind can be compared by eye. Pictures made of images are in image_grids.py.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from scipy.stats import norm

from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.reconstruction import histogram_mode
from npvae.files import replacing
from npvae.training.kinds import KINDS

STYLE = Path(__file__).with_name("report.mplstyle")
HALF, FULL = 5.4, 8.4  # inches: pictures shown beside each other, and across the page
DARK = "#222222"
LOOKS = {  # by model: colours that the colour-blind tell apart (Okabe and Ito's), marks for print
    "kl": {"color": "#0072B2", "marker": "o"},
    "ws": {"color": "#D55E00", "marker": "s"},
    "sw": {"color": "#009E73", "marker": "D"},
    "ae": {"color": "#CC79A7", "marker": "^"},
}
LATENT_PANELS = 20


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file, the same bytes for the same figure. Raises UserError."""
    with style.context(STYLE), replacing(path, "wb") as file:
        figure.savefig(file, format="png", metadata={"Software": None})


def plain_ticks(axis: Axis, few: bool = False) -> None:
    """Write plain numbers at some places of each decade of a logarithmic axis, or at a few."""
    least, most = axis.get_view_interval()
    subs = (1, 2, 5) if not few else (1, 3) if most < 150 * least else (1,)
    within_a_decade = MaxNLocator(4, steps=[1, 2, 5, 10])
    axis.set_major_locator(within_a_decade if most < 10 * least else LogLocator(subs=subs))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


@style.context(STYLE)
def draw_errors(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write error_<key>.png: histogram of each image's sum of squared errors, z = mu and sampled.

    The axis ends where 99.5 % of all errors do.
    """
    errors = [(model.at_mu.sse, model.at_z.sse) for model in models]
    edges = np.linspace(0, np.quantile(errors, 0.995) or 1, 41)
    top = 1.08 * max(np.histogram(sse, edges)[0].max() for pair in errors for sse in pair)
    for model, (at_mu, at_z) in zip(models, errors, strict=True):
        figure = Figure((HALF, 4.2))
        ax = figure.add_subplot()
        colour = LOOKS[model.key]["color"]
        for name, sse, line, dashes, look in (
            ("z = μ", at_mu, colour, "-", {"color": colour, "alpha": 0.45, "fill": True}),
            ("z sampled", at_z, DARK, "--", {"color": DARK, "linewidth": 1.4}),
        ):
            label = f"{name}: mean {sse.mean():.1f}, mode {histogram_mode(sse):g}"
            ax.stairs(np.histogram(sse, edges)[0], edges, **look, label=label)
            ax.axvline(sse.mean(), color=line, linestyle=dashes, linewidth=1.6)
        ax.set(title=f"{model.label}: reconstruction error per image", ylabel="images",
               xlabel="sum of squared errors over the pixels (grey values 0 to 1)",
               xlim=(0, edges[-1]), ylim=(0, top))  # fmt: skip
        figure.legend(loc="outside lower center", ncols=2, title="line: mean", title_fontsize=10)
        save(figure, directory / f"error_{model.key}.png")


@style.context(STYLE)
def draw_latents(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write latent_dist_<key>.png: densities of z and mu in each latent dimension, and the prior's.

    At most the first 20 dimensions. The axis ends at 1.5 times the prior's peak: the curve of a
    nearly constant mu is cut off there.
    """
    # The plain autoencoder's codes reach far: the axis ends before them.
    shown = [np.abs(model.z[:, :LATENT_PANELS]) for model in models if model.key != "ae"]
    reach = max(3.5, 1.05 * float(max(np.quantile(z, 0.9995, axis=0).max() for z in shown)))
    edges, x = np.linspace(-reach, reach, 71), np.linspace(-reach, reach, 400)
    for model in models:
        n, latent = model.z.shape
        panels = min(latent, LATENT_PANELS)
        columns = min(5, int(np.ceil(np.sqrt(panels))))
        rows = -(-panels // columns)
        figure = Figure((HALF, 3.6 if rows == 1 else 1.5 + 1.2 * rows))
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        # Codes beyond the axis count, too: a curve has the area of its visible part.
        share = np.full(n, 1 / (n * (edges[1] - edges[0])))
        look = {"weights": share, "color": LOOKS[model.key]["color"]}
        for i, ax in enumerate(axes[:panels]):
            z, mu = model.z[:, i], model.mu[:, i]
            ax.hist(z, edges, alpha=0.45, histtype="stepfilled", label="z sampled", **look)
            ax.hist(mu, edges, histtype="step", ls="--", linewidth=1.5, label="μ", **look)
            ax.plot(x, norm.pdf(x), color=DARK, linewidth=1.1, label="prior N(0, 1)")
            ax.set(xlim=(-reach, reach), ylim=(0, 1.5 * norm.pdf(0)))
            ax.set_title(f"z{i + 1}: std {z.std():.2f}", fontsize=10, pad=3)
            ax.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            ax.tick_params(labelsize=9)
        for ax in axes[panels:]:
            ax.remove()
        figure.supxlabel("value of z (the prior's standard deviation is 1)", fontsize=11)
        figure.supylabel("density", fontsize=11)
        title = f"{model.label}: latent dimensions 1 to {panels} of {latent}"
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3,
                      title=title, title_fontsize=12)  # fmt: skip
        save(figure, directory / f"latent_dist_{model.key}.png")


@style.context(STYLE)
def draw_training(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write training_loss.png: BCE of all runs, then the regulariser of those that have one."""
    panels = 1 + sum(model.key in KINDS for model in models)
    figure = Figure((FULL, 3.2 * -(-panels // 2)))
    bce, *free = figure.subplots(-(-panels // 2), 2, squeeze=False).ravel()
    bce.set(title="reconstruction (BCE)", ylabel="nats per image")
    for model in models:
        history, label = model.run.history, f"{model.label} train"
        epochs = [row["epoch"] for row in history]
        look = LOOKS[model.key] | {"markersize": 4, "markevery": max(1, len(epochs) // 8)}
        bce.plot(epochs, [row["train_bce"] for row in history], label=label, **look)
        bce.plot(epochs, [row["test_bce_z"] for row in history], "--", markerfacecolor="white",
                 label=f"{model.label} test, z sampled", **look)  # fmt: skip
        if model.key in KINDS:
            ax = free.pop(0)
            loss = next(loss for loss in KINDS[model.key].losses if loss.title)
            ax.plot(epochs, [row[loss.column] for row in history], label=label, **look)
            ax.set(title=loss.title, ylabel=loss.unit)
    for ax in free:
        ax.remove()
    for ax in figure.axes:
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        ax.legend(fontsize=9)
    save(figure, directory / "training_loss.png")
