"""Build the laboratories: `python -m npvae.pages` writes them into course/.

The explorer holds the models of a run, so the report writes it (npvae/report/explorer.py).
"""

from pathlib import Path

from npvae.cli import run_program
from npvae.files import write_text
from npvae.pages.digits import digits_text
from npvae.pages.single_file import page_text

COURSE = Path(__file__).resolve().parents[2] / "course"


def main() -> None:
    """Write the pages."""
    for name, data in (("critic_lab", None), ("vae_lab", {"digits": digits_text()})):
        path = COURSE / f"{name}.html"
        write_text(path, page_text(name, data))
        print(f"{path}: {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    run_program(main)
