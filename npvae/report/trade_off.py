"""The trade-off in the report: reconstruction, match to the prior and samples over the weights.

One picture, one table, and sentences that say which weights are the best choice.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from npvae.evaluation.sweep import SweepPoint, best_samples, dominated
from npvae.report.charts import DARK, FULL, STYLE, new_figure, save
from npvae.report.markdown import number, table
from npvae.training.runs import RUNS

RING = {"marker": "o", "markersize": 13, "linestyle": "none", "markerfacecolor": "none",
        "markeredgecolor": DARK}  # fmt: skip


@matplotlib.rc_context(STYLE)
def draw_trade_off(
    points: Sequence[SweepPoint], perfect_match: dict[str, float], directory: Path
) -> None:
    """Write trade_off.png: what each model pays in reconstruction for its match to the prior.

    Left, error against distance to the prior; right, sample quality against error. The lines
    "perfect match" are at what two draws of the prior score, and training against test images.
    Where no point has a Fréchet distance, because the data has no labels, the right half says so.
    """
    figure = new_figure(FULL, 4.6)
    left, right = figure.subplots(1, 2)
    for kind in RUNS.values():
        line = [p for p in points if p.run == kind.key]
        if not line:
            continue
        line.sort(key=lambda p: p.weight)
        look = {"color": kind.colour, "marker": kind.marker, "markersize": 5, "linewidth": 1.5}
        hollow = {"linestyle": ":", "markerfacecolor": "white", "zorder": 1.9}
        distance, frechet = [p.distance for p in line], [p.frechet for p in line]
        for code, errors, extra in (
            ("z sampled", [p.sse_z for p in line], {}),
            ("z = μ", [p.sse_mu for p in line], hollow),
        ):
            label = f"{kind.label}, weight {kind.symbol}: {code}"
            left.plot(distance, errors, label=label, **(look | extra))
            right.plot(errors, frechet, **(look | extra))
        for p in line:
            _mark(left, (p.distance, p.sse_z), p)
            if np.isfinite(p.frechet):
                _mark(right, (p.sse_z, p.frechet), p)
    left.plot([], [], label="reference setting", **RING)
    grey = {"color": "#777777", "linewidth": 1.2, "linestyle": "-."}
    left.axvline(perfect_match["w1_sliced"], label="perfect match", **grey)
    if "frechet" in perfect_match:
        right.axhline(perfect_match["frechet"], **grey)
    error_label = "sum of squared errors per test image"
    left.set(
        title="reconstruction against match to the prior",
        xlabel="sliced W₁ of q(z) to the prior (units of z)",
        ylabel=error_label,
    )
    right.set(
        title="sample quality against reconstruction",
        xlabel=error_label,
        ylabel="Fréchet distance of samples to test images",
    )
    _log_axes(left)
    if np.isfinite([p.frechet for p in points]).any():
        _log_axes(right)
    else:
        right.set_axis_off()
        right.text(0.5, 0.5, "not measured: no labels", transform=right.transAxes, ha="center")
    figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    save(figure, directory / "trade_off.png")


def _mark(ax: Axes, at: tuple[float, float], p: SweepPoint) -> None:
    """Write a point's weight beside it, and ring it if it is the reference setting."""
    is_first = p.run == next(iter(RUNS))  # its weights stand on the other side of the points
    offset, side = ((-4, -6), ("right", "top")) if is_first else ((5, 4), ("left", "bottom"))
    ax.annotate(
        f"{p.weight:.3g}", at, offset, textcoords="offset points", ha=side[0], va=side[1],
        fontsize=8, color=RUNS[p.run].colour,
    )  # fmt: skip
    if p.is_reference:
        ax.plot(*at, **RING)


def _log_axes(ax: Axes) -> None:
    """Make both axes logarithmic, with plain numbers at a few places of each decade."""
    ax.set(xscale="log", yscale="log")
    ax.margins(0.12)
    for axis in (ax.xaxis, ax.yaxis):
        low, high = axis.get_view_interval()
        steps = (1, 1.5, 2, 3, 5, 7) if high < 10 * low else (1, 2, 5)
        axis.set_major_locator(LogLocator(subs=steps))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def trade_off_text(points: Sequence[SweepPoint]) -> str:
    """Return the report's section on the trade-off, in Markdown; empty without points."""
    if not points:
        return ""
    rows = [
        [
            _setting(p) + (" (reference)" if p.is_reference else ""),
            *(number(value) for value in (p.sse_mu, p.sse_z, p.distance)),
            number(p.frechet) if np.isfinite(p.frechet) else "–",
        ]
        for p in points
    ]
    errors = "SSE, z = μ", "SSE, z sampled"
    head = ["setting", *errors, "sliced W₁ to the prior", "Fréchet distance, prior"]
    return f"""### The trade-off

![Reconstruction, distance to the prior and sample quality over the weights](plots/trade_off.png)

{table(head, rows)}

A small weight leaves the codes where reconstruction wants them, a large one pulls them to the
prior. {" ".join(["One training each.", *trade_off_findings(points)])}"""


def trade_off_findings(points: Sequence[SweepPoint]) -> list[str]:
    """Return in sentences which weights sample best, and which model is the better choice.

    Empty without points, or without the labels that judging samples takes.
    """
    if not np.isfinite([p.frechet for p in points]).all():
        return []
    kinds = [kind for kind in RUNS.values() if any(p.run == kind.key for p in points)]
    best = [best_samples(points, kind.key) for kind in kinds]
    sentences = [
        f"The best samples come with {_setting(p)}: Fréchet distance {number(p.frechet)}, at SSE"
        f" {number(p.sse_z)} (z sampled)."
        for p in best
    ]
    counts = [
        f"{dominated(points, kind.key)} of the {sum(p.run == kind.key for p in points)}"
        f" {kind.label} settings are matched or beaten in both reconstruction (SSE, z sampled) and"
        " samples by a setting of the other model."
        for kind in kinds
    ]
    return sentences + counts


def _setting(p: SweepPoint) -> str:
    """Return a point's model and weight, such as "WS, λ = 3"."""
    return f"{RUNS[p.run].label}, {RUNS[p.run].symbol} = {p.weight:g}"
