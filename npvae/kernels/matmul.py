"""Matrix products, in the three orientations that a dense layer and its gradients need.

    matmul      C = A B        forward            y  = x W
    matmul_tn   C = A^T B      weights' gradient  dW = x^T dy
    matmul_nt   C = A B^T      input's gradient   dx = dy W^T

The output is cut into tiles that fit the vector registers (`simd.tile`). Threads share out tiles
and never split the sum over k, so each number is the same whatever the number of threads.
"""

from time import perf_counter

import numpy as np
from numba import prange
from numba.core.errors import NumbaError

from npvae.kernels.jit import jit, shared_from
from npvae.kernels.simd import ROWS, STRIP, VECTOR_BYTES, Product, tile, transpose_block
from npvae.kernels.threads import pace

WATCHED_FLOP = 2_000_000  # smaller products are not timed for `pace`: it would cost too much
STRIP_ROWS = STRIP * ROWS
_NO_ROWS = {np.dtype(real): np.zeros((0, 0), real) for real in (np.float32, np.float64)}


@jit
def _strip(t, product):
    """Compute strip t of C, counted down one panel of columns, as wide as a tile, after another."""
    n_rows, n_columns = product.C.shape
    width = 2 * VECTOR_BYTES // product.C.itemsize
    strips_per_panel = (n_rows + STRIP_ROWS - 1) // STRIP_ROWS
    i, j = t % strips_per_panel * STRIP_ROWS, t // strips_per_panel * width
    if n_columns - j >= width:
        tile(ROWS, 2, False, product, i, j)
    elif n_columns - j > width // 2:
        tile(ROWS, 2, True, product, i, j)
    else:
        tile(ROWS, 1, True, product, i, j)


@shared_from(300_000)  # floating-point operations
def _strips(n, product):
    """Compute all n strips of C."""
    for t in prange(n):
        _strip(np.int64(t), product)  # a prange counts without sign


@jit
def _add_up(A, a_transposed, B, start, relu, gate, C):
    """Compute C = start + A B (A^T B if `a_transposed`), then ReLU and the gate."""
    width = 2 * VECTOR_BYTES // C.itemsize  # of a panel
    n_strips = (C.shape[1] + width - 1) // width * ((C.shape[0] + STRIP_ROWS - 1) // STRIP_ROWS)
    _strips(2 * C.size * B.shape[0], n_strips, Product(A, a_transposed, B, start, relu, gate, C))


@shared_from(32_768)  # numbers
def _transpose(a, out):
    """Write the transpose of a (m, n) to out (n, m)."""
    lanes = VECTOR_BYTES // a.itemsize
    for block in prange((a.shape[1] + lanes - 1) // lanes):
        for i in range(0, a.shape[0], lanes):
            transpose_block(a, out, i, np.int64(block) * lanes)


@jit
def _product(A, a_transposed, B, b_transposed, start, relu, gate, C):
    """Check the shapes, and compute C as in `_add_up`, or C = A B^T if `b_transposed`."""
    m, n_k = (A.shape[1], A.shape[0]) if a_transposed else A.shape
    b_rows, n = (B.shape[1], B.shape[0]) if b_transposed else B.shape
    fits = b_rows == n_k and C.shape == (m, n) and start.size in (0, n)
    if not fits or (gate.size > 0 and gate.shape != C.shape):
        raise ValueError
    if not b_transposed:
        _add_up(A, a_transposed, B, start, relu, gate, C)
    elif B.size <= A.size + C.size:
        B_t = np.empty((n_k, n), B.dtype)
        _transpose(B.size, B, B_t)
        _add_up(A, False, B_t, start, relu, gate, C)
    else:
        A_t, C_t = np.empty((n_k, m), A.dtype), np.empty((n, m), C.dtype)
        _transpose(A.size, A, A_t)
        _add_up(B, False, A_t, start, relu, gate[:0], C_t)
        _transpose(C.size, C_t, C)
        zero = C.dtype.type(0)
        for row in range(len(gate)):
            for column in range(n):
                C[row, column] = C[row, column] if gate[row, column] > zero else zero


def _multiply(A, a_transposed, B, b_transposed, C, bias=None, relu=False, gate=None):
    """Call `_product`; whether types and layouts fit is seen when it is compiled for them."""
    try:
        start = _NO_ROWS[C.dtype] if bias is None else bias[None]  # (1, n)
        gate = _NO_ROWS[C.dtype] if gate is None else gate
        _product(A, a_transposed, B, b_transposed, start, relu, gate, C)
    except (KeyError, NumbaError):
        given = ", ".join(f"{x.dtype} {x.shape}" for x in (A, B, bias, gate, C) if x is not None)
        needs = "a product needs C-contiguous arrays, all float32 or all float64"
        raise TypeError(f"{needs}: {given}") from None
    except ValueError:
        raise ValueError(f"the shapes do not fit: A {A.shape}, B {B.shape}, C {C.shape}") from None


def matmul(
    A: np.ndarray, B: np.ndarray, C: np.ndarray,
    bias: np.ndarray | None = None, relu: bool = False, gate: np.ndarray | None = None,
) -> None:  # fmt: skip
    """Compute C = A B for A (m, k), B (k, n), C (m, n), C-contiguous, all float32 or all float64.

    `bias` (n,) is added to every row. With `relu`, negative numbers then become 0. With a `gate`
    (m, n), C becomes 0 where the gate is not positive; here the gate may be C itself. Raises
    TypeError for other dtypes and for views like W.T, ValueError for shapes that do not fit.
    """
    start = perf_counter()
    _multiply(A, False, B, False, C, bias, relu, gate)
    if pace.most > 1 and 2 * A.size * B.shape[1] >= WATCHED_FLOP:
        pace.saw((*A.shape, B.shape[1]), perf_counter() - start)


def matmul_tn(A: np.ndarray, B: np.ndarray, C: np.ndarray) -> None:
    """Compute C = A^T B for A (k, m), B (k, n), C (m, n); the rest is as in `matmul`."""
    _multiply(A, True, B, False, C)


def matmul_nt(A: np.ndarray, B: np.ndarray, C: np.ndarray, gate: np.ndarray | None = None) -> None:
    """Compute C = A B^T for A (m, k), B (n, k), C (m, n); the rest is as in `matmul`.

    The tile cannot read B by columns: either B is transposed, or A and C are, in C^T = B (A^T). The
    way that moves fewer numbers is taken.
    """
    _multiply(A, False, B, True, C, gate=gate)
