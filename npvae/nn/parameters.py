"""Parameters, their gradients and Adam's moments: one flat aligned buffer each, with named views.

The layers see matrices (`w.W1`, `dw.W1`), Adam sees one long vector (`theta`, `dtheta`), and both
are the same memory. A network is a list of dense layers, each with W (in, out), then b (out,).
"""

import math
from typing import NamedTuple, TypeVar

import numpy as np

ALIGNMENT = 64  # bytes: a cache line, and the widest vector register

Weights = TypeVar("Weights", bound=NamedTuple)


class ParameterSet(NamedTuple):
    """Everything that one network learns with. `w` and `dw` are named views of theta and dtheta."""

    w: NamedTuple
    dw: NamedTuple
    theta: np.ndarray  # (n,) all parameters
    dtheta: np.ndarray  # (n,) the loss's gradient with respect to them
    m: np.ndarray  # (n,) Adam's running mean of the gradient
    v: np.ndarray  # (n,) Adam's running mean of its square

    def views(self, flat: np.ndarray) -> NamedTuple:
        """Return named views into a vector laid out like theta."""
        return _views(flat, type(self.w)(*(array.shape for array in self.w)))


def dense_shapes(weights: type[Weights], *layers: tuple[int, int]) -> Weights:
    """Return the shapes of a network of dense layers, given as (in, out), in place of its arrays.

    `weights` is the network's NamedTuple, whose fields are the W and b of each layer in turn.
    """
    return weights(*(shape for n_in, n_out in layers for shape in ((n_in, n_out), (n_out,))))


def make_parameters(
    shapes: NamedTuple, dtype: np.dtype, rng: np.random.Generator | None = None
) -> ParameterSet:
    """Allocate a network's parameters, of the shapes from `dense_shapes`.

    W and b of a layer start uniform in +-1/sqrt(in), in the fields' order; without `rng`, at 0.
    """
    total = sum(_padded(math.prod(shape), dtype) for shape in shapes)  # numbers, gaps included
    theta, dtheta, m, v = (aligned_zeros(total, dtype) for _ in range(4))
    w, dw = _views(theta, shapes), _views(dtheta, shapes)
    if rng is not None:
        for W, b in zip(w[::2], w[1::2], strict=True):
            bound = 1 / np.sqrt(W.shape[0])  # 1/sqrt(in), for the bias too
            W[...] = rng.uniform(-bound, bound, W.shape)
            b[...] = rng.uniform(-bound, bound, b.shape)
    return ParameterSet(w=w, dw=dw, theta=theta, dtheta=dtheta, m=m, v=v)


def aligned_zeros(shape: tuple[int, ...] | int, dtype: np.dtype) -> np.ndarray:
    """Return a zeroed C-contiguous array whose first element lies on a 64-byte boundary."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize  # bytes
    raw = np.zeros(size + ALIGNMENT, np.uint8)  # with room to move the start
    skip = -raw.ctypes.data % ALIGNMENT
    return raw[skip : skip + size].view(dtype).reshape(shape)


def _views(flat: np.ndarray, shapes: Weights) -> Weights:
    """Cut a vector into arrays of these shapes, each beginning on a boundary of its own.

    Nothing is ever written to the gaps in dtheta, so Adam leaves the 0 in those of theta, m and v.
    """
    arrays, offset = [], 0
    for shape in shapes:
        size = math.prod(shape)
        arrays.append(flat[offset : offset + size].reshape(shape))
        offset += _padded(size, flat.dtype)
    return type(shapes)(*arrays)


def _padded(size: int, dtype: np.dtype) -> int:
    """Return the first number from `size` on that fills whole boundaries."""
    step = ALIGNMENT // np.dtype(dtype).itemsize  # numbers between two boundaries
    return -(-size // step) * step
