"""The pages keep their promises: their numbers come out, and what they point to exists."""

import ast
import doctest
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATTERNS = "*.md", "docs/*.md", "course/*.md", "course/*.ipynb", "course/exercises/*.md"
PAGES = sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
NAMED = re.compile(r"`([\w./]+\.py)::([\w.\[\]-]+)`")
LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]+)?\)")
TESTS = re.compile(r"`(test_\w+\.py)`")
PATH = re.compile(r"`((?:npvae|tests|docs|course|benchmarks)/[\w./-]*)`")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(page: Path) -> str:
    """The text of a page. Of a notebook, that of its text cells."""
    text = page.read_text("utf-8")
    cells = json.loads(text)["cells"] if page.suffix == ".ipynb" else []
    parts = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    return "\n\n".join(parts) if cells else text


def blocks(page: Path) -> list[str]:
    return [code for language, code in FENCE.findall(read(page)) if language == "pycon"]


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=name)
def test_the_numbers_of_a_page_come_out(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    names, report = {}, []
    for code in blocks(page):
        test = doctest.DocTestParser().get_doctest(code, names, code[:60], name(page), 0)
        doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False)
        names = test.globs
    assert not report, "".join(report)


def definitions(source: Path) -> set[str]:
    """Every function, class and constant of a file, and `Class.member`."""
    found = set()
    for node in ast.parse(source.read_text("utf-8")).body:
        found.add(getattr(node, "name", None))
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{m.name}" for m in node.body if hasattr(m, "name")}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            found |= stored(ast.walk(node))
    return found


def stored(nodes):
    """The names that get a value."""
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", " ".join(heading.lower().split())).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = FENCE.sub("", read(page))
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return {*re.findall(r'<a id="([^"]+)">', text), *map(anchor, headings)}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_a_page_names_exists(page):
    missing, text = [], read(page)
    for path, wanted in NAMED.findall(text):
        files = [*ROOT.glob(path), *ROOT.glob(f"tests/*/{path}")]  # a test, by its name alone
        if len(files) != 1 or wanted not in definitions(files[0]):
            missing.append(f"{path}::{wanted}")
    if page.name == "reliability.md":  # a test without its file could not be looked up
        missing += re.findall(r"`test_\w+`", text)
    missing += [f for f in TESTS.findall(text) if len([*ROOT.glob(f"tests/*/{f}")]) != 1]
    missing += [path for path in PATH.findall(text) if not (ROOT / path).exists()]
    for target, fragment in LINK.findall(FENCE.sub("", text)):
        aim = page.parent / target if target else page
        if "://" in target:
            continue
        if not aim.exists() or (fragment and fragment[1:] not in anchors(aim)):
            missing.append(target + fragment)
    assert not missing


def test_terms_of_the_chapters_and_of_the_glossary_link_each_other():
    """A glossary's row names the chapter that explains the term, and only it links the term."""
    course = ROOT / "course"
    glossary = read(course / "README.md").split("## Glossary")[1]
    row = r'^\| <a id="([^"]+)"></a>([^|]+) \| [^|]+ \| \[\d+\]\(([^)]+)\) \|$'
    rows = re.findall(row, glossary, re.M)
    linked = [
        (fragment, term, page.name)
        for page in course.glob("[0-9]*.md")
        for term, fragment in re.findall(r"\[([^\]]+)\]\(README.md#([^)]+)\)", read(page))
    ]
    assert len(rows) > 20 and all(anchor(term) == fragment for fragment, term, _ in rows + linked)
    assert sorted((f, page) for f, _, page in linked) == sorted((f, page) for f, _, page in rows)


def test_every_name_in_the_picture_is_in_plain():
    nodes = list(ast.walk(ast.parse((ROOT / "npvae/plain.py").read_text("utf-8"))))
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    arrays = stored(nodes) | {node.arg for node in nodes if isinstance(node, ast.arg)}
    for kind, count, known in (("function", 18, functions), ("array", 37, arrays)):
        elements = ElementTree.parse(ROOT / "course/dataflow.svg").iter()
        texts = [" ".join(e.itertext()) for e in elements if kind in e.get("class", "").split()]
        drawn = set(re.findall(r"[a-zA-Z]\w*", " ".join(texts), re.ASCII))
        assert len(drawn) >= count and drawn <= known
