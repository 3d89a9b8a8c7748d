"""The Wasserstein critic: its score, the score's input gradient, and the parameters' gradients.

    h1 = relu(a1),  a1 = z W1 + b1         h2 = relu(a2),  a2 = h1 W2 + b2
    units = h2 W3 + b3                     score = mean of the units          (R, L) -> (R,)

The input gradient of the score is the ordinary backward pass with the upstream gradient 1. Each row
is one sample; [c] is 1 where c holds and 0 elsewhere:

    dunits = 1 / U     da2 = (dunits W3^T) [h2 > 0]     da1 = (da2 W2^T) [h1 > 0]     dz = da1 W1^T

R is the number of rows; for the other sizes see npvae/nn/__init__.py. The penalty on the length of
dz, and the penalty's own gradient, are in penalty.py.
"""

from typing import NamedTuple

import numpy as np

from npvae.kernels.matmul import matmul_tn
from npvae.nn.layers import (
    dense_backward_input,
    dense_forward,
    dense_relu_backward_input,
    dense_relu_forward,
    mean_backward,
    mean_forward,
    sum_rows,
)
from npvae.nn.parameters import ParameterSet, aligned_zeros, dense_shapes, make_parameters

HIDDEN = (512, 256)
UNITS = 10


class CriticWeights(NamedTuple):
    """The critic's parameters, or the gradients of the loss with respect to them."""

    W1: np.ndarray  # (L, H1)
    b1: np.ndarray  # (H1,)
    W2: np.ndarray  # (H1, H2)
    b2: np.ndarray  # (H2,)
    W3: np.ndarray  # (H2, U)
    b3: np.ndarray  # (U,)


class CriticActivations(NamedTuple):
    """What R latent vectors leave on their way through the critic and back."""

    z: np.ndarray  # (R, L)
    h1: np.ndarray  # (R, H1)
    h2: np.ndarray  # (R, H2)
    units: np.ndarray  # (R, U)
    score: np.ndarray  # (R,)
    dscore: np.ndarray  # (R,)       the upstream gradient
    dunits: np.ndarray  # (R, U)
    da2: np.ndarray  # (R, H2)
    da1: np.ndarray  # (R, H1)
    dz: np.ndarray  # (R, L)

    def rows(self, first: int, last: int) -> "CriticActivations":
        """Return views of the rows first .. last-1 of every array."""
        return CriticActivations(*(a[first:last] for a in self))


def critic_shapes(
    latent: int, hidden: tuple[int, int] = HIDDEN, units: int = UNITS
) -> CriticWeights:
    """Return the shapes of the critic's parameters."""
    H1, H2 = hidden
    return dense_shapes(CriticWeights, (latent, H1), (H1, H2), (H2, units))


def make_critic(
    latent: int, dtype: np.dtype, rng: np.random.Generator,
    hidden: tuple[int, int] = HIDDEN, units: int = UNITS,
) -> ParameterSet:  # fmt: skip
    """Allocate the critic's parameters and draw their start, uniform in +-1/sqrt(fan_in)."""
    return make_parameters(critic_shapes(latent, hidden, units), dtype, rng)


def make_critic_activations(w: CriticWeights, rows: int) -> CriticActivations:
    """Allocate what `rows` latent vectors need, once, for all steps of a training."""
    R, (L, H1), (H2, U) = rows, w.W1.shape, w.W3.shape
    forward = (R, L), (R, H1), (R, H2), (R, U), (R,)  # z, h1, h2, units, score
    back = (R,), (R, U), (R, H2), (R, H1), (R, L)  # dscore, dunits, da2, da1, dz
    return CriticActivations(*(aligned_zeros(s, w.W1.dtype) for s in (*forward, *back)))


def score_forward(w: CriticWeights, act: CriticActivations) -> None:
    """Compute the score of each row. Reads z; writes h1, h2, units, score."""
    dense_relu_forward(act.z, w.W1, w.b1, act.h1)  # (R, L) -> (R, H1)
    dense_relu_forward(act.h1, w.W2, w.b2, act.h2)  # (R, H1) -> (R, H2)
    dense_forward(act.h2, w.W3, w.b3, act.units)  # (R, H2) -> (R, U)
    mean_forward(act.units, act.score)  # (R, U) -> (R,)


def score_backward_hidden(w: CriticWeights, act: CriticActivations) -> None:
    """Compute the gradients at the hidden layers, of the sum over rows of dscore * score.

    Reads dscore, h1, h2; writes dunits, da2, da1.
    """
    mean_backward(act.dscore, act.dunits)  # score = mean of the units: (R,) -> (R, U)
    dense_relu_backward_input(act.dunits, w.W3, act.h2, act.da2)  # units = relu(a2) W3 + b3
    dense_relu_backward_input(act.da2, w.W2, act.h1, act.da1)  # a2 = relu(a1) W2 + b2


def score_backward_input(w: CriticWeights, act: CriticActivations) -> None:
    """Compute dz: for rows with dscore = 1, the score's input gradient. Reads da1; writes dz."""
    dense_backward_input(act.da1, w.W1, act.dz)  # a1 = z W1 + b1    da1 W1^T: (R, H1) (H1, L)


def score_backward_weights(dw: CriticWeights, act: CriticActivations) -> None:
    """Compute the weights' gradients. Reads z, h1, h2, dunits, da2, da1; writes dw.W1 .. dw.W3."""
    matmul_tn(act.h2, act.dunits, dw.W3)  # units = h2 W3 + b3     h2^T dunits: (H2, R) (R, U)
    matmul_tn(act.h1, act.da2, dw.W2)  #       a2 = h1 W2 + b2        h1^T da2: (H1, R) (R, H2)
    matmul_tn(act.z, act.da1, dw.W1)  #        a1 = z W1 + b1         z^T da1: (L, R) (R, H1)


def score_backward_biases(dw: CriticWeights, act: CriticActivations) -> None:
    """Compute the biases' gradients. Reads dunits, da2, da1; writes dw.b1, dw.b2, dw.b3."""
    sum_rows(act.dunits, dw.b3)  # units = .. + b3
    sum_rows(act.da2, dw.b2)  # a2 = .. + b2
    sum_rows(act.da1, dw.b1)  # a1 = .. + b1
