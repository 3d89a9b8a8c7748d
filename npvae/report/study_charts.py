"""The pictures of what was measured: the law, and copies against the distance to the prior.

average KL divergence = information + scale + shape,     distance to the prior = scale + shape
"""

from pathlib import Path

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from npvae.evaluation.encoded import MODELS, model_of
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Comparison, Study
from npvae.report.charts import (
    DARK,
    MODEL_COLOURS,
    MODEL_MARKERS,
    NARROW,
    STYLE,
    mark,
    plain_ticks,
    save,
)
from npvae.report.claims import derived
from npvae.report.markdown import number

PARTS = {"scale": "", "shape": "///", "information": "..."}  # with the hatch of their bars
LEAST = 0.01  # nats: where the bars begin, as a logarithmic axis has no 0


@style.context(STYLE)
def draw_law(c: Comparison, directory: Path) -> None:
    """Write law.png: a bar for scale, shape and information of each model, in nats.

    The axis is logarithmic, so that a hundred nats and a fifth of one can both be read. A part that
    is not above LEAST has its number and no bar.
    """
    models = [m for m in MODELS if m in c.measured]
    bars = [(m, p) for m in models for p in PARTS if c.value(m, p) is not None]
    figure = Figure((NARROW, 0.4 * len(bars) + 1.3))
    ax = figure.add_subplot()
    ax.set(xscale="log", xlabel="nats (each line is ten times the one before)")
    for y, (m, part) in enumerate(bars):
        value, interval = c.value(m, part), c.interval(m, part)
        long = max(value, LEAST)
        look = {"color": MODEL_COLOURS[m], "hatch": PARTS[part], "edgecolor": "white"}
        ax.barh(y, long - LEAST, left=LEAST, height=0.75, **look)
        end = long
        if interval is not None and interval.low > 0:
            ax.hlines(y, interval.low, interval.high, color=DARK, linewidth=1.4)
            end = max(long, interval.high)
        ax.annotate(
            number(value), (end, y), (4, 0), textcoords="offset points", va="center", fontsize=12
        )
    ax.set_yticks(range(len(bars)), [f"{MODELS[m]}  {part}" for m, part in bars], fontsize=12)
    largest = max([c.value(m, p) for m, p in bars], default=1)
    ax.set(xlim=(LEAST, 6 * max(largest, 1)), ylim=(len(bars) - 0.4, -0.6))
    plain_ticks(ax.xaxis, few=True)
    ax.grid(False, axis="y")
    save(figure, directory / "law.png")


@style.context(STYLE)
def draw_trade_off(study: Study, directory: Path) -> None:
    """Write trade_off.png: copies, and inventions if they are judged, against scale + shape.

    A setting is a point for each length of training, the longest filled; a line joins them.
    """
    at = {epochs: derived(study.comparison(epochs), "scale", distance) for epochs in study.epochs}
    measured = {key for t in study.trained for key in t.measurement.values}
    keys = [key for key in ("sse_mu", "sse_z", "frechet") if key in measured]
    figure = Figure((NARROW, 3.6 * len(keys) + 0.8))
    panels = figure.subplots(len(keys), 1, sharex=True, squeeze=False)[:, 0]
    for ax, key in zip(panels, keys, strict=True):
        ax.set(xscale="log", yscale="log", ylabel=BY_KEY[key].name)
        for setting in study.settings:
            _draw_setting(ax, study, at, setting, key)
        ax.margins(0.1, 0.15)
        if key in study.perfect_match:
            ax.axhline(study.perfect_match[key], color="#777777", linestyle="-.", linewidth=1.2)
        plain_ticks(ax.yaxis)
    plain_ticks(panels[-1].xaxis, few=True)
    panels[-1].set_xlabel("distance of all codes to the prior: scale + shape, nats")
    for m in MODELS:
        if m in study.settings:
            look = {"color": MODEL_COLOURS[m], "marker": MODEL_MARKERS[m]}
            panels[0].plot([], [], label=MODELS[m], **look)
    if len(study.epochs) > 1:
        hollow = {"color": DARK, "marker": "o", "ls": "none", "markerfacecolor": "white"}
        shorter = " and ".join(map(str, study.epochs[:-1]))
        panels[0].plot([], [], label=f"hollow: {shorter} epochs", **hollow)
        panels[0].plot([], [], "o", color=DARK, label=f"filled: {study.epochs[-1]} epochs")
    figure.legend(loc="outside lower center", ncols=3, fontsize=10)
    save(figure, directory / "trade_off.png")


def distance(found: dict) -> float:
    """Return KL(q(z) || p), the distance of all codes to the prior."""
    return found["scale"] + found["shape"]


def _draw_setting(
    ax: Axes, study: Study, at: dict[int, Comparison], setting: str, key: str
) -> None:
    """Draw one setting's points, joined, with its weight beside the last."""
    model, points = model_of(study.settings[setting]), []
    for epochs, c in at.items():
        x, y = c.value(setting, "scale"), c.value(setting, key)
        if x is None or y is None or x <= 0:
            continue
        points.append((x, y))
        filled = epochs == study.epochs[-1]
        mark(ax, points[-1], model, filled=filled, x=c.interval(setting, "scale"),
             y=c.interval(setting, key))  # fmt: skip
    if points:
        ax.plot(*zip(*points, strict=True), color=MODEL_COLOURS[model], linewidth=1)
        if model != "ae":
            weight = f"{study.settings[setting].weight:g}"
            at, side = ((-6, -12), "right") if model == "sw" else ((5, 5), "left")
            look = {"color": MODEL_COLOURS[model], "fontsize": 10, "ha": side}
            ax.annotate(weight, points[-1], at, textcoords="offset points", **look)
