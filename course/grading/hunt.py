"""Runs a test that a student wrote, on right code and on faulty code."""

import contextlib
from collections.abc import Callable, Mapping

import numpy as np

from course.grading.attempt import Attempt, Cut, NotYet, Wrong, explained, watched

RUNS = 10  # of code with a fault
RIGHT_RUNS = 40  # a test that rejects right code once in 20 runs is noticed with 87 %


def hunt(attempt: Attempt, right: Callable, suspect: Callable, relatives: Mapping[str, Callable]):
    """Raise NotYet or Wrong unless my_test passes on right code and fails on all faulty code."""
    my_test = attempt.function("my_test")
    right, suspect, *faulty = (_nameless(f) for f in (right, suspect, *relatives.values()))
    failures = [f for k in range(RIGHT_RUNS) if (f := _run(my_test, right, quiet=k > 0))]
    if len(failures) == RIGHT_RUNS:
        raise attempt.wrong("right code rejected", "my_test", failures[0])
    if failures:
        raise attempt.wrong("luck", "my_test")
    if _run(my_test, _nameless(lambda *a, **k: _rounded(right(*a, **k)))) is not None:
        raise attempt.wrong("exact comparison", "my_test")
    if any(_run(my_test, suspect) is None for _ in range(RUNS)):
        raise attempt.wrong("nothing found", "my_test")
    for what, relative in zip(relatives, faulty, strict=True):
        if any(_run(my_test, relative) is None for _ in range(RUNS)):
            raise attempt.wrong("overfitted", "my_test", f"it passes although {what}. ")


def _nameless(function):
    """Return the same function, without a name or a source that would tell which one it is."""
    return lambda *args, **kwargs: function(*args, **kwargs)


def _rounded(results):
    """Return results that differ by rounding, as those of other right code do."""
    if isinstance(results, tuple):
        return tuple(map(_rounded, results))
    return results * (1 + 4e-16)


def _run(my_test, function, quiet=True):
    """Return None if the test passes, and where it failed if it fails by an assertion."""
    try:
        with (
            watched(),
            np.errstate(all="ignore"),
            contextlib.redirect_stdout(Cut(None, 0)) if quiet else contextlib.nullcontext(),
        ):
            my_test(function)
    except NotImplementedError:
        raise NotYet("my_test") from None
    except AssertionError as error:
        return f"{explained(error, my_test, 'my_test').text} "
    except (KeyboardInterrupt, Wrong):
        raise
    except BaseException as error:
        raise explained(error, my_test, "my_test(function)") from None
    return None
