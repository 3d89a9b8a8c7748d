"""A trained model for your own programs: `npvae.load` returns one.

    image, images    (rows, columns) or (pixels,),  (N, rows, columns) or (N, pixels)
    z, mu, sigma     (latent,) for one image,  (N, latent) for N images

Images are bytes (uint8, 0..255) or floats in [0, 1]. What is made of one image has no axis N. (If
a model's images have one row, an array (1, pixels) is one image.) All results are float32. The very
first call on a machine compiles the kernels, which takes about 10 seconds.
"""

import math
import warnings
from os import PathLike
from pathlib import Path

import numpy as np

from npvae.data.roles import checked_images, doubt
from npvae.errors import UserError
from npvae.models import inference
from npvae.training import streams
from npvae.training.checkpoint import load_checkpoint
from npvae.training.kinds import KINDS
from npvae.training.options import Options


class Model:
    """A trained VAE, with its critic if it has one: the `run` in the checkpoint of a directory.

    All methods raise UserError for arrays of a wrong shape or type, or with values out of range,
    and warn of images that look like a mistake, such as dark ink for a model of bright digits.
    """

    def __init__(self, directory: str | PathLike[str]):
        self.run = load_checkpoint(Path(directory) / "checkpoint.npz")

    @property
    def options(self) -> Options:
        """Return the options that the model was trained with."""
        return self.run.options

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mu and sigma of the posterior N(mu, sigma^2) of z for each image."""
        rows, is_one = self._image_rows(images)
        mu, logvar = inference.encode(self.run.vae.w, rows)
        sigma = inference.posterior_sigma(logvar)
        return (mu[0], sigma[0]) if is_one else (mu, sigma)

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Return the image (rows, columns) of z, or the images (N, rows, columns), in [0, 1]."""
        rows, is_one = self._z_rows(z)
        images = inference.decode(self.run.vae.w, rows).reshape(-1, *self.run.image_shape)
        return images[0] if is_one else images

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Return what the decoder makes of mu: (rows, columns) or (N, rows, columns), in [0, 1]."""
        rows, is_one = self._image_rows(images)
        mu, _ = inference.encode(self.run.vae.w, rows)
        return self.decode(mu[0] if is_one else mu)

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """Return n new images (n, rows, columns), in [0, 1], decoded from z of the prior N(0, I).

        The same seed (0, 1, ..) gives the same images.
        """
        for name, value, least in (("n", n, 1), ("seed", seed, 0)):
            if not isinstance(value, int | np.integer) or value < least:
                raise UserError(f"{name}: is {value!r:.40}; it must be a whole number from {least}")
        rng = np.random.default_rng([seed, streams.LIBRARY_SAMPLES])
        z = rng.standard_normal((n, self.options.latent_dim), dtype=np.float32)
        return self.decode(z)

    def score(self, z: np.ndarray) -> np.ndarray:
        """Return the critic's score (N,) of each z, or the one score () of one z.

        The critic is trained to score samples of the prior higher than codes of images; the
        difference of the means is its estimate of their Wasserstein distance.
        Raises UserError for a model without a critic.
        """
        if self.run.critic is None:
            label = KINDS[self.options.kind].label
            raise UserError(f"score: a run of {label} has no critic; load a WS run")
        rows, is_one = self._z_rows(z)
        scores = inference.score(self.run.critic.w, rows)
        return scores[0] if is_one else scores

    def _image_rows(self, images: np.ndarray) -> tuple[np.ndarray, bool]:
        """Return images as rows (N, pixels), uint8 or float32, and whether there is only one."""
        images = np.asarray(images)
        shape, pixels = self.run.image_shape, math.prod(self.run.image_shape)
        forms = (shape, (pixels,), (*shape, 1))
        is_one = images.shape in forms
        if not is_one and (images.shape[1:] not in (*forms, (1, *shape)) or len(images) == 0):
            raise UserError(
                f"images: have shape {images.shape}; this model takes {shape} for one image and"
                f" (N, {shape[0]}, {shape[1]}) for many, or flat ({pixels},) and (N, {pixels})"
            )
        rows = checked_images("images", images).reshape(-1, pixels)
        if warning := doubt(rows):
            warnings.warn(f"images: {warning}", stacklevel=3)
        return rows, is_one

    def _z_rows(self, z: np.ndarray) -> tuple[np.ndarray, bool]:
        """Return z as rows (N, latent), and whether there is only one."""
        z, latent = np.asarray(z), self.options.latent_dim
        if z.shape[-1:] != (latent,) or z.ndim > 2 or z.size == 0:
            raise UserError(
                f"z: has shape {z.shape}; this model takes ({latent},) for one image and"
                f" (N, {latent}) for many"
            )
        if z.dtype.kind not in "fiu" or not (np.abs(z) <= np.finfo(np.float32).max).all():
            raise UserError("z: must hold finite numbers that float32 can hold")
        return z.reshape(-1, latent).astype(np.float32), z.ndim == 1
