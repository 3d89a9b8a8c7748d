"""The layers, each a forward and a backward written by hand.

    dense             y = x W + b                       x (B, in), W (in, out), b (out,)
    dense_relu        h = max(0, a),  a = x W + b       da = dh where h > 0, else 0
    mean              y = (x_1 + .. + x_n) / n          for each row
    reparameterise    z = mu + sigma * eps,   sigma = exp(logvar / 2),   eps ~ N(0, I)

An exponential of logvar is taken of min(logvar, LOGVAR_MAX), in the losses too: sigma stays finite
however far a diverging encoder goes. The gradient is that of the unguarded formula with the guarded
sigma, so it still pulls logvar back. Below no guard is needed: sigma becomes 0.

A gradient of `y` is called `dy`. Every array is the caller's; a backward overwrites its outputs.
"""

import numpy as np

from npvae.kernels.jit import jit
from npvae.kernels.matmul import matmul, matmul_nt, matmul_tn
from npvae.kernels.vecmath import exp

LOGVAR_MAX = 20  # sigma = 22,026, and the square of all that follows from it is finite in float32


def dense_forward(x: np.ndarray, W: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """Compute y = x W + b."""
    matmul(x, W, y, bias=b)


def dense_relu_forward(x: np.ndarray, W: np.ndarray, b: np.ndarray, h: np.ndarray) -> None:
    """Compute h = max(0, x W + b)."""
    matmul(x, W, h, bias=b, relu=True)


@jit
def sum_rows(dy: np.ndarray, db: np.ndarray) -> None:
    """Compute db, the sum of dy's rows, as (row 0 + row n/2) + (row 1 + row n/2 + 1) + ...

    In this order the critic's two halves, fake and prior, cancel exactly where they should: a
    rounding residue, however small, would be scaled up by Adam and move a bias for ever.
    """
    half = dy.shape[0] // 2
    db[:] = dy[2 * half] if dy.shape[0] % 2 else dy[0] + dy[half]
    for row in range(1 - dy.shape[0] % 2, half):
        for column in range(dy.shape[1]):
            db[column] += dy[row, column] + dy[row + half, column]


def dense_backward(x: np.ndarray, dy: np.ndarray, dW: np.ndarray, db: np.ndarray) -> None:
    """Compute the gradients of y = x W + b for its parameters: dW = x^T dy, db = sum of rows."""
    matmul_tn(x, dy, dW)
    sum_rows(dy, db)


def dense_backward_input(
    dy: np.ndarray,
    W: np.ndarray,
    dx: np.ndarray,
    scratch: np.ndarray,
    relu: np.ndarray | None = None,
) -> None:
    """Compute the gradient of y = x W + b for x: dx = dy W^T. `scratch` has room for dy and dx.

    If x itself is relu(a), pass it as `relu`: dx is then the gradient for a, 0 where x is 0.
    """
    matmul_nt(dy, W, dx, scratch, gate=relu)


@jit
def mean_forward(x: np.ndarray, y: np.ndarray) -> None:
    """Compute y, the mean of each row of x (B, n)."""
    for row in range(x.shape[0]):
        y[row] = x[row].sum() / x.shape[1]


@jit
def mean_backward(dy: np.ndarray, dx: np.ndarray) -> None:
    """Compute dx from y_r = sum_j x_rj / n: each of the n columns has the share dy / n."""
    for row in range(dx.shape[0]):
        dx[row, :] = dy[row] / dx.shape[1]


@jit
def guarded(logvar: np.ndarray, row: int, j: int) -> float:
    """Return min(logvar[row, j], LOGVAR_MAX); NaN stays NaN."""
    value, most = logvar[row, j], logvar.dtype.type(LOGVAR_MAX)
    return most if value > most else value


@jit
def reparameterise_forward(
    mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray, sigma: np.ndarray, z: np.ndarray
) -> None:
    """Compute sigma = exp(logvar / 2) and z = mu + sigma * eps (Kingma & Welling 2014, 2.4)."""
    half = z.dtype.type(0.5)
    for row in range(z.shape[0]):
        for j in range(z.shape[1]):
            sigma[row, j] = exp(half * guarded(logvar, row, j))
            z[row, j] = mu[row, j] + sigma[row, j] * eps[row, j]


@jit
def reparameterise_backward(
    dz: np.ndarray, eps: np.ndarray, sigma: np.ndarray, dmu: np.ndarray, dlogvar: np.ndarray
) -> None:
    """Compute dmu and dlogvar from dz, with the eps and sigma of the forward pass.

    z = mu + exp(logvar / 2) * eps, so dz/dmu = 1 and dz/dlogvar = sigma * eps / 2.
    """
    half = dz.dtype.type(0.5)
    for row in range(dz.shape[0]):
        for j in range(dz.shape[1]):
            dmu[row, j] = dz[row, j]
            dlogvar[row, j] = half * dz[row, j] * sigma[row, j] * eps[row, j]
