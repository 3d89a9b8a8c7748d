"""Build the critic's laboratory: `python -m npvae.pages` writes course/critic_lab.html.

The explorer holds the models of a run, so the report writes it (npvae/report/explorer.py).
"""

from pathlib import Path

from npvae.cli import run_program
from npvae.files.atomic import write_text
from npvae.pages.single_file import page_text

PATH = Path(__file__).resolve().parents[2] / "course" / "critic_lab.html"


def main() -> None:
    """Write the page."""
    write_text(PATH, page_text("critic_lab"))
    print(f"{PATH}: {PATH.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    run_program(main)
