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

# What `return` makes.
RESULTS = {
    "bce": ("BCE", "dlogits"),
    "kl": ("KL", "dmu", "dlogvar"),
    "mix": ("mixed",),
    "score": ("score",),
    "norm_backward": ("ddz",),
    "critic_loss": ("loss", "distance", "P", "slope"),
    "adam": ("theta", "m", "v"),
    "kl_step": ("loss",),
    "ws_step": ("loss", "BCE", "mean distance", "mean P", "mean slope"),
}

# Where arrays are made whose gradients are measured. Images and weights are there from the start.
MADE_IN = {
    "encode": ("a_enc", "h_enc", "stats", "mu", "logvar"),
    "decode": ("a_dec", "h_dec", "logits"),
    **dict.fromkeys(("kl_step", "ws_step"), ("z",)),
    "hidden_layers": ("a1", "h1", "a2", "h2"),
    "score": ("units", "score"),
    "first_pass": ("dz", "da1", "da2"),
}
UNNAMED = ("a_enc", "a_dec", "a1", "a2", "units")  # what dense_forward makes for another function
WEIGHTS, UP = ("W1", "b1", "W2", "b2", "W3", "b3"), ("units", "h2", "a2", "h1", "a1")
SCORES, WEIGHTED, VIA_Z = "sum of score", "sum of dscore * score", "loss via z"


def _pairs(loss: str, *arrays: str) -> dict[str, tuple[str, str]]:
    return {f"d{y}": (y, loss) for y in arrays}


# By function, for each gradient: the array that it belongs to, and the loss, or a part of it.
# dda1 and dda2 are those of the products in da1 and da2, before the gate. They can be measured
# behind it: the gate of the largest entry is open.
GRADIENTS = {
    "bce": _pairs("BCE", "logits"),
    "kl": _pairs("KL", "mu", "logvar"),
    "kl_step": {"pull[1]": ("mu", "beta * KL"), "pull[2]": ("logvar", "beta * KL")},
    "ws_step": _pairs("-weight * mean score", "z"),
    "vae_backward": _pairs("loss", *WEIGHTS, "W4", "b4", *MADE_IN["decode"], *MADE_IN["encode"])
    | {"dz_dec": ("z", "BCE"), "dz": ("z", VIA_Z)}
    | {"dmu_z": ("mu", VIA_Z), "dlogvar_z": ("logvar", VIA_Z)},
    "first_pass": _pairs(SCORES, *UP, "z"),
    "score_gradients": _pairs(WEIGHTED, "score", *UP, *WEIGHTS),
    "norm_backward": _pairs("P", "dz"),
    "second_pass": _pairs("P", "da1", "da2", "W1", "W2", "W3"),
    "critic_loss": _pairs("P", "W1", "W2", "W3")
    | _pairs("loss", "score")
    | {f"grads[{n}]": (y, "loss") for n, y in enumerate(WEIGHTS)},
}


@dataclass(eq=False)
class Call:
    """One call of a function."""

    function: str
    code: CodeType
    callers: list["Call"]  # from the step down
    called_from: int  # the last caller's line
    arguments: dict[str, Any]  # copies
    unnamed: Iterator[str]
    line: int = 0  # that runs now
    short: dict[int, dict[str, CodeType]] = field(default_factory=dict)  # by line, what it called


class Made(NamedTuple):
    """An array, and the line that made it; line 0 for what a function is called with."""

    call: Call
    line: int
    name: str
    array: np.ndarray  # a copy


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
    """Runs functions of plain, and keeps what their lines make; does not look into `short` ones.

    `nudge` is (y, n, place, h): h is added to one entry of the array y of MADE_IN as soon as it is
    made for the n-th time.
    """

    def __init__(self, plain: ModuleType, short: set[str] = SHORT, nudge: tuple = ("", 0, 0, 0.0)):
        """Begin with nothing known."""
        functions = inspect.getmembers(plain, inspect.isfunction)
        self.names = {id(inspect.unwrap(f).__code__): name for name, f in functions}
        self.short, self.file = short, plain.__file__
        self.nudge, self.met = nudge, 0  # how often its array has been made
        self.made: list[Made] = []
        self.functions: dict[str, None] = {}  # all that have run
        self.calls: list[Call] = []  # that run now
        self.known: dict = {}  # arrays by id, and by id and name; kept, so that ids stay theirs

    def run(self, function: Callable, *arguments: Any, **named: Any) -> Any:
        """Call the function and return what it returns."""
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return function(*arguments, **named)
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, _: Any) -> Callable | None:
        if not (name := self.names.get(id(frame.f_code))):
            return None
        self.functions[name] = None
        line = self.calls[-1].line if self.calls else 0
        if name in self.short:
            self.calls[-1].short.setdefault(line, {})[name] = frame.f_code
            return self._leave_dense if name == "dense_forward" else None
        inputs, given = dict(frame.f_locals), copy.deepcopy(dict(frame.f_locals))
        is_own = frame.f_code.co_filename != self.file  # a learner's: it may call others first
        unnamed = (y for y in MADE_IN.get(name, ()) if y in UNNAMED and not is_own)
        self.calls.append(Call(name, frame.f_code, self.calls[:], line, given, unnamed))
        self.known |= {(id(y), n): y for n, y in arrays(inputs) if id(y) in self.known}
        self._look(inputs)
        return self._inside

    def _leave_dense(self, _: FrameType, event: str, result: Any) -> Callable:
        if isinstance(result, np.ndarray) and (name := next(self.calls[-1].unnamed, "")):
            self._keep(name, result)
        return self._leave_dense

    def _inside(self, frame: FrameType, event: str, result: Any) -> Callable:
        """Look what the last line has made, before the next one and at the end."""
        call = self.calls[-1]
        self._look(frame.f_locals)
        if event == "line":
            call.line = frame.f_lineno
        elif event == "return":
            results = result if isinstance(result, tuple) else (result,)
            self._look(dict(zip(RESULTS.get(call.function, ()), results, strict=False)))
            self.calls.pop()
        return self._inside

    def _look(self, variables: dict[str, Any]) -> None:
        """Keep arrays that are new, and old ones that now are a gradient by another name."""
        for name, array in arrays(variables):
            is_gradient = name in GRADIENTS.get(self.calls[-1].function, {})
            if (id(array), name) not in self.known if is_gradient else id(array) not in self.known:
                self._keep(name, array)

    def _keep(self, name: str, array: Any) -> None:
        call = self.calls[-1]
        self.known |= {id(array): array, (id(array), name): array}
        self.made.append(Made(call, call.line, name, np.array(array)))
        y, n, place, h = self.nudge
        if name == y and y in MADE_IN.get(call.function, ()):
            self.met += 1
            if self.met == n:
                array[place] += h
