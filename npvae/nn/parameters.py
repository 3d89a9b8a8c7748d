"""Parameters, their gradients and Adam's moments: one flat aligned buffer each, with named views.

The layers see matrices (`w.W1`, `g.W1`), Adam sees one long vector (`theta`, `grad`), and both are
the same memory. A checkpoint or a gradient check walks the same vector.
"""

import math
from typing import NamedTuple

import numpy as np

ALIGNMENT = 64  # bytes: a cache line, and the widest vector register


class ParameterSet(NamedTuple):
    """Everything that one network learns with. `w` and `g` are named views into `theta`, `grad`."""

    w: NamedTuple
    g: NamedTuple
    theta: np.ndarray  # (n,) all parameters
    grad: np.ndarray  # (n,) the loss's gradient with respect to them
    m: np.ndarray  # (n,) Adam's running mean of the gradient
    v: np.ndarray  # (n,) Adam's running mean of its square

    def views(self, flat: np.ndarray) -> NamedTuple:
        """Return named views into a vector laid out like theta."""
        return _views(flat, type(self.w)(*(array.shape for array in self.w)))


def _views(flat: np.ndarray, shapes: NamedTuple) -> NamedTuple:
    """Cut a vector into arrays of these shapes, each beginning on a boundary of its own.

    The gaps between them hold 0 in theta, and so their gradients and moments stay 0 too.
    """
    arrays, offset = [], 0
    for shape in shapes:
        size = math.prod(shape)
        arrays.append(flat[offset : offset + size].reshape(shape))
        offset += _padded(size, flat.dtype)
    return type(shapes)(*arrays)


def _padded(size: int, dtype: np.dtype) -> int:
    step = ALIGNMENT // np.dtype(dtype).itemsize
    return -(-size // step) * step


def aligned_zeros(shape: tuple[int, ...] | int, dtype: np.dtype) -> np.ndarray:
    """Return a zeroed C-contiguous array whose first element lies on a 64-byte boundary."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    skip = -raw.ctypes.data % ALIGNMENT
    return raw[skip : skip + size].view(dtype).reshape(shape)


def make_parameters(
    shapes: NamedTuple, dtype: np.dtype, rng: np.random.Generator | None = None
) -> ParameterSet:
    """Allocate a network's parameters and draw their start.

    `shapes` is the network's NamedTuple filled with array shapes in place of arrays; a matrix (in,
    out) is followed by its bias (out,). Both start uniform in +-1/sqrt(in); without `rng`, at 0.
    """
    total = sum(_padded(math.prod(shape), dtype) for shape in shapes)
    theta, grad, m, v = (aligned_zeros(total, dtype) for _ in range(4))
    parameters = ParameterSet(_views(theta, shapes), _views(grad, shapes), theta, grad, m, v)
    if rng is not None:
        for array in parameters.w:
            if array.ndim == 2:
                bound = 1 / np.sqrt(array.shape[0])
            array[...] = rng.uniform(-bound, bound, array.shape)
    return parameters
