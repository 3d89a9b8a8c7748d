"""The Wasserstein critic: its score, the score's input gradient, and the parameters' gradients.

    h1 = relu(z W1 + b1),   h2 = relu(h1 W2 + b2),   units = h2 W3 + b3,   score = mean of the units

With D = diag(relu'), the gradient of the score for its input is the ordinary backward pass with the
upstream gradient 1 (rows: one per sample; dunits = 1/units in each column):

    d2 = D2 (dunits W3^T),   d1 = D1 (d2 W2^T),   dz = d1 W1^T

The gradient penalty on dz, and its own gradient, are in penalty.py.
"""

from typing import NamedTuple

import numpy as np

from npvae.kernels.matmul import matmul_tn
from npvae.nn.layers import (
    dense_backward_input,
    dense_forward,
    dense_relu_forward,
    mean_backward,
    mean_forward,
    sum_rows,
)
from npvae.nn.parameters import ParameterSet, aligned_zeros, make_parameters

HIDDEN = (512, 256)
UNITS = 10


class CriticWeights(NamedTuple):
    """The critic's parameters, or the gradients of the loss with respect to them."""

    W1: np.ndarray  # (latent, 512)
    b1: np.ndarray  # (512,)
    W2: np.ndarray  # (512, 256)
    b2: np.ndarray  # (256,)
    W3: np.ndarray  # (256, units)
    b3: np.ndarray  # (units,)


class CriticActivations(NamedTuple):
    """What R latent vectors leave on their way through the critic and back."""

    z: np.ndarray  # (R, latent)
    h1: np.ndarray  # (R, 512)
    h2: np.ndarray  # (R, 256)
    units: np.ndarray  # (R, units)
    score: np.ndarray  # (R,)
    dscore: np.ndarray  # (R,) the upstream gradient
    dunits: np.ndarray  # (R, units)
    d2: np.ndarray  # (R, 256) gradient for h1 W2 + b2
    d1: np.ndarray  # (R, 512) gradient for z W1 + b1
    dz: np.ndarray  # (R, latent)
    scratch: np.ndarray  # room for the transposes of a backward pass

    def rows(self, first: int, last: int) -> "CriticActivations":
        """Return views of the rows first .. last-1 of every array."""
        return CriticActivations(*(a[first:last] for a in self[:-1]), self.scratch)


def critic_shapes(
    latent: int, hidden: tuple[int, int] = HIDDEN, units: int = UNITS
) -> CriticWeights:
    """Return the shapes of the critic's parameters."""
    first, second = hidden
    return CriticWeights(
        (latent, first), (first,), (first, second), (second,), (second, units), (units,)
    )


def make_critic(
    latent: int,
    dtype: np.dtype,
    rng: np.random.Generator,
    hidden: tuple[int, int] = HIDDEN,
    units: int = UNITS,
) -> ParameterSet:
    """Allocate the critic's parameters and draw their start, uniform in +-1/sqrt(fan_in)."""
    return make_parameters(critic_shapes(latent, hidden, units), dtype, rng)


def make_critic_activations(w: CriticWeights, rows: int) -> CriticActivations:
    """Allocate what `rows` latent vectors need, once, for all steps of a training."""
    (latent, first), (second, units), dtype = w.W1.shape, w.W3.shape, w.W1.dtype

    def zeros(*shape: int) -> np.ndarray:
        return aligned_zeros(shape, dtype)

    largest = first + max(second, latent) + units
    return CriticActivations(
        z=zeros(rows, latent),
        h1=zeros(rows, first),
        h2=zeros(rows, second),
        units=zeros(rows, units),
        score=zeros(rows),
        dscore=zeros(rows),
        dunits=zeros(rows, units),
        d2=zeros(rows, second),
        d1=zeros(rows, first),
        dz=zeros(rows, latent),
        scratch=zeros(rows * largest),
    )


def score_forward(w: CriticWeights, a: CriticActivations) -> None:
    """Compute the score of each row of z."""
    dense_relu_forward(a.z, w.W1, w.b1, a.h1)
    dense_relu_forward(a.h1, w.W2, w.b2, a.h2)
    dense_forward(a.h2, w.W3, w.b3, a.units)
    mean_forward(a.units, a.score)


def score_backward_hidden(w: CriticWeights, a: CriticActivations) -> None:
    """Compute d2 and d1 from dscore: the gradients of the sum of dscore * score."""
    mean_backward(a.dscore, a.dunits)
    dense_backward_input(a.dunits, w.W3, a.d2, a.scratch, relu=a.h2)
    dense_backward_input(a.d2, w.W2, a.d1, a.scratch, relu=a.h1)


def score_backward_input(w: CriticWeights, a: CriticActivations) -> None:
    """Compute dz from d1. Rows with dscore = 1 then hold the score's input gradient."""
    dense_backward_input(a.d1, w.W1, a.dz, a.scratch)


def score_backward_weights(g: CriticWeights, a: CriticActivations) -> None:
    """Compute the weights' gradients from d1, d2 and dunits."""
    matmul_tn(a.h2, a.dunits, g.W3)
    matmul_tn(a.h1, a.d2, g.W2)
    matmul_tn(a.z, a.d1, g.W1)


def score_backward_biases(g: CriticWeights, a: CriticActivations) -> None:
    """Compute the biases' gradients from d1, d2 and dunits."""
    sum_rows(a.dunits, g.b3)
    sum_rows(a.d2, g.b2)
    sum_rows(a.d1, g.b1)
