"""Calls of a student's functions. Whatever they do, it becomes one friendly line.

A call hands over copies of the arguments. It looks at the result (a missing return, wrong types,
shapes, NaN), at the arguments (changed in place?), at a second call (the same result?), and at a
third one after unrelated calls (still the same?).
"""

import contextlib
import copy
import faulthandler
import inspect
import io
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO

import numpy as np

from course.grading.hints import mistakes

SEED = 0  # another one gives other numbers
SECONDS = 0.0  # what a call may take, or 0 for no limit; a process that grades one file sets both


def numbers(seed: int, *shapes: tuple[int, ...] | int) -> list[np.ndarray]:
    """Draw arrays of standard normal numbers: arguments for the functions that are graded."""
    rng = np.random.default_rng([seed, SEED] if SEED else seed)
    return [rng.standard_normal(shape) for shape in shapes]


Arguments = Mapping[str, object]
Shapes = Mapping[str, tuple]  # of results, by their names; () is a number
UNWRITTEN = 1.23456789e300  # what no function computes


class NotYet(Exception):
    """A function still raises NotImplementedError."""


class Wrong(Exception):
    """An answer is wrong. `key` names the mistake in a few words, `text` explains it."""

    def __init__(self, key: str, text: str):
        super().__init__(text)
        self.key, self.text = key, text


class Cut(io.TextIOBase):
    """Passes on the first characters that are written, so many as are `left`."""

    def __init__(self, stream: IO[str] | None, left: int):
        self.stream, self.left = stream, left

    def write(self, text: str) -> int:
        """Write what there is room for."""
        if self.left > 0:
            self.stream.write(text[: self.left] + (" ... (cut)" if len(text) > self.left else ""))
            self.left -= len(text)
        return len(text)


def general(key: str, **fields: object) -> Wrong:
    """Return a mistake that any exercise can have; `fields` are put into its words."""
    return Wrong(key, mistakes("In every exercise")[key].format(**fields))


