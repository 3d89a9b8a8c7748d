"""The options of a training run, their defaults (the reference experiment) and what they mean."""

import argparse
from dataclasses import dataclass, fields
from pathlib import Path

from npvae.cli import Help, OneLineParser, number, positive, whole


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
