"""The options of a training run, their defaults (the reference experiment) and what they mean."""

import argparse
import math
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

from npvae.errors import UserError

LARGEST = 1e30  # of a learning rate or weight: float32, in which training computes, ends at 3e38


@dataclass(frozen=True)
class Options:
    """What a run is, as far as its result depends on it."""

    run: str  # "kl" or "ws"
    epochs: int = 35
    batch_size: int = 64
    lr: float = 1e-3
    latent_dim: int = 10
    hidden_dim: int = 256
    seed: int = 0
    limit: int | None = None
    beta: float = 1.0  # KL run
    wasserstein_weight: float = 0.1736  # WS run, from here on
    critic_steps: int = 6
    gp_weight: float = 10.0
    critic_lr: float = 1e-3


@dataclass(frozen=True)
class Settings:
    """Where and how a run is done; the result does not depend on it."""

    out: Path
    data_dir: Path | None
    threads: int | None
    resume: bool


class Help(argparse.ArgumentDefaultsHelpFormatter):
    """Help that shows each default once, and none where there is none to show."""

    def _get_help_string(self, action: argparse.Action) -> str:
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that tells what is wrong in one line, with exit status 2."""

    def error(self, message: str) -> None:
        """Print the message and exit."""
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def whole(least: int, most: int = 2**31 - 1) -> Callable[[str], int]:
    """Return a converter for whole numbers from `least` to `most`."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"{text[:40]!r} is not a whole number from {least} to {most}"
            )
        return value

    return convert


def number(text: str) -> float:
    """Convert a number from 0 to LARGEST."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= LARGEST:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number from 0 to {LARGEST:g}")
    return value


def positive(text: str) -> float:
    """Convert a number above 0, up to LARGEST."""
    with suppress(argparse.ArgumentTypeError):
        if value := number(text):
            return value
    raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number above 0, up to {LARGEST:g}")


RANGES = {
    "epochs": whole(1),
    "batch_size": whole(1, 2**16),
    "lr": positive,
    "latent_dim": whole(1, 2**12),
    "hidden_dim": whole(1, 2**14),
    "seed": whole(0),
    "limit": whole(1),
    "beta": number,
    "wasserstein_weight": number,
    "critic_steps": whole(1, 1000),
    "gp_weight": number,
    "critic_lr": positive,
}


def options_from(values: dict) -> Options:
    """Make the Options that a file describes.

    Raises ValueError or TypeError for what is not an option or would be refused on a command line.
    """
    options = Options(**values)
    if options.run not in ("kl", "ws"):
        raise ValueError(f"no such run: {options.run!r:.40}")
    try:
        for name, convert in RANGES.items():
            value = getattr(options, name)
            if value is not None or name != "limit":
                convert(repr(value))
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"{name}: {error}") from error
    return options


def training_parser(run: str, description: str) -> OneLineParser:
    """Make the parser with the options that both runs share."""
    default = Options(run)
    parser = OneLineParser(description=description, formatter_class=Help)

    def add(field: str, text: str) -> None:
        name, value = "--" + field.replace("_", "-"), getattr(default, field)
        parser.add_argument(name, type=RANGES[field], default=value, metavar="N", help=text)

    add("epochs", "how often the training images are gone through")
    add("batch_size", "images per step; the gradient is their average")
    add("lr", "learning rate: how far Adam moves a parameter in one step, at most about")
    add("latent_dim", "how many numbers describe an image: the size of z")
    add("hidden_dim", "units in the hidden layer of encoder and decoder")
    add("seed", "start of the random numbers; the same seed gives the same weights")
    add("limit", "train on the first N images only, for a quick try")
    if run == "kl":
        add("beta", "weight of the KL divergence; 1 is the VAE's own bound")
    else:
        add("wasserstein_weight", "lambda, the weight of the Wasserstein distance")
        add("critic_steps", "critic updates per update of the VAE")
        add("gp_weight", "weight of the penalty that keeps the critic's slope at 1")
        add("critic_lr", "learning rate of the critic")
    parser.add_argument(
        "--out", type=Path, default=Path("runs", run), metavar="DIR", help="where the results go"
    )
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="your own IDX files or .npz instead of MNIST"
    )
    parser.add_argument(
        "--threads", type=whole(1, 4096), metavar="N", help="CPU cores to use; changes no result"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last epoch saved in --out"
    )
    return parser


def parse_training(parser: OneLineParser, run: str) -> tuple[Options, Settings]:
    """Read the command line into the options and settings of a run."""
    values = vars(parser.parse_args())
    settings = Settings(**{f.name: values.pop(f.name) for f in fields(Settings)})
    return Options(run, **values), settings


def run_program(main: Callable[[], None]) -> None:
    """Run a program: bad input gives one line and exit status 2, Ctrl-C one line and 130."""
    status = 2
    try:
        main()
        sys.stdout.flush()
        return
    except UserError as error:
        message = " ".join(str(error).split())
    except MemoryError:
        message = "out of memory; make the batch, the hidden layer or the data smaller"
    except OSError as error:  # of the screen, most likely: `| head` has enough, `> FILE` is full
        message = f"{error.strerror or error}; make room, or look where its output goes"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # not tried again at exit
    except KeyboardInterrupt as stop:
        status, message = 130, f"stopped {stop}".strip()
    print(f"{Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(status)
