"""The claims as a picture: a claim a paragraph, each of its numbers a row with its margin.

A row shows margin / (half width of its interval): every interval is 2 wide, and one that does not
touch the line at 0 decides. Right of the line speaks for the claim, left of it against.
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes

from npvae.evaluation.intervals import Interval
from npvae.report.charts import DARK, HALF, STYLE, new_figure, save
from npvae.report.claims import FAILS, HOLDS, MIXED, OPEN, Verdict

COLOURS = {HOLDS: "#00796B", FAILS: "#B23A00", MIXED: "#7B3F98", OPEN: "#666666"}
REACH = 5.0  # of the axis; what lies beyond is an arrow at its end
LEFT, RIGHT = -22.5, 15.0  # where the names begin and the words end, in units of the axis
ROW, HEAD = 0.2, 0.34  # inches that a number and the line of a claim take


def standardised(margin: Interval) -> float:
    """Return the middle of a margin in halves of its interval, at most REACH on either side."""
    if margin.half == 0:
        return REACH * float(np.sign(margin.mean))
    return float(np.clip(margin.mean / margin.half, -REACH, REACH))


@matplotlib.rc_context(STYLE)
def draw_claims(judged: dict[str, list[Verdict]], directory: Path) -> None:
    """Write claims.png from the verdicts at one or two budgets, by the budgets' names.

    The second is drawn hollow, under the first. Where its verdict differs, both words are written.
    """
    claims = list(zip(*judged.values(), strict=True))
    height = sum(HEAD + ROW * len(found[0].parts) for found in claims)
    figure = new_figure(HALF, height + 1.0)
    ax = figure.add_subplot()
    ax.axvline(0, color=DARK, linewidth=1)
    y, text = 0.0, {"va": "center", "zorder": 3, "bbox": {"facecolor": "white", "lw": 0, "pad": 1}}
    for found in claims:
        y += HEAD
        ax.text(LEFT, y - 0.06, found[0].claim, fontsize=9.5, weight="bold", **text)
        words = dict.fromkeys(v.verdict for v in found)
        middle, colour = y + ROW * (len(found[0].parts) + 1) / 2 - 0.06, COLOURS[[*words][-1]]
        ax.text(
            REACH + 0.8, middle, "\n→ ".join(words), fontsize=9.5, weight="bold", color=colour,
            **text,
        )  # fmt: skip
        for parts in zip(*(v.parts for v in found), strict=True):
            y += ROW
            ax.text(LEFT, y - 0.06, parts[0].name, fontsize=8.5, color="#555555", **text)
            for n, part in enumerate(parts):
                shift = 0.1 * (n - (len(parts) - 1) / 2)
                _draw(ax, y - 0.06 + shift, part.margin, COLOURS[part.verdict], filled=n == 0)
        ax.axhline(y + 0.09, color="#e4e4e4", linewidth=0.8)
    ax.set(xlim=(LEFT, RIGHT), ylim=(y + 0.1, 0.1), yticks=[], xticks=[-REACH, 0, REACH])
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_bounds(-REACH, REACH)
    fills = ", ".join(
        f"{fill}: {name}" for fill, name in zip(("filled", "hollow"), judged, strict=False)
    )
    note = f"margin in halves of its 95 % interval; right of 0 speaks for the claim\n{fills}"
    ax.set_xlabel(note, fontsize=10)
    save(figure, directory / "claims.png")


def _draw(ax: Axes, y: float, margin: Interval | None, colour: str, filled: bool) -> None:
    """Draw one margin with its interval, or an arrow if it is beyond the axis."""
    if margin is None:
        ax.text(0.3, y, "no interval", fontsize=8, va="center", color="#888888")
        return
    middle = standardised(margin)
    look = {"color": colour, "markerfacecolor": colour if filled else "white", "markersize": 4.5}
    if abs(middle) == REACH:
        ax.plot(middle, y, ">" if middle > 0 else "<", **look)
        return
    ax.plot([middle - 1, middle + 1], [y, y], color=colour, linewidth=1.6)
    ax.plot(middle, y, "o", **look)
