"""An interactive page as one HTML file, which opens from the disk without a server or a network.

In a template, `{{text FILE}}` stands for the text of a file of this directory, unchanged,
`{{policy}}` for a content security policy, and `{{data}}` for data that the page's scripts read as
JSON. The policy lets the browser run only the scripts and styles of this very page, told by their
SHA-256, and allows no connection to anywhere.
"""

import base64
import hashlib
import json
import re
from pathlib import Path

PAGES = Path(__file__).parent


def page_text(name: str, data: dict | None = None) -> str:
    """Return the finished HTML of the page whose sources are in the directory `name`.

    Raises OSError if its template or a file that the template names cannot be read.
    """

    def text_of(match: re.Match) -> str:
        return (PAGES / match[1]).read_text(encoding="utf-8")

    template = (PAGES / name / "template.html").read_text(encoding="utf-8")
    page = re.sub(r"\{\{text ([\w./]+)\}\}", text_of, template)
    own = rf'href="\.\./\w+/{name}\.html"(>.*?class="small">).*?</text>'  # in the drawing: no link
    page = re.sub(own, r'aria-current="page"\1here</text>', page)
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
