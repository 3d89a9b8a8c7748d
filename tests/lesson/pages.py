"""Pages of docs/ that show what a program prints: a comment above each block says which one.

    <!-- output of: python -m npvae.trace kl -->
    ```text
    ...
    ```

`python tests/lesson/pages.py course/trace.md` runs the programs again, and puts in
what they print now.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(<!-- output of: python (.+?) -->\n```text\n)(.*?)(```\n)", re.DOTALL)


def shown(page: Path) -> dict[str, str]:
    """Return the blocks of a page by their commands, without the word python."""
    return {command: text for _, command, text, _ in BLOCK.findall(page.read_text("utf-8"))}


def run(command: str) -> str:
    """Return what a command prints."""
    words = [sys.executable, *command.split()]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refresh(page: Path) -> None:
    """Run all programs that a page shows, and write the page anew."""
    text = page.read_text("utf-8")
    page.write_text(BLOCK.sub(lambda m: m[1] + run(m[2]) + m[4], text), "utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        refresh(Path(name))
