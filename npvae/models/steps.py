"""One training step of each run: a batch in, every network updated, its losses out.

    KL step   encode, sample, decode, BCE + beta * KL, backward, Adam
    SW step   the same with BCE + lambda * SW, along fresh directions
    WS step   encode; then several times: fresh z, prior samples and mixtures, critic update;
              then fresh z, decode, BCE - lambda * mean score(z), backward, Adam
              (Gulrajani et al. 2017, algorithm 1, with the encoder as the generator)

Every step is on images[index]: images (N, P) are bytes or floats in [0, 1], index (B,) chooses the
batch. t counts the steps from 1. If `sigma_is_held`, the posterior's sigma does not learn. All
randomness is an argument, so that it can be frozen and checked. The last number that a step
returns, `largest`, comes from `adam_update`: it is not finite if the step diverged.
"""

import numpy as np

from npvae.kernels.jit import jit
from npvae.models.objectives import (
    CriticBatch,
    critic_objective,
    kl_objective,
    sw_objective,
    ws_objective,
)
from npvae.models.sliced import Lines, normalise
from npvae.models.vae import VAEActivations, encode_forward, hold_sigma_backward
from npvae.nn.adam import adam_update
from npvae.nn.layers import reparameterise_forward
from npvae.nn.parameters import ParameterSet
from npvae.nn.pixels import gather


def kl_step(
    vae: ParameterSet, act: VAEActivations, images: np.ndarray, index: np.ndarray,
    *, beta: float, lr: float, t: int, sigma_is_held: bool = False,
) -> tuple[float, float, float]:  # fmt: skip
    """Do step t with the noise in act.eps; return the BCE and the KL in nats, and `largest`."""
    gather(images, index, act.x)  # x (B, P)
    encode_forward(vae.w, act)  # mu, logvar (B, L)
    bce, kl = kl_objective(vae, act, beta)  # and the gradient in vae.dw
    if sigma_is_held:
        hold_sigma_backward(vae.dw)
    return bce, kl, adam_update(vae, t, lr)  # the VAE moves


def sw_step(
    vae: ParameterSet, act: VAEActivations, lines: Lines, images: np.ndarray, index: np.ndarray,
    *, wasserstein_weight: float, lr: float, t: int, sigma_is_held: bool = False,
) -> tuple[float, float, float]:  # fmt: skip
    """Do step t with the noise in act.eps; return the BCE, the distance (in z), and `largest`.

    lines.prior and lines.directions hold samples of N(0, I). The directions get length 1 here.
    """
    gather(images, index, act.x)  # x (B, P)
    encode_forward(vae.w, act)  # mu, logvar (B, L)
    normalise(lines.directions)  # (K, L)
    bce, distance = sw_objective(vae, act, lines, wasserstein_weight)  # and the gradient in vae.dw
    if sigma_is_held:
        hold_sigma_backward(vae.dw)
    return bce, distance, adam_update(vae, t, lr)  # the VAE moves


@jit
def mix(z: np.ndarray, prior: np.ndarray, alpha: np.ndarray, mixed: np.ndarray) -> None:
    """Compute mixed = alpha * prior + (1 - alpha) * z, (B, L), with alpha (B,) in [0, 1)."""
    for row in range(alpha.size):
        for j in range(z.shape[1]):
            mixed[row, j] = z[row, j] + alpha[row] * (prior[row, j] - z[row, j])


def critic_step(
    critic: ParameterSet, batch: CriticBatch, act: VAEActivations,
    *, eps: np.ndarray, prior: np.ndarray, alpha: np.ndarray, gp_weight: float, lr: float, t: int,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Do the critic's update number t = 1, 2, .. on fresh z of the mu and logvar in `act`.

    eps and prior (B, L) are standard normal, alpha (B,) uniform. Overwrites act.sigma. Returns the
    estimate of the distance, the penalty, the mean norm of the score's input gradient, `largest`.
    """
    reparameterise_forward(act.mu, act.logvar, eps, act.sigma, batch.fake.z)  # fake z (B, L)
    batch.prior.z[:] = prior  # (B, L)
    mix(batch.fake.z, batch.prior.z, alpha, batch.mixed.z)  # mixed z (B, L)
    distance, penalty, norm = critic_objective(critic, batch, gp_weight)
    return distance, penalty, norm, adam_update(critic, t, lr)  # the critic moves


def ws_step(
    vae: ParameterSet, act: VAEActivations, critic: ParameterSet, batch: CriticBatch,
    images: np.ndarray, index: np.ndarray, *, noise: np.ndarray, alpha: np.ndarray,
    wasserstein_weight: float, gp_weight: float, lr: float, critic_lr: float, t: int,
    sigma_is_held: bool = False,
) -> tuple[float, float, float, float, float]:  # fmt: skip
    """Do step t: n updates of the critic, then one of the VAE with the noise in act.eps.

    noise (n, 2, B, L) holds eps and the prior samples of each critic update, alpha (n, B) its
    uniform numbers. Returns the BCE; the means over the critic's updates of the distance, the
    penalty and the norm of the score's input gradient; and the sum of `largest` over all updates.
    """
    gather(images, index, act.x)  # x (B, P)
    encode_forward(vae.w, act)  # mu, logvar (B, L)
    n, sums = len(alpha), np.zeros(4)  # updates of the critic, and what they return
    for k in range(n):
        eps, prior = noise[k]  # (B, L) each
        update = (t - 1) * n + k + 1  # Adam counts the critic's own updates
        sums += critic_step(
            critic, batch, act, eps=eps, prior=prior, alpha=alpha[k], gp_weight=gp_weight,
            lr=critic_lr, t=update,
        )  # fmt: skip
    bce, _ = ws_objective(vae, act, critic.w, batch.fake, wasserstein_weight)  # gradient in vae.dw
    if sigma_is_held:
        hold_sigma_backward(vae.dw)
    largest = adam_update(vae, t, lr)
    distance, penalty, norm = sums[:3] / n  # the means over the updates
    return bce, distance, penalty, norm, sums[3] + largest
