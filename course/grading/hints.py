"""The words of hints.md: what helps with an exercise, what is told at its end, its mistakes."""

import re
import textwrap
from functools import cache
from pathlib import Path


@cache
def _sections() -> dict[str, str]:
    text = Path(__file__).with_name("hints.md").read_text("utf-8")
    return dict(part.split("\n", 1) for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:])


def hint(name: str, number: int) -> str:
    """Return the first `number` hints of an exercise, and how to get the next."""
    lines = re.findall(r"^\d\. .*\n(?:   .*\n)*", _sections()[name], re.MULTILINE)[:number]
    more = f"More: python -m course.check {name[4:]} --hint {number + 1}" if number < 3 else ""
    wrapped = (textwrap.fill(" ".join(s.split()), 100, subsequent_indent="   ") for s in lines)
    return "\n".join(filter(None, [name, *wrapped, more]))


def told(name: str, what: str) -> str:
    """Return what stands behind `Measured:` or `Compare:` in an exercise's section."""
    paragraph = re.search(rf"^{what}: ((?:.+\n)+)", _sections()[name], re.MULTILINE)[1]
    return " ".join(paragraph.split())


def mistakes(name: str) -> dict[str, str]:
    """Return what the grader says of each mistake that it knows, by the mistake's name."""
    several = "" if name == "In every exercise" else _sections()["In several exercises"]
    text = several + _sections()[name]
    items = re.findall(r"^- \*\*(.*)\*\*: (.*\n(?:  .*\n)*)", text, re.MULTILINE)
    return {key: " ".join(words.split()) for key, words in items}
