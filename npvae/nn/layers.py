"""The layers, each a forward and a backward written by hand.

    dense             y = x W + b                       x (B, in), W (in, out), b (out,)
    dense_relu        h = max(0, a),  a = x W + b       da = dh where h > 0, else 0
    mean              y = (x_1 + .. + x_n) / n          for each row
    reparameterise    z = mu + sigma * eps,   sigma = exp(logvar / 2),   eps ~ N(0, I)

ReLU's way back, da = dh where h > 0, is done by the product that makes dh. That product is given h
as its `gate` and writes da instead of dh. Neither a nor dh is ever stored.

Every array is the caller's. A backward overwrites its outputs.
"""

import numpy as np

from npvae.kernels.jit import jit
from npvae.kernels.matmul import matmul, matmul_nt, matmul_tn
from npvae.kernels.vecmath import exp

# The layers and losses use min(logvar, LOGVAR_MAX) wherever they need e^logvar. However far a
# diverging encoder goes, sigma stays finite: at most 22,026, whose square float32 can hold. The
# gradient is that of the formula without the guard, so it still pulls logvar back.
LOGVAR_MAX = 20


def dense_forward(x: np.ndarray, W: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """Compute y = x W + b."""
    matmul(x, W, y, bias=b)  # (B, in) (in, out) -> (B, out)


def dense_relu_forward(x: np.ndarray, W: np.ndarray, b: np.ndarray, h: np.ndarray) -> None:
    """Compute h = max(0, x W + b)."""
    matmul(x, W, h, bias=b, relu=True)  # (B, in) (in, out) -> (B, out)


def dense_backward(x: np.ndarray, dy: np.ndarray, dW: np.ndarray, db: np.ndarray) -> None:
    """Compute the parameters' gradients from dy (B, out); overwrites dW (in, out) and db (out,).

    Inverts y = x W + b: W_ij meets x_i in every row, so dW = x^T dy; b is added to every row.
    """
    matmul_tn(x, dy, dW)  # y = x W        dW = x^T dy        (in, B) (B, out) -> (in, out)
    sum_rows(dy, db)  #     y = .. + b     db = sum of rows   (B, out) -> (out,)


def dense_backward_input(
    dy: np.ndarray,
    W: np.ndarray,
    dx: np.ndarray,
    scratch: np.ndarray,
    gate: np.ndarray | None = None,
) -> None:
    """Compute the input's gradient dx = dy W^T from dy (B, out); overwrites dx (B, in).

    Inverts y = x W + b. If x = relu(a) itself came out of a ReLU, give x as `gate`: dx is then the
    gradient for a, which is dy W^T where x > 0 and 0 elsewhere. `scratch` is a vector with room for
    dy and dx.
    """
    matmul_nt(dy, W, dx, scratch, gate=gate)  # (B, out) (out, in) -> (B, in)


@jit
def sum_rows(dy: np.ndarray, db: np.ndarray) -> None:
    """Compute db (n,), the sum of the rows of dy (B, n).

    The sum is (row 0 + row B/2) + (row 1 + row B/2 + 1) + ... In this order the two halves of the
    critic's batch, fake and prior, cancel exactly where they should. Even a rounding error of 1e-8
    would be scaled up by Adam, to half a learning rate, and move a bias in every step.
    """
    half = dy.shape[0] // 2  # row r of the first half meets row r + half
    odd = dy.shape[0] % 2  # 1 for an odd number of rows, else 0
    for column in range(dy.shape[1]):
        db[column] = dy[2 * half, column] if odd else dy[0, column] + dy[half, column]
    for row in range(1 - odd, half):  # an odd last row has no partner, and was the first
        for column in range(dy.shape[1]):
            db[column] += dy[row, column] + dy[row + half, column]  # a pair at a time


@jit
def mean_forward(x: np.ndarray, y: np.ndarray) -> None:
    """Compute y (B,), the mean of each row of x (B, n)."""
    for row in range(x.shape[0]):
        y[row] = x[row].sum() / x.shape[1]  # y = (x_1 + .. + x_n) / n


@jit
def mean_backward(dy: np.ndarray, dx: np.ndarray) -> None:
    """Compute dx (B, n) from dy (B,): in y = sum_j x_j / n each x_j has the share 1 / n."""
    for row in range(dx.shape[0]):
        dx[row, :] = dy[row] / dx.shape[1]  # dy/dx_j = 1 / n


@jit
def guarded(logvar: np.ndarray, row: int, j: int) -> float:
    """Return min(logvar[row, j], LOGVAR_MAX); NaN stays NaN."""
    value, most = logvar[row, j], logvar.dtype.type(LOGVAR_MAX)  # of one type
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
            sigma[row, j] = exp(half * guarded(logvar, row, j))  # sigma = exp(logvar / 2)
            z[row, j] = mu[row, j] + sigma[row, j] * eps[row, j]  # z = mu + sigma * eps


@jit
def reparameterise_backward(
    dz: np.ndarray, eps: np.ndarray, sigma: np.ndarray, dmu: np.ndarray, dlogvar: np.ndarray
) -> None:
    """Compute dmu and dlogvar from dz, all (B, L), with the eps and sigma of the forward pass."""
    half = dz.dtype.type(0.5)
    for row in range(dz.shape[0]):
        for j in range(dz.shape[1]):
            # z = mu + sigma * eps                             dz/dmu = 1
            dmu[row, j] = dz[row, j]
            # sigma = exp(logvar / 2)        dsigma/dlogvar = sigma / 2,  dz/dsigma = eps
            dlogvar[row, j] = half * dz[row, j] * sigma[row, j] * eps[row, j]
