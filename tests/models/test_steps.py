"""Whole training steps: what the gradient checks cannot see, wrong wiring and wrong randomness.

A gradient check passes when a network is never moved by the loss it should learn from, when the
sampler's variance is not the one it claims, or when Adam's correction is off by one step.
"""

from typing import NamedTuple

import numpy as np
import pytest
from small import Small

from npvae import plain
from npvae.models import inference
from npvae.models.critic import CriticWeights, critic_shapes, make_critic
from npvae.models.inference import encode, errors_on_test_images, reconstruction_errors, sample
from npvae.models.objectives import critic_objective, make_critic_batch, ws_objective
from npvae.models.sliced import make_lines
from npvae.models.steps import critic_step, kl_step, mix, sw_step, ws_step
from npvae.nn.adam import adam_update
from npvae.nn.layers import reparameterise_forward
from npvae.nn.parameters import dense_shapes, make_parameters
from npvae.nn.pixels import gather, unit_range


def state(network):
    """The very bits of the weights and of Adam's moments."""
    return [a.tobytes() for a in (network.theta, network.m, network.v)]


def moved(network, before):
    """The share of each named array's numbers that are not those of `before`."""
    return [np.mean(now != then) for now, then in zip(network.w, before, strict=True)]


def test_vae_and_critic_each_stay_where_they_are_while_the_other_learns():
    net = Small()
    net.train_ws(2)
    critic = state(net.critic)
    ws_objective(net.vae, net.a, net.critic.w, net.batch.fake, 3.0)
    adam_update(net.vae, 3, 1e-2)
    net.train_kl(2)
    assert state(net.critic) == critic

    vae, before = state(net.vae), [w.copy() for w in net.critic.w]
    noise, alpha = net.normal(2, *net.a.eps.shape), net.rng.uniform(size=5)
    eps, prior = noise
    rest = {"alpha": alpha, "gp_weight": 10.0, "lr": 1e-2, "t": 5}
    critic_step(net.critic, net.batch, net.a, eps=eps, prior=prior, **rest)
    assert state(net.vae) == vae
    # All but b3, which shifts every score alike: the loss does not see it.
    assert min(moved(net.critic, before)[:-1]) > 0.5


@pytest.mark.parametrize("kind", ["kl", "ws", "sw"])
def test_a_step_returns_the_largest_number_of_every_update_last(kind):
    net, lines = Small(), make_lines(5, 5, 3, np.float64)
    net.a.eps[:], lines.prior[:], lines.directions[:] = net.normal(3, 5, 3)
    lines.directions[0] = 0  # of no direction and no length: it makes no NaN
    seen, rest, expected = (net.images, net.index), {"lr": 1e-2, "t": 1}, 0
    if kind == "kl":
        found = kl_step(net.vae, net.a, *seen, beta=1.0, **rest)[-1]
    elif kind == "sw":
        found = sw_step(net.vae, net.a, lines, *seen, wasserstein_weight=3.0, **rest)[-1]
    else:
        rest |= {"noise": net.normal(1, 2, 5, 3), "alpha": np.ones((1, 5)), "gp_weight": 1e4}
        args = net.vae, net.a, net.critic, net.batch, *seen
        found = ws_step(*args, wasserstein_weight=3.0, critic_lr=1e-2, **rest)[-1]
    for p in (net.vae, net.critic)[: 1 + (kind == "ws")]:
        expected += max(np.abs(a).max() for a in (p.dtheta, p.v, p.theta))
    assert found == pytest.approx(expected)


def test_the_critic_teaches_the_encoder_in_proportion_to_its_weight_and_not_the_decoder():
    net = Small()
    net.train_ws(5)
    gradients = []
    for weight in (0.0, 1.5, 3.0):
        ws_objective(net.vae, net.a, net.critic.w, net.batch.fake, weight)
        gradients.append([dw.copy() for dw in net.vae.dw])
    for name, none, once, twice in zip(net.vae.dw._fields, *gradients, strict=True):
        assert np.any(once != none) == (name in ("W1", "b1", "W2", "b2")), name
        assert np.allclose(twice - none, 2 * (once - none), rtol=1e-9, atol=1e-12), name


