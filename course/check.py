"""Grade the exercises: `python -m course.check penalty`, or all without a name.

Prints a table of done, not yet and wrong, with a hint for each. With --json it prints one object
for each exercise, one on a line: name, status, diagnosis (null unless it is wrong), message. Exit
status: 0 if all that were asked for are done, 1 if not, 2 if there is no such exercise.
"""

import argparse
import contextlib
import json
import os
import sys
import textwrap
from collections.abc import Sequence

from course.exercises import EXERCISES
from course.grading.report import DONE, Report, grade


def shown(report: Report, brief: bool = False) -> str:
    """Return a report as text of at most 100 columns; if `brief`, not what comes after "done"."""
    head = f"{report.name:<25}{report.status:<9}"
    lines = [] if brief and report.status == DONE else report.lines
    if len(lines) == 1 and len(head + lines[0]) <= 100:
        return head + lines[0]
    wrapped = textwrap.TextWrapper(
        100,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join([head.rstrip(), *map(wrapped.fill, lines)])


def as_json(report: Report) -> str:
    """Return a report as one JSON object on one line."""
    fields = {"name": report.name, "status": report.status, "diagnosis": report.diagnosis}
    return json.dumps({**fields, "message": "\n".join(report.lines)})


def main(arguments: Sequence[str]) -> int:
    """Grade the exercises whose names contain one of the words; return the exit status."""
    parser = argparse.ArgumentParser("python -m course.check", description="Grade the exercises.")
    parser.add_argument("NAME", nargs="*", help="a part of an exercise's name; without: all")
    parser.add_argument("--json", action="store_true", help="print a JSON object for each exercise")
    args = parser.parse_args(arguments)
    for word in args.NAME:
        if not any(word in name for name in EXERCISES):
            names = ", ".join(name[4:] for name in EXERCISES)
            print(f"no exercise is called {word!r}: choose from {names}", file=sys.stderr)
            return 2
    chosen = [name for name in EXERCISES if any(word in name for word in args.NAME or [""])]
    reports = []
    for name in chosen:
        # What an exercise prints must not come between the objects.
        with contextlib.redirect_stdout(sys.stderr if args.json else sys.stdout):
            report = grade(name)
        print(as_json(report) if args.json else shown(report, brief=len(chosen) > 1), flush=True)
        reports.append(report)
    done = sum(report.status == DONE for report in reports)
    if len(reports) > 1 and not args.json:
        print(f"{done} of {len(reports)} done")
    return 0 if done == len(reports) else 1


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
    except BrokenPipeError:  # who reads this, such as `head`, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        status = 1
    sys.exit(status)
