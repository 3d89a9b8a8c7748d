"""The two steps, told stage by stage: what `kl_step` and `ws_step` do, in their order.

Every stage calls the function that trains, or does what a line or two of the real step do. In the
end the real step is made from the same start, and its weights are compared with these, bit for bit.
"""

import inspect
import textwrap
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from npvae.models.critic import (
    score_backward_biases,
    score_backward_hidden,
    score_backward_input,
    score_backward_weights,
    score_forward,
)
from npvae.models.penalty import penalty_backward, penalty_forward
from npvae.models.steps import critic_step, kl_step, mix, ws_step
from npvae.models.vae import (
    decode_backward,
    decode_forward,
    encode_backward,
    encode_forward,
    sample_backward,
    sample_forward,
)
from npvae.nn.adam import adam_update
from npvae.nn.layers import reparameterise_forward
from npvae.nn.losses import bernoulli_nll, kl_backward_add, kl_forward, mean
from npvae.nn.pixels import gather
from npvae.trace import words, words_critic
from npvae.trace.differences import Losses, critic_losses, kl_losses, unchanged, ws_losses
from npvae.trace.layout import INDENT, decimal
from npvae.trace.stages import BOLD, Trace
from npvae.trace.start import BETA, GP_WEIGHT, RATE, WASSERSTEIN_WEIGHT, Start

Change = tuple[Losses, Losses]  # the losses before and after an update


def kl_story(trace: Trace, start: Start, real: Start) -> None:
    """Do and tell the step of the KL run. `real` is the same start, for `kl_step`."""
    vae, act, stage = start.vae, start.act, trace.stage
    _begin(trace, start, kl_step, "vae.w")
    losses = partial(kl_losses, w=vae.w, x=start.images, eps=act.eps, beta=BETA)
    trace.losses, before = losses, losses(unchanged)

    stage(words.GATHER, gather, start.images, start.index, act.x)
    stage(words.ENCODE, encode_forward, vae.w, act)
    stage(words.SAMPLE, sample_forward, act)
    stage(words.DECODE, decode_forward, vae.w, act)
    bernoulli = act.logits, act.x, act.terms, act.nll, act.dlogits
    stage(words.BCE, bernoulli_nll, *bernoulli)
    stage(words.KL, kl_forward, act.mu, act.logvar)

    stage(words.DECODE_BACKWARD, decode_backward, vae.w, vae.dw, act)
    stage(words.SAMPLE_BACKWARD_KL, sample_backward, act)
    gaussian = act.mu, act.logvar, BETA, act.dmu, act.dlogvar
    stage(words.KL_BACKWARD, kl_backward_add, *gaussian)
    stage(words.ENCODE_BACKWARD, encode_backward, vae.w, vae.dw, act)
    stage(words.ADAM_VAE, adam_update, vae, 1, RATE)

    real.kl_step()
    _end(trace, start, real, kl_step, {"VAE": (before, losses(unchanged))})


def ws_story(trace: Trace, start: Start, real: Start) -> None:
    """Do and tell the step of the WS run: two updates of the critic, then one of the VAE.

    `real` is the same start, for `ws_step`.
    """
    vae, act, critic, fake = start.vae, start.act, start.critic, start.batch.fake
    stage = trace.stage
    _begin(trace, start, ws_step, "vae.w critic.w noise")
    stage(words.GATHER, gather, start.images, start.index, act.x)
    stage(words.ENCODE, encode_forward, vae.w, act)
    first_update = _first_critic_update(trace, start)
    eps, prior = start.noise[1]
    options = {"alpha": start.alpha[1], "gp_weight": GP_WEIGHT, "lr": RATE, "t": 2}
    networks = critic, start.batch, act
    stage(words_critic.SECOND_UPDATE, critic_step, *networks, eps=eps, prior=prior, **options)

    losses = partial(
        ws_losses, w=vae.w, x=start.images, eps=act.eps, critic_w=critic.w,
        weight=WASSERSTEIN_WEIGHT,
    )  # fmt: skip
    trace.losses, before = losses, losses(unchanged)
    stage(words.SAMPLE, sample_forward, act)
    stage(words.DECODE, decode_forward, vae.w, act)
    bernoulli = act.logits, act.x, act.terms, act.nll, act.dlogits
    stage(words.BCE, bernoulli_nll, *bernoulli)
    stage(words_critic.COPY_Z, np.copyto, fake.z, act.z)
    stage(words_critic.SCORE_Z, score_forward, critic.w, fake)

    stage(words_critic.DSCORE_Z, fake.dscore.fill, -WASSERSTEIN_WEIGHT / fake.dscore.size)
    stage(words_critic.SCORE_Z_BACKWARD, score_backward_hidden, critic.w, fake)
    stage(words_critic.SCORE_Z_BACKWARD_INPUT, score_backward_input, critic.w, fake)
    stage(words.DECODE_BACKWARD, decode_backward, vae.w, vae.dw, act)
    stage(words.ADD_DZ, np.add, act.dz, fake.dz, out=act.dz)
    stage(words.SAMPLE_BACKWARD_WS, sample_backward, act)
    stage(words.ENCODE_BACKWARD, encode_backward, vae.w, vae.dw, act)
    stage(words.ADAM_VAE, adam_update, vae, 1, RATE)

    real.ws_step()
    changes = {"critic, first update": first_update, "VAE": (before, losses(unchanged))}
    _end(trace, start, real, ws_step, changes)


