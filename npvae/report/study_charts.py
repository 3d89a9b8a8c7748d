"""The pictures of what was measured: the law, copies against the distance to the prior, the claims.

average KL divergence = information + scale + shape,     distance to the prior = scale + shape
"""

from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from npvae.evaluation.encoded import MODELS
from npvae.evaluation.intervals import Interval
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Comparison, Study
from npvae.report.charts import DARK, LOOKS, STYLE, plain_ticks, save
from npvae.report.claims import FAILS, HOLDS, MIXED, OPEN, Verdict
from npvae.report.markdown import number

NARROW = 5.8  # inches: a picture of its own that is still read on a phone
PARTS = {"scale": "", "shape": "///", "information": "..."}  # with the hatch of their bars
LEAST = 0.01  # nats: where the bars begin, as a logarithmic axis has no 0
COLOURS = {HOLDS: "#00796B", FAILS: "#B23A00", MIXED: "#7B3F98", OPEN: "#666666"}  # of verdicts
REACH = 5.0  # of the claims' axis; a bar that lies beyond is drawn at its end
LINE = 34  # letters in a line of a claim, at most


@style.context(STYLE)
def draw_law(c: Comparison, directory: Path) -> None:
    """Write law.png: a bar for scale, shape and information of each model, in nats.

    The axis is logarithmic, so that a hundred nats and a fifth of one can both be read. A part that
    is not above LEAST has its number and no bar.
    """
    bars = [(m, p) for m in MODELS for p in PARTS if c.value(m, p) is not None]
    figure = Figure((NARROW, 0.4 * len(bars) + 1.3))
    ax = figure.add_subplot()
    ax.set(xscale="log", xlabel="nats (each line is ten times the one before)")
    largest = 1.0
    for y, (m, part) in enumerate(bars):
        value, interval = c.value(m, part), c.interval(m, part)
        end = max(value, LEAST)
        look = {"color": LOOKS[m]["color"], "hatch": PARTS[part], "edgecolor": "white"}
        ax.barh(y, end - LEAST, left=LEAST, height=0.75, **look)
        if interval is not None and interval.low > 0:
            ax.hlines(y, interval.low, interval.high, color=DARK, linewidth=1.4)
            end = max(end, interval.high)
        at = {"xytext": (4, 0), "textcoords": "offset points", "va": "center"}
        ax.annotate(number(value), (end, y), fontsize=12, **at)
        largest = max(largest, value)
    ax.set_yticks(range(len(bars)), [f"{MODELS[m]}  {part}" for m, part in bars], fontsize=12)
    ax.set(xlim=(LEAST, 6 * largest), ylim=(len(bars) - 0.4, -0.6))
    plain_ticks(ax.xaxis, few=True)
    ax.grid(False, axis="y")
    save(figure, directory / "law.png")


@style.context(STYLE)
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
    plain_ticks(panels[-1].xaxis, few=True)
    panels[-1].set_xlabel("distance of all codes to the prior: scale + shape, nats")
    for m in MODELS:
        if m in study.settings:
            panels[0].plot([], [], label=MODELS[m], **LOOKS[m])
    if len(study.epochs) > 1:
        *shorter, longest = map(str, study.epochs)
        look = {"color": DARK, "marker": "o", "ls": "none"}
        words = f"hollow: {' and '.join(shorter)} epochs"
        panels[0].plot([], [], label=words, markerfacecolor="white", **look)
        panels[0].plot([], [], label=f"filled: {longest} epochs", **look)
    figure.legend(loc="outside lower center", ncols=3, fontsize=10)
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


@style.context(STYLE)
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
            middle, look = standardised(part.margin), {"alpha": 0.45 if n else 1, "linewidth": 2}
            ax.hlines(y + place, middle - 1, middle + 1, color=COLOURS[part.verdict], **look)
        words = dict.fromkeys(v.verdict + ("*" if v.is_borderline else "") for v in found)
        colour = COLOURS[found[-1].verdict]
        ax.text(REACH + 1.5, y, "\n→ ".join(words), va="center", color=colour, fontsize=9)
    ax.set_yticks(
        range(len(claims)), [fill(found[0].claim, LINE) for found in claims], fontsize=8.5
    )
    ax.set(xlim=(-REACH - 1, REACH + 1), ylim=(len(claims) - 0.5, -0.5), xticks=[-REACH, 0, REACH])
    note = "margin in halves of its 95 % interval; right of 0 speaks for the claim"
    star = "\n* borderline" if any(v.is_borderline for found in claims for v in found) else ""
    ax.set_xlabel(f"{note}\n{'; lighter: '.join(judged)}{star}", fontsize=9)
    save(figure, directory / "claims.png")


def standardised(margin: Interval) -> float:
    """Return the middle of a margin in halves of its interval, at most REACH on either side."""
    if margin.half == 0:
        return REACH * float(np.sign(margin.mean))
    return float(np.clip(margin.mean / margin.half, -REACH, REACH))
