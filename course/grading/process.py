"""Grades one file in a process of its own, so that nothing in it can stop or change the grader.

Parent: `grade_file` reads the file without running it (is there a prediction? when marking: what
does it import?), starts the child, and waits. Child: `python -m course.grading.process` runs the
file, grades it, and prints the report behind a token that the file does not know. A call that takes
longer than SECONDS ends the child; faulthandler does that, on Windows too, and tells the line.
"""

import ast
import json
import os
import re
import secrets
import subprocess
import sys
import types
from dataclasses import asdict
from pathlib import Path

from course.grading import attempt
from course.grading.report import NOT_YET, WRONG, Report, grade_module, import_failure

ROOT = Path(__file__).parents[2]
SECONDS, WHOLE = 2.0, 60.0  # for a call, and for a file
SHOWN = 4000  # characters of what a file prints
IMPORTS = ("numpy.", "math.", "itertools.", "functools.", "collections.", "typing.", "__future__.")
IMPORTS += ("course.exercises.",)
# Words that have no place in an answer: with them it could read answers or change the grader.
WORDS = {
    *("open", "exec", "eval", "compile", "globals", "locals", "vars", "getattr", "setattr"),
    *("delattr", "breakpoint", "input", "os", "sys", "modules", "builtins", "subprocess"),
    *("importlib", "ctypeslib", "memmap", "fromfile", "tofile", "load", "save", "savez"),
    *("savez_compressed", "savetxt", "loadtxt", "genfromtxt", "DataSource"),
}


def grade_file(
    path: Path, seed: int = 0, marking: bool = False, folder: Path | None = None
) -> tuple[Report, str]:
    """Return the report on the exercise in a file, and what the file printed. Never raises.

    `seed` chooses other numbers. When `marking`, imports and words beyond NumPy are refused. The
    child works in `folder`.
    """
    name = path.stem
    report = _read(name, path, marking)
    if report:
        return report, ""
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "course.grading.process", name, str(path.resolve())]
    command += [str(seed), str(SECONDS)]
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}
    env["OPENBLAS_NUM_THREADS"] = "1"  # starts sooner; the arrays are tiny
    started = {"cwd": folder, "env": env, "input": token.encode(), "capture_output": True}
    try:
        child = subprocess.run(command, timeout=WHOLE, check=False, **started)  # noqa: S603
    except subprocess.TimeoutExpired:
        return _ended(path, ""), ""
    out, err = (end.decode("utf-8", "replace") for end in (child.stdout, child.stderr))
    printed, _, verdict = out.replace("\r\n", "\n").partition(f"\n{token}")
    report = Report(**json.loads(verdict)) if verdict else _ended(path, err)
    return report, printed[: SHOWN + 20]


def _read(name, path, marking):
    """Return the report on a file that need not be run, or None."""
    try:
        source = path.read_bytes()
        if len(source) > 100_000:
            raise ValueError("the file is larger than 100 kB")
        tree = ast.parse(source, str(path))
    except Exception as error:
        return Report(name, WRONG, [import_failure(name, error)], "the file does not run")
    if marking and (word := _refused(tree)):
        return Report(name, WRONG, [attempt.general("refused", word=word).text], "refused")
    if not _predicted(tree):
        text = "First write your PREDICTION into the file, in words: any is taken. "
        return Report(name, NOT_YET, [f"{text}{_question(name)}".strip()])
    return None


def _predicted(tree):
    """Tell whether anything but an empty text is assigned to PREDICTION."""
    for node in tree.body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if any(isinstance(t, ast.Name) and t.id == "PREDICTION" for t in targets):
            value = getattr(node.value, "value", node.value)
            return bool(value.strip()) if isinstance(value, str) else value is not None
    return False


def _question(name):
    """Return what an exercise asks for first."""
    text = ast.get_docstring(ast.parse((ROOT / f"course/exercises/{name}.py").read_text("utf-8")))
    question = " ".join(text.partition("Predict first: ")[2].partition("\n\n")[0].split())
    return question[:1].upper() + question[1:]


def _refused(tree):
    """Return the first import or word that has no place in an answer, or None."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import | ast.ImportFrom):
            base = "." * getattr(node, "level", 0) + (getattr(node, "module", None) or "")
            names = [f"{base}.{alias.name}".removeprefix(".") for alias in node.names]
        for name in names:
            if not f"{name}.".startswith(IMPORTS):
                return f"`import {name}`"
        parts = [part for name in names for part in name.split(".")]
        for word in (getattr(node, "id", ""), getattr(node, "attr", ""), *parts):
            if word in WORDS or (word.startswith("__") and word not in ("__name__", "__future__")):
                return f"`{word}`"
    return None


def _ended(path, err):
    """Return the report on a child that ended without one: too slow, or os._exit."""
    place = re.search(rf'{path.stem}\.py", line (\d+) in (\S+)', err)
    if "Timeout (" not in err or not place:
        wrong = attempt.general("the process ended")
    else:
        line = path.read_text("utf-8", "replace").splitlines()[int(place[1]) - 1].strip()
        fields = {"number": place[1], "line": line, "name": place[2], "seconds": SECONDS}
        wrong = attempt.general("too slow", **fields)
    return Report(path.stem, WRONG, [wrong.text], wrong.key)


def main(name: str, file: str, seed: str, seconds: str) -> None:
    """Run and grade a file; print the report."""
    token = sys.stdin.readline().strip()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what bypasses sys.stdout goes nowhere
    sys.stdout = sys.stderr = attempt.Cut(out, SHOWN)
    attempt.SEED, attempt.SECONDS = int(seed), float(seconds)
    module = types.ModuleType(f"course.exercises.{name}")
    module.__file__ = file
    sys.modules[module.__name__] = module
    sys.modules["course.exercises"].__path__ = [str(Path(file).parent)]  # the student's others
    try:
        with attempt.watched():
            exec(compile(Path(file).read_bytes(), file, "exec"), vars(module))  # noqa: S102
        report = grade_module(name, module)
    except attempt.Wrong as wrong:
        report = Report(name, WRONG, [wrong.text], wrong.key)
    except BaseException as error:
        report = Report(name, WRONG, [import_failure(name, error)], "the file does not run")
    out.write(f"\n{token}{json.dumps(asdict(report))}")
    out.flush()
    os._exit(0)  # whatever threads are left


if __name__ == "__main__":
    main(*sys.argv[1:])
