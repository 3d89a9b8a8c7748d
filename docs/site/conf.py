"""The site: the README, the course, the documentation and the laboratories as pages.

`python3 make.py site` builds them into site/, by Sphinx with MyST and a book theme. The pages are
the project's own Markdown files. What a forge cannot show is added here: contents, mathematics as
MathML, the laboratories in frames, and the sources that a page links to.
"""

import re
import shutil
import sys
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
from frames import add_frames  # noqa: E402 (beside this file)

project = html_title = "npvae"
html_theme = "sphinx_book_theme"
html_theme_options = {
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "use_download_button": False,
    "navbar_persistent": [],  # the search stands in the side bar
}
html_static_path = html_css_files = ["site.css"]
html_show_sphinx = html_copy_source = html_use_index = False
html_math_renderer = "mathml"
extensions = ["myst_nb"]
nb_execution_mode = "off"  # the notebook has its outputs, and a test compares them
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4  # a link to a heading works as on a forge
suppress_warnings = ["myst.xref_missing"]  # of `<a id=..>`: tests/docs/test_pages.py knows these
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb", ".py": "myst-nb"}
root_doc = "README"
include_patterns = [
    *("README.md", "CHANGELOG.md", "docs/*.md", "course/*.md", "course/tour.ipynb"),
    *("course/exercises/*", "npvae/plain.py", "npvae/nn/gradcheck.py", "npvae/kernels/*.py"),
    "benchmarks/*.py",
]
exclude_patterns = ["**/__init__.py"]

LABORATORIES = [  # pages that are there already; make.py trains the explorer's models
    *sorted((ROOT / "course").glob("*_lab.html")),
    *sorted((ROOT / "build/report").glob("*.html")),
    *sorted((ROOT / "build/report").glob("numbers.csv")),
]
CONTENTS = """
```{toctree}
:hidden:
:glob:
:caption: The course

course/README
course/[01]*
```

```{toctree}
:hidden:
:caption: Beside the chapters

course/tour
course/trace
course/exercises/README
course/failures
course/teaching
```

```{toctree}
:hidden:
:caption: What was found, and how it is made

docs/findings
docs/running
docs/code
docs/adding
docs/speed
docs/matmul
docs/reliability
CHANGELOG
```
"""


PYTHON = """---
orphan: true
nosearch: true
---
# {}.py

~~~~{{code-block}} python
:linenos:

{}
~~~~
"""


def add_to_page(app, page: str, source: list[str]) -> None:
    """Add the contents to the README, and the laboratories to the chapters; frame a source."""
    if Path(app.env.doc2path(page)).suffix == ".py":
        source[0] = PYTHON.format(page, source[0])
    source[0] = add_frames(page, source[0], {path.name for path in LABORATORIES})
    if page == root_doc:
        source[0] += CONTENTS


def mathml(writer, node) -> None:
    """Write a formula as MathML, which browsers draw without a script or a network."""
    is_block = isinstance(node, nodes.math_block)
    writer.body.append(convert(node.astext(), display="block" if is_block else "inline"))
    raise nodes.SkipNode


def finish(app, error: Exception | None) -> None:
    """Copy the laboratories, with links to the site's pages; open the site with the README."""
    if error is not None:
        return
    site = Path(app.outdir)
    for path in LABORATORIES:
        text = path.read_text("utf-8")
        text = re.sub(r'href="([^"]*)\.md([#"])', r'target="_parent" href="\1.html\2', text)
        (site / path.parent.name).mkdir(exist_ok=True)
        (site / path.parent.name / path.name).write_text(text, "utf-8")
    shutil.copy(site / "README.html", site / "index.html")


def setup(app) -> None:
    """Tell Sphinx of the functions above."""
    app.add_html_math_renderer("mathml", (mathml, None), (mathml, None))
    app.connect("source-read", add_to_page)
    app.connect("build-finished", finish)
