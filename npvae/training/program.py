"""The training programs: their command lines, and the training itself."""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from npvae.cli import OneLineParser, run_program, whole
from npvae.training.kinds import KINDS, Kind
from npvae.training.options import MEANINGS, Options, Settings


def training_program(kind: str, description: str) -> None:
    """Read the command line and train.

    `kind` is the key of a row in the table of kinds: what the program trains unless the option
    --distance, in a program of several kinds, says otherwise.
    """

    def main() -> None:
        options, settings = read_command_line(kind, description)
        from npvae.training.train import train  # here: `--help` need not wait for its libraries

        train(options, settings)

    run_program(main)


def read_command_line(
    kind: str, description: str, words: Sequence[str] | None = None
) -> tuple[Options, Settings]:
    """Return what a command line asks for; the process's own if no words are given.

    Exits with status 2 and one line if it is wrong.
    """
    parser = training_parser(kind, description)
    values = vars(parser.parse_args(words))
    settings = {field.name: values.pop(field.name) for field in fields(Settings)}
    rows = _kinds_of_program(kind)
    chosen = rows[values.pop("distance", KINDS[kind].distance)]
    for row in rows.values():
        for option in row.options:
            if option in values and option not in chosen.options:
                parser.error(f"{_flag(option)} belongs to --distance {row.distance}")
    settings["out"] = settings["out"] or Path("runs", chosen.key)
    return Options(chosen.key, **values), Settings(**settings)


def training_parser(kind: str, description: str) -> OneLineParser:
    """Make the parser, with the options of all kinds that this kind's program trains.

    An option of the training that is not given is not among the parser's results.
    """
    rows = _kinds_of_program(kind)
    parser = OneLineParser(description=description)
    add = parser.add_argument
    if len(rows) > 1:
        add(
            "--distance",
            choices=list(rows),
            default=KINDS[kind].distance,
            help="who measures the distance: a critic that learns to, or random lines on which the"
            " codes are sorted (default: %(default)s)",
        )
    own = {option for row in rows.values() for option in row.options}
    others = {option for row in KINDS.values() for option in row.options} - own
    for option, (convert, meaning) in MEANINGS.items():
        if option not in others:
            value = getattr(Options(kind), option)
            shown = meaning if value is None else f"{meaning} (default: {value})"
            add(_flag(option), type=convert, default=argparse.SUPPRESS, metavar="N", help=shown)
    where = " or ".join(f"runs/{row.key}" for row in rows.values())
    add("--out", type=Path, metavar="DIR", help=f"where the results go (default: {where})")
    add("--data-dir", type=Path, metavar="PATH", help="your own images instead of MNIST")
    add("--threads", type=whole(1, 4096), metavar="N", help="CPU cores to use; changes no result")
    add("--resume", action="store_true", help="go on from the last epoch saved in --out")
    return parser


def _kinds_of_program(kind: str) -> dict[str, Kind]:
    """Return the kinds that this kind's program trains, by their words for --distance."""
    program = KINDS[kind].program
    return {row.distance: row for row in KINDS.values() if row.program == program}


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")
