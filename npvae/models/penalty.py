"""The gradient penalty (Gulrajani et al. 2017, eq. 3) and its gradient: the second backward pass.

    P = mean over the batch of (norm - 1)^2,      norm = |dz| for each row

dz comes from a chain of products (see critic.py). Walking it backwards once more, with the gradient
of d1 called dd1, each link y = x W^T gives dW = dy^T x and dx = dy W:

    ddz = 2/B (norm - 1) dz / norm                                        0 where norm = 0
    dz = d1 W1^T              dW1 += ddz^T d1             dd1 = D1 (ddz W1)
    d1 = D1 (d2 W2^T)         dW2 += dd1^T d2             dd2 = D2 (dd1 W2)
    d2 = D2 (dunits W3^T)     dW3 += dd2^T dunits

Each dW has the form of an ordinary layer's, with ddz, dd1 and dd2 in the places of z, h1 and h2. So
`penalty_backward` puts them into those places, and one product per layer (`score_backward_weights`)
sums over these rows and those of the critic's other loss alike.

relu'' = 0 almost everywhere, so nothing flows through D1 and D2; the biases act on nothing else, so
they have no gradient at all. This is right for ReLU and its piecewise linear kin only: with tanh,
say, D1 and D2 would depend on every parameter before them.
"""

import math

import numpy as np

from npvae.kernels.jit import jit
from npvae.kernels.matmul import matmul
from npvae.models.critic import CriticActivations, CriticWeights


@jit
def penalty_forward(dz: np.ndarray, norm: np.ndarray) -> float:
    """Compute each row's norm (B,) of the score's input gradient dz (B, latent), and return P."""
    penalty = 0.0
    for row in range(norm.size):
        square = dz.dtype.type(0)
        for j in range(dz.shape[1]):
            square += dz[row, j] * dz[row, j]
        norm[row] = math.sqrt(square)
        penalty += (norm[row] - 1.0) ** 2
    return penalty / norm.size


@jit
def norm_backward(dz: np.ndarray, norm: np.ndarray, weight: float, ddz: np.ndarray) -> None:
    """Compute ddz, the gradient of weight * mean (norm - 1)^2.

    norm = |dz|, so dnorm/ddz = dz / norm. At norm = 0, where it has none, 0 stands in.
    """
    scale = dz.dtype.type(2 * weight / norm.size)
    zero, one = dz.dtype.type(0), dz.dtype.type(1)
    for row in range(norm.size):
        slope = scale * (norm[row] - one) / norm[row] if norm[row] > zero else zero
        for j in range(dz.shape[1]):
            ddz[row, j] = slope * dz[row, j]


def penalty_backward(
    w: CriticWeights, a: CriticActivations, norm: np.ndarray, weight: float
) -> None:
    """Replace z, h1 and h2 by ddz, dd1 and dd2, of the gradient of weight * P.

    `a` is what `score_backward_input` left of the B rows with dscore = 1, and `norm` their norms.
    """
    norm_backward(a.dz, norm, weight, a.z)
    matmul(a.z, w.W1, a.h1, gate=a.h1)
    matmul(a.h1, w.W2, a.h2, gate=a.h2)
