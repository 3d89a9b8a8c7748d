"""The layers, each a forward and a backward written by hand.

    dense             y = x W + b                       x (B, in), W (in, out), b (out,)
    dense_relu        h = max(0, a),  a = x W + b       da = dh where h > 0, else 0
    mean              y = (x_1 + .. + x_n) / n          for each row
    reparameterise    z = mu + sigma * eps,   sigma = exp(logvar / 2),   eps ~ N(0, I)

A ReLU needs no pass of its own, forward or back: the product that makes a writes h, the one that
makes dh writes da. Every array is the caller's, and a function overwrites its outputs.
"""

import numpy as np

from npvae.kernels.jit import jit
from npvae.kernels.matmul import matmul, matmul_nt, matmul_tn
from npvae.kernels.vecmath import exp

# For e^logvar, layers and losses use min(logvar, LOGVAR_MAX): however far a diverging encoder goes,
# sigma is at most 22,026, whose square float32 can hold. The gradient is that of the formula as it
# was, so it still pulls logvar back.
LOGVAR_MAX = 20


def dense_forward(x: np.ndarray, W: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """Compute y = x W + b."""
    matmul(x, W, y, bias=b)  # (B, in) (in, out) -> (B, out)


def dense_relu_forward(x: np.ndarray, W: np.ndarray, b: np.ndarray, h: np.ndarray) -> None:
    """Compute h = max(0, x W + b)."""
    matmul(x, W, h, bias=b, relu=True)  # (B, in) (in, out) -> (B, out)


def dense_backward(x: np.ndarray, dy: np.ndarray, dW: np.ndarray, db: np.ndarray) -> None:
    """Compute dW = x^T dy (in, out) and db, the sum of the rows of dy (B, out): (out,)."""
    matmul_tn(x, dy, dW)  # (in, B) (B, out) -> (in, out)
    sum_rows(dy, db)  # (B, out) -> (out,)


def dense_backward_input(dy: np.ndarray, W: np.ndarray, dx: np.ndarray) -> None:
    """Compute dx = dy W^T (B, in), the gradient of x in y = x W + b, from dy (B, out)."""
    matmul_nt(dy, W, dx)  # (B, out) (out, in) -> (B, in)


def dense_relu_backward_input(dy: np.ndarray, W: np.ndarray, h: np.ndarray, da: np.ndarray) -> None:
    """Compute da (B, in) for y = h W + b, h = max(0, a): dy W^T where h > 0, and 0 elsewhere."""
    matmul_nt(dy, W, da, gate=h)  # (B, out) (out, in) -> (B, in)


def dense_relu_second_backward(
    ddx: np.ndarray, W: np.ndarray, h: np.ndarray, dda: np.ndarray
) -> None:
    """Go back through dx = da W^T, da = dh where h > 0, else 0: the way back of h = relu(x W + b).

    dda (B, out), the gradient for dh, is ddx W where h > 0, and 0 elsewhere. It may be h itself.
    """
    matmul(ddx, W, dda, gate=h)  # (B, in) (in, out) -> (B, out)


@jit
def sum_rows(dy: np.ndarray, db: np.ndarray) -> None:
    """Compute db (n,), the sum of the rows of dy (B, n).

    The sum is (row 0 + row B/2) + (row 1 + row B/2 + 1) + ... So the two halves of the critic's
    batch, fake and prior, cancel exactly where they should: Adam would scale up a rounding error of
    1e-8 to half a learning rate, and move a bias in every step.
    """
    half = dy.shape[0] // 2  # row r of the first half meets row r + half
    odd = dy.shape[0] % 2
    for column in range(dy.shape[1]):
        db[column] = dy[2 * half, column] if odd else dy[0, column] + dy[half, column]
    for row in range(1 - odd, half):  # an odd last row has no partner, and was the first
        for column in range(dy.shape[1]):
            db[column] += dy[row, column] + dy[row + half, column]


@jit
def mean_forward(x: np.ndarray, y: np.ndarray) -> None:
    """Compute y (B,), the mean of each row of x (B, n)."""
    for row in range(x.shape[0]):
        y[row] = x[row].sum() / x.shape[1]


@jit
def mean_backward(dy: np.ndarray, dx: np.ndarray) -> None:
    """Compute dx (B, n) from dy (B,): in y = sum_j x_j / n each x_j has the share 1 / n."""
    for row in range(dx.shape[0]):
        dx[row, :] = dy[row] / dx.shape[1]


@jit
def guarded(logvar: np.ndarray, row: int, j: int) -> float:
    """Return min(logvar[row, j], LOGVAR_MAX); NaN stays NaN."""
    value, most = logvar[row, j], logvar.dtype.type(LOGVAR_MAX)
    return most if value > most else value  # the comparison is false for NaN


@jit
def reparameterise_forward(
    mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray, sigma: np.ndarray, z: np.ndarray
) -> None:
    """Compute sigma = exp(logvar / 2) and z = mu + sigma * eps, all (B, L).

    Source: Kingma & Welling 2014, section 2.4.
    """
    half = z.dtype.type(0.5)
    for row in range(z.shape[0]):
        for j in range(z.shape[1]):
            sigma[row, j] = exp(half * guarded(logvar, row, j))
            z[row, j] = mu[row, j] + sigma[row, j] * eps[row, j]


@jit
def reparameterise_backward(
    dz: np.ndarray, eps: np.ndarray, sigma: np.ndarray, dmu: np.ndarray, dlogvar: np.ndarray
) -> None:
    """Compute dmu and dlogvar from dz, all (B, L), with the eps and sigma of the forward pass."""
    half = dz.dtype.type(0.5)
    for row in range(dz.shape[0]):
        for j in range(dz.shape[1]):
            dmu[row, j] = dz[row, j]  # dz/dmu = 1
            # dsigma/dlogvar = sigma / 2,  dz/dsigma = eps
            dlogvar[row, j] = half * dz[row, j] * sigma[row, j] * eps[row, j]
