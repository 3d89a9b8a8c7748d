"""The claims as a picture: one row a claim, a bar for each of its numbers, and the verdict's word.

A bar is a margin over the half width of its interval: 2 wide. It decides if it does not touch the
line at 0: right of it for the claim, left of it against.
"""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure

from npvae.evaluation.intervals import Interval
from npvae.report.charts import DARK, NARROW, STYLE, save
from npvae.report.claims import FAILS, HOLDS, MIXED, OPEN, Verdict

COLOURS = {HOLDS: "#00796B", FAILS: "#B23A00", MIXED: "#7B3F98", OPEN: "#666666"}
REACH = 5.0  # of the axis; a bar that lies beyond is drawn at its end
LINE = 34  # letters in a line of a claim, at most


def standardised(margin: Interval) -> float:
    """Return the middle of a margin in halves of its interval, at most REACH on either side."""
    if margin.half == 0:
        return REACH * float(np.sign(margin.mean))
    return float(np.clip(margin.mean / margin.half, -REACH, REACH))


def balanced(text: str) -> str:
    """Break a text into as few lines as possible, which are as equally long as possible."""
    lines = len(textwrap.wrap(text, LINE))
    width = next(w for w in range(1, LINE + 1) if len(textwrap.wrap(text, w)) == lines)
    return textwrap.fill(text, width)


@style.context(STYLE)
def draw_claims(judged: dict[str, list[Verdict]], directory: Path) -> None:
    """Write claims.png from the verdicts at one or two lengths: the second below, and lighter."""
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
    ax.set_yticks(range(len(claims)), [balanced(found[0].claim) for found in claims], fontsize=8.5)
    ax.set(xlim=(-REACH - 1, REACH + 1), ylim=(len(claims) - 0.5, -0.5), xticks=[-REACH, 0, REACH])
    note = "margin in halves of its 95 % interval; right of 0 speaks for the claim"
    star = "\n* borderline" if any(v.is_borderline for found in claims for v in found) else ""
    ax.set_xlabel(f"{note}\n{'; lighter: '.join(judged)}{star}", fontsize=9)
    save(figure, directory / "claims.png")
