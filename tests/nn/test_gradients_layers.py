"""Every layer and loss against central differences, alone.

Tolerances: 1e-7 for smooth functions, 1e-6 where a ReLU is involved. The difference quotient itself
is good to about 1e-11 in absolute terms, and the gradients checked here are of order 1.
"""

import numpy as np
import pytest

from npvae.kernels.matmul import matmul, matmul_nt, matmul_tn
from npvae.nn.gradcheck import check_gradients, relative_error
from npvae.nn.layers import (
    dense_backward,
    dense_backward_input,
    dense_forward,
    dense_relu_forward,
    mean_backward,
    mean_forward,
    reparameterise_backward,
    reparameterise_forward,
)
from npvae.nn.losses import bernoulli_nll, kl_backward, kl_forward

SMOOTH, RELU = 1e-7, 1e-6
BATCHES = [1, 3, 7]


def draw(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


@pytest.mark.parametrize("batch", BATCHES)
def test_matmul_gradients_in_every_orientation(batch):
    A, B, dC = draw(1, (batch, 11), (11, 5), (batch, 5))
    C, dA, dB = np.empty((batch, 5)), np.empty_like(A), np.empty_like(B)
    matmul_nt(dC, B, dA, np.empty(1000))
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
    dense_backward_input(dy, W, dx, np.empty(1000))

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
    dense_backward_input(dy, V, da, np.empty(1000), relu=h)
    dense_backward(x, da, dW, db)
    dense_backward_input(da, W, dx, np.empty(1000))
    found = check_gradients(loss, {"x": (x, dx), "W": (W, dW), "b": (b, db)}, active=lambda: h > 0)
    assert found.max_error < RELU, found.worst
    assert found.skipped <= 0.1 * found.checked


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
    kl_backward(mu, logvar, 0.7, dmu, dlogvar)
    found = check_gradients(
        lambda: 0.7 * kl_forward(mu, logvar), {"mu": (mu, dmu), "logvar": (logvar, dlogvar)}
    )
    assert found.max_error < SMOOTH, found.worst


class TestTheCheckerCanFail:
    """A checker that passes everything is worth nothing: break the gradient of sum(dy * x^2)."""

    x = np.random.default_rng(0).uniform(0.5, 2, (4, 3))
    dy = np.random.default_rng(1).standard_normal((4, 3))

    def error(self, dx, **options):
        return check_gradients(
            lambda: float(np.sum(self.dy * self.x**4)) / 4, {"x": (self.x, dx)}, **options
        ).max_error

    def test_right(self):
        assert self.error(self.dy * self.x**3) < 1e-9

    def test_flipped_sign(self):
        dx = self.dy * self.x**3
        dx[2, 1] *= -1
        assert self.error(dx) == pytest.approx(1)

    def test_dropped_batch_mean(self):
        assert self.error(4 * self.dy * self.x**3) == pytest.approx(3 / 5)

    def test_missing_jacobian(self):
        assert self.error(self.dy) > 0.1

    def test_coarse_step(self):
        # h^4 is no longer small: of an x^8 the formula sees too much curvature.
        x, dy = self.x, self.dy
        arrays = {"x": (x, 8 * dy * x**7)}

        def loss():
            return float(np.sum(dy * x**8))

        assert check_gradients(loss, arrays).max_error < 1e-7
        assert check_gradients(loss, arrays, step=0.1).max_error > 1e-5

    def test_a_kink_is_skipped_and_counted(self):
        x = np.array([1.0, 1e-4, -1.0])
        dx = (x > 0) * 1.0

        def loss():
            return float(np.maximum(x, 0).sum())

        found = check_gradients(loss, {"x": (x, dx)}, active=lambda: x > 0)
        assert (found.checked, found.skipped) == (2, 1)
        assert found.max_error < 1e-9
        assert check_gradients(loss, {"x": (x, dx)}).max_error > 0.1

    def test_float32_and_wrong_shapes_are_refused(self):
        with pytest.raises(TypeError, match="float64"):
            check_gradients(lambda: 0.0, {"x": (np.zeros(2, np.float32), np.zeros(2))})
        with pytest.raises(ValueError, match=r"\(2,\)"):
            check_gradients(lambda: 0.0, {"x": (np.zeros(2), np.zeros(3))})

    def test_values_are_put_back(self):
        before = self.x.copy()
        self.error(self.dy)
        assert np.array_equal(before, self.x)


def test_relative_error_is_the_documented_formula():
    assert relative_error(3.0, 1.0) == 0.5
    assert relative_error(1e-12, 0.0) == pytest.approx(1e-4)
