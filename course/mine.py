"""The functions of a learner's exercises, to be put into the step in place of npvae's."""

import ast
import copy
import functools
import importlib
import inspect
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from npvae import plain
from npvae.errors import UserError


def load_mine() -> tuple[dict[str, Callable], list[str]]:
    """Return the learner's functions by name, and the names of those that are still to be written.

    Raises UserError for a file that cannot be imported or has lost a function.
    """
    from course.exercises import FUNCTIONS

    mine, to_do = {}, []
    for file, names in FUNCTIONS.items():
        try:
            module = importlib.import_module(f"course.exercises.{file}")
        except Exception as error:
            raise UserError(f"course/exercises/{file}.py cannot be read: {_told(error)}") from error
        for name in names:
            function = getattr(module, name, None)
            if not inspect.isfunction(function):
                raise UserError(f"course/exercises/{file}.py has no function {name} any more")
            if is_stub(function):
                to_do.append(name)
            else:
                mine[name] = checked(name, function)
    return mine, to_do


def is_stub(function: Callable) -> bool:
    """Tell whether the body, its docstring left out, is a single `raise`."""
    body = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0].body
    return isinstance(body[-1], ast.Raise) and len(body) <= 2


def checked(name: str, function: Callable) -> Callable:
    """Return the function with one check: its results have the shapes of those of npvae's.

    What it raises, and a wrong shape, become a UserError that says where.
    """

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        where = f"your {name} in {Path(inspect.getsourcefile(function)).name}"
        right = _shapes(getattr(plain, name)(*copy.deepcopy(arguments), **copy.deepcopy(named)))
        try:
            result = function(*arguments, **named)
        except UserError:
            raise
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            file, first = function.__code__.co_filename, function.__code__.co_firstlineno
            lines = [first, *(frame.lineno for frame in frames if frame.filename == file)]
            raise UserError(f"{where} fails in line {lines[-1]}: {_told(error)}") from error
        if (shapes := _shapes(result)) != right:
            raise UserError(f"{where} returns {shapes}; it should be {right}")
        return result

    return call


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _shapes(result: Any) -> str:
    """Return what a function returned, as text: a number, or shapes of arrays."""
    if isinstance(result, (tuple, list)):
        return ", ".join(map(_shapes, result))
    if not isinstance(result, (int, float, np.ndarray, np.generic)):
        return type(result).__name__
    return f"an array {np.shape(result)}" if np.ndim(result) else "a number"
