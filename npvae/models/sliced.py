"""The sliced Wasserstein distance between the codes of a batch and as many samples of the prior.

    SW = mean over K directions, and over the B ranks r, of |p_(r) - q_(r)|  /  c
    p = z d and q = prior d are the codes and the samples on the line along d, |d| = 1, and p_(r)
    is the r-th smallest: on a line, pairing by rank is the shortest way from one set to the other
    dz = mean over K directions of sign(p - its partner) d / (B c)

c = E|d_1| = Gamma(L/2) / (sqrt(pi) Gamma((L+1)/2)) is the mean length of a direction's shadow on
an axis. So a shift of all codes by v has SW = |v| in the mean over all directions, as it has W1.
Source: Rabin et al. 2012; Kolouri et al. 2019 (as the regulariser of an autoencoder).
"""

import math
from typing import NamedTuple

import numpy as np

from npvae.kernels.jit import jit
from npvae.nn.parameters import aligned_zeros


class Lines(NamedTuple):
    """What the sliced distance of one batch needs beside its codes."""

    prior: np.ndarray  # (B, L) samples of N(0, I)
    directions: np.ndarray  # (K, L)
    sides: np.ndarray  # (K, B) on which side of its partner each code is: -1, 0 or 1


def make_lines(directions: int, batch: int, latent: int, dtype: np.dtype) -> Lines:
    """Allocate what batches of `batch` images need, for this number of directions."""
    shapes = (batch, latent), (directions, latent), (directions, batch)
    return Lines(*(aligned_zeros(shape, dtype) for shape in shapes))


@jit
def normalise(directions: np.ndarray) -> None:
    """Scale each row of directions (K, L) to length 1, in place; a row of zeros stays.

    Rows from N(0, I) then have every direction with the same likelihood. One number in 2^23 of the
    float32 generator is 0: with L = 1 such a row comes up, and along it every gap is 0.
    """
    for k in range(directions.shape[0]):
        square = directions.dtype.type(0)
        for j in range(directions.shape[1]):
            square += directions[k, j] * directions[k, j]
        if square > 0:
            directions[k] /= math.sqrt(square)


@jit
def sliced_forward(
    z: np.ndarray, prior: np.ndarray, directions: np.ndarray, sides: np.ndarray
) -> float:
    """Return SW of the rows of z and of prior, both (B, L), along directions (K, L) of length 1.

    Writes to sides (K, B) the sign of p - q for each code p and its partner q, for each line.
    """
    (B, L), K = z.shape, len(directions)
    p, q = np.empty(B, z.dtype), np.empty(B, z.dtype)  # on one line
    total = 0.0  # in float64
    for k in range(K):
        for row in range(B):
            p[row], q[row] = z.dtype.type(0), z.dtype.type(0)
            for j in range(L):
                p[row] += z[row, j] * directions[k, j]
                q[row] += prior[row, j] * directions[k, j]
        order, partners = np.argsort(p), np.argsort(q)  # the rows of the r-th smallest of each
        for r in range(B):
            row = order[r]
            gap = p[row] - q[partners[r]]
            total += abs(gap)
            sides[k, row] = np.sign(gap)
    return total / (B * K * mean_shadow(L))


@jit
def sliced_backward_add(
    sides: np.ndarray, directions: np.ndarray, weight: float, dz: np.ndarray
) -> None:
    """Add the gradient of weight * SW to that of the reconstruction in dz (B, L)."""
    (K, B), L = sides.shape, directions.shape[1]
    scale = dz.dtype.type(weight / (B * K * mean_shadow(L)))
    for k in range(K):
        for row in range(B):
            side = scale * sides[k, row]
            for j in range(L):
                dz[row, j] += side * directions[k, j]


@jit
def mean_shadow(dimensions: int) -> float:
    """Return E|d_1| of a random direction d: 1 in one dimension, 0.2587 in ten."""
    half = dimensions / 2
    return math.exp(math.lgamma(half) - math.lgamma(half + 0.5)) / math.sqrt(math.pi)
