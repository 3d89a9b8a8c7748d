"""Grade the exercises: `python -m course.check penalty`, or all without a name.

Prints a table of done, not yet and wrong, with a hint for each. Exit status: 0 if all that were
asked for are done, 1 if not, 2 if there is no such exercise.
"""

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


def main(words: Sequence[str]) -> int:
    """Grade the exercises whose names contain one of the words; return the exit status."""
    chosen = [name for name in EXERCISES if not words or any(word in name for word in words)]
    unknown = [word for word in words if not any(word in name for name in EXERCISES)]
    if unknown:
        names = ", ".join(name[4:] for name in EXERCISES)
        print(f"no exercise is called {unknown[0]!r}: choose from {names}", file=sys.stderr)
        return 2
    reports = []
    for name in chosen:
        reports.append(grade(name))
        print(shown(reports[-1], brief=len(chosen) > 1))
    done = sum(report.status == DONE for report in reports)
    if len(reports) > 1:
        print(f"{done} of {len(reports)} done")
    return 0 if done == len(reports) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
