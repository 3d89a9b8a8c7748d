"""Runs a test that a student wrote, on right code and on faulty code."""

import contextlib
import io
from collections.abc import Callable, Mapping

import numpy as np

from course.grading.attempt import Attempt, NotYet, Wrong, explained

HINTS = {
    "the suspect was changed": (
        "the faulty function in the file was changed. Put it back: the test is what you should "
        "write."
    ),
    "right code rejected": "my_test fails on right code{line}",
    "luck": "my_test rejects right code in some runs and not in others. It depends on luck.",
    "exact comparison": (
        "my_test fails on right code that rounds differently, in the 16th digit. Allow for that: "
        "np.allclose does."
    ),
    "nothing found": (
        "my_test passes on the code with the fault. Does it call the function, with numbers for "
        "which the fault shows, and does it `assert`?"
    ),
    "overfitted": (
        "my_test catches the fault in the file, but not its relative: {relative}. Ask what is "
        "right, not what this one fault gives."
    ),
}
RUNS = 10


def hunt(attempt: Attempt, right: Callable, suspect: Callable, relatives: Mapping[str, Callable]):
    """Raise NotYet or Wrong unless my_test passes on right code and fails on all the faulty "
    "code.
    """
    my_test = attempt.function("my_test")
    right, suspect, *faulty = (_nameless(f) for f in (right, suspect, *relatives.values()))
    outcomes = [_run(my_test, right, quiet=k > 0) for k in range(RUNS)]
    failures = [failure for failure in outcomes if failure is not None]
    if len(failures) == RUNS:
        raise Wrong("right code rejected", HINTS["right code rejected"].format(line=failures[0]))
    if failures:
        raise Wrong("luck", HINTS["luck"])
    if _run(my_test, _nameless(lambda *a, **k: _rounded(right(*a, **k)))) is not None:
        raise Wrong("exact comparison", HINTS["exact comparison"])
    if any(_run(my_test, suspect) is None for _ in range(RUNS)):
        raise Wrong("nothing found", HINTS["nothing found"])
    for what, relative in zip(relatives, faulty, strict=True):
        if any(_run(my_test, relative) is None for _ in range(RUNS)):
            raise Wrong("overfitted", HINTS["overfitted"].format(relative=what))


def _nameless(function):
    """Return the same function, without a name or a source that would tell which one it is."""

    def handed_over(*args, **kwargs):
        return function(*args, **kwargs)

    return handed_over


def _rounded(results):
    """Return results that differ by rounding, as those of other right code do."""
    if isinstance(results, tuple):
        return tuple(map(_rounded, results))
    return results * (1 + 4e-16)


def _run(my_test, function, quiet=True):
    """Return None if the test passes, and where it failed if it fails by an assertion."""
    try:
        with (
            np.errstate(all="ignore"),
            contextlib.redirect_stdout(io.StringIO()) if quiet else contextlib.nullcontext(),
        ):
            my_test(function)
    except NotImplementedError:
        raise NotYet("my_test") from None
    except AssertionError as error:
        return f". {explained(error, my_test, 'my_test').text}"
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise explained(error, my_test, "my_test(function)") from None
    return None
