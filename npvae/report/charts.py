"""The charts of the comparison, each a function that takes what was measured and writes PNG files.

One colour per model, and the same bins, ranges and draws for all, so that any two pictures of a
kind can be compared by eye. Pictures made of images are in image_grids.py. The law in two of them:

    average KL divergence = information + scale + shape,     distance to the prior = scale + shape
"""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from scipy.stats import norm

from npvae.evaluation.encoded import MODELS, EncodedRun
from npvae.evaluation.images import histogram_mode
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Comparison, Study
from npvae.files import replacing
from npvae.report.claims import FAILS, HOLDS, MIXED, OPEN, Verdict
from npvae.report.markdown import number
from npvae.training.kinds import KINDS

style.use(Path(__file__).with_name("report.mplstyle"))  # of every figure that is made from here on
HALF, NARROW, FULL = 5.4, 5.8, 8.4  # inches: beside another, alone and read on a phone, the page
DARK = "#222222"
LOOKS = {  # by model: colours that the colour-blind tell apart (Okabe and Ito's), marks for print
    "kl": {"color": "#0072B2", "marker": "o"},
    "ws": {"color": "#D55E00", "marker": "s"},
    "sw": {"color": "#009E73", "marker": "D"},
    "ae": {"color": "#CC79A7", "marker": "^"},
}
COLOURS = {HOLDS: "#00796B", FAILS: "#B23A00", MIXED: "#7B3F98", OPEN: "#666666"}  # of verdicts
PARTS = {"scale": "", "shape": "///", "information": "..."}  # of the law: the hatch of their bars
LEAST = 0.01  # nats: where the law's bars begin, as a logarithmic axis has no 0
LATENT_PANELS = 20
REACH = 5.0  # of the claims' axis; a bar that lies beyond is drawn at its end


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file, the same bytes for the same figure. Raises UserError."""
    with replacing(path, "wb") as file:
        figure.savefig(file, format="png", metadata={"Software": None})


def plain_ticks(axis: Axis) -> None:
    """Write plain numbers at some places of each decade of a logarithmic axis."""
    least, most = axis.get_view_interval()
    subs = (1, 2, 5) if most < 150 * least else (1,)
    within_a_decade = MaxNLocator(4, steps=[1, 2, 5, 10])
    axis.set_major_locator(within_a_decade if most < 10 * least else LogLocator(subs=subs))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


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
        filled = {"color": LOOKS[model.key]["color"], "alpha": 0.45, "fill": True}
        for name, sse, dashes, look in (
            ("z = μ", at_mu, "-", filled),
            ("z sampled", at_z, "--", {"color": DARK, "linewidth": 1.4}),
        ):
            label = f"{name}: mean {sse.mean():.1f}, mode {histogram_mode(sse):g}"
            ax.stairs(np.histogram(sse, edges)[0], edges, **look, label=label)
            ax.axvline(sse.mean(), color=look["color"], linestyle=dashes, linewidth=1.6)
        ax.set(title=f"{model.label}: reconstruction error per image", ylabel="images",
               xlabel="sum of squared errors over the pixels (grey values 0 to 1)",
               xlim=(0, edges[-1]), ylim=(0, top))  # fmt: skip
        figure.legend(loc="outside lower center", ncols=2, title="line: mean", title_fontsize=10)
        save(figure, directory / f"error_{model.key}.png")


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


def draw_training(models: Sequence[EncodedRun], directory: Path) -> None:
    """Write training_loss.png: BCE of all runs, then the regulariser of those that have one."""
    rows = 1 + sum(model.key in KINDS for model in models) // 2
    figure = Figure((FULL, 3.2 * rows))
    bce, *free = figure.subplots(rows, 2, squeeze=False).ravel()
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


def draw_law(c: Comparison, directory: Path) -> None:
    """Write law.png: a bar for scale, shape and information of each model, in nats.

    The axis is logarithmic, so that a hundred nats and a fifth of one can both be read. A part that
    is not above LEAST has its number and no bar.
    """
    bars = [(m, part) for m in MODELS for part in PARTS if c.value(m, part) is not None]
    figure = Figure((NARROW, 0.4 * len(bars) + 1.3))
    ax = figure.add_subplot()
    ax.set(xscale="log", xlabel="nats (each line is ten times the one before)")
    ends = [1.0]
    for y, (m, part) in enumerate(bars):
        value, interval = c.value(m, part), c.interval(m, part)
        ends.append(max(value, LEAST))
        look = {"color": LOOKS[m]["color"], "hatch": PARTS[part], "edgecolor": "white"}
        ax.barh(y, ends[-1] - LEAST, left=LEAST, height=0.75, **look)
        if interval is not None and interval.low > 0:
            ax.hlines(y, interval.low, interval.high, color=DARK, linewidth=1.4)
            ends[-1] = max(ends[-1], interval.high)
        at = {"xytext": (4, 0), "textcoords": "offset points", "va": "center"}
        ax.annotate(number(value), (ends[-1], y), fontsize=12, **at)
    ax.set_yticks(range(len(bars)), [f"{MODELS[m]}  {part}" for m, part in bars], fontsize=12)
    ax.set(xlim=(LEAST, 6 * max(ends)), ylim=(len(bars) - 0.4, -0.6))
    plain_ticks(ax.xaxis)
    ax.grid(False, axis="y")
    save(figure, directory / "law.png")


def draw_trade_off(study: Study, directory: Path) -> None:
    """Write trade_off.png: copies, and inventions if they are judged, against scale + shape.

    A setting is a point for each length of training, the longest filled; a line joins them.
    """
    found = [study.comparison(epochs) for epochs in study.epochs]
    found = [c.derived("scale", lambda of: of["scale"] + of["shape"]) for c in found]
    measured = {key for t in study.trained for key in t.measurement.values}
    keys = [key for key in ("sse_mu", "sse_z", "frechet") if key in measured]
    figure = Figure((NARROW, 3.6 * len(keys) + 0.8))
    panels = figure.subplots(len(keys), 1, sharex=True, squeeze=False)[:, 0]
    for ax, key in zip(panels, keys, strict=True):
        ax.set(xscale="log", yscale="log", ylabel=BY_KEY[key].name)
        for setting, options in study.settings.items():
            _draw_setting(ax, found, setting, key, f"{options.weight:g}")
        ax.margins(0.1, 0.15)
        if key in study.baselines["perfect match"]:
            floor = study.baselines["perfect match"][key]
            ax.axhline(floor, color="#777777", linestyle="-.", linewidth=1.2)
        plain_ticks(ax.yaxis)
    plain_ticks(panels[-1].xaxis)
    panels[-1].set_xlabel("distance of all codes to the prior: scale + shape, nats")
    for m in MODELS:
        if m in study.settings:
            panels[0].plot([], [], label=MODELS[m], **LOOKS[m])
    figure.legend(loc="outside lower center", ncols=4, fontsize=10)
    save(figure, directory / "trade_off.png")


def _draw_setting(ax: Axes, found: list[Comparison], setting: str, key: str, weight: str) -> None:
    """Draw one setting's points and intervals, joined, with its weight beside the last."""
    model, points = setting.partition("-")[0], []
    colour, bars = LOOKS[model]["color"], {"capsize": 2.5, "elinewidth": 1.4, "linestyle": "none"}
    for c in found:
        x, y = c.value(setting, "scale"), c.value(setting, key)
        if x is None or y is None or x <= 0:
            continue
        points.append((x, y))
        intervals = c.interval(setting, key), c.interval(setting, "scale")
        halves = [None if interval is None else interval.half for interval in intervals]
        face = colour if c is found[-1] else "white"
        ax.errorbar(x, y, *halves, **LOOKS[model], **bars, markersize=6, markerfacecolor=face)
    if points:
        ax.plot(*zip(*points, strict=True), color=colour, linewidth=1)
        offset, side = ((-6, -12), "right") if model == "sw" else ((5, 5), "left")
        look = {"color": colour, "fontsize": 10, "ha": side, "textcoords": "offset points"}
        if model != "ae":
            ax.annotate(weight, points[-1], offset, **look)


