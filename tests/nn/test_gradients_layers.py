"""Every layer and loss against central differences, alone.

Tolerances: 1e-7 for smooth functions, 1e-6 where a ReLU is involved. The difference quotient itself
is good to about 1e-11 in absolute terms, and the gradients checked here are of order 1.
"""

import numpy as np
import pytest

from npvae.kernels.matmul import matmul, matmul_nt, matmul_tn
from npvae.nn.gradcheck import check_gradients
from npvae.nn.layers import (
    dense_backward,
    dense_backward_input,
    dense_forward,
    dense_relu_backward_input,
    dense_relu_forward,
    dense_relu_second_backward,
    mean_backward,
    mean_forward,
    reparameterise_backward,
    reparameterise_forward,
)
from npvae.nn.losses import bernoulli_nll, kl_backward_add, kl_forward

SMOOTH, RELU = 1e-7, 1e-6
BATCHES = [1, 3, 7]


def draw(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


@pytest.mark.parametrize("batch", BATCHES)
def test_matmul_gradients_in_every_orientation(batch):
    A, B, dC = draw(1, (batch, 11), (11, 5), (batch, 5))
    C, dA, dB = np.empty((batch, 5)), np.empty_like(A), np.empty_like(B)
    matmul_nt(dC, B, dA)
    matmul_tn(A, dC, dB)

    def loss():
        matmul(A, B, C)
        return float(np.sum(dC * C))

    assert check_gradients(loss, {"A": (A, dA), "B": (B, dB)}).max_error < SMOOTH


@pytest.mark.parametrize("batch", BATCHES)
def test_dense(batch):
    x, W, b, dy = draw(2, (batch, 13), (13, 9), 9, (batch, 9))
    y, dx, dW, db = np.empty_like(dy), np.empty_like(x), np.empty_like(W), np.empty_like(b)
    dense_backward(x, dy, dW, db)
    dense_backward_input(dy, W, dx)

    def loss():
        dense_forward(x, W, b, y)
        return float(np.sum(dy * y))

    found = check_gradients(loss, {"x": (x, dx), "W": (W, dW), "b": (b, db)})
    assert found.max_error < SMOOTH, found.worst


@pytest.mark.parametrize("batch", BATCHES)
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
    found = check_gradients(loss, {"x": (x, dx), "W": (W, dW), "b": (b, db)}, active=lambda: h > 0)
    assert found.max_error < RELU, found.worst
    assert found.skipped <= 0.1 * found.checked


@pytest.mark.parametrize("batch", BATCHES)
def test_the_way_back_of_a_relu_goes_back_once_more(batch):
    """dx = da W^T is linear in dh where h > 0, so there is no kink."""
    h, dh, W, ddx = draw(9, (batch, 9), (batch, 9), (13, 9), (batch, 13))
    dx, dda = np.empty_like(ddx), np.empty_like(dh)
    dense_relu_second_backward(ddx, W, h, dda)

    def loss():
        dense_backward_input(np.where(h > 0, dh, 0), W, dx)
        return float(np.sum(ddx * dx))

    found = check_gradients(loss, {"dh": (dh, dda)})
    assert found.max_error < SMOOTH, found.worst
    dense_relu_second_backward(ddx, W, h, h)  # in place
    assert np.array_equal(h, dda)


@pytest.mark.parametrize("batch", BATCHES)
def test_mean(batch):
    x, dy = draw(4, (batch, 10), batch)
    y, dx = np.empty_like(dy), np.empty_like(x)
    mean_backward(dy, dx)

    def loss():
        mean_forward(x, y)
        return float(np.sum(dy * y))

    assert check_gradients(loss, {"x": (x, dx)}).max_error < SMOOTH


@pytest.mark.parametrize("batch", BATCHES)
def test_reparameterise(batch):
    mu, logvar, eps, dz = draw(5, *[(batch, 6)] * 4)
    sigma, z, dmu, dlogvar = (np.empty_like(mu) for _ in range(4))

    def loss():
        reparameterise_forward(mu, logvar, eps, sigma, z)
        return float(np.sum(dz * z))

    loss()
    reparameterise_backward(dz, eps, sigma, dmu, dlogvar)
    found = check_gradients(loss, {"mu": (mu, dmu), "logvar": (logvar, dlogvar)})
    assert found.max_error < SMOOTH, found.worst


@pytest.mark.parametrize("batch", BATCHES)
def test_bernoulli_nll(batch):
    (logits,) = draw(6, (batch, 20))
    logits *= 3
    x = np.random.default_rng(7).uniform(size=logits.shape)
    losses, dlogits, ignored = np.empty(batch), np.empty_like(logits), np.empty_like(logits)
    bernoulli_nll(logits, x, np.empty_like(x), losses, dlogits)
    found = check_gradients(
        lambda: bernoulli_nll(logits, x, np.empty_like(x), losses, ignored),
        {"logits": (logits, dlogits)},
    )
    assert found.max_error < SMOOTH, found.worst


@pytest.mark.parametrize("batch", BATCHES)
def test_kl(batch):
    mu, logvar = draw(8, (batch, 6), (batch, 6))
    dmu, dlogvar = np.zeros_like(mu), np.zeros_like(mu)
    kl_backward_add(mu, logvar, 0.7, dmu, dlogvar)
    found = check_gradients(
        lambda: 0.7 * kl_forward(mu, logvar), {"mu": (mu, dmu), "logvar": (logvar, dlogvar)}
    )
    assert found.max_error < SMOOTH, found.worst
