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

from npvae.kernels.jit import THREADING_LAYER, jit
from npvae.kernels.simd import (
    PANEL_BYTES,
    ROWS,
    STRIP,
    VECTOR_BYTES,
    Product,
    tile,
    transpose_block,
)
from npvae.kernels.threads import pace

# A smaller product is done before the other threads are awake.
MIN_PARALLEL_FLOP = 100_000_000 if THREADING_LAYER == "workqueue" else 300_000
MIN_PARALLEL_COPY = 1 << 40 if THREADING_LAYER == "workqueue" else 32_768  # likewise, numbers
WATCHED_FLOP = 2_000_000  # smaller products are not timed for `pace`: it would cost too much
STRIP_ROWS = STRIP * ROWS
K_BLOCK = 1024  # rows of B packed at a time: a panel is 128 KB at most and stays in the L2 cache
PACK_BYTES = 1 << 21  # B is packed if it is larger than this, so larger than the L2 cache,
PACK_ROWS = 256  # and if it meets so many rows of A that copying it pays

_REALS = [np.dtype(real) for real in (np.float32, np.float64)]
_NO_BIAS = {real: np.zeros(0, real) for real in _REALS}
_NO_GATE = {real: np.zeros((0, 0), real) for real in _REALS}


@jit
def _strip(t, product):
    """Compute strip t of C, counted down one panel of columns after the other.

    A panel is as wide as a tile.
    """
    B, C = product.B, product.C
    width = PANEL_BYTES // C.itemsize
    n_rows, n_columns = C.shape
    strips_per_panel = (n_rows + STRIP_ROWS - 1) // STRIP_ROWS
    p, i = t // strips_per_panel, t % strips_per_panel * STRIP_ROWS
    j = p * width
    if product.packed:
        n_k = B.shape[0] // ((n_columns + width - 1) // width)
        panel = B[p * n_k : (p + 1) * n_k, 0:]
    else:
        panel = B[0:, j:]
    if n_columns - j >= width:
        tile(ROWS, 2, False, product, panel, i, j)
    elif n_columns - j > width // 2:
        tile(ROWS, 2, True, product, panel, i, j)
    else:
        tile(ROWS, 1, True, product, panel, i, j)


@jit(parallel=True)
def _strips(n, parallel, product):
    """Compute all n strips of C."""
    if parallel:
        for t in prange(n):
            _strip(np.int64(t), product)  # as below, where it has this type already
    else:
        for t in range(n):
            _strip(t, product)


