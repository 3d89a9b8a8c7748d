"""The training program of each kind of run: its command line, and the training itself."""

from dataclasses import fields
from pathlib import Path

from npvae.cli import OneLineParser, run_program, whole
from npvae.training.kinds import KINDS
from npvae.training.options import MEANINGS, Options, Settings


def training_program(kind: str, description: str) -> None:
    """Read the command line and train; `kind` is the key of a row in the table of kinds."""

    def main() -> None:
        values = vars(training_parser(kind, description).parse_args())
        settings = Settings(**{f.name: values.pop(f.name) for f in fields(Settings)})
        from npvae.training.train import train  # here: `--help` need not wait for its libraries

        train(Options(kind, **values), settings)

    run_program(main)


def training_parser(kind: str, description: str) -> OneLineParser:
    """Make the parser, with the options that this kind of run has: all but the other kinds'."""
    default = Options(kind)
    parser = OneLineParser(description=description)
    add, shown = parser.add_argument, " (default: %(default)s)"
    others = {option for row in KINDS.values() for option in row.options} - {*KINDS[kind].options}
    for option, (convert, meaning) in MEANINGS.items():
        if option not in others:
            name, value = "--" + option.replace("_", "-"), getattr(default, option)
            meaning += "" if value is None else shown
            add(name, type=convert, default=value, metavar="N", help=meaning)
    out, where = Path("runs", kind), "where the results go" + shown
    add("--out", type=Path, default=out, metavar="DIR", help=where)
    add("--data-dir", type=Path, metavar="DIR", help="your own IDX files or .npz instead of MNIST")
    add("--threads", type=whole(1, 4096), metavar="N", help="CPU cores to use; changes no result")
    add("--resume", action="store_true", help="go on from the last epoch saved in --out")
    return parser
