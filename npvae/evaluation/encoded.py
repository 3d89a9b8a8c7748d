"""A trained run applied to images: their codes, and the errors of decoding these."""

from dataclasses import dataclass

import numpy as np

from npvae.errors import UserError
from npvae.models.inference import Errors, encode, reconstruction_errors, sample
from npvae.models.vae import VAEWeights
from npvae.training.kinds import KINDS
from npvae.training.options import Options
from npvae.training.run import Run

# From a model's key to its label, in the report's order. AE is a run of weight 0: nothing holds its
# codes, and its posterior becomes a point.
MODELS = {kind.key: kind.label for kind in KINDS.values()} | {"ae": "AE"}


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
    def key(self) -> str:
        """Return which model it is: a key of MODELS."""
        return model_of(self.run.options)

    @property
    def label(self) -> str:
        """Return what the model is called in tables and pictures."""
        return MODELS[self.key]

    @property
    def w(self) -> VAEWeights:
        """Return the VAE's parameters."""
        return self.run.vae.w


def model_of(options: Options) -> str:
    """Return which model, a key of MODELS, a run with these options is."""
    return options.kind if options.weight else "ae"


def setting_words(options: Options) -> str:
    """Return what a setting is called in sentences: "WS, λ = 3", "KL, β = 1, σ = 0.17", "AE"."""
    model = model_of(options)
    weight = "" if model == "ae" else f", {KINDS[model].symbol} = {options.weight:g}"
    sigma = "" if options.sigma is None else f", σ = {options.sigma:g}"
    return MODELS[model] + weight + sigma


def encode_run(run: Run, images: np.ndarray, seed: int) -> EncodedRun:
    """Encode images (N, pixels), draw z from the seed, and measure the reconstruction errors.

    Raises UserError if any of these numbers is NaN or infinite; all measures rely on this check.
    """
    mu, logvar = encode(run.vae.w, images)
    z = sample(mu, logvar, seed)
    at_mu, at_z = (reconstruction_errors(run.vae.w, code, images) for code in (mu, z))
    if not all(np.isfinite(array).all() for array in (mu, logvar, z, *at_mu, *at_z)):
        raise UserError(
            f"the {KINDS[run.options.kind].label} run, trained on {run.data}: its codes or errors"
            " on these images are NaN or infinite; check --data-dir, or train it again"
        )
    return EncodedRun(run, mu, logvar, z, at_mu, at_z)
