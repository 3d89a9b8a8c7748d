"""The three losses that are minimised, with their gradients: everything comes together here.

    KL run, VAE      loss = BCE + beta * KL
    WS run, VAE      loss = BCE - lambda * mean score(z)           z = the encoder's samples, "fake"
    WS run, critic   loss = mean score(z) - mean score(prior) + weight * penalty

The critic maximises mean score(prior) - mean score(z), its estimate of the Wasserstein distance W1;
the VAE minimises BCE + lambda * W1, in which only score(z) depends on the VAE. Per image, in nats.
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
from npvae.models.penalty import penalty_backward, penalty_forward
from npvae.models.vae import (
    VAEActivations,
    decode_backward,
    decode_forward,
    encode_backward,
    sample_backward,
    sample_forward,
)
from npvae.nn.losses import bernoulli_nll, kl_backward, kl_forward
from npvae.nn.parameters import ParameterSet, aligned_zeros


class CriticBatch(NamedTuple):
    """The critic's 3 B rows of one update and views of their parts."""

    every: CriticActivations  # 3 B rows: fake, prior, mixed
    pair: CriticActivations  # the first 2 B rows
    fake: CriticActivations  # B samples of the encoder
    prior: CriticActivations  # B samples of N(0, I)
    mixed: CriticActivations  # B points between the two, where the penalty is taken
    norm: np.ndarray  # (B,) length of the score's input gradient at the mixed points


def make_critic_batch(w: CriticWeights, batch: int) -> CriticBatch:
    """Allocate what the critic's updates on batches of `batch` images need."""
    every = make_critic_activations(w, 3 * batch)
    parts = (every.rows(a * batch, b * batch) for a, b in ((0, 2), (0, 1), (1, 2), (2, 3)))
    return CriticBatch(every, *parts, norm=aligned_zeros(batch, w.W1.dtype))


def kl_objective(vae: ParameterSet, a: VAEActivations, beta: float) -> tuple[float, float]:
    """Compute BCE and KL of one batch, and in `vae.g` the gradient of BCE + beta * KL.

    `encode_forward` has been run on `a`, and `a.eps` holds the noise.
    """
    sample_forward(a)
    decode_forward(vae.w, a)
    bce = bernoulli_nll(a.logits, a.x, a.terms, a.nll, a.dlogits)
    kl = kl_forward(a.mu, a.logvar)

    decode_backward(vae.w, vae.g, a)
    sample_backward(a)
    kl_backward(a.mu, a.logvar, beta, a.dmu, a.dlogvar)
    encode_backward(vae.w, vae.g, a)
    return bce, kl


def ws_objective(
    vae: ParameterSet, a: VAEActivations, w: CriticWeights, fake: CriticActivations, weight: float
) -> tuple[float, float]:
    """Compute BCE and mean score(z) of one batch, and in `vae.g` the gradient of their loss.

    The loss is BCE - weight * mean score(z), and the critic `w` stays as it is. `encode_forward`
    has been run on `a`, and `a.eps` holds the noise.
    """
    sample_forward(a)
    decode_forward(vae.w, a)
    bce = bernoulli_nll(a.logits, a.x, a.terms, a.nll, a.dlogits)
    fake.z[:] = a.z
    score_forward(w, fake)

    fake.dscore[:] = -weight / fake.dscore.size
    score_backward_hidden(w, fake)
    score_backward_input(w, fake)
    decode_backward(vae.w, vae.g, a)
    a.dz[:] += fake.dz
    sample_backward(a)
    encode_backward(vae.w, vae.g, a)
    return bce, float(fake.score.mean())


def critic_objective(
    critic: ParameterSet, batch: CriticBatch, weight: float
) -> tuple[float, float, float]:
    """Compute the W1 estimate, the penalty P and the mean gradient norm of one critic batch.

    In `critic.g` it leaves the gradient of weight * P - W1. The z of all three parts is set; the
    mixed rows of z, h1 and h2 are used up.
    """
    score_forward(critic.w, batch.every)
    w1 = float(batch.prior.score.mean()) - float(batch.fake.score.mean())

    batch.fake.dscore[:] = 1 / batch.fake.dscore.size
    batch.prior.dscore[:] = -1 / batch.prior.dscore.size
    batch.mixed.dscore[:] = 1
    score_backward_hidden(critic.w, batch.every)
    score_backward_input(critic.w, batch.mixed)
    penalty = penalty_forward(batch.mixed.dz, batch.norm)

    penalty_backward(critic.w, batch.mixed, batch.norm, weight)
    # One product per weight sums the gradients of both terms; no bias acts on the penalty.
    score_backward_weights(critic.g, batch.every)
    score_backward_biases(critic.g, batch.pair)
    return w1, penalty, float(batch.norm.mean())
