"""An interactive page as one HTML file, which opens from the disk without a server or a network.

In a template, `{{text FILE}}` stands for the text of a source file, unchanged, `{{policy}}` for a
content security policy, and `{{data}}` for data that the page's scripts read as JSON. The policy
lets the browser run only the scripts and styles of this very page, told by their SHA-256, and
allows no connection to anywhere.
"""

import base64
import hashlib
import json
import re
from pathlib import Path

SOURCES = Path(__file__).with_name("js")  # what the explorer and the pages of docs/ share


def page_text(template: Path, data: dict | None = None) -> str:
    """Return the finished HTML of a page.

    A source file is looked for beside the template, then in npvae/report/js. Raises OSError if it
    is in neither.
    """

    def text_of(match: re.Match) -> str:
        places = [directory / match[1] for directory in (template.parent, SOURCES)]
        found = next(filter(Path.exists, places), places[0])
        return found.read_text(encoding="utf-8")

    page = re.sub(r"\{\{text ([\w.]+)\}\}", text_of, template.read_text(encoding="utf-8"))
    page = page.replace("{{policy}}", policy(page))
    return page if data is None else page.replace("{{data}}", json_text(data))


def json_text(data: dict) -> str:
    """Return JSON that can stand inside a <script>: no text in it can end the script."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def policy(page: str) -> str:
    """Return the policy that allows the page's own <script> and <style> texts, and nothing else.

    A <script type="application/json"> is not run, so it needs no leave.
    """
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
