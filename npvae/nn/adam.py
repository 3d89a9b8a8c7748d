"""Adam (Kingma & Ba 2015, algorithm 1) in one pass over the flat buffers.

m = b1 m + (1 - b1) g              v = b2 v + (1 - b2) g^2
theta = theta - lr * m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + 1e-8)
"""

import math

from numba import prange

from npvae.nn.jit import THREADING_LAYER, jit
from npvae.nn.parameters import ParameterSet

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
STRETCH = 8_192  # parameters that a thread updates in one go
# Parameters: fewer are done before the other threads are awake.
MIN_PARALLEL = 2_000_000 if THREADING_LAYER == "workqueue" else 32_768


@jit
def _update(theta, grad, m, v, rate, root_correction):
    """Update one stretch of parameters and return the sum of the squared gradients."""
    real = theta.dtype.type
    keep1, add1, keep2, add2 = real(BETA1), real(1 - BETA1), real(BETA2), real(1 - BETA2)
    epsilon, square_sum = real(EPSILON), real(0)
    for n in range(theta.size):
        m[n] = keep1 * m[n] + add1 * grad[n]
        v[n] = keep2 * v[n] + add2 * grad[n] * grad[n]
        theta[n] -= rate * m[n] / (math.sqrt(v[n]) * root_correction + epsilon)
        square_sum += grad[n] * grad[n]
    return square_sum


@jit(parallel=True)
def _update_all(theta, grad, m, v, rate, root_correction):
    n = theta.size
    if n < MIN_PARALLEL:
        return _update(theta, grad, m, v, rate, root_correction)
    square_sum = 0.0
    for stretch in prange((n + STRETCH - 1) // STRETCH):
        a, b = stretch * STRETCH, min(n, (stretch + 1) * STRETCH)
        square_sum += _update(theta[a:b], grad[a:b], m[a:b], v[a:b], rate, root_correction)
    return square_sum


def adam_update(parameters: ParameterSet, t: int, lr: float) -> float:
    """Apply update number t (1, 2, ..) in place and return the gradient's squared norm.

    The norm is there to be watched: it is finite only if every gradient is.
    """
    _, _, theta, grad, m, v = parameters
    rate = theta.dtype.type(lr / (1 - BETA1**t))
    root_correction = theta.dtype.type(1 / math.sqrt(1 - BETA2**t))
    return _update_all(theta, grad, m, v, rate, root_correction)
