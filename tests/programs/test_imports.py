"""Which room imports what; what needs NumPy alone; random streams; the wheel; no pickles."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np

import npvae
from npvae.training import streams

PACKAGE = Path(npvae.__file__).parent
ROOT = PACKAGE.parent
SOURCES = [p for start in ("", "npvae/**/", "course/**/") for p in ROOT.glob(f"{start}*.py")]
BEFORE = {  # the rooms that a room may import, itself aside
    "plain": "", "errors": "", "cli": "errors", "files": "errors", "pages": "errors files cli",
    "kernels": "errors files", "nn": "errors files kernels", "models": "errors files kernels nn",
    "data": "errors files", "training": "errors files cli kernels nn models data",
    "library": "errors files kernels nn models data training",
    "evaluation": "errors files kernels nn models data training",
    "report": "errors files pages kernels nn models data training evaluation",
    "__init__": "errors library",
}  # fmt: skip


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


AT_ONCE = """
import sys, npvae, npvae.cli, npvae.errors
print({"numpy", "numba", "scipy", "npvae.kernels"} & sys.modules.keys())
import npvae.training.options
print({"numba", "scipy", "npvae.kernels", "npvae.models"} & sys.modules.keys())
"""


def test_what_must_start_at_once_imports_nothing_heavy():
    found = subprocess.check_output([sys.executable, "-c", AT_ONCE], cwd=ROOT, text=True)
    assert found.splitlines() == ["set()", "set()"]


ALONE = """
import runpy, sys

class Refuse:
    ours = {"npvae", "npvae.errors", "npvae.cli", "npvae.plain", "npvae.nn", "npvae.nn.gradcheck"}

    def find_spec(self, name, path=None, target=None):
        package = name.split(".")[0]
        known = {"numpy", "course", "exercise_answers"} | sys.stdlib_module_names
        hidden = package.startswith("_")  # the standard library's _sysconfigdata and its like
        if name not in self.ours and package not in known and not hidden:
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Refuse())
data = sys.argv[1]
sys.argv = ["plain.py", data, "--epochs", "1"]
runpy.run_module("npvae.plain", run_name="__main__")
loaded = {name for name in sys.modules if name.split(".")[0] == "npvae"}
assert loaded <= {"npvae", "npvae.errors", "npvae.plain"}, loaded
sys.argv = ["trace", "ws", "--part", "second_pass"]
runpy.run_module("course.trace", run_name="__main__")
sys.path.insert(0, "tests/course")
from exercise_answers import RIGHT, attempt
from course import check
assert check.main([]) == 1
for name in RIGHT:
    done = attempt(name, PREDICTION="?")
    assert done.status == "done" and len(done.lines) == 3, done
"""


def test_the_plain_file_the_trace_and_the_grader_need_nothing_but_numpy(tmp_path):
    """Numba would take seconds, and minutes on a machine that has never compiled."""
    np.savez(tmp_path / "own.npz", images=np.random.default_rng(4).uniform(size=(70, 3, 4)))
    words = [sys.executable, "-c", ALONE, tmp_path / "own.npz"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "dda1" in done.stdout and done.stdout.splitlines()[-1] == "0 of 20 done"


NUMBERS = {name: n for name, n in vars(streams).items() if name.isupper() and name != "FIRST"}
OTHER_KEYS = {  # those of the table's head, and two that only choose rows
    "training/run.py": "[options.seed, 0]",
    "training/train.py": "[options.seed, epoch]",
    "models/inference.py": "[seed, 2 ** 31]",
    "data/dataset.py": "SPLIT_SEED",
    "nn/gradcheck.py": "0",
}


def keys():
    """The file and the key of each stream that the package makes; the plain file has its own."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and path.name != "plain.py"
            if is_call and ast.unparse(node.func).endswith("default_rng"):
                yield path.relative_to(PACKAGE).as_posix(), ast.unparse(node.args[0])


def test_each_use_of_random_numbers_has_a_stream_of_its_own():
    others = [(path, key) for path, key in keys() if "streams." not in key]
    assert sorted(others) == sorted(OTHER_KEYS.items())
    used = [key for _, key in keys() if "streams." in key]
    second = [key.strip("[]").split(", ")[1] for key in used]
    assert sorted(second) == sorted(f"streams.{name}" for name in NUMBERS)
    assert len(set(NUMBERS.values())) == len(NUMBERS)
    # 2^31 itself is the noise of z; above 2^32 a number would fill two words of a key.
    assert all(2**31 < n < 2**32 for n in NUMBERS.values())


def test_a_wheel_ships_what_is_no_python_too():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    shipped = {
        path
        for package, patterns in re.findall(r'^package-data\."([\w.]+)" = \[(.*?)\]', text, re.M)
        for pattern in re.findall(r'"(.*?)"', patterns)
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    others = {path for path in ROOT.glob("npvae/**/*") if path.is_file() and path.suffix != ".py"}
    others = {path for path in others if "__pycache__" not in path.parts}
    assert others and others <= shipped


def test_numpy_is_never_allowed_to_unpickle():
    words = [w for p in SOURCES for w in re.findall(r"allow_pickle\W+\w+", p.read_text("utf-8"))]
    assert words and set(words) == {"allow_pickle=False"}
