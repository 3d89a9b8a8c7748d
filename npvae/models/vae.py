"""The variational autoencoder: encoder, sampler, decoder, each a forward and a backward pass.

    encoder   h_enc = relu(x W1 + b1),   [mu | logvar] = h_enc W2 + b2       (B, P) -> (B, L)
    sampler   z = mu + exp(logvar / 2) * eps
    decoder   h_dec = relu(z W3 + b3),   logits = h_dec W4 + b4              (B, L) -> (B, P)

Sizes: npvae/nn/__init__.py. The gradients at the arguments of the two ReLUs are da_enc and da_dec.
"""

from typing import NamedTuple

import numpy as np

from npvae.nn.layers import (
    dense_backward,
    dense_backward_input,
    dense_forward,
    dense_relu_backward_input,
    dense_relu_forward,
    reparameterise_forward,
)
from npvae.nn.losses import bernoulli_nll
from npvae.nn.parameters import ParameterSet, aligned_zeros, dense_shapes, make_parameters


class VAEWeights(NamedTuple):
    """The VAE's parameters, or the gradients of the loss with respect to them."""

    W1: np.ndarray  # (P, H)    encoder
    b1: np.ndarray  # (H,)
    W2: np.ndarray  # (H, 2 L)  columns: first the means, then the log-variances
    b2: np.ndarray  # (2 L,)
    W3: np.ndarray  # (L, H)    decoder
    b3: np.ndarray  # (H,)
    W4: np.ndarray  # (H, P)
    b4: np.ndarray  # (P,)


class VAEActivations(NamedTuple):
    """Everything that one batch leaves on its way through the VAE and back."""

    x: np.ndarray  # (B, P)
    h_enc: np.ndarray  # (B, H)
    sigma: np.ndarray  # (B, L)
    eps: np.ndarray  # (B, L)
    z: np.ndarray  # (B, L)
    h_dec: np.ndarray  # (B, H)
    logits: np.ndarray  # (B, P)
    terms: np.ndarray  # (B, P)    each pixel's share in the loss
    nll: np.ndarray  # (B,)
    dlogits: np.ndarray  # (B, P)
    da_dec: np.ndarray  # (B, H)
    dz: np.ndarray  # (B, L)
    da_enc: np.ndarray  # (B, H)
    stats: np.ndarray  # (B, 2 L)
    dstats: np.ndarray  # (B, 2 L)
    mu: np.ndarray  # (B, L)       mu and logvar are views of the two halves of stats,
    logvar: np.ndarray  # (B, L)
    dmu: np.ndarray  # (B, L)      and these are views of those of dstats
    dlogvar: np.ndarray  # (B, L)


def vae_shapes(pixels: int, hidden: int, latent: int) -> VAEWeights:
    """Return the shapes of the VAE's parameters."""
    encoder = (pixels, hidden), (hidden, 2 * latent)  # W1, W2
    decoder = (latent, hidden), (hidden, pixels)  # W3, W4
    return dense_shapes(VAEWeights, *encoder, *decoder)


def make_vae(
    pixels: int, hidden: int, latent: int, dtype: np.dtype, rng: np.random.Generator
) -> ParameterSet:
    """Allocate the VAE's parameters and draw their start, uniform in +-1/sqrt(fan_in)."""
    return make_parameters(vae_shapes(pixels, hidden, latent), dtype, rng)


def make_vae_activations(w: VAEWeights, batch: int) -> VAEActivations:
    """Allocate what a batch of `batch` images needs, once, for all steps of a training."""
    B, (P, H), L, dtype = batch, w.W1.shape, len(w.W3), w.W1.dtype
    encoder = (B, P), (B, H)  # x, h_enc
    sampler = (B, L), (B, L), (B, L)  # sigma, eps, z
    decoder = (B, H), (B, P), (B, P), (B,)  # h_dec, logits, terms, nll
    back = (B, P), (B, H), (B, L), (B, H)  # dlogits, da_dec, dz, da_enc
    shapes = *encoder, *sampler, *decoder, *back
    stats, dstats = (aligned_zeros((B, 2 * L), dtype) for _ in range(2))
    halves = stats[:, :L], stats[:, L:], dstats[:, :L], dstats[:, L:]  # mu, logvar, dmu, dlogvar
    return VAEActivations(*(aligned_zeros(s, dtype) for s in shapes), stats, dstats, *halves)


