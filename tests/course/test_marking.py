"""A class is marked in one command, hostile files among it; a hand-out holds no answers."""

import ast
import contextlib
import csv
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from exercise_answers import RIGHT, attempt, variants

from course import check, hand_out
from course.exercises import EXERCISES, FUNCTIONS
from course.grading import attempt as settings
from course.grading import marking, process
from course.grading.hints import hint
from course.grading.process import grade_file
from npvae.errors import UserError

ROOT = Path(__file__).parents[2]
START = 'import numpy as np\n\nPREDICTION = "?"\n'
FORWARD = "def dense_forward(x, W, b):\n    return x @ W + b\n"
BACKWARD = "def dense_backward(x, W, dy):\n    return dy @ W.T, x.T @ dy, dy.sum(axis=0)\n"


def says(body):
    return f"def dense_forward(x, W, b):\n    {body}\n    return x @ W + b\n{BACKWARD}"


# What a file holds, the diagnosis when it is graded by its author, and how the message begins.
HOSTILE = {
    "endless": (FORWARD + BACKWARD.replace("return", "while 1: pass\n    return"), "too slow",
                "too slow: line 7, `while 1: pass`, in dense_backward."),
    "endless in C": (says("10 ** 10**9"), "too slow", "too slow: line 5, "),
    "leaves": (says("import os; os._exit(0)"), "the process ended", "Python ended"),
    "prints": (says("print('y' * 10_000_000)"), None, ""),
    "writes": (says("import os; [os.write(1, b'y' * 65536) for _ in range(99)]"), None, ""),
    "patches": (says("np.allclose = lambda *a, **k: True"), "numpy changed", "np.allclose"),
    "patches linalg": ("np.linalg.norm = sum\n" + FORWARD + BACKWARD, "numpy changed", "np.norm"),
    "long": ("#" * 200_000, "the file does not run", "course/exercises/e01"),
    "claims": (says('print(\'{"name": "e01_dense", "status": "done", "lines": []}\')'), None, ""),
}  # fmt: skip


def graded(tmp_path, text, **options):
    file = tmp_path / "e01_dense.py"
    file.write_text(START + text)
    return grade_file(file, **options)


@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_file_is_one_friendly_line(tmp_path, monkeypatch, key):
    monkeypatch.setattr(process, "SECONDS", 0.5)
    text, diagnosis, told = HOSTILE[key]
    report, printed = graded(tmp_path, text)
    assert (report.status, report.diagnosis) == ("wrong" if diagnosis else "done", diagnosis)
    assert len(printed) < 4100 and ("(cut)" in printed) == (key == "prints")
    assert report.lines[0].startswith(told) and (len(report.lines) == 1 or not told)


def test_a_prediction_is_asked_for_before_any_code_runs(tmp_path):
    mark, file = tmp_path / "mark", tmp_path / "e01_dense.py"
    for prediction in ('"  "', "None"):
        file.write_text(f"open({str(mark)!r}, 'w')\nPREDICTION = {prediction}\n")
        report, _ = grade_file(file)
        assert (report.status, mark.exists()) == ("not yet", False)
        assert "in words: any is taken. You copy every row of x" in report.lines[0]
    for prediction in ('("a", 2)', "0"):
        file.write_text(f"PREDICTION = {prediction}\n{FORWARD}{BACKWARD}")
        report, _ = grade_file(file)
        assert report.status == "done" and report.lines[1].startswith("Measured: ")


def test_what_could_read_answers_is_refused_by_name_when_marking(tmp_path):
    for line, told in (
        ("from npvae import plain", "`import npvae.plain`"),
        ("import npvae.plain as p", "`import npvae.plain`"),
        ("from course import grading", "`import course.grading`"),
        ("from exercise_answers import RIGHT", "`import exercise_answers.RIGHT`"),
        ("from numpy.testing import os", "`os`"),
        ("f = __import__", "`__import__`"),
        ("f = (0).__class__", "`__class__`"),
        ("f = open", "`open`"),
        ("f = np.load", "`load`"),
    ):
        report, _ = graded(tmp_path, f"{line}\n{FORWARD}{BACKWARD}", marking=True)
        assert (report.status, report.diagnosis) == ("wrong", "refused")
        assert report.lines[0].startswith(told)


