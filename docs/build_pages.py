"""Put each interactive page together as one HTML file, which opens from the disk without a server.

    python docs/build_pages.py            write docs/critic_lab.html

A page is docs/js/NAME.template.html. In it, `{{text FILE}}` stands for the text of docs/js/FILE,
unchanged, and `{{policy}}` for a content security policy. The policy lets the browser run only the
scripts and styles of this very page, told by their SHA-256, and allows no connection to anywhere.
"""

import base64
import hashlib
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PAGES = ("critic_lab",)


def page_text(name: str) -> str:
    """Return the finished HTML of the page `name`. Reads docs/js; raises OSError without it."""
    sources = DOCS / "js"
    template = (sources / f"{name}.template.html").read_text(encoding="utf-8")

    def text_of(match: re.Match) -> str:
        return (sources / match[1]).read_text(encoding="utf-8")

    page = re.sub(r"\{\{text ([\w.]+)\}\}", text_of, template)
    return page.replace("{{policy}}", policy(page))


def policy(page: str) -> str:
    """Return the policy that allows the page's own <script> and <style> texts, and nothing else."""
    scripts, styles = (
        " ".join(map(_source, re.findall(f"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)))
        for tag in ("script", "style")
    )
    return (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def main() -> None:
    """Write every page beside this file."""
    for name in PAGES:
        path = DOCS / f"{name}.html"
        path.write_text(page_text(name), encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
