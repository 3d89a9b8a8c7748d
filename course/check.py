"""Grade the exercises: `python -m course.check penalty`, or all without a name.

Prints a table of done, not yet and wrong, and says what is wrong. `--hint` helps with the next
step. With --json it prints one object for each exercise, one on a line: name, status, diagnosis
(null unless it is wrong), message. `--submissions DIR --csv FILE` marks a class. Exit status: 0 if
all that were asked for are done, 1 if not, 2 if there is no such exercise.
"""

import json
import os
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from course.exercises import EXERCISES
from npvae.cli import OneLineParser, run_program
from npvae.errors import UserError

try:
    from course.grading.hints import hint
    from course.grading.marking import mark
    from course.grading.process import grade_file
    from course.grading.report import DONE, Report
except ModuleNotFoundError:  # what course.hand_out packs has no grader
    told = "this copy has no grader: hand your files in, and check gradients with nn/gradcheck.py"
    print(told, file=sys.stderr)
    sys.exit(2)

FOLDER = Path(__file__).parent / "exercises"


def shown(report: "Report", brief: bool = False) -> str:
    """Return a report as text of at most 100 columns; if `brief`, not where to read on."""
    head = f"{report.name:<25}{report.status:<9}"
    lines = report.lines[:-1] if brief and report.status == DONE else report.lines
    if len(lines) == 1 and len(head + lines[0]) <= 100:
        return head + lines[0]
    wrapped = textwrap.TextWrapper(96, break_long_words=False, break_on_hyphens=False)
    return f"{head.rstrip()}\n" + textwrap.indent("\n".join(map(wrapped.fill, lines)), "    ")


def chosen(words: Sequence[str]) -> list[str]:
    """Return the exercises whose names contain one of the words, or all. Raises UserError."""
    for word in words:
        if not any(word in name for name in EXERCISES):
            names = ", ".join(name[4:] for name in EXERCISES)
            raise UserError(f"no exercise is called {word!r}: choose from {names}")
    return [name for name in EXERCISES if any(word in name for word in words or [""])]


def grade_all(names: Sequence[str], json_lines: bool) -> int:
    """Grade exercises and print the reports; return the exit status."""
    done = 0
    for name in names:
        report, printed = grade_file(FOLDER / f"{name}.py")
        # What an exercise prints must not come between the objects.
        if printed:
            print(printed.rstrip("\n"), file=sys.stderr if json_lines else sys.stdout)
        fields = {"name": name, "status": report.status, "diagnosis": report.diagnosis}
        as_json = json.dumps({**fields, "message": "\n".join(report.lines)})
        print(as_json if json_lines else shown(report, brief=len(names) > 1), flush=True)
        done += report.status == DONE
    if len(names) > 1 and not json_lines:
        print(f"{done} of {len(names)} done")
    return 0 if done == len(names) else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status. Raises UserError."""
    parser = OneLineParser("python -m course.check", description="Grade the exercises.")
    parser.add_argument("NAME", nargs="*", help="a part of an exercise's name; without: all")
    parser.add_argument("--json", action="store_true", help="print a JSON object for each exercise")
    parser.add_argument("--hint", type=int, nargs="?", const=1, choices=(1, 2, 3), help="a step")
    parser.add_argument("--submissions", type=Path, help="mark a class: a folder for each student")
    parser.add_argument("--csv", type=Path, default=Path("grades.csv"), help="the table to write")
    parser.add_argument("--seed", default="", help="any text, known to you: gives other numbers")
    args = parser.parse_args(arguments)
    names = chosen(args.NAME)
    if args.submissions:
        mark(args.submissions, args.csv, args.seed, names)
        print(f"{args.csv}: written")
        return 0
    if args.hint:
        print(*(hint(name, args.hint) for name in names), sep="\n")
        return 0
    return grade_all(names, args.json)


def program() -> None:
    """Run `main`, and end without a word when who reads this, such as `head`, has read enough."""
    try:
        sys.exit(main())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        sys.exit(1)


if __name__ == "__main__":
    run_program(program)
