"""A trained model as the analysis sees it: its weights, and what it makes of the test images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from npvae.data.dataset import Dataset
from npvae.errors import UserError
from npvae.models.inference import Errors, encode, reconstruction_errors, sample
from npvae.models.vae import VAEWeights
from npvae.training.checkpoint import Run, load_checkpoint

LABELS = {"kl": "KL", "ws": "WS"}


@dataclass(frozen=True)
class Trained:
    """One model and its codes and reconstruction errors on N images."""

    run: Run
    mu: np.ndarray  # (N, latent) posterior means
    logvar: np.ndarray  # (N, latent) posterior log-variances
    z: np.ndarray  # (N, latent) one draw from each posterior
    at_mu: Errors  # of decoding mu
    at_z: Errors  # of decoding z

    @property
    def key(self) -> str:
        """Return "kl" or "ws"."""
        return self.run.options.run

    @property
    def label(self) -> str:
        """Return the name that tables and pictures show."""
        return LABELS[self.key]

    @property
    def w(self) -> VAEWeights:
        """Return the VAE's parameters."""
        return self.run.vae.w


def apply(run: Run, images: np.ndarray, seed: int) -> Trained:
    """Encode images (N, pixels), draw z from the seed, and measure the reconstruction errors."""
    mu, logvar = encode(run.vae.w, images)
    z = sample(mu, logvar, seed)
    errors = (reconstruction_errors(run.vae.w, code, images) for code in (mu, z))
    return Trained(run, mu, logvar, z, *errors)


def load_run(directory: Path, expected: str, data: Dataset) -> Run:
    """Load the checkpoint in `directory`.

    Raises UserError if it is not a run of the `expected` kind or was trained on another image size.
    """
    path = directory / "checkpoint.npz"
    run = load_checkpoint(path)
    if run.options.run != expected:
        raise UserError(
            f"{path}: holds a {LABELS[run.options.run]} run, but a {LABELS[expected]} run is"
            f" needed there; check --kl and --ws"
        )
    if run.image_shape != data.image_shape:
        raise UserError(
            f"{path}: trained on images of {run.image_shape[0]} x {run.image_shape[1]} pixels, the"
            f" data has {data.image_shape[0]} x {data.image_shape[1]}; check --data-dir"
        )
    return run