def draw_claims(judged: dict[str, list[Verdict]], directory: Path) -> None:
    """Write claims.png: one row a claim, a bar for each of its numbers, and the verdict's word.

    A bar is a margin over the half width of its interval: 2 wide. It decides if it does not touch
    the line at 0: right of it for the claim, left of it against. The verdicts are those at one or
    two lengths: the second below, and lighter.
    """
    claims = list(zip(*judged.values(), strict=True))
    figure = Figure((NARROW, 0.46 * len(claims) + 0.9))
    ax = figure.add_subplot()
    ax.axvline(0, color=DARK, linewidth=1)
    for y, found in enumerate(claims):
        bars = [(n, part) for n, v in enumerate(found) for part in v.parts if part.margin]
        for place, (n, part) in zip(np.linspace(-0.3, 0.3, len(bars) + 2)[1:-1], bars, strict=True):
            margin, look = part.margin, {"alpha": 0.45 if n else 1, "linewidth": 2}
            middle = np.clip(margin.mean / (margin.half or 1e-99), -REACH, REACH)
            ax.hlines(y + place, middle - 1, middle + 1, color=COLOURS[part.verdict], **look)
        words = dict.fromkeys(v.verdict + ("*" if v.borderline else "") for v in found)
        colour = COLOURS[found[-1].verdict]
        ax.text(REACH + 1.5, y, "\n→ ".join(words), va="center", color=colour, fontsize=9)
    names = [fill(found[0].claim, 34) for found in claims]
    ax.set_yticks(range(len(claims)), names, fontsize=8.5)
    ax.set(xlim=(-REACH - 1, REACH + 1), ylim=(len(claims) - 0.5, -0.5), xticks=[-REACH, 0, REACH])
    note = "margin in halves of its 95 % interval; right of 0 speaks for the claim"
    star = "\n* borderline" if any(v.borderline for found in claims for v in found) else ""
    ax.set_xlabel(f"{note}\n{'; lighter: '.join(judged)}{star}", fontsize=9)
    save(figure, directory / "claims.png")
