"""What this machine can do at most: its multiply-adds per second.

A product of (M, K) and (K, N) takes 2 M K N floating-point operations. A benchmark that says how
many of them a second holds is easier to read beside the rate at which the processor can multiply
and add at all, when nothing has to be fetched from memory:

    peak = cores x clock x multiply-add instructions per cycle x numbers per vector x 2

`fma_peak` measures that product of five rather than look its factors up.
"""

import time

import numba
import numpy as np
from llvmlite import ir
from numba import prange
from numba.core import cgutils
from numba.extending import intrinsic

from npvae.kernels.simd import ROWS, VECTOR_BYTES

# A multiply-add takes four cycles or so, and each waits for the one before it in its own sum. As
# many independent sums as a tile of the matrix product has keep the processor busy meanwhile.
SUMS = 2 * ROWS
STEPS = 200_000  # a millisecond or two, which even a busy machine often leaves undisturbed
RUNS = 100  # of which the best counts: another program or a slow clock can only lower a rate


@intrinsic
def multiply_add(typingctx, steps, x):
    """Compute s = s x + x for `SUMS` vectors s, `steps` times; return the sum of a lane of each."""

    def codegen(context, builder, signature, args):
        width = VECTOR_BYTES // 4
        vector = ir.VectorType(ir.FloatType(), width)
        kind = ir.FunctionType(vector, [vector] * 3)
        fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{width}f32")
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


@numba.njit(parallel=True)
def _multiply_add_on_threads(steps, x, totals):
    for thread in prange(totals.size):
        totals[thread] = multiply_add(steps, x)


def fma_peak(threads: int) -> float:
    """Measure the peak in GFLOP/s: float32 multiply-adds in the registers of `threads` threads.

    A multiply-add counts as two operations.
    """
    totals = np.zeros(threads, np.float32)
    x = np.float32(0.5)  # s = s/2 + 1/2 stays near 1 for ever
    all_threads = numba.get_num_threads()
    numba.set_num_threads(threads)
    _multiply_add_on_threads(1, x, totals)  # compiled
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        _multiply_add_on_threads(STEPS, x, totals)
        seconds.append(time.perf_counter() - start)
    numba.set_num_threads(all_threads)
    return 2 * threads * STEPS * SUMS * (VECTOR_BYTES // 4) / min(seconds) / 1e9
