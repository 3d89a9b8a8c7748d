"""A run: one training, as it is between two epochs."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from npvae.data.dataset import Dataset
from npvae.errors import UserError
from npvae.models.critic import make_critic
from npvae.models.vae import hold_sigma, make_vae
from npvae.nn.parameters import ParameterSet
from npvae.training.kinds import KINDS
from npvae.training.options import Options


@dataclass
class Run:
    """One training between two epochs: its networks, and what has been done so far."""

    options: Options
    image_shape: tuple[int, int]
    data: str  # the name of the data set
    fingerprint: str  # of its images; empty in checkpoints of older versions
    vae: ParameterSet
    critic: ParameterSet | None  # only a kind of run with a critic has one
    epoch: int  # epochs done
    steps: int  # steps done
    history: list[dict[str, float]]  # one row per epoch, of the kind's columns


def new_run(
    options: Options, image_shape: tuple[int, int], data: str = "", fingerprint: str = ""
) -> Run:
    """Make the networks of a run and draw their initial weights from the seed."""
    rng = np.random.default_rng([options.seed, 0])  # see streams.py
    latent = options.latent_dim
    vae = make_vae(math.prod(image_shape), options.hidden_dim, latent, np.float32, rng)
    if options.sigma is not None:
        hold_sigma(vae.w, options.sigma)
    critic = make_critic(latent, np.float32, rng) if KINDS[options.kind].has_critic else None
    return Run(options, image_shape, data, fingerprint, vae, critic, 0, 0, history=[])


def check_data(path: Path, run: Run, data: Dataset) -> None:
    """Raise UserError, with the run's `path`, unless the run was trained on images of `data`.

    How many of them its option `limit` left makes no difference.
    """
    if run.fingerprint != data.fingerprint:
        is_old = "; it is of an older version, and has no fingerprint of its data"
        raise UserError(
            f"{path}: trained on {run.data}, and not on the images that are now in {data.name};"
            f" check --data-dir{'' if run.fingerprint else is_old}"
        )