def encode_forward(w: VAEWeights, act: VAEActivations) -> None:
    """Compute mu and logvar. Reads x; writes h_enc and stats."""
    dense_relu_forward(act.x, w.W1, w.b1, act.h_enc)  # (B, P) -> (B, H)
    dense_forward(act.h_enc, w.W2, w.b2, act.stats)  # (B, H) -> (B, 2 L), which is [mu | logvar]


def encode_backward(w: VAEWeights, dw: VAEWeights, act: VAEActivations) -> None:
    """Compute the encoder's gradients. Reads x, h_enc, dstats; writes dw.W1 .. dw.b2, da_enc."""
    dense_backward(act.h_enc, act.dstats, dw.W2, dw.b2)  # h_enc^T dstats: (H, B) (B, 2 L)
    dense_relu_backward_input(act.dstats, w.W2, act.h_enc, act.da_enc)  # dstats W2^T: (B, H)
    dense_backward(act.x, act.da_enc, dw.W1, dw.b1)  # x^T da_enc: (P, B) (B, H)


def hold_sigma(w: VAEWeights, sigma: float) -> None:
    """Make the encoder give every image the same posterior standard deviation `sigma` (units of z).

    Writes the columns of W2 and b2 that belong to logvar. In a training they stay as they are if
    each step calls `hold_sigma_backward`.
    """
    latent = len(w.W3)
    w.W2[:, latent:] = 0
    w.b2[latent:] = 2 * np.log(sigma)  # logvar = log sigma^2


def hold_sigma_backward(dw: VAEWeights) -> None:
    """Set the gradients of the log-variances' columns in dw.W2 and dw.b2 to 0: they are held."""
    latent = len(dw.W3)
    dw.W2[:, latent:] = 0
    dw.b2[latent:] = 0


def decode_forward(w: VAEWeights, act: VAEActivations) -> None:
    """Compute the pixels' logits. Reads z; writes h_dec and logits."""
    dense_relu_forward(act.z, w.W3, w.b3, act.h_dec)  # (B, L) -> (B, H)
    dense_forward(act.h_dec, w.W4, w.b4, act.logits)  # (B, H) -> (B, P)


def reconstruct_forward(w: VAEWeights, act: VAEActivations) -> float:
    """Sample z, decode it, and return the BCE of the batch.

    Reads x, mu, logvar, eps; writes sigma, z, h_dec, logits, nll, dlogits; terms is overwritten.
    """
    reparameterise_forward(act.mu, act.logvar, act.eps, act.sigma, act.z)  # all (B, L)
    decode_forward(w, act)  # (B, L) -> (B, P)
    return bernoulli_nll(act.logits, act.x, act.terms, act.nll, act.dlogits)


def decode_backward(w: VAEWeights, dw: VAEWeights, act: VAEActivations) -> None:
    """Compute the decoder's gradients, and dz.

    Reads z, h_dec, dlogits; writes dw.W3 .. dw.b4, da_dec, dz.
    """
    dense_backward(act.h_dec, act.dlogits, dw.W4, dw.b4)  # h_dec^T dlogits: (H, B) (B, P)
    dense_relu_backward_input(act.dlogits, w.W4, act.h_dec, act.da_dec)  # dlogits W4^T: (B, H)
    dense_backward(act.z, act.da_dec, dw.W3, dw.b3)  # z^T da_dec: (L, B) (B, H)
    dense_backward_input(act.da_dec, w.W3, act.dz)  # da_dec W3^T: (B, H) (H, L)
