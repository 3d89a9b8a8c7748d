"""A trained run applied to images: their codes, and the errors of decoding these."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from npvae.data.dataset import Dataset
from npvae.errors import UserError
from npvae.models.inference import Errors, encode, reconstruction_errors, sample
from npvae.models.vae import VAEWeights
from npvae.training.checkpoint import Run, load_checkpoint
from npvae.training.options import Options
from npvae.training.runs import KL, RUNS, RunKind
from npvae.training.study import weight_of

# A KL run with beta = 0: nothing holds its codes, and its posterior becomes a point.
AUTOENCODER = replace(KL, key="ae", label="AE", colour="#009E73", marker="^")
MODELS = RUNS | {AUTOENCODER.key: AUTOENCODER}  # what is compared, by key, in the report's order


@dataclass(frozen=True)
class EncodedRun:
    """One run, with its codes and reconstruction errors of N images."""

    run: Run
    mu: np.ndarray  # (N, latent) posterior means
    logvar: np.ndarray  # (N, latent) posterior log-variances
    z: np.ndarray  # (N, latent) one draw from each posterior
    at_mu: Errors  # of decoding mu
    at_z: Errors  # of decoding z

    @property
    def kind(self) -> RunKind:
        """Return what it is called and how it is drawn: a row of MODELS."""
        return kind_of(self.run.options)

    @property
    def w(self) -> VAEWeights:
        """Return the VAE's parameters."""
        return self.run.vae.w


def kind_of(options: Options) -> RunKind:
    """Return the row of MODELS that a run with these options belongs to."""
    return options.kind if weight_of(options) else AUTOENCODER


def encode_run(run: Run, images: np.ndarray, seed: int) -> EncodedRun:
    """Encode images (N, pixels), draw z from the seed, and measure the reconstruction errors.

    Raises UserError if any of these numbers is NaN or infinite; all measures rely on this check.
    """
    mu, logvar = encode(run.vae.w, images)
    z = sample(mu, logvar, seed)
    at_mu, at_z = (reconstruction_errors(run.vae.w, code, images) for code in (mu, z))
    if not all(np.isfinite(array).all() for array in (mu, logvar, z, *at_mu, *at_z)):
        raise UserError(
            f"the {run.options.kind.label} run, trained on {run.data}: its codes or errors on"
            " these images are NaN or infinite; check --data-dir, or train it again"
        )
    return EncodedRun(run=run, mu=mu, logvar=logvar, z=z, at_mu=at_mu, at_z=at_z)


def load_run(directory: Path, expected: str, data: Dataset) -> Run:
    """Load the checkpoint in `directory`.

    Raises UserError if it is not a run of the `expected` kind or was trained on another image size.
    """
    path = directory / "checkpoint.npz"
    run = load_checkpoint(path)
    if run.options.run != expected:
        raise UserError(
            f"{path}: holds a {run.options.kind.label} run, but a {RUNS[expected].label} run"
            " is needed there; check --kl and --ws"
        )
    if run.image_shape != data.image_shape:
        raise UserError(
            f"{path}: trained on images of {run.image_shape[0]} x {run.image_shape[1]} pixels, the"
            f" data has {data.image_shape[0]} x {data.image_shape[1]}; check --data-dir"
        )
    return run
