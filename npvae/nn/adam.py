"""Adam (Kingma & Ba 2015, algorithm 1) in one pass over the flat buffers.

    m = b1 m + (1 - b1) g                 m_hat = m / (1 - b1^t)        the bias corrections:
    v = b2 v + (1 - b2) g^2               v_hat = v / (1 - b2^t)        m and v start at 0
    theta = theta - lr * m_hat / (sqrt(v_hat) + 1e-8)

g is the gradient, called dtheta below. The corrections do not depend on the parameter, so they are
computed once for each update: `rate` is lr / (1 - b1^t), `root_correction` 1 / sqrt(1 - b2^t).
"""

import math

import numpy as np
from numba import prange

from npvae.kernels.jit import jit, shared_from
from npvae.kernels.vecmath import reinterpret
from npvae.nn.parameters import ParameterSet

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
TINIEST = float(np.finfo(np.float32).tiny)  # 1.2e-38: below it float32 is denormal
STRETCH = 2_048  # parameters that a thread updates at a time: four rows of them fit the L1 cache


@jit
def _flush(x):
    """Return x, or 0 where it is closer to 0 than any normal float32.

    The m and v of a ReLU that is never active again shrink to denormal numbers, with which a
    processor takes many times as long. Such an m moves a parameter by less than 1e-30 rates.
    """
    return x if abs(x) >= TINIEST else x * 0  # NaN stays NaN


@jit
def _update_stretch(theta, dtheta, m, v, rate, root_correction):
    """Update one stretch; return the bits of the largest absolute number in dtheta, v and theta.

    As integers, the bits of absolute floats are in the floats' order, infinity and NaN above all
    others; and the compiler may compare integers in any order, so it vectorises.
    """
    real = theta.dtype.type
    b1, add1, b2, add2 = real(BETA1), real(1 - BETA1), real(BETA2), real(1 - BETA2)
    epsilon, largest = real(EPSILON), reinterpret(real(0))
    for n in range(theta.size):
        g = dtheta[n]
        m_n = b1 * m[n] + add1 * g
        v_n = b2 * v[n] + add2 * g * g
        theta[n] -= rate * m_n / (math.sqrt(v_n) * root_correction + epsilon)
        m[n], v[n] = _flush(m_n), _flush(v_n)
        largest = max(largest, reinterpret(abs(g)))
    for n in range(theta.size):
        largest = max(largest, reinterpret(abs(v[n])), reinterpret(abs(theta[n])))
    return largest


@shared_from(32_768)  # parameters
def _update(theta, dtheta, m, v, rate, root_correction, largest):
    """Update all parameters; write each stretch's largest number to `largest`."""
    for k in prange(largest.size):
        s = slice(k * STRETCH, min(theta.size, (k + 1) * STRETCH))
        bits = _update_stretch(theta[s], dtheta[s], m[s], v[s], rate, root_correction)
        largest[k] = reinterpret(bits)


@jit
def _update_all(theta, dtheta, m, v, rate, root_correction):
    """Update all parameters; return the largest number of all stretches, or NaN if one is NaN."""
    largest = np.zeros((theta.size + STRETCH - 1) // STRETCH, theta.dtype)
    _update(theta.size, theta, dtheta, m, v, rate, root_correction, largest)
    return largest.max()


def adam_update(parameters: ParameterSet, t: int, lr: float) -> float:
    """Apply update number t = 1, 2, .. to theta, m and v, from the gradient in dtheta.

    Returns the largest absolute number among the gradients, their mean squares v and the
    parameters. It is NaN or infinite if any of them is, so one number tells that a run diverges.
    """
    p = parameters
    rate = p.theta.dtype.type(lr / (1 - BETA1**t))  # lr * m_hat / m
    root_correction = p.theta.dtype.type(1 / math.sqrt(1 - BETA2**t))  # sqrt(v_hat / v)
    return _update_all(p.theta, p.dtheta, p.m, p.v, rate, root_correction)
