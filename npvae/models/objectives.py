"""The losses that are minimised, with their gradients: everything comes together here.

    KL run, VAE      loss = BCE + beta * KL
    SW run, VAE      loss = BCE + lambda * SW                      the sliced distance, sliced.py
    WS run, VAE      loss = BCE - lambda * mean score(z)           z = the encoder's samples, "fake"
    WS run, critic   loss = mean score(z) - mean score(prior) + gp_weight * penalty

The critic maximises mean score(prior) - mean score(z), its estimate of the Wasserstein distance; of
that only score(z) depends on the VAE. All losses are per image, the BCE and the KL in nats.
"""

from typing import NamedTuple

import numpy as np

from npvae.models.critic import (
    CriticActivations,
    CriticWeights,
    make_critic_activations,
    score_backward_biases,
    score_backward_hidden,
    score_backward_input,
    score_backward_weights,
    score_forward,
)
from npvae.models.penalty import SecondPass, penalty_backward, penalty_forward
from npvae.models.sliced import Lines, sliced_backward_add, sliced_forward
from npvae.models.vae import VAEActivations, decode_backward, encode_backward, reconstruct_forward
from npvae.nn.layers import reparameterise_backward
from npvae.nn.losses import kl_backward_add, kl_forward, mean
from npvae.nn.parameters import ParameterSet, aligned_zeros


class CriticBatch(NamedTuple):
    """The 3 B rows of one critic update, and views of their parts."""

    every: CriticActivations  # 3 B rows: fake, prior, mixed
    pair: CriticActivations  # the first 2 B rows: fake, prior
    fake: CriticActivations  # B samples of the encoder
    prior: CriticActivations  # B samples of N(0, I)
    mixed: CriticActivations  # B points between the two, where the penalty is taken
    norm: np.ndarray  # (B,) length of the score's input gradient at the mixed points
    second: SecondPass  # views of the mixed rows of z, h1, h2, which the second pass uses up


def make_critic_batch(w: CriticWeights, batch: int) -> CriticBatch:
    """Allocate what the critic's updates on batches of `batch` images need."""
    every = make_critic_activations(w, 3 * batch)
    pair, mixed = every.rows(0, 2 * batch), every.rows(2 * batch, 3 * batch)
    fake, prior = pair.rows(0, batch), pair.rows(batch, 2 * batch)
    second = SecondPass(ddz=mixed.z, dda1=mixed.h1, dda2=mixed.h2)
    return CriticBatch(every, pair, fake, prior, mixed, aligned_zeros(batch, w.W1.dtype), second)


def kl_objective(vae: ParameterSet, act: VAEActivations, beta: float) -> tuple[float, float]:
    """Return the BCE and the KL of one batch; leave the gradient of BCE + beta * KL in vae.dw.

    Reads the x, mu and logvar of `encode_forward`, and the noise eps.
    """
    bce = reconstruct_forward(vae.w, act)  # z (B, L), logits, dlogits (B, P)
    kl = kl_forward(act.mu, act.logvar)  # mean over the batch

    decode_backward(vae.w, vae.dw, act)  # dlogits -> dW4, dW3, dz
    reparameterise_backward(act.dz, act.eps, act.sigma, act.dmu, act.dlogvar)  # of the BCE
    kl_backward_add(act.mu, act.logvar, beta, act.dmu, act.dlogvar)  # plus those of beta * KL
    encode_backward(vae.w, vae.dw, act)  # dmu, dlogvar -> dW2, dW1
    return bce, kl


def sw_objective(
    vae: ParameterSet, act: VAEActivations, lines: Lines, wasserstein_weight: float
) -> tuple[float, float]:
    """Return the BCE and the SW of one batch; leave the gradient of BCE + weight * SW in vae.dw.

    Reads what `kl_objective` reads, and the prior's samples and the directions in `lines`.
    """
    bce = reconstruct_forward(vae.w, act)  # z (B, L), logits, dlogits (B, P)
    distance = sliced_forward(act.z, lines.prior, lines.directions, lines.sides)

    decode_backward(vae.w, vae.dw, act)  # dlogits -> dW4, dW3, the BCE's dz
    sliced_backward_add(lines.sides, lines.directions, wasserstein_weight, act.dz)
    reparameterise_backward(act.dz, act.eps, act.sigma, act.dmu, act.dlogvar)
    encode_backward(vae.w, vae.dw, act)  # dmu, dlogvar -> dW2, dW1
    return bce, distance


def ws_objective(
    vae: ParameterSet, act: VAEActivations, critic_w: CriticWeights, fake: CriticActivations,
    wasserstein_weight: float,
) -> tuple[float, float]:  # fmt: skip
    """Return the BCE and the mean score(z) of one batch; leave the loss's gradient in vae.dw.

    The loss is BCE - wasserstein_weight * mean score(z). Reads what `kl_objective` reads. The
    critic's weights stay as they are; `fake` is room for B rows.
    """
    bce = reconstruct_forward(vae.w, act)  # z (B, L), logits, dlogits (B, P)
    fake.z[:] = act.z  # (B, L)
    score_forward(critic_w, fake)  # score (B,)

    # loss = BCE - weight * mean score, so dscore = -weight / B
    fake.dscore[:] = -wasserstein_weight / fake.dscore.size
    score_backward_hidden(critic_w, fake)  # da2 (B, H2), da1 (B, H1)
    score_backward_input(critic_w, fake)  # da1 -> the score's dz
    decode_backward(vae.w, vae.dw, act)  # dlogits -> dW4, dW3, the BCE's dz
    act.dz[:] += fake.dz  # z went two ways, so its gradients add up
    reparameterise_backward(act.dz, act.eps, act.sigma, act.dmu, act.dlogvar)
    encode_backward(vae.w, vae.dw, act)  # dmu, dlogvar -> dW2, dW1
    return bce, mean(fake.score)


def critic_objective(
    critic: ParameterSet, batch: CriticBatch, gp_weight: float
) -> tuple[float, float, float]:
    """Return the estimate of the distance, the penalty and the mean norm of one critic batch.

    Reads z of fake, prior and mixed rows; leaves the gradient of gp_weight * penalty - distance in
    critic.dw. The mixed z, h1 and h2 are used up: `batch.second` takes their place.
    """
    score_forward(critic.w, batch.every)  # score (3 B,)
    distance = mean(batch.prior.score) - mean(batch.fake.score)

    # First backward pass. loss = mean score(fake) - mean score(prior) + ..
    batch.fake.dscore[:] = 1 / batch.fake.dscore.size
    batch.prior.dscore[:] = -1 / batch.prior.dscore.size
    batch.mixed.dscore[:] = 1  # for these rows dz is the score's own gradient
    score_backward_hidden(critic.w, batch.every)  # da2 (3 B, H2), da1 (3 B, H1)
    score_backward_input(critic.w, batch.mixed)  # dz (B, L)
    penalty = penalty_forward(batch.mixed.dz, batch.norm)  # norm (B,)

    # Second backward pass, through the first.
    penalty_backward(critic.w, batch.mixed, batch.norm, gp_weight, batch.second)

    # One product per weight sums over all 3 B rows, and so adds up the gradients of both terms:
    # dW1 = z^T da1 (fake and prior rows) + ddz^T da1 (second's rows), and dW2 and dW3 likewise.
    score_backward_weights(critic.dw, batch.every)
    score_backward_biases(critic.dw, batch.pair)  # the penalty has no gradient for a bias
    return distance, penalty, mean(batch.norm)