@pytest.mark.parametrize("distance", [0.0, 2.0, 4.0])
def test_the_critic_finds_the_distance_of_two_gaussians(distance):
    """A score of slope s: loss 10 (s - 1)^2 - s W1, least at s = 1 + W1 / 20; estimate s W1."""
    rng = np.random.default_rng(3)
    critic = make_critic(4, np.float32, rng, hidden=(64, 32))
    batch = make_critic_batch(critic.w, 128)
    found = []
    for t in range(1, 301):
        batch.fake.z[:] = rng.standard_normal((128, 4))
        batch.prior.z[:] = rng.standard_normal((128, 4)) + distance / 2  # in each of 4 dimensions
        mix(batch.fake.z, batch.prior.z, rng.random(128, np.float32), batch.mixed.z)
        found.append(critic_objective(critic, batch, 10.0))
        adam_update(critic, t, 3e-3)
    (w1, _, slope), best = np.array(found).T, 1 + distance / 20
    assert w1[-100:].mean() == pytest.approx(best * distance, rel=0.07, abs=0.07)
    assert slope[-100:].mean() == pytest.approx(best, abs=0.02)
    smooth = np.convolve(w1, np.ones(20) / 20, "valid")
    assert smooth[0] < 0.5 * distance + 0.1
    assert smooth.max() < 1.1 * best * distance + 0.15


class Pair(NamedTuple):
    W: np.ndarray
    b: np.ndarray


def test_two_adam_updates_worked_by_hand():
    p = make_parameters(dense_shapes(Pair, (1, 2)), np.float64)
    p.w.W[:], p.w.b[:] = [[1.0, -2.0]], [3.0, 0.0]
    p.dw.W[:], p.dw.b[:] = [[0.5, -4.0]], [0.0, 1e-8]
    # m = 0.1 g and v = 0.001 g^2, corrected g and g^2: a step of 0.1 g / (|g| + 1e-8)
    assert adam_update(p, 1, 0.1) == 4  # the largest absolute gradient
    assert p.w.W[0].tolist() == pytest.approx([0.900000002, -1.90000000025], abs=1e-12)
    assert p.w.b.tolist() == pytest.approx([3.0, -0.05], abs=1e-12)

    p.dw.W[:], p.dw.b[:] = [[0.1, 0.0]], [0.0, 1e-8]
    # W[0]: m = 0.9 * 0.05 + 0.1 * 0.1 = 0.055                   / 0.19     = 0.289473684211
    #       v = 0.999 * 0.00025 + 0.001 * 0.01 = 0.00025975       / 0.001999 = 0.129939969985
    #       a step of 0.1 * 0.289473684211 / (0.360471871281 + 1e-8)       = 0.080304095615
    # W[1]: m = 0.9 * -0.4 = -0.36                                / 0.19     = -1.894736842105
    #       v = 0.999 * 0.016 = 0.015984                          / 0.001999 = 7.995997998999
    #       a step of 0.1 * -1.894736842105 / (2.827719575736 + 1e-8)      = -0.067005825177
    assert adam_update(p, 2, 0.1) == 3  # the largest parameter
    assert p.w.W[0].tolist() == pytest.approx([0.819695906385, -1.832994175073], abs=1e-11)
    assert p.w.b.tolist() == pytest.approx([3.0, -0.1], abs=1e-12)


def test_moments_of_a_dead_unit_end_at_0_and_its_parameters_do_not_notice():
    """They are near the smallest normal number, and there is no gradient any more."""
    real, p = np.float32, make_parameters(dense_shapes(Pair, (1, 100)), np.float32)
    theta = p.w.W[0] = (1e-10 * np.random.default_rng(0).standard_normal(100)).astype(real)
    moments = p.views(p.m).W[0], p.views(p.v).W[0]
    m, v = moments[0][:], moments[1][:] = np.full((2, 100), [[1e-37], [1.3e-38]], real)
    for t in range(1, 161):
        adam_update(p, t, 1e-3)
        m, v = real(0.9) * m, real(0.999) * v
        for found, exact in zip(moments, (m, v), strict=True):
            assert np.array_equal(found, np.where(exact < np.finfo(real).tiny, 0, exact)), t
        root = np.sqrt(v) * real((1 - 0.999**t) ** -0.5)
        theta = theta - real(1e-3 / (1 - 0.9**t)) * m / (root + real(1e-8))
        assert np.array_equal(p.w.W[0], theta), t
    assert not p.m.any() and not p.v.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("size", [100, 400_000])