def _first_critic_update(trace: Trace, start: Start) -> Change:
    """Do and tell the first of the critic's two updates: `critic_step` in small pieces."""
    act, critic, batch, stage = start.act, start.critic, start.batch, trace.stage
    fake, prior, mixed = batch.fake, batch.prior, batch.mixed
    eps, samples = start.noise[0]
    sampled = act.mu, act.logvar, eps, act.sigma, fake.z
    stage(words_critic.FAKE, reparameterise_forward, *sampled)
    stage(words_critic.PRIOR, np.copyto, prior.z, samples)
    stage(words_critic.MIX, mix, fake.z, prior.z, start.alpha[0], mixed.z)
    # Copies of z, because the penalty will use up its part of it.
    z = {"fake": fake.z.copy(), "prior": prior.z.copy(), "mixed": mixed.z.copy()}
    losses = partial(critic_losses, w=critic.w, gp_weight=GP_WEIGHT, **z)
    trace.losses, before = losses, losses(unchanged)

    def distance() -> float:
        return mean(prior.score) - mean(fake.score)

    def upstream() -> None:
        fake.dscore[:] = 1 / fake.dscore.size
        prior.dscore[:] = -1 / prior.dscore.size
        mixed.dscore[:] = 1

    stage(words_critic.SCORE, score_forward, critic.w, batch.every)
    stage(words_critic.DISTANCE, distance)
    stage(words_critic.DSCORE, upstream)
    stage(words_critic.SCORE_BACKWARD, score_backward_hidden, critic.w, batch.every)
    stage(words_critic.SCORE_BACKWARD_INPUT, score_backward_input, critic.w, mixed)
    stage(words_critic.PENALTY, penalty_forward, mixed.dz, batch.norm)
    penalised = critic.w, mixed, batch.norm, GP_WEIGHT
    stage(words_critic.PENALTY_BACKWARD, penalty_backward, *penalised)
    stage(words_critic.SCORE_BACKWARD_WEIGHTS, score_backward_weights, critic.dw, batch.every)
    stage(words_critic.SCORE_BACKWARD_BIASES, score_backward_biases, critic.dw, batch.pair)
    stage(words_critic.ADAM_CRITIC, adam_update, critic, 1, RATE)
    after = losses(unchanged)
    terms = ("distance", "penalty", "loss")
    return {name: before[name] for name in terms}, {name: after[name] for name in terms}


def print_head(trace: Trace, run: str, seed: int) -> None:
    """Print what is to be seen and, above the whole step, how to read it."""
    print(trace.paint(words.TITLE.format(run=run.upper(), seed=seed), BOLD))
    if trace.part is None:
        for text in (words.SIZES.rstrip() + words.LOSSES[run], words.HOW_TO_READ):
            filled = inspect.cleandoc(text).format(**words.NUMBERS)
            print("\n" + textwrap.indent(filled, INDENT))


def _begin(trace: Trace, start: Start, step: Callable, owners: str) -> None:
    """Show the images, the noise and the weights of these owners."""
    if trace.begin(words.START, step):
        trace.show(start.inputs(owners), places=2)


def _end(
    trace: Trace, start: Start, real: Start, step: Callable, changes: Mapping[str, Change]
) -> None:
    """Compare the weights with those of the real step; show the losses before and after.

    Raises AssertionError if a single bit differs.
    """
    for ours, theirs in ((start.vae, real.vae), (start.critic, real.critic)):
        if any(a.tobytes() != b.tobytes() for a, b in zip(ours[2:], theirs[2:], strict=True)):
            raise AssertionError(f"the trace and {step.__name__} make different weights")
    if not trace.begin(words.END, step):
        return
    print(f"\n   {'':36}{'before':>10}{'after':>10}")
    for network, (before, after) in changes.items():
        for name in before:
            row = f"{network}: {name}"
            print(f"   {row:36}{decimal(before[name]):>10}{decimal(after[name]):>10}")
    print(f"\n   All weights, gradients and moments are those of {step.__name__}, bit for bit.")
