"""One training step of each run: a batch in, every network updated, its losses out.

    KL step   encode, sample, decode, BCE + beta * KL, backward, Adam
    WS step   encode; then several times: fresh z, prior samples and mixtures, critic update;
              then fresh z, decode, BCE - lambda * mean score(z), backward, Adam
              (Gulrajani et al. 2017, algorithm 1, with the encoder as the generator)

All the randomness of a step is an argument, so that it can be frozen and checked.
"""

import numpy as np

from npvae.kernels.jit import jit
from npvae.models.objectives import CriticBatch, critic_objective, kl_objective, ws_objective
from npvae.models.vae import VAEActivations, encode_forward
from npvae.nn.adam import adam_update
from npvae.nn.layers import reparameterise_forward
from npvae.nn.parameters import ParameterSet
from npvae.nn.pixels import gather


def kl_step(
    vae: ParameterSet,
    a: VAEActivations,
    images: np.ndarray,
    index: np.ndarray,
    beta: float,
    lr: float,
    t: int,
) -> tuple[float, float, float]:
    """Do step t (1, 2, ..) on images[index], with the noise in `a.eps`.

    Returns BCE and KL in nats per image, and the number to watch of `adam_update`.
    """
    gather(images, index, a.x)
    encode_forward(vae.w, a)
    bce, kl = kl_objective(vae, a, beta)
    return bce, kl, adam_update(vae, t, lr)


@jit
def mix(z: np.ndarray, prior: np.ndarray, alpha: np.ndarray, mixed: np.ndarray) -> None:
    """Compute mixed = alpha * prior + (1 - alpha) * z, with one alpha in [0, 1) for each row."""
    for row in range(alpha.size):
        for j in range(z.shape[1]):
            mixed[row, j] = z[row, j] + alpha[row] * (prior[row, j] - z[row, j])


def critic_step(
    critic: ParameterSet,
    batch: CriticBatch,
    a: VAEActivations,
    eps: np.ndarray,
    prior: np.ndarray,
    alpha: np.ndarray,
    gp_weight: float,
    lr: float,
    t: int,
) -> tuple[float, float, float, float]:
    """Do the critic's update number t (1, 2, ..) on fresh z of the mu and logvar that `a` holds.

    Returns the W1 estimate, the penalty, the mean norm of the score's input gradient, and the
    number to watch of `adam_update`.
    """
    reparameterise_forward(a.mu, a.logvar, eps, a.sigma, batch.fake.z)
    batch.prior.z[:] = prior
    mix(batch.fake.z, batch.prior.z, alpha, batch.mixed.z)
    losses = critic_objective(critic, batch, gp_weight)
    return *losses, adam_update(critic, t, lr)


def ws_step(
    vae: ParameterSet,
    a: VAEActivations,
    critic: ParameterSet,
    batch: CriticBatch,
    images: np.ndarray,
    index: np.ndarray,
    noise: np.ndarray,
    alpha: np.ndarray,
    weight: float,
    gp_weight: float,
    lr: float,
    critic_lr: float,
    t: int,
) -> tuple[float, float, float, float, float]:
    """Do step t (1, 2, ..) on images[index]: n critic updates, then one of the VAE.

    noise (n, 2, B, latent) holds each critic update's eps and prior samples, alpha (n, B) its
    uniform numbers; `a.eps` holds the VAE's noise. Returns BCE, then the means over the critic
    updates of the W1 estimate, the penalty and the norm of the score's input gradient, and the sum
    of what all the updates watch.
    """
    gather(images, index, a.x)
    encode_forward(vae.w, a)
    n = len(alpha)
    total = np.zeros(4)
    for k in range(n):
        eps, prior = noise[k]
        update = (t - 1) * n + k + 1
        total += critic_step(critic, batch, a, eps, prior, alpha[k], gp_weight, critic_lr, update)
    bce, _ = ws_objective(vae, a, critic.w, batch.fake, weight)
    w1, penalty, norm = total[:3] / n
    return bce, w1, penalty, norm, total[3] + adam_update(vae, t, lr)
