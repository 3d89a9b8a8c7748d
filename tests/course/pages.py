"""Pages that show what a program prints, in one block or, between two questions, in several.

A block is ```text after a line <!-- output of: python -m course.trace kl --> or, for the next
part, <!-- continued -->. That begins at a head line of the output, above which two lines are empty.
`python tests/course/pages.py course/trace.md` puts in what the programs print now.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(
    r"(<!-- (?:output of: python (.+?)|continued) -->\n```text\n)(.*?)(\n```\n)", re.DOTALL
)
SEAM = "\n\n\n"


def renewed(page: str, output_of: Callable[[str], str]) -> str:
    """Return a page with new outputs, cut after as many heads; the last block has the rest."""
    left = []

    def block(old):
        if old[2]:
            left[:] = output_of(old[2]).rstrip("\n").split(SEAM)
        following = BLOCK.search(page, old.end())
        is_last = not following or following[2]
        taken = left[: None if is_last else old[3].count(SEAM) + 1]
        del left[: len(taken)]
        return old[1] + SEAM.join(taken) + old[4]

    return BLOCK.sub(block, page)


def printed(command: str) -> str:
    return subprocess.check_output([sys.executable, *command.split()], cwd=ROOT, text=True)


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(renewed(page.read_text("utf-8"), printed), "utf-8")
