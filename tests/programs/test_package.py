"""What `pip install` brings along is what the package imports: nothing less, and no test tools."""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = {"scikit-learn": "sklearn", "markdown-it-py": "markdown_it"}  # where the names differ
UNDER_OTHERS = {"requests", "llvmlite"}  # pooch, Numba


def required(name):
    """Return the modules of the packages in a list of requirements."""
    lines = (ROOT / name).read_text().splitlines()
    names = [m[0] for line in lines if (m := re.match(r"[a-z][\w-]*", line))]
    return {MODULES.get(name, name) for name in names}


def optional():
    """Return the modules of the packages that only an extra installs."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = re.findall(r"^optional-dependencies\.\w+ = \[(.*?)\]", text, re.M)
    return {
        re.match(r"[\w-]+", name)[0] for found in lists for name in re.findall(r'"(.*?)"', found)
    }


def imported(nodes=ast.walk):
    """Return the modules from elsewhere that the package imports."""
    found = set()
    for path in ROOT.glob("npvae/**/*.py"):
        for node in nodes(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"npvae"}


def test_the_package_requires_what_it_imports():
    assert imported() - UNDER_OTHERS - optional() == required("requirements.txt")


def test_what_an_extra_installs_is_imported_where_it_is_used_only():
    assert optional() == {"distributed"} <= imported() & required("requirements-dev.txt")
    assert not imported(ast.iter_child_nodes) & optional()


def test_the_list_for_development_adds_tools_that_the_package_does_not_import():
    assert "-r requirements.txt\n" in (ROOT / "requirements-dev.txt").read_text()
    assert {"pytest", "hypothesis", "ruff"} <= required("requirements-dev.txt")
    assert not required("requirements-dev.txt") & imported() - optional()


def test_every_directory_of_sources_is_a_package():
    rooms = {path.parent for path in ROOT.glob("npvae/**/*.py")}
    assert [room.name for room in rooms if not (room / "__init__.py").exists()] == []


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
