"""The picture of one step names what npvae/plain.py has."""

import ast
import re
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]


def drawn(kind):
    """The names in the picture that are marked as arrays or as functions."""
    elements = ElementTree.parse(ROOT / "course/dataflow.svg").iter()
    texts = [" ".join(e.itertext()) for e in elements if kind in e.get("class", "").split()]
    return set(re.findall(r"[a-z]\w*", " ".join(texts), re.IGNORECASE | re.ASCII))


def test_every_name_in_the_picture_is_in_plain():
    nodes = list(ast.walk(ast.parse((ROOT / "npvae/plain.py").read_text(encoding="utf-8"))))
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    arrays = stored | {node.arg for node in nodes if isinstance(node, ast.arg)}
    assert len(drawn("function")) >= 18 and drawn("function") <= functions
    assert len(drawn("array")) >= 37 and drawn("array") <= arrays
