"""The same matrix product in five rungs, one idea each: what makes it fast, and by how much.

C = A B with A (M, K), B (K, N), C (M, N): C[i, j] = sum_k A[i, k] B[k, j], 2 M K N operations.
`docs/matmul.md` walks through the rungs. Prints the machine's peak and a Markdown table.

    python benchmarks/matmul_ladder.py [--size M K N]
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
from llvmlite import binding

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # npvae need not be installed

from benchmarks.peak import fma_peak
from benchmarks.timing import median_seconds
from npvae.cli import OneLineParser, run_program, whole
from npvae.kernels.jit import jit
from npvae.kernels.matmul import matmul, matmul_nt, matmul_tn
from npvae.kernels.simd import host_simd
from npvae.nn.parameters import aligned_zeros
from npvae.report.markdown import table

Shape = tuple[int, int, int]  # M, K, N
# The large products of encoder, decoder and critic, and one whose matrices fit in no cache.
NETWORK = [
    (64, 784, 256),
    (64, 256, 784),
    (784, 64, 256),
    (256, 64, 784),
    (64, 512, 256),
    (192, 512, 256),
    (512, 128, 256),
]
LARGE = (2048, 2048, 2048)
ALL = numba.get_num_threads()
THREADS = sorted({1, ALL})


@jit
def three_loops(A: np.ndarray, B: np.ndarray, C: np.ndarray) -> None:
    """Rung 1: the definition, one number of C after the other."""
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            total = C.dtype.type(0)
            for k in range(A.shape[1]):
                total += A[i, k] * B[k, j]
            C[i, j] = total


@jit
def _add_product(A, B, C):
    for i in range(C.shape[0]):
        for k in range(A.shape[1]):
            for j in range(C.shape[1]):
                C[i, j] += A[i, k] * B[k, j]


@jit
def loop_order(A: np.ndarray, B: np.ndarray, C: np.ndarray) -> None:
    """Rung 2: j innermost, so that B and C are read in the order in which they lie in memory."""
    C[:] = 0
    _add_product(A, B, C)


@jit
def unrolled(A: np.ndarray, B: np.ndarray, C: np.ndarray) -> None:
    """Rung 3: four rows of C with four rows of B, so that each number loaded is used four times."""
    m, n_k = A.shape
    m4, k4 = m - m % 4, n_k - n_k % 4
    C[:] = 0
    for i in range(0, m4, 4):
        for k in range(0, k4, 4):
            a = A[i : i + 4, k : k + 4]
            a00, a01, a02, a03 = a[0, 0], a[0, 1], a[0, 2], a[0, 3]
            a10, a11, a12, a13 = a[1, 0], a[1, 1], a[1, 2], a[1, 3]
            a20, a21, a22, a23 = a[2, 0], a[2, 1], a[2, 2], a[2, 3]
            a30, a31, a32, a33 = a[3, 0], a[3, 1], a[3, 2], a[3, 3]
            for j in range(C.shape[1]):
                b0, b1, b2, b3 = B[k, j], B[k + 1, j], B[k + 2, j], B[k + 3, j]
                C[i, j] += a00 * b0 + a01 * b1 + a02 * b2 + a03 * b3
                C[i + 1, j] += a10 * b0 + a11 * b1 + a12 * b2 + a13 * b3
                C[i + 2, j] += a20 * b0 + a21 * b1 + a22 * b2 + a23 * b3
                C[i + 3, j] += a30 * b0 + a31 * b1 + a32 * b2 + a33 * b3
    _add_product(A[:m4, k4:], B[k4:], C[:m4])
    _add_product(A[m4:], B, C[m4:])


def transposed_a(A: np.ndarray, B: np.ndarray, C: np.ndarray) -> None:
    """Compute the product with npvae, for an A that is stored as its transpose."""
    matmul_tn(A.T, B, C)


def transposed_b(A: np.ndarray, B: np.ndarray, C: np.ndarray) -> None:
    """Compute the product with npvae, for a B that is stored as its transpose."""
    matmul_nt(A, B.T, C)


def blas(A: np.ndarray, B: np.ndarray, C: np.ndarray) -> None:
    """Compute the product with the BLAS library that NumPy was built with."""
    np.matmul(A, B, out=C)


class Rung(NamedTuple):
    """A kernel and its threads."""

    name: str
    kernel: Callable[[np.ndarray, np.ndarray, np.ndarray], None]
    threads: int
    max_flop: float = np.inf  # larger products would take minutes
    stored: str = "A B"  # with ᵀ at the matrix that is stored as its transpose


RUNGS = [
    Rung("1 three loops", three_loops, 1, max_flop=1e9),
    Rung("2 loop order", loop_order, 1),
    Rung("3 unrolled", unrolled, 1),
    Rung("4 register tile", matmul, 1),
    Rung("5 threads", matmul, ALL),
    *(Rung("NumPy's BLAS", blas, threads) for threads in THREADS),
    *(
        Rung(f"{stored}, {name}", kernel, threads, stored=stored)
        for stored, ours in (("Aᵀ B", transposed_a), ("A Bᵀ", transposed_b))
        for name, kernel in (("npvae", ours), ("BLAS", blas))
        for threads in THREADS
    ),
]


def draw_matrices(shape: Shape, stored: str = "A B") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return A and B, standard normal, and room for C: float32, aligned, stored as `Rung` says."""
    m, k, n = shape
    rng = np.random.default_rng(0)
    A = aligned_zeros((k, m), np.float32).T if "Aᵀ" in stored else aligned_zeros((m, k), np.float32)
    B = aligned_zeros((n, k), np.float32).T if "Bᵀ" in stored else aligned_zeros((k, n), np.float32)
    A[:], B[:] = rng.standard_normal((m, k)), rng.standard_normal((k, n))
    return A, B, aligned_zeros((m, n), np.float32)


