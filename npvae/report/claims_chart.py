"""The claims as a picture: one row a claim, a bar for each of its numbers, and the verdict's word.

A bar is a margin over the half width of its interval: 2 wide. It decides if it does not touch the
line at 0: right of it for the claim, left of it against.
"""

import textwrap
from pathlib import Path

import matplotlib
import numpy as np

from npvae.evaluation.intervals import Interval
from npvae.report.charts import DARK, NARROW, STYLE, new_figure, save
from npvae.report.claims import FAILS, HOLDS, MIXED, OPEN, Verdict

COLOURS = {HOLDS: "#00796B", FAILS: "#B23A00", MIXED: "#7B3F98", OPEN: "#666666"}
REACH = 5.0  # of the axis; a bar that lies beyond is drawn at its end


def standardised(margin: Interval) -> float:
    """Return the middle of a margin in halves of its interval, at most REACH on either side."""
    if margin.half == 0:
        return REACH * float(np.sign(margin.mean))
    return float(np.clip(margin.mean / margin.half, -REACH, REACH))


@matplotlib.rc_context(STYLE)
def draw_claims(judged: dict[str, list[Verdict]], directory: Path) -> None:
    """Write claims.png from the verdicts at one or two budgets: the second below, and lighter."""
    claims = list(zip(*judged.values(), strict=True))
    figure = new_figure(NARROW, 0.42 * len(claims) + 0.9)
    ax = figure.add_subplot()
    ax.axvline(0, color=DARK, linewidth=1)
    for y, found in enumerate(claims):
        bars = [(n, part) for n, v in enumerate(found) for part in v.parts if part.margin]
        for place, (n, part) in zip(np.linspace(-0.3, 0.3, len(bars) + 2)[1:-1], bars, strict=True):
            middle, look = standardised(part.margin), {"alpha": 0.45 if n else 1, "linewidth": 2}
            ax.hlines(y + place, middle - 1, middle + 1, color=COLOURS[part.verdict], **look)
        words = dict.fromkeys(v.verdict for v in found)
        colour = COLOURS[found[-1].verdict]
        ax.text(REACH + 1.5, y, "\n→ ".join(words), va="center", color=colour, fontsize=9)
    names = [textwrap.fill(found[0].claim, 34) for found in claims]
    ax.set_yticks(range(len(claims)), names, fontsize=8.5)
    ax.set(xlim=(-REACH - 1, REACH + 1), ylim=(len(claims) - 0.5, -0.5), xticks=[-REACH, 0, REACH])
    note = "margin in halves of its 95 % interval; right of 0 speaks for the claim"
    ax.set_xlabel(f"{note}\n{'; lighter: '.join(judged)}", fontsize=9)
    save(figure, directory / "claims.png")
