"""The training program of each kind of run: its command line, and the training itself."""

from dataclasses import fields
from pathlib import Path

from npvae.cli import OneLineParser, run_program, whole
from npvae.training.options import MEANINGS, Options, Settings
from npvae.training.runs import RUNS


def training_program(run: str, description: str) -> None:
    """Read the command line and train; `run` is the key of a row in the table of runs."""

    def main() -> None:
        values = vars(training_parser(run, description).parse_args())
        settings = Settings(**{f.name: values.pop(f.name) for f in fields(Settings)})
        from npvae.training.train import train  # here: `--help` need not wait for its libraries

        train(Options(run, **values), settings)

    run_program(main)


def training_parser(run: str, description: str) -> OneLineParser:
    """Make the parser, with the options that this kind of run has: all but the other kinds' own."""
    default = Options(run)
    parser = OneLineParser(description=description)
    add, shown = parser.add_argument, " (default: %(default)s)"
    others = {option for kind in RUNS.values() for option in kind.options} - {*default.kind.options}
    for option, (convert, meaning) in MEANINGS.items():
        if option not in others:
            name, value = "--" + option.replace("_", "-"), getattr(default, option)
            meaning += "" if value is None else shown
            add(name, type=convert, default=value, metavar="N", help=meaning)
    out, where = Path("runs", run), "where the results go" + shown
    add("--out", type=Path, default=out, metavar="DIR", help=where)
    add("--data-dir", type=Path, metavar="DIR", help="your own IDX files or .npz instead of MNIST")
    add("--threads", type=whole(1, 4096), metavar="N", help="CPU cores to use; changes no result")
    add("--resume", action="store_true", help="go on from the last epoch saved in --out")
    return parser