def measure(shape: Shape) -> dict[Rung, float]:
    """Return the GFLOP/s of every rung on one shape."""
    flop = 2 * np.prod(shape)
    rungs = [rung for rung in RUNGS if flop <= rung.max_flop]
    matrices = {rung.stored: draw_matrices(shape, rung.stored) for rung in rungs}
    runs = [(rung.threads, partial(rung.kernel, *matrices[rung.stored])) for rung in rungs]
    return {rung: flop / s / 1e9 for rung, s in zip(rungs, median_seconds(runs), strict=True)}


def ladder_table(rates: dict[Shape, dict[Rung, float]], peak: dict[int, float]) -> str:
    """Return GFLOP/s and percentage of the peak: a row for each rung, a column for each shape."""
    head = ["product", "threads", *("×".join(map(str, shape)) for shape in rates)]
    rows = []
    for rung in RUNGS:
        row = [rung.name, str(rung.threads)]
        for by_rung in rates.values():
            rate = by_rung.get(rung)
            row.append(f"{rate:.3g} ({rate / peak[rung.threads]:.0%})" if rate else "–")
        rows.append(row)
    return table(head, rows, text_columns=1)


def main() -> None:
    """Measure and print the table."""
    parser = OneLineParser(description=__doc__.splitlines()[0])
    size = whole(1, 2**14)
    parser.add_argument("--size", nargs=3, type=size, metavar=("M", "K", "N"), help="this one only")
    args = parser.parse_args()
    shapes = [tuple(args.size)] if args.size else [*NETWORK, LARGE]

    peak = {threads: fma_peak(threads) for threads in THREADS}
    peaks = ", ".join(f"{rate:.0f} (threads: {threads})" for threads, rate in peak.items())
    print(f"{binding.get_host_cpu_name()}, tile for {host_simd()}; peak in GFLOP/s: {peaks}\n")
    print(ladder_table({shape: measure(shape) for shape in shapes}, peak))


if __name__ == "__main__":
    run_program(main)
