"""Pages that show what a program prints, in one block or, between two questions, in several.

A block is ```text after a line <!-- output of: python -m course.trace kl --> or, for the next
part, <!-- continued -->. That begins at a head line of the output, above which two lines are empty.
`python tests/course/pages.py course/trace.md` runs the programs again, cuts what they print now
after as many heads, and puts it in.
"""

import re
import subprocess
import sys
from itertools import accumulate, pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(
    r"(<!-- (?:output of: python (.+?)|continued) -->\n```text\n)(.*?)\n(```\n)", re.DOTALL
)
SEAM = "\n\n\n"


def shown(page: Path) -> dict[str, list[str]]:
    """Return the pieces of each output that a page shows, by its command without `python`."""
    found, command = {}, ""
    for _, name, text, _ in BLOCK.findall(page.read_text("utf-8")):
        command = name or command
        found.setdefault(command, []).append(text)
    return found


def cut(output: str, old: list[str]) -> list[str]:
    """Cut an output after as many heads as older pieces have; the last has the rest."""
    sections = output.split(SEAM)
    ends = [*accumulate(piece.count(SEAM) + 1 for piece in old[:-1]), len(sections)]
    return [SEAM.join(sections[start:end]) for start, end in pairwise([0, *ends])]


def refresh(page: Path) -> None:
    """Run all programs that a page shows, and write the page anew."""
    pieces = []
    for command, old in shown(page).items():
        words = [sys.executable, *command.split()]
        output = subprocess.check_output(words, cwd=ROOT, text=True).rstrip("\n")
        pieces += cut(output, old)
    text = BLOCK.sub(lambda m: m[1] + pieces.pop(0) + "\n" + m[4], page.read_text("utf-8"))
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        refresh(Path(name))
