"""Put each interactive page of docs/ together as one HTML file (npvae/report/single_file.py).

    python -m docs.build_pages            write docs/critic_lab.html

A page's template and sources are in docs/js; the mathematics it shares with the report's explorer
is in npvae/report/js.
"""

from pathlib import Path

from npvae.report import single_file

DOCS = Path(__file__).resolve().parent
PAGES = ("critic_lab",)


def page_text(name: str) -> str:
    """Return the finished HTML of the page `name`. Raises OSError without its sources."""
    return single_file.page_text(DOCS / "js" / f"{name}.template.html")


def main() -> None:
    """Write every page beside this file."""
    for name in PAGES:
        path = DOCS / f"{name}.html"
        path.write_text(page_text(name), encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
