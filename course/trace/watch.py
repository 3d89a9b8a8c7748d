"""Watch npvae/plain.py while it runs, and see which line makes which array.

Python calls us before each line (sys.settrace). We look which local variables hold an array that
was not there before: the line that has just run made it. Two names for one array are one array, so
objects are compared and not names.
"""

import copy
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType, ModuleType
from typing import Any, NamedTuple

import numpy as np

# Functions of one line, and adam: what they make is shown where they are called.
SHORT = {
    *("dense_forward", "dense_backward", "relu_forward", "relu_backward", "sample"),
    *("sample_backward", "input_gradient", "row_norms", "penalty", "adam"),
}

# What dense_forward makes first, and what next, in functions that give it no name.
UNNAMED = {
    "encode": ("a_enc",),
    "decode": ("a_dec",),
    "hidden_layers": ("a1", "a2"),
    "score": ("units",),
}

# What `return` makes.
CRITIC_GRADIENTS = ("dW1", "db1", "dW2", "db2", "dW3", "db3")
RESULTS = {
    "bce": ("BCE", "dlogits"),
    "kl": ("KL", "dmu", "dlogvar"),
    "mix": ("mixed",),
    "score": ("score",),
    "score_gradients": CRITIC_GRADIENTS,
    "first_pass": ("dz", "da1", "da2", "dunits", "h1", "h2"),
    "norm_backward": ("ddz",),
    "second_pass": CRITIC_GRADIENTS[::2],
    "critic_loss": ("loss", "distance", "P", "slope"),
    "adam": ("theta", "m", "v"),
    "kl_step": ("loss",),
    "ws_step": ("loss", "BCE", "mean distance", "mean P", "mean slope"),
}


@dataclass(eq=False)
class Call:
    """One call of a function."""

    function: str
    frame: FrameType
    caller: "Call | None"
    called_from: int  # the caller's line
    arguments: dict[str, Any]  # copies
    alias: str  # the first argument's name in the caller
    line: int = 0  # that runs now
    short: list[tuple[int, str, CodeType]] = field(default_factory=list)  # by line, what it called

    def stack(self) -> list["Call"]:
        """Return the calls from the step down to this one."""
        return [*(self.caller.stack() if self.caller else []), self]


class Made(NamedTuple):
    """An array, and the line that made it."""

    call: Call
    line: int
    name: str
    array: np.ndarray  # a copy
    is_new: bool  # or an old array has a new name
    again: bool  # the line is one that a loop of the step repeats


def arrays(variables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the arrays and decimal numbers among variables, and those in their lists and dicts."""
    for name, value in list(variables.items()):
        found = {name: value}
        if isinstance(value, dict):
            found = {f'{name}["{key}"]': entry for key, entry in value.items()}
        elif isinstance(value, (list, tuple)):
            found = {f"{name}[{n}]": entry for n, entry in enumerate(value)}
        for full_name, array in found.items():
            if isinstance(array, (np.ndarray, float)) and name != "_":
                yield full_name, array


class Watch:
    """Runs functions of plain and keeps what their lines make."""

    def __init__(self, plain: ModuleType, short: set[str] = SHORT, nudge: tuple = ("", 1, 0, 0.0)):
        """Watch all functions of a module, but do not look into those of `short`.

        `nudge` is ("function.name", n, place, h): h is added to one entry of this array at the
        moment when it is made for the n-th time.
        """
        functions = inspect.getmembers(plain, inspect.isfunction)
        self.names = {id(inspect.unwrap(f).__code__): name for name, f in functions}
        self.short = short
        self.nudge, self.met = nudge, 0  # how often its array has been made
        self.made: list[Made] = []
        self.functions: dict[str, None] = {}  # all that have run
        self.calls: list[Call] = []  # that run now
        self.known: dict[int, Any] = {}  # arrays by id; kept, so that no id is used again
        self.bound: set[tuple[Call, str, int]] = set()  # names of arrays, by call
        self.step_lines, self.again = set(), False

    def run(self, function: Callable, *arguments: Any) -> Any:
        """Call the function and return what it returns."""
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return function(*arguments)
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, _: Any) -> Callable | None:
        name, caller = self.names.get(id(frame.f_code)), self.calls[-1] if self.calls else None
        if name is None:
            return None
        self.functions[name] = None
        line = caller.frame.f_lineno if caller else 0
        if name in self.short and caller:
            caller.short.append((line, name, frame.f_code))
            return self._leave_dense if name == "dense_forward" else None
        inputs = dict(frame.f_locals)
        first, theirs = next(iter(inputs)), arrays(caller.frame.f_locals) if caller else ()
        alias = {id(array): n for n, array in theirs}.get(id(inputs[first]), first)
        call = Call(name, frame, caller, line, copy.deepcopy(inputs), alias)
        self.bound |= {(call, n, id(array)) for n, array in arrays(inputs)}
        if not caller:  # what the step starts from, with Adam's moments
            moments = [m for x in inputs.values() if isinstance(x, dict) for m in x.values()]
            self.known = {id(y): y for _, y in arrays(inputs | dict(enumerate(moments)))}
        self.calls.append(call)
        self._look(inputs)
        return self._inside

    def _leave_dense(self, _: FrameType, event: str, result: Any) -> Callable:
        call = self.calls[-1]
        if event == "return" and result is not None:
            n = sum(name == "dense_forward" for _, name, _ in call.short)
            for name in UNNAMED.get(call.function, ())[n - 1 : n]:
                self._keep(call.frame.f_lineno, name, result)
        return self._leave_dense

    def _inside(self, frame: FrameType, event: str, result: Any) -> Callable:
        """Look what the last line has made, before the next one and at the end."""
        call = self.calls[-1]
        self._look(frame.f_locals)
        if event == "line":
            call.line = frame.f_lineno
            if not call.caller:
                self.again = call.line in self.step_lines
                self.step_lines.add(call.line)
        elif event == "return":
            results = result if isinstance(result, tuple) else (result,)
            self._look(dict(zip(RESULTS.get(call.function, ()), results, strict=False)))
            self.calls.pop()
        return self._inside

    def _look(self, variables: dict[str, Any]) -> None:
        for name, array in arrays(variables):
            if (self.calls[-1], name, id(array)) not in self.bound or id(array) not in self.known:
                self._keep(self.calls[-1].line, name, array)

    def _keep(self, line: int, name: str, array: Any) -> None:
        call, is_new = self.calls[-1], id(array) not in self.known
        self.known[id(array)] = array
        self.bound.add((call, name, id(array)))
        self.made.append(Made(call, line, name, np.array(array), is_new, self.again))
        target, n, place, h = self.nudge
        if is_new and target == f"{call.function}.{name}":
            self.met += 1
            if self.met == n:
                array[place] += h
