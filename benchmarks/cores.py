"""How near two cores are to each other: how fast one reads what the other has just written.

Two cores of a virtual machine are sometimes far apart, for seconds or minutes. On one such machine
a thread then read what the other had written at 36 instead of 100 GB/s, and steps on two threads
took 1.5 to 1.8 times as long; those on one thread did not. So a table of steps should say in which
state it was taken.

    python benchmarks/cores.py
"""

import sys
import time
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
from numba import prange

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # npvae need not be installed

from npvae.kernels.jit import jit

SIZE = 1 << 20  # bytes for each thread: more than the first-level cache has, less than the second
ROUNDS = 300
NEAR = 0.5  # of the rate of a thread's own bytes: above it, the two cores are called near


class Rates(NamedTuple):
    """GB/s at which two threads together read what was just written .."""

    own: float  # .. by themselves
    other: float  # .. by the other one


@jit(parallel=True)
def _write(buffers, value):
    for thread in prange(buffers.shape[0]):
        mine = buffers[thread]
        for n in range(mine.size):
            mine[n] = value + n


@jit(parallel=True)
def _read(buffers, shift, sums):
    """Let each thread read its own buffer (shift 0) or that of the next thread (shift 1)."""
    threads = buffers.shape[0]
    for thread in prange(threads):
        buffer, total = buffers[(thread + shift) % threads], 0
        for n in range(buffer.size):
            total += buffer[n]
        sums[thread] = total  # or the compiler would leave the loop out


def measure_rates() -> Rates | None:
    """Measure the two rates; None if there is one core.

    Of `ROUNDS` short readings the best counts, since another program can only lengthen one.
    """
    if numba.config.NUMBA_NUM_THREADS < 2:
        return None
    threads = numba.get_num_threads()  # may be 1 for a while: see npvae/kernels/threads.py
    numba.set_num_threads(2)
    buffers, sums = np.zeros((2, SIZE // 8), np.int64), np.zeros(2, np.int64)
    seconds = [[], []]
    for round in range(ROUNDS):
        for shift in (0, 1):
            _write(buffers, round)
            start = time.perf_counter()
            _read(buffers, shift, sums)
            seconds[shift].append(time.perf_counter() - start)
    numba.set_num_threads(threads)
    return Rates(*(buffers.nbytes / min(s) / 1e9 for s in seconds))


def state_line(measured: list[Rates | None]) -> str:
    """Say in one line how near the cores were, at the worst of some times, and what it means."""
    if None in measured:
        return "State of the cores: there is one only."
    worst = min(measured, key=lambda rates: rates.other)
    if worst.other < NEAR * worst.own:
        meaning = "they are far apart, and 2 threads gain less than they could"
    else:
        meaning = "they are near each other"
    return (
        f"State of the cores: they read at {worst.own:.3g} GB/s what they wrote themselves, at"
        f" {worst.other:.3g} GB/s what the other one wrote; {meaning}."
    )


if __name__ == "__main__":
    print(state_line([measure_rates()]))
