"""The exercises as tests: `pytest course -k penalty`. A failure shows a hint, no traceback."""

import pytest

from course.check import FOLDER
from course.exercises import EXERCISES
from course.grading.process import grade_file
from course.grading.report import DONE


@pytest.mark.parametrize("name", EXERCISES)
def test_exercise(name, record_property):
    """Passes if the exercise is done; otherwise says what to do."""
    report, printed = grade_file(FOLDER / f"{name}.py")
    print(printed, end="")
    if report.status != DONE:
        pytest.fail(f"{report.status}: {report.lines[0]}", pytrace=False)
    record_property("predicted", [name, *report.lines[:-1]])
