"""The same matrix product in five rungs, one idea each: what makes it fast, and by how much.

C = A B with A (M, K), B (K, N), C (M, N): C[i, j] = sum_k A[i, k] B[k, j], 2 M K N operations.
`docs/matmul.md` walks through the rungs. Prints two Markdown tables and draws `roofline.png`.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
from llvmlite import binding

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # npvae need not be installed

from benchmarks.peak import cache_bandwidth, fma_peak
from benchmarks.timing import median_seconds
from npvae.cli import OneLineParser, run_program, whole
from npvae.files.atomic import make_directory, replacing
from npvae.kernels.jit import jit
from npvae.kernels.matmul import matmul, matmul_nt, matmul_tn
from npvae.kernels.simd import ROWS, VECTOR_BYTES, host_simd
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


def blas(A: np.ndarray, B: np.ndarray, C: np.ndarray) -> None:
    """Compute the product with the BLAS library that NumPy was built with."""
    np.matmul(A, B, out=C)


class Rung(NamedTuple):
    """A kernel, its threads, and how many operations its inner loop does per byte it moves."""

    name: str
    kernel: Callable[[np.ndarray, np.ndarray, np.ndarray], None]
    threads: int
    intensity: float  # operations per byte between the registers and the first-level cache
    max_flop: float = np.inf  # larger products would take minutes


# The tile's inner loop loads two vectors of B and one float32 of A for each of its rows.
_TILE_INTENSITY = 2 * ROWS * (2 * VECTOR_BYTES // 4) / (2 * VECTOR_BYTES + 4 * ROWS)
RUNGS = [
    Rung("1 three loops", three_loops, 1, 2 / 8, max_flop=1e9),  # 2 loads
    Rung("2 loop order", loop_order, 1, 2 / 12),  # 2 loads and a store
    Rung("3 unrolled", unrolled, 1, 32 / 48),  # 8 loads and 4 stores
    Rung("4 register tile", matmul, 1, _TILE_INTENSITY),
    Rung("5 threads", matmul, ALL, _TILE_INTENSITY),
]
BLAS = [Rung("NumPy's BLAS", blas, threads, np.nan) for threads in THREADS]


def draw_matrices(shape: Shape) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return A and B, standard normal, and room for C: float32, aligned."""
    m, k, n = shape
    rng = np.random.default_rng(0)
    A, B, C = (aligned_zeros(size, np.float32) for size in ((m, k), (k, n), (m, n)))
    rng.standard_normal(out=A, dtype=np.float32)
    rng.standard_normal(out=B, dtype=np.float32)
    return A, B, C


def check(name: str, run: Callable[[], None], A: np.ndarray, B: np.ndarray, C: np.ndarray) -> None:
    """Raise ValueError unless `run` writes A B to C, up to what rounding can do.

    The bound is K eps |A| |B| (Higham, Accuracy and Stability of Numerical Algorithms, eq. 3.13).
    """
    C[:] = np.nan
    run()
    exact = A.astype(np.float64) @ B.astype(np.float64)
    bound = A.shape[1] * np.finfo(C.dtype).eps * (np.abs(A) @ np.abs(B))
    if not (np.abs(C - exact) <= bound).all():
        raise ValueError(f"{name}: the product of {A.shape} and {B.shape} is not NumPy's")


def measure_ladder(shape: Shape) -> dict[Rung, float]:
    """Return the GFLOP/s of each rung and of BLAS on one shape."""
    A, B, C = draw_matrices(shape)
    flop = 2 * np.prod(shape)
    rungs = [rung for rung in RUNGS + BLAS if flop <= rung.max_flop]
    runs = [lambda kernel=rung.kernel: kernel(A, B, C) for rung in rungs]
    for rung, run in zip(rungs, runs, strict=True):
        check(rung.name, run, A, B, C)
    seconds = median_seconds([(rung.threads, run) for rung, run in zip(rungs, runs, strict=True)])
    return {rung: flop / s / 1e9 for rung, s in zip(rungs, seconds, strict=True)}


def measure_orientations(shape: Shape) -> dict[str, list[float]]:
    """Return the GFLOP/s of npvae and BLAS with 1 thread, then with all, in each orientation."""
    A, B, C = draw_matrices(shape)
    A_t, B_t = (aligned_zeros(matrix.T.shape, matrix.dtype) for matrix in (A, B))
    A_t[:], B_t[:] = A.T, B.T
    scratch = aligned_zeros(A.size + C.size, C.dtype)
    orientations = {
        "A B": (lambda: matmul(A, B, C), lambda: np.matmul(A, B, out=C)),
        "Aᵀ B": (lambda: matmul_tn(A_t, B, C), lambda: np.matmul(A_t.T, B, out=C)),
        "A Bᵀ": (lambda: matmul_nt(A, B_t, C, scratch), lambda: np.matmul(A, B_t.T, out=C)),
    }
    rates = {}
    for name, runs in orientations.items():
        for run in runs:
            check(name, run, A, B, C)
        seconds = median_seconds([(threads, run) for threads in THREADS for run in runs])
        rates[name] = [2 * np.prod(shape) / s / 1e9 for s in seconds]
    return rates


