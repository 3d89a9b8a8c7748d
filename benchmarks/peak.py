"""What this machine can do at most: multiply-adds per second, and bytes per second.

A product of (M, K) and (K, N) takes 2 M K N floating-point operations. A benchmark that says how
many of them a second holds is easier to read beside the rate at which the processor can multiply
and add at all, when nothing has to be fetched from memory:

    peak = cores x clock x multiply-add instructions per cycle x numbers per vector x 2

`fma_peak` measures that product of five rather than look its factors up.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
from llvmlite import ir
from numba import prange
from numba.core import cgutils
from numba.extending import intrinsic

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # npvae need not be installed

from npvae.kernels.jit import jit
from npvae.kernels.simd import ROWS, VECTOR_BYTES
from npvae.nn.parameters import aligned_zeros
from npvae.report.markdown import table

# A multiply-add takes four cycles or so, and each waits for the one before it in its own sum. As
# many independent sums as a tile of the matrix product has keep the processor busy meanwhile.
SUMS = 2 * ROWS
STEPS = 200_000  # a millisecond or two, which even a busy machine often leaves undisturbed
RUNS = 100


@intrinsic
def multiply_add(typingctx, steps, x):
    """Compute s = s x + x for `SUMS` vectors s, `steps` times; return the sum of a lane of each."""

    def codegen(context, builder, signature, args):
        width = VECTOR_BYTES * 8 // x.bitwidth
        vector = ir.VectorType(context.get_value_type(x), width)
        kind = ir.FunctionType(vector, [vector] * 3)
        name = f"llvm.fmuladd.v{width}f{x.bitwidth}"
        fma = cgutils.get_or_insert_function(builder.module, kind, name)

        count, factor = args
        factors = ir.Constant(vector, ir.Undefined)
        for lane in range(width):
            factors = builder.insert_element(factors, factor, ir.IntType(32)(lane))
        # Different first values, or the compiler would find that all sums are one.
        first = [ir.Constant(vector, [float(n)] * width) for n in range(SUMS)]
        sums = [cgutils.alloca_once_value(builder, value) for value in first]
        with cgutils.for_range(builder, count):
            for s in sums:
                builder.store(builder.call(fma, [builder.load(s), factors, factors]), s)

        total = ir.Constant(vector.element, 0.0)
        for s in sums:
            lane = builder.extract_element(builder.load(s), ir.IntType(32)(0))
            total = builder.fadd(total, lane)
        return total

    return x(steps, x), codegen


@jit(parallel=True, fastmath=False)
def _multiply_add_on_threads(steps, x, totals):
    for thread in prange(totals.size):
        totals[thread] = multiply_add(steps, x)


@jit(parallel=True)
def _triad_on_threads(repeats, x, a, b, c):
    for thread in prange(a.shape[0]):
        a_mine, b_mine, c_mine = a[thread], b[thread], c[thread]
        for _ in range(repeats):
            for n in range(a_mine.size):
                a_mine[n] = b_mine[n] + x * c_mine[n]


def _best_seconds(run: Callable[[], None], threads: int) -> float:
    """Time `RUNS` runs on `threads` threads: the shortest, since others can only lengthen one."""
    all_threads = numba.get_num_threads()
    numba.set_num_threads(threads)
    run()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    numba.set_num_threads(all_threads)
    return min(seconds)


def fma_peak(threads: int, dtype: type = np.float32) -> float:
    """Measure the peak in GFLOP/s: multiply-adds that stay in the registers of `threads` threads.

    A multiply-add counts as two operations. The best of `RUNS` short runs is taken, for a peak is
    what the machine can do: another process or a slow clock can only lower a run, never raise it.
    """
    totals = np.zeros(threads, dtype)
    x = dtype(0.5)  # s = s/2 + 1/2 stays near 1 for ever
    seconds = _best_seconds(lambda: _multiply_add_on_threads(STEPS, x, totals), threads)
    lanes = VECTOR_BYTES // totals.itemsize
    return 2 * threads * STEPS * SUMS * lanes / seconds / 1e9


def stream_bandwidth(threads: int, working_set: int = 1 << 28) -> float:
    """Measure GB/s of a = b + x c (McCalpin's STREAM triad, 1995) over `working_set` bytes.

    The three float32 arrays share the working set, and the threads share the arrays; 256 MB, the
    default, lies beyond all caches. Two loads and a store are counted for each element. The best
    of `RUNS` runs, as for the peak.
    """
    a, b, c = aligned_zeros((3, threads, working_set // threads // 12), np.float32)
    repeats = max(1, (1 << 27) // working_set)
    x = np.float32(0.5)
    seconds = _best_seconds(lambda: _triad_on_threads(repeats, x, a, b, c), threads)
    return repeats * (a.nbytes + b.nbytes + c.nbytes) / seconds / 1e9


def cache_bandwidth(threads: int) -> float:
    """Measure GB/s of the triad over 24 KB per thread, which stay in the first-level cache."""
    return stream_bandwidth(threads, 24 * 1024 * threads)


def main() -> None:
    """Print a table for one thread and for all."""
    head = ["threads", "float32 GFLOP/s", "float64 GFLOP/s", "cache GB/s", "memory GB/s"]
    rows = []
    for threads in sorted({1, numba.get_num_threads()}):
        rates = [fma_peak(threads), fma_peak(threads, np.float64)]
        rates += [cache_bandwidth(threads), stream_bandwidth(threads)]
        rows.append([str(threads), *(f"{rate:.0f}" for rate in rates)])
    print(table(head, rows, text_columns=1))


if __name__ == "__main__":
    main()
