"""The exercises as tests: `pytest course -k penalty`. A failure shows a hint, no traceback."""

import pytest

from course.exercises import EXERCISES
from course.grading.report import DONE, grade


@pytest.mark.parametrize("name", EXERCISES)
def test_exercise(name):
    """Passes if the exercise is done; otherwise says what to do."""
    report = grade(name)
    if report.status != DONE:
        pytest.fail(f"{report.status}: {report.lines[0]}", pytrace=False)
