"""The options of a training run, their defaults (the reference experiment) and what they mean."""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path

from npvae.cli import number, positive, whole
from npvae.training.kinds import KINDS


@dataclass(frozen=True)
class Options:
    """What a run is, as far as its result depends on it.

    The options after `sigma` belong to some kinds of run only; the table of kinds says to which.
    """

    kind: str  # the key of a row in the table of kinds: "kl", "ws" or "sw"
    epochs: int = 35
    batch_size: int = 64
    lr: float = 1e-3
    latent_dim: int = 10
    hidden_dim: int = 256
    seed: int = 0
    limit: int | None = None
    sigma: float | None = None
    beta: float = 1.0
    wasserstein_weight: float = 0.1736
    critic_steps: int = 6
    gp_weight: float = 10.0
    critic_lr: float = 1e-3
    directions: int = 50

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


MEANINGS = {  # which values an option may have, and what it is
    "epochs": (whole(1), "how often the training images are gone through"),
    "batch_size": (whole(1, 2**16), "images per step; the gradient is their average"),
    "lr": (positive, "learning rate: how far Adam moves a parameter in one step, at most about"),
    "latent_dim": (whole(1, 2**12), "how many numbers describe an image: the size of z"),
    "hidden_dim": (whole(1, 2**14), "units in the hidden layer of encoder and decoder"),
    "seed": (whole(0), "start of the random numbers; the same seed gives the same weights"),
    "limit": (whole(1), "train on the first N images only, for a quick try"),
    "sigma": (positive, "hold the posterior's standard deviation at N instead of learning it"),
    "beta": (number, "weight of the KL divergence; 1 is the VAE's own bound"),
    "wasserstein_weight": (number, "lambda, the weight of the Wasserstein distance"),
    "critic_steps": (whole(1, 1000), "critic updates per update of the VAE"),
    "gp_weight": (number, "weight of the penalty that keeps the critic's slope at 1"),
    "critic_lr": (positive, "learning rate of the critic"),
    "directions": (whole(1, 2**12), "random lines in a step, along which the distance is measured"),
}


def as_stored(options: Options) -> dict:
    """Return the options as files hold them; there the kind's name has always been `run`."""
    values = asdict(options)
    return {"run": values.pop("kind"), **values}


def options_from(stored: dict) -> Options:
    """Make the Options that a file describes.

    Raises KeyError, ValueError or TypeError if the kind is missing, and for what is not an option
    or would be refused on a command line.
    """
    values = dict(stored)
    options = Options(kind=values.pop("run"), **values)
    if options.kind not in KINDS:
        raise ValueError(f"no such run: {options.kind!r:.40}")
    try:
        for name, (convert, _) in MEANINGS.items():
            value = getattr(options, name)
            if value is not None or name not in ("limit", "sigma"):
                convert(repr(value))
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"{name}: {error}") from error
    return options
