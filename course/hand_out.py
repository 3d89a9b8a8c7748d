"""Pack what students get: `python -m course.hand_out student.zip`, with nothing that answers.

Left out: the tests, the grader, the pages for who teaches, and the fast library. In npvae/plain.py
the functions that exercises ask for have no bodies. With --marked, only those of these exercises.
"""

import ast
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from course.exercises import EXERCISES, FUNCTIONS
from course.grading.marking import write_whole
from npvae.cli import OneLineParser, run_program
from npvae.errors import UserError

ROOT = Path(__file__).parents[1]
LIBRARY = ("__init__", "plain", "errors", "cli", "nn/__init__", "nn/gradcheck")
LEFT_OUT = {"grading", "trace", "__pycache__", "teaching.md"}
# These run the grader, or functions that are cut out.
LEFT_OUT |= {"hand_out.py", "failures.py", "train.py", "mine.py", "one_thread.py"}
KINDS = {".py", ".md", ".html", ".png", ".svg", ".ipynb"}


def without_bodies(source: str, names: set[str]) -> str:
    """Return a module's source; the functions of these names keep their docstrings alone."""
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and node.name in names:
            start = node.body[0].end_lineno if ast.get_docstring(node) else node.body[0].lineno - 1
            lines[start : node.end_lineno] = ["    raise NotImplementedError  # an exercise"]
    return "\n".join(lines) + "\n"


def contents(marked: Sequence[str]) -> dict[str, bytes]:
    """Return the files of the hand-out by their paths. Raises UserError if a stub is solved."""
    files = [ROOT / name for name in ("README.md", "LICENSE")]
    files += [ROOT / f"npvae/{name}.py" for name in LIBRARY]
    for path in sorted((ROOT / "course").rglob("*")):
        if path.suffix in KINDS and not LEFT_OUT & set(path.relative_to(ROOT).parts):
            files.append(path)
    packed = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}
    for name in EXERCISES:
        if b"raise NotImplementedError" not in packed[f"course/exercises/{name}.py"]:
            raise UserError(f"course/exercises/{name}.py holds an answer: hand out the stub")
    cut = {function for name in marked for function in FUNCTIONS.get(name, ())}
    plain = without_bodies(packed["npvae/plain.py"].decode("utf-8"), cut)
    return {**packed, "npvae/plain.py": plain.encode("utf-8")}


def main() -> None:
    """Write the hand-out that the command line asks for."""
    parser = OneLineParser("python -m course.hand_out", description="Pack what students get.")
    parser.add_argument("ZIP", type=Path, help="the file to write")
    parser.add_argument("--marked", nargs="+", default=list(EXERCISES), choices=EXERCISES)
    args = parser.parse_args()
    files = contents(args.marked)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"npvae-course/{name}", data)
    write_whole(args.ZIP, stream.getvalue())
    print(f"{args.ZIP}: {len(files)} files")


if __name__ == "__main__":
    run_program(main)
