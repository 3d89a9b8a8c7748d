"""One exercise's verdict, done, not yet or wrong, with what the student should read."""

import importlib
import traceback
from dataclasses import dataclass

import numpy as np

from course.exercises import FUNCTIONS
from course.grading.attempt import Attempt, NotYet, Wrong
from course.grading.hints import told

DONE, NOT_YET, WRONG = "done", "not yet", "wrong"


@dataclass
class Report:
    """The verdict on one exercise."""

    name: str
    status: str
    lines: list[str]
    diagnosis: str | None = None  # the mistake in a few words, if the answer is wrong


def grader(name: str):
    """Return the module that grades an exercise: e08_penalty is graded by grading/penalty.py."""
    return importlib.import_module(f"course.grading.{name[4:]}")


def grade_module(name: str, module: object) -> Report:
    """Grade an exercise whose functions are the attributes of `module`. Never raises."""
    attempt = Attempt(name, module)
    try:
        with np.errstate(all="ignore"):
            grader(name).grade(attempt)
    except NotYet as missing:
        return Report(name, NOT_YET, [_still_missing(attempt, missing)])
    except Wrong as wrong:
        return Report(name, WRONG, [wrong.text], wrong.key)
    except Exception as error:
        text = f"The grader failed, which is its fault: {type(error).__name__}: {error}"
        return Report(name, WRONG, [text], "grader")
    return Report(name, DONE, _conclusion(name, module))


def _still_missing(attempt, missing):
    todo = f"{missing} is still to be written."
    return f"{todo} Right so far: {', '.join(attempt.called)}." if attempt.called else todo


def _conclusion(name, module):
    """Return what is told after an exercise is solved."""
    prediction = str(getattr(module, "PREDICTION", "")).strip()[:300]
    measured = told(name, "Measured").format(*grader(name).measured())
    lines = [f"You predicted: {prediction}", f"Measured: {measured}"]
    return [*lines, f"Now compare with {', '.join(compared(name))}."]


def compared(name: str) -> list[str]:
    """Return where a solution can be compared: functions of npvae/plain.py, then others."""
    in_plain = [f"npvae/plain.py::{function}" for function in FUNCTIONS.get(name, ())]
    return [*in_plain, *told(name, "Compare").split(", ")]


def import_failure(name: str, error: BaseException) -> str:
    """Return the line that says why an exercise cannot be imported."""
    line = getattr(error, "lineno", None)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.endswith(f"{name}.py"):
            line = frame.lineno
    where = f"course/exercises/{name}.py" + (f", line {line}" if line else "")
    message = (str(error).strip() or "no message").splitlines()[0][:200]
    return f"{where}, cannot be run. {type(error).__name__}: {message}"
