"""The report as one HTML file: the Markdown rendered, pictures embedded, readable on a phone."""

import base64
import html
import re
from pathlib import Path

from markdown_it import MarkdownIt

STYLE = Path(__file__).with_name("report.css")
FOLD = "^(<details><summary>[^<>&\n]*</summary>|</details>)$"  # the lines that `folded` writes


def write_page(markdown: str, directory: Path) -> str:
    """Return a self-contained HTML page; pictures are read relative to `directory`.

    HTML inside the Markdown is shown as text, but for the lines that `folded` writes.
    """
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    parts = re.split(FOLD, markdown, flags=re.M)  # text, then a line that folds, and so on in turn
    body = "".join(part if n % 2 else renderer.render(part) for n, part in enumerate(parts))
    body = body.replace(" ± ", "&nbsp;±&nbsp;")
    body = re.sub("<table>.*?</table>", r'<div class="wide">\g<0></div>', body, flags=re.S)

    def embed(match: re.Match) -> str:
        data = (directory / html.unescape(match[1])).read_bytes()
        return f'src="data:image/png;base64,{base64.b64encode(data).decode()}"'

    body = re.sub(r'src="([^"]*\.png)"', embed, body)
    title, style = html.escape(markdown.splitlines()[0].lstrip("# ")), STYLE.read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
