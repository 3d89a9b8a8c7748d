"""Whole losses against central differences, for every parameter, after some training.

Tolerance 1e-5: a whole loss is a sum of terms of order 10 and its gradients reach down to 1e-5, so
the rounding of the loss, 1e-15 * 10 / h, is then 1e-6 of the smallest gradients.
"""

import numpy as np
import pytest
from small import BATCH, LATENT, Small

from npvae.models.critic import score_backward_hidden, score_backward_input, score_forward
from npvae.models.objectives import critic_objective, kl_objective, sw_objective, ws_objective
from npvae.models.penalty import penalty_forward
from npvae.models.sliced import make_lines, normalise, sliced_backward_add, sliced_forward
from npvae.models.steps import mix
from npvae.models.vae import encode_forward, hold_sigma, hold_sigma_backward
from npvae.nn.gradcheck import check_gradients
from npvae.nn.pixels import gather

RELU, STEP = 1e-6, 1e-5


def trained(kind):
    net = Small()
    (net.train_ws if kind == "ws" else net.train_kl)(10)
    return net


def parameters(network):
    pairs = zip(network.w, map(np.copy, network.dw), strict=True)
    return dict(zip(network.w._fields, pairs, strict=True))


def check(loss, arrays, active, tolerance, step=1e-3):
    found = check_gradients(loss, arrays, active, samples=10**6, step=step)
    assert found.max_error < tolerance, found.worst
    assert found.skipped < 0.05 * found.checked
    assert len(found.errors) == len(arrays)


def lines_of(net, count, batch):
    """Fresh prior samples and directions for batches of this size."""
    lines = make_lines(count, batch, LATENT, np.float64)
    lines.prior[:], lines.directions[:] = net.normal(batch, LATENT), net.normal(count, LATENT)
    normalise(lines.directions)
    return lines


def ranks(z, lines):
    """The rank of each code on each line. Where it changes, SW has a kink."""
    return (z @ lines.directions.T).argsort(axis=0)


def test_sliced_distance_for_every_code():
    """It is linear in z as long as no code passes another or its partner."""
    net = Small()
    lines, z, dz = lines_of(net, 40, 13), net.normal(13, LATENT), np.zeros((13, LATENT))

    def loss():
        return 2.5 * sliced_forward(z, lines.prior, lines.directions, lines.sides)

    def active():
        return np.concatenate([lines.sides.T, ranks(z, lines)], axis=1)

    loss()
    sliced_backward_add(lines.sides, lines.directions, 2.5, dz)
    check(loss, {"z": (z, dz)}, active, RELU, step=1e-5)


def vae_loss(net, kind):
    """A kind's loss, which leaves its gradient in vae.dw, and on which sides of its kinks it is."""
    a, fake, lines = net.a, net.batch.fake, lines_of(net, 3, BATCH)

    def loss():
        encode_forward(net.vae.w, a)
        if kind == "kl":
            bce, kl = kl_objective(net.vae, a, 0.8)
            return bce + 0.8 * kl
        if kind == "ws":
            bce, score = ws_objective(net.vae, a, net.critic.w, fake, 3.0)
            return bce - 3.0 * score
        bce, distance = sw_objective(net.vae, a, lines, 3.0)
        return bce + 3.0 * distance

    def active():
        more = {"ws": [fake.h1 > 0, fake.h2 > 0], "sw": [lines.sides.T, ranks(a.z, lines)]}
        return np.concatenate([a.h_enc > 0, a.h_dec > 0, *more.get(kind, [])], axis=1)

    return loss, active


@pytest.mark.parametrize("kind", ["kl", "ws", "sw"])
@pytest.mark.parametrize("held", [False, True], ids=["", "with sigma held"])
def test_the_loss_of_each_kind_for_every_vae_parameter_that_learns(kind, held):
    net = trained(kind)
    if held:
        hold_sigma(net.vae.w, 0.3)
    loss, active = vae_loss(net, kind)
    loss()
    arrays = parameters(net.vae)
    if held:
        hold_sigma_backward(net.vae.dw)
        for name, (w, dw) in parameters(net.vae).items():
            if name in ("W2", "b2"):
                assert not dw[..., LATENT:].any()  # of the log-variances
                arrays[name] = w[..., :LATENT], dw[..., :LATENT]  # of the means
    # The sliced distance has more kinks, so its step is shorter.
    check(loss, arrays, active, STEP, step=1e-4 if kind == "sw" else 1e-3)


def gates(act):
    """Which of the critic's ReLUs are on."""
    return np.concatenate([act.h1, act.h2], axis=1) > 0


def critic_inputs(net):
    gather(net.images, net.index, net.a.x)
    encode_forward(net.vae.w, net.a)
    net.batch.fake.z[:] = net.a.mu + net.normal(*net.a.mu.shape)
    net.batch.prior.z[:] = net.normal(*net.a.mu.shape)
    mix(net.batch.fake.z, net.batch.prior.z, net.rng.uniform(size=BATCH), net.batch.mixed.z)
    return net


def test_critic_loss_for_every_critic_parameter():
    net = critic_inputs(trained("ws"))
    every = net.batch.every
    z = every.z.copy()

    def loss():
        every.z[:] = z  # the penalty used up its part
        w1, penalty, _ = critic_objective(net.critic, net.batch, 10.0)
        return 10.0 * penalty - w1

    def active():
        every.z[:] = z
        score_forward(net.critic.w, every)
        return gates(every)

    loss()
    arrays = parameters(net.critic)
    # b3 shifts every score alike, so the loss does not see it: its quotient is rounding alone.
    _, db3 = arrays.pop("b3")
    assert np.abs(db3).max() < 1e-15
    check(loss, arrays, active, STEP)


def test_input_gradient_of_the_score():
    net = critic_inputs(trained("ws"))
    mixed = net.batch.mixed
    mixed.dscore[:] = net.normal(BATCH)

    def loss():
        score_forward(net.critic.w, mixed)
        return float(np.sum(mixed.dscore * mixed.score))

    loss()
    score_backward_hidden(net.critic.w, mixed)
    score_backward_input(net.critic.w, mixed)
    check(loss, {"z": (mixed.z, mixed.dz.copy())}, lambda: gates(mixed), RELU)


def test_the_penalty_takes_the_norm_per_sample_and_is_finite_where_the_gradient_is_zero():
    net = critic_inputs(Small())
    net.critic.w.W3[:] = 0
    assert critic_objective(net.critic, net.batch, 10.0) == (0.0, 1.0, 0.0)
    assert np.isfinite(net.critic.dtheta).all()
    dz = np.array([[3.0, 4.0], [0.0, 1.0], [0.0, 0.0]])
    norm = np.empty(3)
    assert penalty_forward(dz, norm) == pytest.approx((16 + 0 + 1) / 3)
    assert norm.tolist() == [5.0, 1.0, 0.0]