def test_a_single_number_that_is_not_finite_is_reported_and_a_moment_not_flushed(size, bad):
    p = make_parameters(dense_shapes(Pair, (1, size)), np.float32)
    p.dtheta[:] = 3
    assert adam_update(p, 1, 1e-3) == 3
    assert p.theta.all()  # all have moved, the last of the last stretch too
    for moment in (p.m, p.v):
        moment[size // 2] = bad  # an infinite v alone moves no parameter
        assert not np.isfinite([adam_update(p, 2, 1e-3), moment[size // 2]]).any()
        moment[:] = p.theta[:] = 0
    p.dw.W[0, size // 2] = bad
    assert not np.isfinite(adam_update(p, 2, 1e-3))


def test_variance_of_sampled_z_is_exp_of_logvar():
    n, mu, logvar = 50_000, np.array([0.5, -2.0, 0.0]), np.array([-2.0, 0.0, 1.5])
    net = Small(batch=n)
    net.a.mu[:], net.a.logvar[:] = mu, logvar
    eps, prior, net.a.eps[:] = net.normal(3, n, 3)
    reparameterise_forward(net.a.mu, net.a.logvar, net.a.eps, net.a.sigma, net.a.z)
    rest = {"alpha": net.rng.uniform(size=n), "gp_weight": 10.0, "lr": 1e-3, "t": 1}
    critic_step(net.critic, net.batch, net.a, eps=eps, prior=prior, **rest)
    assert np.array_equal(net.batch.prior.z, prior)
    for z in (net.a.z, net.batch.fake.z):  # five standard errors each
        assert np.abs((z.mean(axis=0) - mu) / np.exp(logvar / 2)).max() < 5 / np.sqrt(n)
        assert z.var(axis=0) == pytest.approx(np.exp(logvar), rel=5 * np.sqrt(2 / n))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bytes_and_floats_are_the_same_images(dtype):
    images, index = np.arange(256, dtype=np.uint8).reshape(8, 32), np.array([7, 0, 0, 3])
    from_bytes, from_floats = np.empty((2, 4, 32), dtype)
    gather(images, index, from_bytes)
    gather(images / 255, index, from_floats)
    assert np.array_equal(from_floats, (images[index] / 255).astype(dtype))
    assert np.allclose(from_bytes, from_floats, rtol=2 * np.finfo(dtype).eps, atol=0)
    assert np.allclose(unit_range(images), images / 255) and unit_range(from_floats) is from_floats


def test_errors_of_an_image_do_not_depend_on_others_and_the_history_has_their_means(monkeypatch):
    monkeypatch.setattr(inference, "BATCH", 30)  # of 100 images the last batch is shorter
    net = Small(dtype=np.float32)
    mu, logvar = encode(net.vae.w, net.images)
    found = [reconstruction_errors(net.vae.w, z, net.images) for z in (mu, sample(mu, logvar, 3))]
    for n in (0, 99):
        alone = reconstruction_errors(net.vae.w, mu[n : n + 1], net.images[n : n + 1])
        assert [e[0] for e in alone] == pytest.approx([e[n] for e in found[0]], rel=1e-5)
    columns = errors_on_test_images(net.vae.w, net.images, 3)
    means = [e.mean() for errors in zip(*found, strict=True) for e in errors]
    assert list(columns.values())[:4] == pytest.approx(means)  # BCE at mu and z, then SSE


def test_layers_start_uniform_in_one_over_root_fan_in_here_and_in_plain():
    layers = [(784, 256), (256, 400), (400, 300)]
    shapes = dense_shapes(CriticWeights, *layers)
    fast = make_parameters(shapes, np.float64, np.random.default_rng(1)).w
    network, _ = plain.new_network(layers, np.random.default_rng(1), np.float64)
    for weights in (fast, network.values()):
        for array, fan_in in zip(weights, (784, 784, 256, 256, 400, 400), strict=True):
            bound = 1 / np.sqrt(fan_in)
            assert 0.95 * bound < np.abs(array).max() <= bound
            assert array.var() == pytest.approx(bound**2 / 3, rel=4 / np.sqrt(array.size))
    assert critic_shapes(10) == ((10, 512), (512,), (512, 256), (256,), (256, 10), (10,))


@pytest.mark.parametrize("network", ["vae", "critic"])
def test_flat_buffers_are_the_views_and_zeros_between_them(network):
    net = Small()
    net.train_ws(3)
    p = getattr(net, network)
    flat = [a.copy() for a in p[2:]]
    for n, (w, g) in enumerate(zip(p.w, p.dw, strict=True), start=1):
        assert w.ctypes.data % 64 == g.ctypes.data % 64 == 0
        w[...] = g[...] = n
    assert np.array_equal(p.theta, p.dtheta)  # the same layout
    assert [np.sum(p.theta == n + 1) for n in range(len(p.w))] == [w.size for w in p.w]
    padding = p.theta == 0
    assert padding.any()
    assert not any(a[padding].any() for a in flat)
