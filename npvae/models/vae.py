"""The variational autoencoder: encoder, sampler, decoder, each a forward and a backward pass.

encoder   h = relu(x W1 + b1),   [mu | logvar] = h W2 + b2          (B, pixels) -> (B, latent)
sampler   z = mu + exp(logvar / 2) * eps
decoder   g = relu(z W3 + b3),   logits = g W4 + b4                 (B, latent) -> (B, pixels)
"""

from typing import NamedTuple

import numpy as np

from npvae.nn.layers import (
    dense_backward,
    dense_backward_input,
    dense_forward,
    dense_relu_forward,
    reparameterise_backward,
    reparameterise_forward,
)
from npvae.nn.parameters import ParameterSet, aligned_zeros, make_parameters


class VAEWeights(NamedTuple):
    """The VAE's parameters, or the gradients of the loss with respect to them."""

    W1: np.ndarray  # (pixels, hidden)      encoder
    b1: np.ndarray  # (hidden,)
    W2: np.ndarray  # (hidden, 2 latent)    columns: first the means, then the log-variances
    b2: np.ndarray  # (2 latent,)
    W3: np.ndarray  # (latent, hidden)      decoder
    b3: np.ndarray  # (hidden,)
    W4: np.ndarray  # (hidden, pixels)
    b4: np.ndarray  # (pixels,)


class VAEActivations(NamedTuple):
    """Everything that one batch leaves on its way through the VAE and back.

    `mu` and `logvar` are the two halves of `stats`, `dmu` and `dlogvar` those of `dstats`.
    """

    x: np.ndarray  # (B, pixels)
    h: np.ndarray  # (B, hidden)
    stats: np.ndarray  # (B, 2 latent)
    mu: np.ndarray  # (B, latent)
    logvar: np.ndarray
    sigma: np.ndarray
    eps: np.ndarray
    z: np.ndarray
    g: np.ndarray  # (B, hidden)
    logits: np.ndarray  # (B, pixels)
    terms: np.ndarray  # (B, pixels) each pixel's share in the loss
    nll: np.ndarray  # (B,)
    dlogits: np.ndarray
    dg: np.ndarray
    dz: np.ndarray
    dstats: np.ndarray
    dmu: np.ndarray
    dlogvar: np.ndarray
    dh: np.ndarray
    scratch: np.ndarray  # room for the transposes of a backward pass


def vae_shapes(pixels: int, hidden: int, latent: int) -> VAEWeights:
    """Return the shapes of the VAE's parameters."""
    return VAEWeights(
        (pixels, hidden),
        (hidden,),
        (hidden, 2 * latent),
        (2 * latent,),
        (latent, hidden),
        (hidden,),
        (hidden, pixels),
        (pixels,),
    )


def make_vae(
    pixels: int, hidden: int, latent: int, dtype: np.dtype, rng: np.random.Generator
) -> ParameterSet:
    """Allocate the VAE's parameters and draw their start, uniform in +-1/sqrt(fan_in)."""
    return make_parameters(vae_shapes(pixels, hidden, latent), dtype, rng)


def make_vae_activations(w: VAEWeights, batch: int) -> VAEActivations:
    """Allocate what a batch of `batch` images needs, once, for all steps of a training."""
    (pixels, hidden), latent, dtype = w.W1.shape, w.W3.shape[0], w.W1.dtype

    def zeros(columns: int) -> np.ndarray:
        return aligned_zeros((batch, columns), dtype)

    stats, dstats = zeros(2 * latent), zeros(2 * latent)
    return VAEActivations(
        x=zeros(pixels),
        h=zeros(hidden),
        stats=stats,
        mu=stats[:, :latent],
        logvar=stats[:, latent:],
        sigma=zeros(latent),
        eps=zeros(latent),
        z=zeros(latent),
        g=zeros(hidden),
        logits=zeros(pixels),
        terms=zeros(pixels),
        nll=aligned_zeros(batch, dtype),
        dlogits=zeros(pixels),
        dg=zeros(hidden),
        dz=zeros(latent),
        dstats=dstats,
        dmu=dstats[:, :latent],
        dlogvar=dstats[:, latent:],
        dh=zeros(hidden),
        scratch=aligned_zeros(batch * (max(pixels, 2 * latent) + hidden), dtype),
    )


def encode_forward(w: VAEWeights, a: VAEActivations) -> None:
    """Compute mu and logvar from x."""
    dense_relu_forward(a.x, w.W1, w.b1, a.h)
    dense_forward(a.h, w.W2, w.b2, a.stats)


def encode_backward(w: VAEWeights, g: VAEWeights, a: VAEActivations) -> None:
    """Compute the encoder's gradients from dmu and dlogvar."""
    dense_backward(a.h, a.dstats, g.W2, g.b2)
    dense_backward_input(a.dstats, w.W2, a.dh, a.scratch, relu=a.h)
    dense_backward(a.x, a.dh, g.W1, g.b1)


def sample_forward(a: VAEActivations) -> None:
    """Compute z from mu, logvar and eps."""
    reparameterise_forward(a.mu, a.logvar, a.eps, a.sigma, a.z)


def sample_backward(a: VAEActivations) -> None:
    """Compute dmu and dlogvar from dz."""
    reparameterise_backward(a.dz, a.eps, a.sigma, a.dmu, a.dlogvar)


def decode_forward(w: VAEWeights, a: VAEActivations) -> None:
    """Compute the logits of the pixels from z."""
    dense_relu_forward(a.z, w.W3, w.b3, a.g)
    dense_forward(a.g, w.W4, w.b4, a.logits)


def decode_backward(w: VAEWeights, g: VAEWeights, a: VAEActivations) -> None:
    """Compute the decoder's gradients and dz from dlogits."""
    dense_backward(a.g, a.dlogits, g.W4, g.b4)
    dense_backward_input(a.dlogits, w.W4, a.dg, a.scratch, relu=a.g)
    dense_backward(a.z, a.dg, g.W3, g.b3)
    dense_backward_input(a.dg, w.W3, a.dz, a.scratch)
