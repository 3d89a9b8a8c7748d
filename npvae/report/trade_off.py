"""The picture of the trade-off: reconstruction, match to the prior and samples over the weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from npvae.evaluation.encoded import LABELS
from npvae.report.charts import COLOURS, DARK, FULL, MARKERS, STYLE, new_figure, save

RING = {"marker": "o", "markersize": 13, "linestyle": "none", "markerfacecolor": "none",
        "markeredgecolor": DARK}  # fmt: skip


@dataclass(frozen=True)
class SweepPoint:
    """One training run of the trade-off: a model, the weight of its regulariser, how it does."""

    run: str  # "kl" or "ws"
    weight: float  # beta or lambda
    sse_mu: float  # mean over test images of the sum of squared errors, z = mu
    sse_z: float  # the same, z sampled
    distance: float  # of q(z) to the prior
    frechet: float  # of decoded prior draws to the test images
    is_reference: bool  # whether the weight is the reference experiment's


@matplotlib.rc_context(STYLE)
def draw_trade_off(
    points: Sequence[SweepPoint],
    directory: Path,
    distance_label: str = "sliced W₁ of q(z) to the prior (units of z)",
    frechet_label: str = "Fréchet distance of samples to test images",
    distance_floor: float | None = None,
    frechet_floor: float | None = None,
) -> None:
    """Write trade_off.png: what each model pays in reconstruction for its match to the prior.

    Left, error against distance to the prior; right, sample quality against error. The floors are
    what a perfect model would score (two draws of the prior, training against test images).
    Points that are not finite, such as those of a run that diverged, are left out; where no point
    has a Fréchet distance, because the data has no labels, the right half says so.
    """
    figure = new_figure(FULL, 4.6)
    left, right = figure.subplots(1, 2)
    names = {"kl": "KL, weight β", "ws": "WS, weight λ"}
    for run in LABELS:
        line = sorted((p for p in points if p.run == run and _is_finite(p)), key=lambda p: p.weight)
        if not line:
            continue
        look = {"color": COLOURS[run], "marker": MARKERS[run], "markersize": 5, "linewidth": 1.5}
        distance, frechet = [p.distance for p in line], [p.frechet for p in line]
        for code, errors, extra in (
            ("z sampled", [p.sse_z for p in line], {}),
            (
                "z = μ",
                [p.sse_mu for p in line],
                {"linestyle": ":", "markerfacecolor": "white", "zorder": 1.9},
            ),
        ):
            left.plot(distance, errors, label=f"{names[run]}: {code}", **(look | extra))
            right.plot(errors, frechet, **(look | extra))
        for p in line:
            _mark(left, (p.distance, p.sse_z), p)
            if np.isfinite(p.frechet):
                _mark(right, (p.sse_z, p.frechet), p)
    left.plot([], [], label="reference setting", **RING)
    grey = {"color": "#777777", "linewidth": 1.2, "linestyle": "-."}
    if distance_floor is not None:
        left.axvline(distance_floor, label="perfect match", **grey)
    if frechet_floor is not None:
        right.axhline(frechet_floor, **grey)
    error_label = "sum of squared errors per test image"
    left.set(title="reconstruction against match to the prior", xlabel=distance_label)
    left.set_ylabel(error_label)
    right.set(title="sample quality against reconstruction", xlabel=error_label)
    right.set_ylabel(frechet_label)
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
    offset, side = ((-4, -6), ("right", "top")) if p.run == "kl" else ((5, 4), ("left", "bottom"))
    ax.annotate(
        f"{p.weight:.3g}", at, offset, textcoords="offset points", ha=side[0], va=side[1],
        fontsize=8, color=COLOURS[p.run],
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


def _is_finite(p: SweepPoint) -> bool:
    return bool(np.isfinite([p.sse_mu, p.sse_z, p.distance]).all())
