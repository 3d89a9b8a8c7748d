"""Runs a program in a process where NumPy and the standard library are all that is installed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCKER = """
import sys

class Refuse:
    ours = {"npvae", "npvae.errors", "npvae.plain", "npvae.nn", "npvae.nn.gradcheck"}  # no Numba

    def find_spec(self, name, path=None, target=None):
        package = name.split(".")[0]
        known = {"numpy", "course", "exercise_answers"} | sys.stdlib_module_names
        hidden = package.startswith("_")  # the standard library's _sysconfigdata and its like
        if name not in self.ours and package not in known and not hidden:
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Refuse())
"""


def run_with_numpy_alone(code: str) -> subprocess.CompletedProcess:
    """Run `code` from the project's directory, where all other imports are refused."""
    return subprocess.run(
        [sys.executable, "-c", BLOCKER + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
