"""The picture of the critic's calibration: its estimates of W₁ against distances that are known."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np

from npvae.evaluation.calibration import Calibrated, law
from npvae.report.charts import DARK, FULL, STYLE, new_figure, save

# Not the colours of the models.
LOOKS = {"shift": ("#6A3D9A", "o"), "scaling": ("#A6761D", "s"), "mixture": ("#CC79A7", "D")}


@matplotlib.rc_context(STYLE)
def draw_calibration(points: Sequence[Calibrated], directory: Path) -> None:
    """Write calibration.png: the critic's estimates, the bounds of W₁, and the critic's slopes."""
    figure = new_figure(FULL, 4.2)
    estimates, slopes = figure.subplots(1, 2)
    top = 1.08 * max(point.truth for point in points)
    w1 = np.linspace(0, top, 200)
    slope, estimate = law(w1)
    estimates.plot(w1, w1, color=DARK, linewidth=1, linestyle=":", label="the truth")
    estimates.plot(w1, estimate, color=DARK, linewidth=1.2, label="law of the soft penalty")
    slopes.plot(w1, slope, color=DARK, linewidth=1.2)
    slopes.axhline(1, color=DARK, linewidth=1, linestyle=":")
    bars = {"color": "#999999", "linewidth": 5, "alpha": 0.45, "zorder": 1}
    estimates.vlines(
        [p.truth for p in points], [p.low for p in points], [p.high for p in points], **bars,
        label="between the bounds of W₁",
    )  # fmt: skip
    for name, (colour, marker) in LOOKS.items():
        own = [point for point in points if point.name == name]
        look = {"color": colour, "marker": marker, "linestyle": "", "markeredgecolor": "white"}
        known = [point.truth for point in own]
        estimates.plot(known, [point.estimate for point in own], label=f"critic, {name}", **look)
        slopes.plot(known, [point.slope for point in own], **look)
    estimates.set(
        title="the critic's estimate", ylabel="estimate of W₁", xlim=(0, top), ylim=(0, None)
    )
    slopes.set(title="the critic's slope", ylabel="mean slope at mixed points", xlim=(0, top))
    for ax in (estimates, slopes):
        ax.set_xlabel("W₁ that is known")
    figure.legend(
        *estimates.get_legend_handles_labels(), loc="outside lower center", ncols=3,
        title="The critic against distances that are known", title_fontsize=11,
    )  # fmt: skip
    save(figure, directory / "calibration.png")
