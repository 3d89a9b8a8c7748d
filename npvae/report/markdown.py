"""Writing Markdown: numbers, tables, and text that is shown exactly as it is."""


def number(value: float) -> str:
    """Format a number with three or four significant digits."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


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
