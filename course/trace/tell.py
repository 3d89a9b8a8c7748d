"""Tell a watched step: each line that made an array, the array, and its gradient measured.

The text must be the same on every processor, though the last bits of a sum may differ. So numbers
are enlarged by a millionth before they are rounded, and what is 0 but for rounding is shown as 0.
"""

import linecache
import os
import sys
import textwrap
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import CodeType, ModuleType

import numpy as np

from course.trace.gradients import gradient, measure, program
from course.trace.watch import Call, Made
from course.trace.words import AGAIN, WORDS

WIDTH, GAP = 100, "    "
AWAY, NOTHING = 1 + 1e-6, 1e-8
BOLD, YELLOW, GREEN, RED = "1", "33", "32", "31"


def decimal(x: float, places: int = 4) -> str:
    """Return x with so many decimals; 0 and rounding errors of 0 without any."""
    text = f"{x * AWAY:.{places}f}"
    return "0" if abs(x) < NOTHING else text if float(text) else text.lstrip("-")


def significant(x: float) -> str:
    """Return x with four significant digits; 0 and rounding errors of 0 as 0."""
    return "0" if abs(x) < NOTHING else f"{x * AWAY:.4g}"


def block(name: str, array: np.ndarray, places: int = 4) -> list[str]:
    """Return the lines of an array, all of the same width: its name and shape, then its rows."""
    if array.ndim == 0:
        return [f"{name} = {decimal(float(array))}"]
    if array.ndim > 2:
        return [f"{name} {array.shape}, shown below in parts"]
    unit = 1e-6 if NOTHING < np.abs(array).max() < 1e-3 else 1.0
    cells = [[decimal(x / unit, places) for x in row] for row in np.atleast_2d(array)]
    # A lone 0 stands where the others have their last digit before the point.
    cells = [[c if "." in c else c.ljust(places + 2) for c in row] for row in cells]
    column = max(len(cell) for row in cells for cell in row)
    rows = [f"{name} {array.shape}" + (" in 1e-6" if unit < 1 else "")]
    rows += ["  ".join(cell.rjust(column) for cell in row) for row in cells]
    return [row.ljust(max(map(len, rows))) for row in rows]


def show(blocks: list[list[str]]) -> None:
    """Print arrays, as many beside each other as fit."""
    while blocks:
        fit = len(blocks)
        while fit > 1 and len(GAP + GAP.join(b[0] for b in blocks[:fit])) > WIDTH:
            fit -= 1
        row, blocks = blocks[:fit], blocks[fit:]
        print()
        for n in range(max(map(len, row))):
            lines = (b[n] if n < len(b) else " " * len(b[0]) for b in row)
            print((GAP + GAP.join(lines)).rstrip())


def say(text: str) -> None:
    """Print a paragraph."""
    text = " ".join(text.split())
    print(textwrap.fill(text, WIDTH, initial_indent=GAP, subsequent_indent=GAP))


def source(code: CodeType, line: int) -> str:
    """Return a line of a file, with its number."""
    return f"{line:3} {linecache.getline(code.co_filename, line).strip()}"


def title(function: str, code: CodeType) -> str:
    """Return the name of a function, and that of its file if it is not in plain.py."""
    file = Path(code.co_filename).name
    return function if file == "plain.py" else f"{function} in {file}"


def paint(text: str, colour: str) -> str:
    """Colour a text, on a terminal."""
    on = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return f"\x1b[{colour}m{text}\x1b[0m" if on else text


def rule(left: str, right: str = "") -> None:
    """Print a head line."""
    line = f" {right}" if right else ""
    print("\n\n" + paint(f"{left} {line.rjust(WIDTH - len(left) - 1, '-')}", BOLD))


