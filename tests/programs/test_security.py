"""No pickle, no eval, no shell: the sources are read for what could run somebody else's code."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*ROOT.glob("*.py"), *ROOT.glob("npvae/**/*.py")])
MODULES = {"pickle", "cloudpickle", "dill", "marshal", "shelve", "subprocess", "pty", "code"}
NAMES = {"eval", "exec", "compile", "__import__", "system", "popen"}


def dangers(source: str) -> list[str]:
    """Return what a source imports or calls of the above, and every allow_pickle but False."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module] * ((node.module or "").split(".")[0] in MODULES)
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            found += [name] * (name in NAMES)
            for option in node.keywords:
                is_false = isinstance(option.value, ast.Constant) and option.value.value is False
                found += [option.arg] * (option.arg in {"allow_pickle", "shell"} and not is_false)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_runs_nothing_it_reads(path):
    assert dangers(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from subprocess import run",
        "eval(text)",
        "os.system(text)",
        "np.load(path, allow_pickle=True)",
        "run(text, shell=yes)",
    ],
)
def test_what_the_reading_finds(source):
    assert len(dangers(source)) == 1
