"""Steps of help with an exercise: three each, in hints.md, the last a line short of the answer."""

import re
import textwrap
from pathlib import Path


def hint(name: str, number: int) -> str:
    """Return the first `number` hints of an exercise, and how to get the next."""
    text = Path(__file__).with_name("hints.md").read_text("utf-8")
    steps = re.findall(rf"^## {name}$\n\n((?:\d\. .*\n(?:   .*\n)*)+)", text, re.MULTILINE)
    lines = re.split(r"\n(?=\d\. )", steps[0].strip())[:number] if steps else ["no hints yet"]
    more = f"More: python -m course.check {name[4:]} --hint {number + 1}" if number < 3 else ""
    wrapped = (textwrap.fill(" ".join(s.split()), 100, subsequent_indent="   ") for s in lines)
    return "\n".join(filter(None, [name, *wrapped, more]))
