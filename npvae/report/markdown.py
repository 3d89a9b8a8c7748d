"""Writing Markdown: numbers in one style, tables, and text shown exactly as it is."""

import math

import numpy as np


def number(value: float) -> str:
    """Format a number without an interval: with three or four significant digits."""
    if abs(value) >= 1000:
        return _fixed(value, 0)
    digits = np.format_float_positional(value, 3, unique=False, fractional=False, trim="-")
    return digits.replace("-", "−")


def shown(value: float | None, half: float | None = None) -> str:
    """Format a number and half the width of its interval, such as "11.67 ± 0.14".

    Both have the same decimals: as many as show the half width with two significant digits if
    these are 10 to 35, and with one if they are more. A value of None was not measured.

    Source: Particle Data Group, Review of Particle Physics, Introduction, section 5.3 (rounding).
    """
    if value is None:
        return "–"
    if half is None or not math.isfinite(half):
        return number(value)
    digits, exponent = f"{half:.1e}".split("e")  # such as 3.5 and -01
    places = max(0, (1 if float(digits) <= 3.5 else 0) - int(exponent))
    return f"{_fixed(value, places)} ± {_fixed(half, places)}"


def _fixed(value: float, places: int) -> str:
    """Return a number with so many decimals, a minus as in print, and no −0."""
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")


def table(head: list[str], rows: list[list[str]], text_columns: int | None = None) -> str:
    """Return a Markdown table; bars inside the cells are escaped.

    The first `text_columns` columns are set left and the others right; without it, all left.
    """
    left = len(head) if text_columns is None else text_columns
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    lines = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))


def plain(text: str) -> str:
    """Return text that Markdown shows as it is: a data set's name must not become markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+!|&~" else c for c in text)
