"""What ruff and deptry cannot see: that a wheel is complete, and that NumPy unpickles nothing."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [p for start in ("", "npvae/**/", "course/**/") for p in ROOT.glob(f"{start}*.py")]


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
