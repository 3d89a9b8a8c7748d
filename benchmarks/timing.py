"""Comparing rates fairly: competitors take turns in one process, and the median of each counts.

A disturbance (another process, a slower clock) then hits all of them, not one of them.
"""

import time
from collections.abc import Callable

import numba
import numpy as np
from threadpoolctl import ThreadpoolController

TURN = 0.003  # seconds that a competitor gets before it is the next one's turn
# Seconds. Two cores of a virtual machine may be halves of one; after a pause they are placed anew.
PAUSE = 0.03
# Untimed seconds in a turn: the idle threads of the competitor before spin so long, in its way.
WAKE = 0.1


def median_seconds(runs: list[tuple[int, Callable[[], None]]], rounds: int = 11) -> list[float]:
    """Time competitors, each (threads, run), turn by turn; return the median seconds of each.

    Numba and NumPy's BLAS get `threads` threads; a turn begins with untimed runs, to wake them.
    """
    pools = ThreadpoolController()
    all_threads = numba.get_num_threads()
    seconds = [[] for _ in runs]
    for _ in range(rounds):
        for (threads, run), mine in zip(runs, seconds, strict=True):
            numba.set_num_threads(threads)
            pools.limit(limits=threads, user_api="blas")
            time.sleep(PAUSE)
            begin = start = time.perf_counter()
            while start - begin < WAKE:
                latest = start
                run()
                start = time.perf_counter()
            repeats = int(TURN / (start - latest)) + 1
            start = time.perf_counter()
            for _ in range(repeats):
                run()
            mine.append((time.perf_counter() - start) / repeats)
    numba.set_num_threads(all_threads)
    pools.limit(limits=all_threads, user_api="blas")
    return [float(np.median(mine)) for mine in seconds]