@dataclass
class Teller:
    """Prints what has been made in a step, or in one part of it."""

    still: list[ModuleType]  # gradients are measured in the first of them that can do it
    critic: dict | None  # as it is after the step
    part: str | None
    headed: set[Call] = field(default_factory=set)
    explained: set[str] = field(default_factory=set)
    shown: set[tuple[str, str, bytes]] = field(default_factory=set)
    last: Call | None = None

    def tell(self, made: list[Made]) -> None:
        """Print the lines that made arrays, in the order in which they ran."""
        again = {m.name: m.array for m in made if m.again}
        # Left out: new names of old arrays, and Adam's moments in `update`.
        made = [
            m for m in made if gradient(m) or (m.is_new and not m.name.startswith(("m[", "v[")))
        ]
        for (call, line, is_again), group in groupby(made, lambda m: (m.call, m.line, m.again)):
            called = {name: code for at, name, code in call.short if at == line}
            if self.part not in (None, *called, *(c.function for c in call.stack())):
                continue
            if not is_again:
                self.tell_line(call, line, list(group), called)
            elif again and self.part not in called:
                losses = [f"{name} {decimal(again[name])}" for name in ("loss", "distance", "P")]
                print()
                say(AGAIN + ", ".join(losses) + ".")
                again, self.last = None, None

    def tell_line(self, call: Call, line: int, made: list[Made], called: dict) -> None:
        """Print a line of the file, the arrays that it made, and its gradients measured."""
        checks = [self.check(m) for m in made if gradient(m)]
        keys = {(call.function, m.name, m.array.tobytes()) for m in made}
        if not checks and keys <= self.shown:  # all computed once more
            if call not in self.headed and made[0].is_new:
                self.heading(call.caller)
                self.headed.add(call)
                print()
                say(f"{call.function} makes the same arrays as above.")
            return
        self.shown |= keys
        self.heading(call)
        if line:
            print("\n" + paint(source(call.frame.f_code, line), YELLOW))
        for name, code in called.items():
            if name not in self.explained:
                self.explained.add(name)
                last = max(line for *_, line in code.co_lines() if line)
                print(f"{GAP}{source(code, last)}  # {title(name, code)}")
        show([block(m.name, m.array) for m in made if m.is_new])
        print("\n".join(["", *checks] if checks else []), end="\n" if checks else "")

    def heading(self, call: Call) -> None:
        """Print where a function is called and what it is for; above it those that called it."""
        if self.last is not call and call in self.headed:
            rule(f"{call.function}, continued")
        self.last, names = call, []
        for c in call.stack():
            names.append(c.function)
            if c in self.headed or self.part not in (None, *names):
                continue
            self.headed.add(c)
            if c.caller:
                where = f"line {c.called_from} of {c.caller.function}"
                rule(title(c.function, c.frame.f_code), where)
                print(source(c.caller.frame.f_code, c.called_from))
            else:
                rule(c.function, "npvae/plain.py")
            if c.alias != (name := next(iter(c.arguments))):
                say(f"Here {name} is {c.alias}.")
            if c.function not in self.explained:
                self.explained.add(c.function)
                say(WORDS[c.function])

    def check(self, made: Made) -> str:
        """Return the line about the largest entry of a gradient, by hand and measured."""
        target, loss = gradient(made)
        largest = np.abs(made.array).round(6).argmax()  # rounded, so that all processors agree
        place = tuple(int(n) for n in np.unravel_index(largest, made.array.shape))
        name, by_hand = target.split()[0].split(".")[-1], significant(made.array[place])
        line = f"{GAP}{f'd {loss} / d {name}{list(place)}':44}{by_hand:>11}    "
        run_again = program(made.call, self.critic)
        found = (measure(run_again, plain, target, loss, place) for plain in self.still)
        measured, flips = next(filter(None, found), (None, False))
        if measured is None:
            return f"{line}not measured, as no line makes {name}"
        agree = np.isclose(made.array[place], measured, rtol=1e-4, atol=NOTHING)
        note = "" if agree else "  a ReLU flips" if flips else "  THEY DIFFER"
        return paint(f"{line}measured {significant(measured):>11}{note}", GREEN if agree else RED)
