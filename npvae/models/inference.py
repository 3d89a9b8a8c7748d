"""Running trained networks over many images: codes, reconstructions and their errors.

    BCE  per image, summed over pixels, in nats           SSE  sum over pixels of (s - x)^2

The passes are the training's own, in batches.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from npvae.kernels import threads
from npvae.models.critic import CriticWeights, make_critic_activations, score_forward
from npvae.models.vae import VAEWeights, decode_forward, encode_forward, make_vae_activations
from npvae.nn.layers import LOGVAR_MAX
from npvae.nn.losses import bernoulli_nll
from npvae.nn.pixels import gather

BATCH = 500


class Errors(NamedTuple):
    """The reconstruction errors of N images."""

    bce: np.ndarray  # (N,) nats
    sse: np.ndarray  # (N,)


def batches(
    make_activations: Callable[[NamedTuple, int], NamedTuple], w: NamedTuple, n: int
) -> Iterator[tuple[slice, NamedTuple]]:
    """Yield the rows of each batch of n images, and a network's activations of its size."""
    with threads.in_turn:  # a program may have several Python threads
        for first in range(0, n, BATCH):
            size = min(n - first, BATCH)
            if first == 0 or size < BATCH:  # the last batch may be shorter
                act = make_activations(w, size)
            yield slice(first, first + size), act


def encode(w: VAEWeights, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mu and logvar (N, latent) of images (N, pixels), bytes or floats in [0, 1]."""
    n, latent = len(images), w.W3.shape[0]
    mu, logvar = np.empty((n, latent), w.W1.dtype), np.empty((n, latent), w.W1.dtype)
    for rows, act in batches(make_vae_activations, w, n):
        gather(images[rows], np.arange(len(act.x)), act.x)  # (B, P), in [0, 1]
        encode_forward(w, act)  # (B, P) -> (B, L)
        mu[rows], logvar[rows] = act.mu, act.logvar  # copies: the next batch overwrites act
    return mu, logvar


def posterior_sigma(logvar: np.ndarray) -> np.ndarray:
    """Return exp(logvar / 2), with the guard of `layers.reparameterise_forward`."""
    return np.exp(0.5 * np.minimum(logvar, LOGVAR_MAX))


def sample(mu: np.ndarray, logvar: np.ndarray, seed: int) -> np.ndarray:
    """Draw z ~ N(mu, exp(logvar)) from a seed: the same noise for every model of this size."""
    # No epoch of a training has the number 2^31, so this noise is not the training's.
    eps = np.random.default_rng([seed, 2**31]).standard_normal(mu.shape, dtype=np.float32)
    return mu + posterior_sigma(logvar) * eps


def decode(w: VAEWeights, z: np.ndarray) -> np.ndarray:
    """Return the images (N, pixels), in (0, 1), that the decoder makes of z (N, latent)."""
    from scipy.special import expit  # here: importing it takes a while, and no training needs it

    images = np.empty((len(z), w.W4.shape[1]), w.W1.dtype)  # (N, P)
    for rows, act in batches(make_vae_activations, w, len(z)):
        act.z[:] = z[rows]
        decode_forward(w, act)
        images[rows] = expit(act.logits)  # the sigmoid: from logits to (0, 1)
    return images


def reconstruction_errors(w: VAEWeights, z: np.ndarray, images: np.ndarray) -> Errors:
    """Return the errors of decoding z (N, latent) against images (N, pixels)."""
    errors = Errors(np.empty(len(z)), np.empty(len(z)))  # in float64
    for rows, act in batches(make_vae_activations, w, len(z)):
        act.z[:] = z[rows]
        gather(images[rows], np.arange(len(act.x)), act.x)
        decode_forward(w, act)
        bernoulli_nll(act.logits, act.x, act.terms, act.nll, act.dlogits)
        errors.bce[rows] = act.nll  # (B,)
        errors.sse[rows] = np.square(act.dlogits * len(act.x)).sum(axis=1)  # it is (s - x) / B
    return errors


def score(w: CriticWeights, z: np.ndarray) -> np.ndarray:
    """Return the score (N,) of each z (N, latent)."""
    scores = np.empty(len(z), w.W1.dtype)
    for rows, act in batches(make_critic_activations, w, len(z)):
        act.z[:] = z[rows]
        score_forward(w, act)  # (B, L) -> (B,)
        scores[rows] = act.score
    return scores


def errors_on_test_images(w: VAEWeights, images: np.ndarray, seed: int) -> dict[str, float]:
    """Return the test columns of the history: mean errors with z = mu and z sampled, mean sigma."""
    mu, logvar = encode(w, images)  # (N, L)
    at_mu = reconstruction_errors(w, mu, images)
    at_z = reconstruction_errors(w, sample(mu, logvar, seed), images)
    columns = {
        "test_bce_mu": at_mu.bce, "test_bce_z": at_z.bce, "test_sse_mu": at_mu.sse,
        "test_sse_z": at_z.sse, "mean_sigma": posterior_sigma(logvar),
    }  # fmt: skip
    return {name: float(numbers.mean()) for name, numbers in columns.items()}