@jit(parallel=True)
def _pack(B, panels):
    """Copy B's panels one below the other, so that a tile reads one unbroken run of memory.

    Eight rows are copied at a time, because the processor fetches ahead along each of several rows.
    """
    n_k, n_columns = B.shape
    width = panels.shape[1]
    n_panels = panels.shape[0] // n_k
    for block in prange((n_k + 7) // 8):
        for p in range(n_panels):
            j = p * width
            for k in range(8 * block, min(8 * block + 8, n_k)):
                for w in range(min(width, n_columns - j)):
                    panels[p * n_k + k, w] = B[k, j + w]


@jit
def _product(A, a_transposed, B, bias, relu, gate, C):
    """Compute C = A B (A^T B if `a_transposed`), plus the bias, then ReLU and the gate."""
    start = bias.reshape(min(bias.size, 1), bias.size)
    n_k, n_columns = B.shape
    width = PANEL_BYTES // C.itemsize
    n_panels = (n_columns + width - 1) // width
    n_strips = n_panels * ((C.shape[0] + STRIP_ROWS - 1) // STRIP_ROWS)
    parallel = 2 * C.size * n_k >= MIN_PARALLEL_FLOP
    # The gate may be C itself, which must then not be written before the whole sum is known.
    if B.size * B.itemsize < PACK_BYTES or C.shape[0] < PACK_ROWS or gate.size > 0:
        product = Product(
            A=A, a_transposed=a_transposed, k0=0, B=B, packed=False, start=start, relu=relu,
            gate=gate, C=C,
        )  # fmt: skip
        _strips(n_strips, parallel, product)
        return
    panels = np.empty((n_panels * K_BLOCK, width), C.dtype)
    for k0 in range(0, n_k, K_BLOCK):
        block = B[k0 : k0 + K_BLOCK]
        packed = panels[: n_panels * block.shape[0]]
        _pack(block, packed)
        last = k0 + K_BLOCK >= n_k
        product = Product(
            A=A, a_transposed=a_transposed, k0=k0, B=packed, packed=True, start=start,
            relu=relu and last, gate=gate, C=C,
        )  # fmt: skip
        _strips(n_strips, parallel, product)
        start = C


@jit(parallel=True)
def _transpose(a, gate, out):
    """Write the transpose of a (m, n) to out (n, m), with the gate (n, m) of `matmul`."""
    lanes = VECTOR_BYTES // a.itemsize
    blocks = (a.shape[1] + lanes - 1) // lanes
    if a.size >= MIN_PARALLEL_COPY:
        for block in prange(blocks):
            for i in range(0, a.shape[0], lanes):
                transpose_block(a, gate, out, i, block * lanes)
    else:
        for block in range(blocks):
            for i in range(0, a.shape[0], lanes):
                transpose_block(a, gate, out, i, block * lanes)


def transpose(a: np.ndarray, out: np.ndarray) -> None:
    """Write the transpose of a (m, n) to out (n, m)."""
    _transpose(a, _NO_GATE[a.dtype], out)


def matmul(
    A: np.ndarray,
    B: np.ndarray,
    C: np.ndarray,
    bias: np.ndarray | None = None,
    relu: bool = False,
    gate: np.ndarray | None = None,
) -> None:
    """Compute C = A B for A (m, k), B (k, n), C (m, n), all C-contiguous, float32 or float64.

    `bias` (n,) is added to every row. With `relu`, negative numbers then become 0. With a `gate`
    (m, n), C becomes 0 where the gate is not positive; the gate may be C itself. All of this
    happens while the sums are in registers.
    """
    bias = _NO_BIAS[C.dtype] if bias is None else bias
    gate = _NO_GATE[C.dtype] if gate is None else gate
    start = perf_counter()
    _product(A, False, B, bias, relu, gate, C)
    if pace.most > 1 and 2 * A.size * B.shape[1] >= WATCHED_FLOP:
        pace.saw((*A.shape, B.shape[1]), perf_counter() - start)


def matmul_tn(A: np.ndarray, B: np.ndarray, C: np.ndarray) -> None:
    """Compute C = A^T B for A (k, m), B (k, n), C (m, n)."""
    _product(A, True, B, _NO_BIAS[C.dtype], False, _NO_GATE[C.dtype], C)


def matmul_nt(
    A: np.ndarray,
    B: np.ndarray,
    C: np.ndarray,
    scratch: np.ndarray,
    gate: np.ndarray | None = None,
) -> None:
    """Compute C = A B^T for A (m, k), B (n, k), C (m, n), with the gate of `matmul`.

    The tile cannot read B by columns, so there are two ways: C = A (B^T), or C^T = B (A^T). The
    first transposes B, the second transposes A and C. The way that moves fewer numbers is taken.
    `scratch` is a vector of at least A.size + C.size numbers, in which the transposes are made.
    """
    gate = _NO_GATE[C.dtype] if gate is None else gate
    if B.size <= A.size + C.size:
        B_t = scratch[: B.size].reshape(B.shape[::-1])
        transpose(B, B_t)
        matmul(A, B_t, C, gate=gate)
        return
    A_t = scratch[: A.size].reshape(A.shape[::-1])
    C_t = scratch[A.size : A.size + C.size].reshape(C.shape[::-1])
    transpose(A, A_t)
    matmul(B, A_t, C_t)
    _transpose(C_t, gate, C)
