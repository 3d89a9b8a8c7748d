"""Marks a class: a folder for each student, a row of the CSV for each student and exercise."""

import csv
import hashlib
import io
import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from course.exercises import EXERCISES
from course.grading.process import ROOT, grade_file
from course.grading.report import DONE
from npvae.errors import UserError

COLUMNS = ("student", "exercise", "status", "points", "message")


def points(name: str) -> float:
    """Return what an exercise is worth: a point for every ten minutes that it says it takes."""
    text = (ROOT / f"course/exercises/{name}.py").read_text("utf-8")
    return int(re.search(r"About (\d+) minutes", text)[1]) / 10


def mark(submissions: Path, table: Path, seed: str, names: list[str] | None = None) -> None:
    """Grade all folders in `submissions` and write the CSV file `table`.

    Each other `seed`, any text, gives other numbers. The files are copied first, and each runs in
    an empty directory. A missing file gets 0 points. Raises UserError if there is no folder.
    """
    students = sorted(path for path in submissions.glob("*") if path.is_dir())
    if not students:
        raise UserError(f"{submissions} holds no folders: there should be one for each student")
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6], "big") if seed else 0
    jobs = [(student, name) for student in students for name in names or EXERCISES]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(lambda job: _row(*job, number), jobs))
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    write_whole(table, text.getvalue().encode("utf-8"))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, and rename it once it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    with open(new, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


def _files(paths):
    """Return the files among paths, in order. A link may lead to what is another student's."""
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def _row(student, name, seed):
    who = f"'{student.name}" if student.name[0] in "=+-@" else student.name  # no formula
    files = _files(student.rglob("e[0-9][0-9]_*.py"))
    found = next((file for file in files if file.stem == name), None)
    if found is None:
        return who, name, "missing", 0, f"there is no {name}.py"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answers, work = Path(folder, "answers"), Path(folder, "work")
        answers.mkdir()
        work.mkdir()
        for file in _files(found.parent.glob("e[0-9][0-9]_*.py")):
            shutil.copyfile(file, answers / file.name)
        report, _ = grade_file(answers / f"{name}.py", seed, marking=True, folder=work)
    gained = points(name) if report.status == DONE else 0
    return who, name, report.status, gained, " ".join(report.lines)
