"""Numbers and arrays on paper: four decimals, arrays side by side, at most 100 columns.

The text must be the same on every processor, though the last bits of a sum may differ. So numbers
are enlarged by a millionth before they are rounded, which sends halves away from zero everywhere,
and what is 0 but for rounding is shown as 0.
"""

import math
from collections.abc import Iterator

import numpy as np

WIDTH, INDENT, GAP = 100, "   ", "    "
AWAY = 1 + 1e-6
NOTHING = 1e-9


def decimal(x: float, places: int = 4) -> str:
    """Return x with so many decimals; 0 and rounding errors of 0 without any."""
    if abs(x) < NOTHING:
        return "0"
    text = f"{x * AWAY:.{places}f}"
    return text if float(text) else text.lstrip("-")


def significant(x: float) -> str:
    """Return x with four significant digits; 0 and rounding errors of 0 as 0."""
    return "0" if abs(x) < NOTHING else f"{x * AWAY:.4g}"


def block(name: str, array: np.ndarray, places: int = 4) -> list[str]:
    """Return the lines of an array: name and shape, then its rows, all of the same width.

    An array of small numbers is shown in units of 1e-3, 1e-6, .. which its first line names.
    """
    head, unit = f"{name} {array.shape}", 1.0
    largest = np.abs(array).max()
    if NOTHING < largest < 0.01:
        power = 3 * math.floor(math.log10(largest) / 3)
        head, unit = f"{head} in 1e{power}", 10.0**power
    cells = [[decimal(x / unit, places) for x in row] for row in np.atleast_2d(array)]
    # A lone 0 stands where the others have their last digit before the point.
    cells = [[c if "." in c else c.ljust(places + 2) for c in row] for row in cells]
    column = max(len(cell) for row in cells for cell in row)
    rows = ["  ".join(cell.rjust(column) for cell in row) for row in cells]
    width = max(map(len, [head, *rows]))
    return [line.ljust(width) for line in [head, *rows]]


def side_by_side(blocks: list[list[str]]) -> Iterator[str]:
    """Yield the lines of arrays, as many beside each other as fit, with an empty line above."""
    while blocks:
        fit, room = 1, WIDTH - len(INDENT) - len(blocks[0][0])
        while fit < len(blocks) and room >= len(GAP) + len(blocks[fit][0]):
            room -= len(GAP) + len(blocks[fit][0])
            fit += 1
        row, blocks = blocks[:fit], blocks[fit:]
        yield ""
        for n in range(max(map(len, row))):
            lines = (b[n] if n < len(b) else " " * len(b[0]) for b in row)
            yield (INDENT + GAP.join(lines)).rstrip()
