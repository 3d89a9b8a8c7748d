"""The report as one HTML file: the Markdown rendered, pictures embedded, readable on a phone."""

import base64
import html
import re
from pathlib import Path

from markdown_it import MarkdownIt

from npvae.pages.single_file import PAGES

TEMPLATE = Path(__file__).with_name("page.template.html")
STYLE = Path(__file__).with_name("report.css")
DRAWING = PAGES / "shared" / "drawing.html"  # of the model; it leads to the pages to play with
FOLD = "^(<details><summary>[^<>&\n]*</summary>|</details>)$"  # what the template folds


def write_page(markdown: str, directory: Path) -> str:
    """Return a self-contained HTML page; pictures are read relative to `directory`.

    HTML inside the Markdown is shown as text, but for the lines that fold a part: only the summary
    is seen until the reader opens it, and the summary is shown as it is.
    """
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    parts = re.split(FOLD, markdown, flags=re.M)  # text, then a line that folds, and so on in turn
    body = "".join(part if n % 2 else renderer.render(part) for n, part in enumerate(parts))
    body = body.replace(" ± ", "&nbsp;±&nbsp;")
    # What is wider than a phone scrolls, and with the keyboard too.
    wide = r'<div class="wide" role="group" aria-label="table" tabindex="0">\g<0></div>'
    body = re.sub("<table>.*?</table>", wide, body, flags=re.S)
    contents = []
    for n, name in enumerate(re.findall("<h2>(.*?)</h2>", body)):
        body = body.replace("<h2>", f'<h2 id="part-{n}">', 1)
        contents.append(f'<li><a href="#part-{n}">{name}</a></li>')

    def embed(match: re.Match) -> str:
        data = (directory / html.unescape(match[1])).read_bytes()
        return f'src="data:image/png;base64,{base64.b64encode(data).decode()}"'

    body = re.sub(r'src="([^"]*\.png)"', embed, body)
    heading, end, rest = body.rpartition("</h1>")
    fields = {"heading": heading + end, "contents": "\n".join(contents), "body": rest}
    fields["title"] = html.escape(markdown.splitlines()[0].lstrip("# "))
    fields["drawing"] = DRAWING.read_text(encoding="utf-8")
    styles = STYLE, DRAWING.with_suffix(".css")
    fields["style"] = "".join(path.read_text(encoding="utf-8") for path in styles)
    template = TEMPLATE.read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: fields[match[1]], template)
