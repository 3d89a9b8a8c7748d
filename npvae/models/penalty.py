"""The gradient penalty (Gulrajani et al. 2017, eq. 3) and its gradient: the second backward pass.

    P = mean over the batch of (norm - 1)^2,       norm = |dz| for each row (one row, one sample)

dz is the end of a chain of products, the backward pass of critic.py. To get the gradient of P for
the weights, walk that chain once more, from its end to its start. A link y = x W^T has dW = dy^T x
and dx = dy W, and a gate [h > 0] stops the same numbers on both ways. ddz is the gradient of P for
dz. dda1 is the gradient for the product da2 W2^T in da1, before its gate, and dda2 likewise:

    norm = |dz|                        ddz = 2/B (norm - 1) dz / norm            (B, L)
    dz   =  da1 W1^T                   dW1 += ddz^T da1      dda1 = (ddz W1) [h1 > 0]      (B, H1)
    da1  = (da2 W2^T) [h1 > 0]         dW2 += dda1^T da2     dda2 = (dda1 W2) [h2 > 0]     (B, H2)
    da2  = (dunits W3^T) [h2 > 0]      dW3 += dda2^T dunits

Each dW has the form of an ordinary layer's gradient, with ddz, dda1 and dda2 in the places of z, h1
and h2. So one product per layer can serve this loss and the critic's other loss together.

The gates depend on the weights too, but they are constant except where a unit flips, so relu'' = 0
almost everywhere and no term comes from them. That also leaves no way from P to a bias: biases have
no gradient here. All this holds for ReLU and other piecewise linear functions only. With tanh the
gates would be 1 - tanh(a)^2, which depends smoothly on every parameter before it.
"""

import math
from typing import NamedTuple

import numpy as np

from npvae.kernels.jit import jit
from npvae.models.critic import CriticActivations, CriticWeights
from npvae.nn.layers import dense_relu_second_backward


class SecondPass(NamedTuple):
    """What the second backward pass makes."""

    ddz: np.ndarray  # (B, L)
    dda1: np.ndarray  # (B, H1)
    dda2: np.ndarray  # (B, H2)


@jit
def penalty_forward(dz: np.ndarray, norm: np.ndarray) -> float:
    """Return P, and write to norm (B,) the length of each row of the input gradient dz (B, L)."""
    penalty = 0.0  # in float64
    for row in range(norm.size):
        square = dz.dtype.type(0)
        for j in range(dz.shape[1]):  # over the dimensions of one sample, never over the batch
            square += dz[row, j] * dz[row, j]
        norm[row] = math.sqrt(square)  # |dz|
        penalty += (norm[row] - 1.0) ** 2  # 0 where the slope is 1
    return penalty / norm.size  # the mean over the batch


@jit
def norm_backward(dz: np.ndarray, norm: np.ndarray, gp_weight: float, ddz: np.ndarray) -> None:
    """Compute ddz (B, L), the gradient of gp_weight * P for dz.

    norm = |dz| has the gradient dz / norm. Where norm = 0 it has none, and 0 stands in.
    """
    scale = dz.dtype.type(2 * gp_weight / norm.size)  # of P = 1/B sum (norm - 1)^2
    zero, one = dz.dtype.type(0), dz.dtype.type(1)
    for row in range(norm.size):
        factor = scale * (norm[row] - one) / norm[row] if norm[row] > zero else zero
        for j in range(dz.shape[1]):
            ddz[row, j] = factor * dz[row, j]  # 2 gp_weight/B (norm - 1) dz / norm


def penalty_backward(
    w: CriticWeights, act: CriticActivations, norm: np.ndarray, gp_weight: float, second: SecondPass
) -> None:
    """Compute ddz, dda1 and dda2, the gradients of gp_weight * P at each link of the chain.

    Reads dz and norm of B rows whose dscore was 1, and h1 and h2. dda1 and dda2 may lie in the
    memory of h1 and h2, which are then used up: each number is read before it is replaced.
    """
    norm_backward(act.dz, norm, gp_weight, second.ddz)  # norm = |dz|: (B, L)
    dense_relu_second_backward(second.ddz, w.W1, act.h1, second.dda1)  # ddz W1: (B, L) (L, H1)
    dense_relu_second_backward(second.dda1, w.W2, act.h2, second.dda2)  # dda1 W2: (B, H1) (H1, H2)
