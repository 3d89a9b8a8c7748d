"""Which module imports which: no circle, and each room only those before it.

Imports inside of functions and those for typing count, too.
"""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import npvae

PACKAGE = Path(npvae.__file__).parent
BEFORE = {  # the rooms that a room may import, itself aside
    "plain": "",
    "errors": "",
    "cli": "errors",
    "files": "errors",
    "pages": "errors files cli",
    "kernels": "errors files",
    "nn": "errors files kernels",
    "models": "errors files kernels nn",
    "data": "errors files",
    "training": "errors files cli kernels nn models data",
    "library": "errors files kernels nn models data training",
    "evaluation": "errors files kernels nn models data training",
    "report": "errors files pages kernels nn models data training evaluation",
    "__init__": "errors library",
}


def imports():
    """The modules of the package that each of its modules imports, by their dotted names."""
    paths = {}
    for path in PACKAGE.rglob("*.py"):
        parts = ("npvae", *path.relative_to(PACKAGE).with_suffix("").parts)
        paths[".".join(parts).removesuffix(".__init__")] = path
    graph = {name: set() for name in paths}
    for name, path in paths.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = getattr(node, "module", None)
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert getattr(node, "level", 0) == 0, f"{path}: a relative import"
                # `from npvae.report import charts` imports a module, others a name of one.
                names = [f"{module}.{a.name}" if module else a.name for a in node.names]
                graph[name] |= {one if one in paths else module or one for one in names}
    return {name: found & paths.keys() for name, found in graph.items()}


def room(module):
    """The part of the package that a module belongs to."""
    return [*module.split("."), "__init__"][1]


def test_each_room_imports_only_those_before_it_and_no_module_itself_in_a_circle():
    graph = imports()
    assert "npvae.nn.adam" in graph["npvae.models.steps"]
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle
    wrong = [
        f"{name} imports {other}"
        for name, found in graph.items()
        if room(name) in BEFORE
        for other in found
        if room(other) not in (room(name), *BEFORE[room(name)].split())
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("imported", "heavy"),
    [
        ("npvae, npvae.cli, npvae.errors", ["numpy", "numba", "scipy", "npvae.kernels"]),
        ("npvae.training.options", ["numba", "scipy", "npvae.kernels", "npvae.models"]),
    ],
)
def test_what_must_start_at_once_imports_nothing_heavy(imported, heavy):
    code = f"import sys, {imported}; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
