"""Adam (Kingma & Ba 2015, algorithm 1) in one pass over the flat buffers.

m = b1 m + (1 - b1) g              v = b2 v + (1 - b2) g^2
theta = theta - lr * m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + 1e-8)
"""

import math

import numpy as np
from numba import prange

from npvae.kernels.jit import THREADING_LAYER, jit
from npvae.kernels.vecmath import reinterpret
from npvae.nn.parameters import ParameterSet

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
STRETCH = 8_192  # parameters that a thread updates in one go
# Parameters: fewer are done before the other threads are awake.
MIN_PARALLEL = 2_000_000 if THREADING_LAYER == "workqueue" else 32_768


@jit
def _update(theta, grad, m, v, rate, root_correction):
    """Update one stretch; return the bits of the largest absolute number in grad, v and theta.

    Read as integers, absolute floats keep their order, infinity and NaN above all others; and the
    largest of integers is the same in any order, so both loops are vectorised.
    """
    real = theta.dtype.type
    keep1, add1, keep2, add2 = real(BETA1), real(1 - BETA1), real(BETA2), real(1 - BETA2)
    epsilon, largest = real(EPSILON), reinterpret(real(0))
    for n in range(theta.size):
        g = grad[n]
        m[n] = keep1 * m[n] + add1 * g
        v[n] = keep2 * v[n] + add2 * g * g
        theta[n] -= rate * m[n] / (math.sqrt(v[n]) * root_correction + epsilon)
        largest = max(largest, reinterpret(abs(g)))
    for n in range(theta.size):
        largest = max(largest, reinterpret(abs(v[n])), reinterpret(abs(theta[n])))
    return largest


@jit(parallel=True)
def _update_all(theta, grad, m, v, rate, root_correction):
    n = theta.size
    if n < MIN_PARALLEL:
        return reinterpret(_update(theta, grad, m, v, rate, root_correction))
    stretches = (n + STRETCH - 1) // STRETCH
    largest = np.zeros(stretches, grad.dtype)
    for k in prange(stretches):
        a, b = k * STRETCH, min(n, (k + 1) * STRETCH)
        bits = _update(theta[a:b], grad[a:b], m[a:b], v[a:b], rate, root_correction)
        largest[k] = reinterpret(bits)
    top = reinterpret(largest[0])
    for k in range(1, stretches):
        top = max(top, reinterpret(largest[k]))
    return reinterpret(top)


def adam_update(parameters: ParameterSet, t: int, lr: float) -> float:
    """Apply update number t (1, 2, ..) in place; return the largest absolute number in it all.

    That number, of gradients, their squares' means and parameters, is there to be watched: it is
    NaN or infinite if any of them is.
    """
    _, _, theta, grad, m, v = parameters
    rate = theta.dtype.type(lr / (1 - BETA1**t))
    root_correction = theta.dtype.type(1 / math.sqrt(1 - BETA2**t))
    return _update_all(theta, grad, m, v, rate, root_correction)