def size_name(shape: Shape) -> str:
    """Return a shape as "M×K×N"."""
    return "×".join(map(str, shape))


def ladder_table(rates: dict[Shape, dict[Rung, float]], peak: dict[int, float]) -> str:
    """Return GFLOP/s and percentage of the peak: a row for each rung, a column for each shape."""
    rows = []
    for rung in RUNGS + BLAS:
        row = [rung.name, str(rung.threads)]
        for by_rung in rates.values():
            rate = by_rung.get(rung)
            row.append(f"{rate:.3g} ({rate / peak[rung.threads]:.0%})" if rate else "–")
        rows.append(row)
    return table(["rung", "threads", *map(size_name, rates)], rows, text_columns=1)


def orientation_table(shapes: list[Shape], peak: dict[int, float]) -> str:
    """Return npvae beside BLAS in the three orientations, with 1 thread and with all."""
    head = ["product", "M×K×N"]
    for threads in THREADS:
        head += [f"npvae, threads: {threads}", "of peak", "BLAS", "npvae / BLAS"]
    rows = []
    for shape in shapes:
        for name, rates in measure_orientations(shape).items():
            row = [name, size_name(shape)]
            for threads, ours, numpys in zip(THREADS, rates[::2], rates[1::2], strict=True):
                share = f"{ours / peak[threads]:.0%}"
                row += [f"{ours:.0f}", share, f"{numpys:.0f}", f"{ours / numpys:.2f}"]
            rows.append(row)
    return table(head, rows, text_columns=2)


def draw_roofline(path: Path, title: str, rates: dict[Rung, float], peak: dict[int, float]) -> None:
    """Draw the rungs under the roofs of 1 and all threads (Williams, Waterman, Patterson, 2009).

    A loop that does x operations per byte cannot do more than min(peak, x bandwidth) a second.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.subplots()
    x = np.geomspace(0.1, 10, 400)
    colours = dict(zip(THREADS, ("C0", "C1"), strict=False))
    for threads, colour in colours.items():
        bandwidth = cache_bandwidth(threads)
        text = f"threads: {threads}; peak {peak[threads]:.0f} GFLOP/s, cache {bandwidth:.0f} GB/s"
        axes.loglog(x, np.minimum(peak[threads], x * bandwidth), color=colour, label=text)
    for rung in RUNGS:
        if rung in rates:
            point = rung.intensity, rates[rung]
            axes.plot(*point, "o", color=colours[rung.threads])
            text = f"{rung.name}: {rates[rung]:.3g}"
            axes.annotate(text, point, (0, -14), textcoords="offset points", ha="center")
    axes.set_xlabel("operations per byte moved between the registers and the first-level cache")
    axes.set_ylabel("GFLOP/s")
    axes.set_title(title)
    axes.set_ylim(bottom=min(rates.values()) / 2)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    with replacing(path, "wb") as file:
        figure.savefig(file, format="png", dpi=100)


def main() -> None:
    """Measure and print both tables, and draw the plot."""
    parser = OneLineParser(description=__doc__.splitlines()[0])
    size = whole(1, 2**14)
    parser.add_argument("--size", nargs=3, type=size, metavar=("M", "K", "N"), help="this one only")
    parser.add_argument("--out", type=Path, default=Path("."), metavar="DIR", help="for the plot")
    args = parser.parse_args()
    path = make_directory(args.out) / "roofline.png"
    shapes = [tuple(args.size)] if args.size else [*NETWORK, LARGE]

    peak = {threads: fma_peak(threads) for threads in THREADS}
    peaks = ", ".join(f"{rate:.0f} (threads: {threads})" for threads, rate in peak.items())
    print(f"{binding.get_host_cpu_name()}, tile for {host_simd()}; peak in GFLOP/s: {peaks}")
    rates = {shape: measure_ladder(shape) for shape in shapes}
    print("\nThe ladder, GFLOP/s and percentage of the peak of as many threads:\n")
    print(ladder_table(rates, peak))
    print("\nThe three orientations, GFLOP/s:\n")
    print(orientation_table(shapes, peak))
    draw_roofline(path, f"{size_name(shapes[0])}, float32", rates[shapes[0]], peak)
    print(f"\n{path}: {size_name(shapes[0])}")


if __name__ == "__main__":
    run_program(main)
