"""Every layer and loss against central differences, alone.

Tolerances: 1e-7 for smooth functions, 1e-6 where a ReLU is involved. The difference quotient itself
is good to about 1e-11 in absolute terms, and the gradients checked here are of order 1.
"""

import numpy as np
import pytest

from npvae.kernels.matmul import matmul
from npvae.nn.gradcheck import check_gradients
from npvae.nn.layers import (
    dense_backward,
    dense_backward_input,
    dense_forward,
    dense_relu_backward_input,
    dense_relu_forward,
    reparameterise_backward,
    reparameterise_forward,
    sum_rows,
)
from npvae.nn.losses import FAR, bernoulli_nll, kl_backward_add, kl_forward

SMOOTH, RELU = 1e-7, 1e-6


@pytest.fixture(params=[1, 3, 7])
def batch(request):
    return request.param


def draw(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def check(loss, tolerance=SMOOTH, active=None, **arrays):
    """Compare gradients, given as name=(values, gradient), with central differences of `loss`."""
    found = check_gradients(loss, arrays, active)
    assert found.max_error < tolerance, found.worst
    assert found.skipped <= 0.1 * found.checked


def weighed(dy, y, forward, *arguments):
    """Return the loss sum(dy * y) of a layer that writes its last argument, y."""

    def loss():
        forward(*arguments, y)
        return float(np.sum(dy * y))

    return loss


def test_dense(batch):
    x, W, b, dy = draw(2, (batch, 13), (13, 9), 9, (batch, 9))
    dx, dW, db = np.empty_like(x), np.empty_like(W), np.empty_like(b)
    dense_backward(x, dy, dW, db)
    dense_backward_input(dy, W, dx)
    check(weighed(dy, np.empty_like(dy), dense_forward, x, W, b), x=(x, dx), W=(W, dW), b=(b, db))


def test_dense_relu(batch):
    x, W, b, V, dy = draw(3, (batch, 13), (13, 9), 9, (9, 6), (batch, 6))
    h, da, y = np.empty((batch, 9)), np.empty((batch, 9)), np.empty_like(dy)
    dx, dW, db = np.empty_like(x), np.empty_like(W), np.empty_like(b)

    def loss():
        dense_relu_forward(x, W, b, h)
        matmul(h, V, y)
        return float(np.sum(dy * y))

    loss()
    dense_relu_backward_input(dy, V, h, da)
    dense_backward(x, da, dW, db)
    dense_backward_input(da, W, dx)
    check(loss, RELU, lambda: h > 0, x=(x, dx), W=(W, dW), b=(b, db))


def test_two_halves_that_are_opposite_cancel_to_the_last_bit():
    half, db = draw(10, (4, 6))[0].astype(np.float32), np.ones(6, np.float32)
    sum_rows(np.concatenate([half, -half]), db)
    assert not db.any()


def test_reparameterise(batch):
    mu, logvar, eps, dz = draw(5, *[(batch, 6)] * 4)
    sigma, z, dmu, dlogvar = (np.empty_like(mu) for _ in range(4))
    loss = weighed(dz, z, reparameterise_forward, mu, logvar, eps, sigma)
    loss()
    reparameterise_backward(dz, eps, sigma, dmu, dlogvar)
    check(loss, mu=(mu, dmu), logvar=(logvar, dlogvar))


def test_bernoulli_nll(batch):
    logits, rest = 3 * draw(6, (batch, 20))[0], np.empty((3, batch, 20))
    x = np.random.default_rng(7).uniform(size=logits.shape)
    losses, dlogits = np.empty(batch), rest[0]
    bernoulli_nll(logits, x, rest[1], losses, dlogits)
    check(lambda: bernoulli_nll(logits, x, rest[1], losses, rest[2]), logits=(logits, dlogits))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_of_sunken_logits_are_0_and_others_are_right(dtype):
    """Numbers too small for the processor's fast path do not arise, however far the logits sink."""
    logits = np.arange(-200, 202, dtype=dtype)[:, None]  # one pixel an image
    logits[-1] = np.nan
    a, (terms, dlogits) = logits[:-1, 0].astype(float), np.empty((2, 402, 1), dtype)
    losses = np.empty(402, dtype)
    rounding = max(np.finfo(dtype).eps, 2e-14)  # of s - x, and what counts as 0
    for grey in (0.0, 0.25, 1.0):
        assert np.isnan(bernoulli_nll(logits, np.full_like(logits, grey), terms, losses, dlogits))
        exact = np.maximum(a, 0) - a * grey + np.log1p(np.exp(-np.abs(a)))
        np.testing.assert_allclose(losses[:-1], exact, rtol=1e-6, atol=2e-14)
        s = 1 / (1 + np.exp(-a))
        found = dlogits[:-1, 0]
        np.testing.assert_allclose(found * 402, s - grey, rtol=1e-6, atol=rounding)
        assert not ((found != 0) & (np.abs(found) < np.finfo(np.float32).tiny)).any()
        assert grey > 0 or not found[a <= -FAR].any()  # of pixels that are always black


def test_kl(batch):
    mu, logvar = draw(8, (batch, 6), (batch, 6))
    dmu, dlogvar = np.zeros_like(mu), np.zeros_like(mu)
    kl_backward_add(mu, logvar, 0.7, dmu, dlogvar)
    check(lambda: 0.7 * kl_forward(mu, logvar), mu=(mu, dmu), logvar=(logvar, dlogvar))
