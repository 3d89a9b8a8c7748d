"""The options of a training run: their meaning, and their defaults (the reference experiment).

An option is a field of `Options`, and nothing else: the command lines are made of these fields.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from npvae.cli import OneLineParser, number, positive, whole
from npvae.training.kinds import KINDS


def option(default: float | None, convert: Callable[[str], float], meaning: str) -> Any:
    """Describe an option; `convert` makes its value from the words of a command line."""
    return field(default=default, metadata={"convert": convert, "meaning": meaning})


@dataclass(frozen=True)
class Options:
    """What a run is, as far as its result depends on it.

    The options after `sigma` belong to some kinds of run only; the table of kinds says to which.
    """

    kind: str  # the key of a row in the table of kinds: "kl", "ws" or "sw"
    epochs: int = option(35, whole(1), "how often the training images are gone through")
    batch_size: int = option(64, whole(1, 2**16), "images per step; the gradient is their average")
    lr: float = option(1e-3, positive, "learning rate: about the most a parameter moves in a step")
    latent_dim: int = option(10, whole(1, 2**12), "how many numbers describe an image: size of z")
    hidden_dim: int = option(256, whole(1, 2**14), "units in the hidden layers of the VAE")
    seed: int = option(0, whole(0), "start of the random numbers; same seed, same weights")
    limit: int | None = option(None, whole(1), "train on the first N images only, for a quick try")
    sigma: float | None = option(None, positive, "hold the posterior's sigma at N, do not learn it")
    beta: float = option(1.0, number, "weight of the KL divergence; 1 is the VAE's own bound")
    wasserstein_weight: float = option(0.1736, number, "lambda, weight of the Wasserstein distance")
    critic_steps: int = option(6, whole(1, 1000), "critic updates per update of the VAE")
    gp_weight: float = option(10.0, number, "weight of the penalty: the critic's slope should be 1")
    critic_lr: float = option(1e-3, positive, "learning rate of the critic")
    directions: int = option(50, whole(1, 2**12), "random lines per step that measure the distance")

    @property
    def weight(self) -> float:
        """Return the weight of the regulariser; with 0 the run is a plain autoencoder."""
        return getattr(self, KINDS[self.kind].weight)


@dataclass(frozen=True)
class Settings:
    """Where and how a run is done; the result does not depend on it."""

    out: Path
    data_dir: Path | None
    threads: int | None
    resume: bool


def read_command_line(
    kind: str, description: str, words: Sequence[str] | None = None
) -> tuple[Options, Settings]:
    """Return what a command line asks for; the process's own if no words are given.

    `kind` is the key of a row in the table of kinds: what the program trains unless the option
    --distance, in a program of several kinds, says otherwise. The options of all its kinds are
    there. Exits with status 2 and one line if the line is wrong.
    """
    program = KINDS[kind].program
    rows = {row.distance: row for row in KINDS.values() if row.program == program}
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
    own = {name for row in rows.values() for name in row.options}
    others = {name for row in KINDS.values() for name in row.options} - own
    for entry in fields(Options):
        if entry.metadata and entry.name not in others:  # the kind is chosen by --distance
            default = "" if entry.default is None else f" (default: {entry.default})"
            add(
                _flag(entry.name),
                type=entry.metadata["convert"],
                default=argparse.SUPPRESS,  # what is not given is not among the results
                metavar="N",
                help=entry.metadata["meaning"] + default,
            )
    where = " or ".join(f"runs/{row.key}" for row in rows.values())
    add("--out", type=Path, metavar="DIR", help=f"where the results go (default: {where})")
    add("--data-dir", type=Path, metavar="PATH", help="your own images instead of MNIST")
    add("--threads", type=whole(1, 4096), metavar="N", help="CPU cores to use; changes no result")
    add("--resume", action="store_true", help="go on from the last epoch saved in --out")

    values = vars(parser.parse_args(words))
    settings = {entry.name: values.pop(entry.name) for entry in fields(Settings)}
    chosen = rows[values.pop("distance", "")]
    for name in own.difference(chosen.options).intersection(values):
        owner = next(row for row in rows.values() if name in row.options)
        parser.error(f"{_flag(name)} belongs to --distance {owner.distance}")
    settings["out"] = settings["out"] or Path("runs", chosen.key)
    return Options(chosen.key, **values), Settings(**settings)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
