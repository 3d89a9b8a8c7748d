"""Doing a stage of the trace: one call of a real function, and on paper everything that it wrote.

The gradient of `y` is `dy`. So an array whose name begins with d, or that lies in `dw`, is a
gradient, and beside each of these stands one finite difference.
"""

import inspect
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npvae.trace.differences import Losses, Nudge, numeric_gradient
from npvae.trace.layout import INDENT, WIDTH, block, decimal, side_by_side, significant

BOLD, YELLOW, GREEN = "1", "33", "32"
CHECKS = f"{'One entry of each gradient':40}    by hand    by finite difference"


@dataclass(frozen=True)
class Stage:
    """The description of a stage. Arrays have the names of `Start.arrays`."""

    part: str
    text: str
    equations: str = ""
    writes: Sequence[str] = ()  # every array that it may change
    shows: Sequence[str] | None = None  # those that are printed, if not all
    returns: str = ""  # names of the numbers that the function returns
    # The loss that an owner's gradients belong to, where that is not the whole loss.
    of: Mapping[str, str] = field(default_factory=dict)
    # Names that arrays go by from now on, where memory is used again.
    called: Mapping[str, str] = field(default_factory=dict)
    inside: Callable | None = None  # the function of which this stage is a part


def each(owners: str, fields: str) -> list[str]:
    """Return the names of all these fields of all these owners: "a b", "z" gives a.z and b.z."""
    return [f"{owner}.{name}" for name in fields.split() for owner in owners.split()]


class Trace:
    """Calls functions one after another, and prints what each of them changed."""

    def __init__(self, arrays: Mapping[str, np.ndarray], part: str | None, colour: bool):
        """Watch these arrays, and print the stages of one part only, or of all."""
        self.arrays = arrays
        self.part = part
        self.colour = colour
        self.losses: Callable[[Nudge], Losses] | None = None  # whose gradients are being computed
        self.count = 0

    def stage(self, stage: Stage, function: Callable, *args: Any, **options: Any) -> Any:
        """Call the function, tell what it did, and return what it returned.

        Raises AssertionError if it changed an array that the stage does not name.
        """
        before = {name: array.tobytes() for name, array in self.arrays.items()}
        result = function(*args, **options)
        changed = {name for name, old in before.items() if self.arrays[name].tobytes() != old}
        if surprises := changed.difference(stage.writes):
            raise AssertionError(f"{function.__name__} changed {', '.join(sorted(surprises))}")
        if self.begin(stage, function):
            self.written(stage, changed)
            self.returned(stage, result)
            self.checks(stage, changed)
        return result

    def begin(self, stage: Stage, function: Callable) -> bool:
        """Number a stage, print its head and its words, and return whether it is to be shown."""
        self.count += 1
        if self.part not in (None, stage.part):
            return False
        left, function = f"{self.count}. {stage.part} ", stage.inside or function
        right = f" {function.__module__.replace('.', '/')}.py::{function.__name__}"
        if stage.inside:
            right = " a part of" + right
        print("\n\n" + self.paint(left + right.rjust(WIDTH - len(left), "-"), BOLD))
        print(textwrap.indent(inspect.cleandoc(stage.text), INDENT))
        if stage.equations:
            equations = textwrap.indent(inspect.cleandoc(stage.equations), 2 * INDENT)
            print("\n" + self.paint(equations, YELLOW))
        return True

    def written(self, stage: Stage, changed: set[str]) -> None:
        """Print the arrays that a stage changed; name those that it wrote without a change."""
        shown = [name for name in stage.shows or stage.writes if name in changed]
        called = {name: f"{stage.called[name]} in {name}" for name in stage.called}
        self.show({called.get(name, name): self.arrays[name] for name in shown})
        if same := [name for name in stage.writes if name not in changed]:
            self.say(f"Written, with the same numbers as before: {', '.join(same)}")
        if others := len(changed) - len(shown):
            self.say(f"Written, but not shown again: {others} other arrays")

    def show(self, arrays: Mapping[str, np.ndarray], places: int = 4) -> None:
        """Print arrays side by side, with so many decimals."""
        for line in side_by_side([block(name, a, places) for name, a in arrays.items()]):
            print(line)

    def say(self, text: str) -> None:
        """Print a paragraph."""
        print("\n" + textwrap.fill(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT))

    def returned(self, stage: Stage, result: Any) -> None:
        """Print the numbers that a stage returned."""
        if stage.returns:
            numbers = result if isinstance(result, tuple) else (result,)
            pairs = zip(stage.returns.split(), numbers, strict=True)
            self.say("Returned: " + ", ".join(f"{name} = {decimal(x)}" for name, x in pairs))

    def checks(self, stage: Stage, changed: set[str]) -> None:
        """Print for each gradient its largest entry, and the finite difference for that entry."""
        shown = [name for name in stage.shows or stage.writes if name in changed]
        variables = {name: variable(name, stage.called.get(name)) for name in shown}
        if any(variables.values()):
            self.say(CHECKS)
        for name, y in variables.items():
            if y is not None:
                loss = stage.of.get(y.split(".")[0], "loss")
                print(INDENT + self.paint(self.check(self.arrays[name], y, loss), GREEN))

    def check(self, gradient: np.ndarray, y: str, loss: str) -> str:
        """Return the line about the largest entry of the gradient for y."""
        largest = np.abs(gradient).round(6).argmax()  # rounded, so that all processors agree
        place = tuple(int(n) for n in np.unravel_index(largest, gradient.shape))
        by_hand, numeric = gradient[place], numeric_gradient(self.losses, loss, y, place)
        entry = f"d {loss} / d {y}[{', '.join(map(str, place))}]"
        line = f"{entry:40}{significant(by_hand):>11}    {significant(numeric):>20}"
        if math.isclose(by_hand, numeric, rel_tol=1e-4, abs_tol=1e-7):
            return line
        return line + "  (a ReLU flips here)"

    def paint(self, text: str, colour: str) -> str:
        """Colour a text, on a terminal."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour else text


def variable(name: str, called: str | None = None) -> str | None:
    """Return what an array is the gradient for, or None if it is not a gradient.

    That is act.mu for act.dmu, vae.w.W1 for vae.dw.W1, and mixed.dz for what is called ddz.
    """
    owner, field = name.rsplit(".", 1)
    if owner.endswith(".dw"):
        return f"{owner.removesuffix('dw')}w.{field}"
    field = called or field
    return f"{owner}.{field[1:]}" if field.startswith("d") else None