class Attempt:
    """A student's functions, here the attributes of a module, and which of them were called.

    `words` tells of each mistake in this exercise what it is.
    """

    def __init__(self, exercise: str, module: object):
        self.module, self.words = module, mistakes(exercise)
        self.called = {}  # names, in order, and with what; the next is called if the last was right

    def function(self, name: str) -> Callable:
        """Return the student's function. Raises Wrong if there is none."""
        found = getattr(self.module, name, None)
        if not callable(found):
            raise general("no function", name=name)
        return found

    def wrong(self, key: str, result: str, said: str = "") -> Wrong:
        """Return the known mistake of this name in one of the results."""
        return Wrong(key, f"{result}: {said}{self.words[key]}")

    def number(
        self, name: str, arguments: Arguments, weights: object = 1.0, results: int = 1
    ) -> Callable[[], float]:
        """Return a loss for finite differences: the sum of weights * the first result of a call."""

        def loss():
            with contextlib.redirect_stdout(Cut(None, 0)):
                value = self.flat(self._run(name, copy.deepcopy(dict(arguments))), results)[0]
            return float(np.sum(weights * np.asarray(value)))

        return loss

    def call(self, name: str, arguments: Arguments, results: Shapes) -> dict[str, np.ndarray]:
        """Call a function; return its results as float64 arrays by their names.

        `results` maps the names to the expected shapes; () is a number. Raises NotYet and Wrong.
        """
        given = copy.deepcopy(dict(arguments))
        answers = _results(name, self._run(name, given), results)
        for label, before in arguments.items():
            if isinstance(before, np.ndarray) and not _same(before, given[label]):
                raise general("argument changed", name=name, label=label)
        self.called[name] = arguments, results
        for key in ("different answers", "kept from another call"):
            if key == "kept from another call":
                self._unrelated_calls()
            again = self.quiet(name, arguments, results)
            if not all(_same(answers[label], again[label]) for label in results):
                raise general(key, name=name, called=", ".join(self.called))
        return answers

    def quiet(
        self, name: str, arguments: Arguments, results: Shapes, overflow: str = "ignore"
    ) -> dict[str, np.ndarray]:
        """Call a function as `call` does, for the results only, and without what it prints.

        With overflow="raise", a number that becomes infinite on the way is an exception.
        """
        with contextlib.redirect_stdout(Cut(None, 0)):
            value = self._run(name, copy.deepcopy(dict(arguments)), overflow)
        return _results(name, value, results)

    def stable(
        self, name: str, arguments: Arguments, results: Shapes, key: str
    ) -> dict[str, np.ndarray]:
        """Call a function as `quiet` does; results that are not finite are the mistake `key`."""
        try:
            return self.quiet(name, arguments, results)
        except Wrong as wrong:
            if wrong.key == "not finite":
                raise self.wrong(key, name) from None
            raise Wrong(wrong.key, f"{name}: {wrong.text}") from None

    @staticmethod
    def flat(value: object, count: int) -> Sequence:
        """Return `count` results; those of a list at the end, as of critic_loss, one by one."""
        if count == 1:
            return [value]
        nested = isinstance(value, tuple | list) and value and isinstance(value[-1], tuple | list)
        return (*value[:-1], *value[-1]) if nested and len(value) != count else value

    def _unrelated_calls(self):
        """Call all functions called so far, with other numbers."""
        for name, (arguments, results) in self.called.items():
            others = {
                label: 1 - value[::-1] if isinstance(value, np.ndarray) else value
                for label, value in arguments.items()
            }
            with contextlib.suppress(Wrong):
                self.quiet(name, others, results)

    def _run(self, name, arguments, overflow="ignore"):
        function = self.function(name)
        with watched(), np.errstate(all="ignore", over=overflow), _empty_arrays_marked():
            try:
                return function(*arguments.values())
            except NotImplementedError:
                raise NotYet(name) from None
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # also SystemExit and pytest's own, from student code
                raise explained(error, function, f"{name}({', '.join(arguments)})") from None


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Run code that students wrote: after SECONDS the process ends, and NumPy stays as it is."""
    spaces = [vars(space) for space in (np, np.linalg, np.random)]
    before = [dict(space) for space in spaces]
    if SECONDS:
        faulthandler.dump_traceback_later(SECONDS, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        if SECONDS:
            faulthandler.cancel_dump_traceback_later()
        for space, old in zip(spaces, before, strict=True):
            changed = [name for name, value in old.items() if space.get(name) is not value]
            space.update(old)
            if changed:
                raise general("numpy changed", name=changed[0])


def explained(error: BaseException, function: Callable, call: str) -> Wrong:
    """Return what a student should read about an exception of their code."""
    try:
        message = (str(error).strip() or "no message").splitlines()[0][:200]
    except Exception:
        message = "an exception that cannot be printed"
    what = f"{type(error).__name__}: {message}"
    file = getattr(getattr(inspect.unwrap(function), "__code__", None), "co_filename", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    if not frames:
        return Wrong("exception", f"The grader calls {call}, and that fails. {what}")
    line = f"Line {frames[-1].lineno}, `{frames[-1].line}`, fails. {what}"
    if isinstance(error, ValueError) and any(
        word in message for word in ("matmul", "aligned", "broadcast", "core dimension")
    ):
        line += ". Write the shapes beside this line. "
        line += (
            "Does a row or a column still need its second axis (keepdims=True keeps it)?"
            if "broadcast" in message
            else "Which transpose, or which order of the factors, puts equal sizes side by side?"
        )
        return Wrong("shapes do not fit", line)
    return Wrong("exception", line)


@contextlib.contextmanager
def _empty_arrays_marked():
    """Fill what np.empty and np.empty_like return, so that a number never written is noticed."""
    makers = np.empty, np.empty_like

    def marked(make):
        def empty(*args, **kwargs):
            array = make(*args, **kwargs)
            if array.dtype == np.float64:
                array.fill(UNWRITTEN)
            return array

        return empty

    np.empty, np.empty_like = map(marked, makers)
    try:
        yield
    finally:
        np.empty, np.empty_like = makers


def _same(a, b):
    return np.array_equal(a, b, equal_nan=True)


def _results(name, value, shapes):
    """Return a function's results by name, as float64 arrays, or raise Wrong."""
    labels, values = list(shapes), Attempt.flat(value, len(shapes))
    if value is None:
        raise general("nothing returned", name=name)
    if not (isinstance(values, tuple | list) and len(values) == len(labels)):
        raise general("wrong number of results", name=name, labels=", ".join(labels), n=len(labels))
    try:
        found, expected = [np.shape(v) for v in values], list(shapes.values())
    except Exception:  # such as [[1], [2, 3]]; _array says what it is
        found = expected = []
    if found != expected and sorted(found) == sorted(expected):
        label, shape = next((k, f) for k, f in zip(labels, found, strict=True) if f != shapes[k])
        other = next(k for k in labels if shapes[k] == shape)
        raise general("exchanged", label=label, other=other)
    return {label: _array(name, label, v, shapes) for label, v in zip(labels, values, strict=True)}


def _array(name, label, value, shapes):
    try:
        array = np.array(value)
    except Exception:
        array = np.array(None)
    if array.dtype.kind not in "fiu":
        kind = f"{array.dtype} array" if isinstance(value, np.ndarray) else type(value).__name__
        raise general("not numbers", name=name, label=label, kind=kind)
    if array.shape != shapes[label]:
        raise _wrong_shape(name, label, array.shape, shapes)
    faults = {
        "precision lost": array.dtype.kind == "f" and array.dtype.itemsize < 8,
        "not finite": not np.isfinite(array).all(),
        "never written": np.any(array == UNWRITTEN),
        "whole numbers": array.dtype.kind != "f",
    }
    for key in [key for key, is_there in faults.items() if is_there]:
        raise general(key, name=name, label=label, kind=array.dtype)
    return array.astype(np.float64)


def _wrong_shape(name, label, found, shapes):
    shape = shapes[label]
    others = [other for other, s in shapes.items() if s == found]
    fields = {"name": name, "label": label, "found": found}
    fields["expected"] = f"of shape {shape}" if shape else "one number"
    if len(shape) == 2 and found == shape[::-1]:
        return general("transposed", **fields)
    if others:
        question = f"That is the shape of {others[0]}. Are the results in the right order?"
    elif len(found) == len(shape) == 1:
        question = "Was a sum or a mean taken over the other axis?"
    elif len(found) < len(shape):
        question = "Was a sum or a mean taken that the question does not have?"
    elif len(found) > len(shape):
        question = "Is there a sum or a mean still to take, and over which axis?"
    else:
        question = "Write the shapes of the factors beside the line."
    return general("wrong shape", **fields, question=question)
