"""The report as one HTML file: the Markdown rendered, pictures embedded, readable on a phone."""

import base64
import html
import re
from pathlib import Path

from markdown_it import MarkdownIt

STYLE = """
body { font: 17px/1.55 Georgia, serif; color: #222; max-width: 62rem; margin: 0 auto; padding: 1rem }
h1, h2, h3 { font-family: Helvetica, Arial, sans-serif; line-height: 1.25 }
h2 { border-bottom: 1px solid #ccc; padding-bottom: .2rem; margin-top: 2.2rem }
img { max-width: 100%; height: auto }
details { border-left: 3px solid #ddd; padding-left: .8rem; margin: 1rem 0 }
summary { cursor: pointer; font: 15px/1.4 Helvetica, Arial, sans-serif; color: #0b5394 }
.wide { overflow-x: auto }
table { border-collapse: collapse; font: 14px/1.4 Helvetica, Arial, sans-serif; margin: 1rem 0 }
th, td { border: 1px solid #ddd; padding: .3rem .5rem; text-align: left; vertical-align: top }
th { background: #f3f3f3 }
.wide:has(img) table { width: 100%; table-layout: fixed }
@media (max-width: 40rem) { .wide:has(img) tr { display: grid } .wide:has(img) thead { display: none } }
@media print { body { max-width: none; font-size: 11pt } table { font-size: 8pt } tr { break-inside: avoid } }
"""  # noqa: E501
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
    title = html.escape(markdown.splitlines()[0].lstrip("# "))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