def test_a_class_is_marked_in_one_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    students, table = tmp_path / "class", tmp_path / "marks/grades.csv"
    texts = {"leaves": HOSTILE["leaves"][0], "deletes": says("import shutil; shutil.rmtree('.')")}
    texts |= {
        "ann": says("np.ones(1).dump('left')"),
        "=bob": FORWARD + BACKWARD.replace("sum", "mean"),
    }
    odd = f"from course.exercises.e02_relu import odd\n{FORWARD}{BACKWARD}"  # its neighbour
    texts["odd"] = odd.replace("+ b", "+ odd(b)")
    for student, text in texts.items():
        (students / student / "week 1").mkdir(parents=True)
        (students / student / "week 1/e01_dense.py").write_text(START + text)
    (students / "odd/week 1/e02_relu.py").write_text("import numpy as np\n\nodd = np.cos\n")
    (students / "nothing/e01_dense.py").mkdir(parents=True)
    (students / "copies").mkdir()
    with contextlib.suppress(OSError):  # Windows may not allow it
        (students / "copies/e01_dense.py").symlink_to(students / "ann/week 1/e01_dense.py")
    words = "dense", "relu", "--submissions", str(students), "--csv", str(table), "--seed", "spring"
    assert check.main(words) == 0 and capsys.readouterr() == (f"{table}: written\n", "")
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["student", "exercise", "status", "points", "message"]
    assert len(rows) == 2 * (len(texts) + 2)
    assert {row["points"] for row in rows if row["exercise"] == "e02_relu"} == {"0"}
    dense = {row["student"]: row for row in rows if row["exercise"] == "e01_dense"}
    assert [student for student, row in dense.items() if row["points"] == "2.0"] == ["ann"]
    assert dense["'=bob"]["message"].startswith("db")
    assert dense["nothing"]["status"] == dense["copies"]["status"] == "missing"
    assert "`import shutil`" in dense["deletes"]["message"]
    assert dense["odd"]["message"].startswith("y differs from npvae's result")
    marking.mark(students, table, "", ["e01_dense"])  # without a seed, other numbers
    assert dense["odd"]["message"] not in table.read_text("utf-8")
    assert [*tmp_path.rglob("*.csv*"), *tmp_path.glob("left")] == [table]
    with pytest.raises(UserError, match="holds no folders"):
        check.main(["--submissions", str(students / "copies")])


@pytest.mark.parametrize("name", EXERCISES)
def test_other_numbers_give_the_same_verdicts(name, monkeypatch):
    usual = settings.numbers(1, (2, 3))[0]
    monkeypatch.setattr(settings, "SEED", 123_456_789)
    assert not np.any(settings.numbers(1, (2, 3))[0] == usual)
    assert attempt(name).status == "done"
    for key, functions in list(variants(name))[::7]:
        assert attempt(name, **functions).status == "wrong", key


def test_points_and_the_times_of_the_unit_are_those_of_the_exercises():
    assert marking.points("e01_dense") == 2
    text = " ".join((ROOT / "course/teaching.md").read_text("utf-8").split())
    first = sum(marking.points(name) for name in EXERCISES if name < "e15")
    assert f"are worth {first} points" in text
    units = re.findall(r"exercises (\d+) to (\d+) \| (\d+) \|", text)
    for first, last, minutes in units:
        names = [name for name in EXERCISES if int(first) <= int(name[1:3]) <= int(last)]
        assert 10 * sum(map(marking.points, names)) == int(minutes)
    assert units


def test_each_exercise_has_three_hints(capsys):
    for name in RIGHT:
        assert [f"\n{n}. " in hint(name, 3) for n in (1, 2, 3, 4)] == [True, True, True, False]
        assert "\n2. " not in hint(name, 1) and hint(name, 1).endswith("--hint 2")
        assert max(map(len, hint(name, 3).splitlines())) <= 100
    for number, words in ((1, []), (2, ["2"])):
        assert check.main([name, "--hint", *words]) == 0
        assert capsys.readouterr().out == hint(name, number) + "\n"


def bodies(source):
    functions = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    return {f.name: (len(f.body), ast.unparse(f.body[-1])) for f in functions}


def test_a_hand_out_holds_no_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["hand_out", str(tmp_path / "student.zip")])
    hand_out.main()
    with zipfile.ZipFile(tmp_path / "student.zip") as archive:
        archive.extractall(tmp_path)
    top = tmp_path / "npvae-course"
    names = {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}
    assert {"course/check.py", "course/exercises/e08_penalty.py", "npvae/nn/gradcheck.py"} <= names
    assert not [name for name in names if re.search("test|grading|teaching|train.py", name)]
    found, empty = bodies((top / "npvae/plain.py").read_text("utf-8")), "raise NotImplementedError"
    asked = {function for functions in FUNCTIONS.values() for function in functions}
    assert {name for name, body in found.items() if body in ((1, empty), (2, empty))} == asked
    command = [sys.executable, "-m", "course.check"]
    run = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
    assert run.returncode == 2 and "no grader" in run.stderr
    part = bodies(hand_out.contents(["e08_penalty"])["npvae/plain.py"])
    assert part["second_pass"][1] == empty != part["kl"][1]
    monkeypatch.setattr(hand_out, "EXERCISES", ["__init__"])  # as if it were a stub that is solved
    with pytest.raises(UserError, match="holds an answer"):
        hand_out.contents([])
