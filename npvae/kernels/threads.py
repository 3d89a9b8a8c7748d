"""How many threads: all of them, unless another program has taken a core.

OpenMP's threads wait for one another in a loop that spins. When one of them loses its core to
another program, the others spin until it is back, and a product of 20 microseconds takes
milliseconds. A thread alone hardly notices such a neighbour. So the products of the forward passes
are timed, and the number of threads changes between them (no result depends on it, see matmul.py):

    all threads   until some milliseconds of products took longer than one thread needs for them
    one thread    for 0.05 s; then all try again. Each try that fails doubles this time, up to 1 s.

A fork copies the memory of a process, but not its threads, and OpenMP's loops would wait for them
for ever. So a process that was forked from one with npvae works with one thread.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

import numba
from joblib import cpu_count

from npvae.errors import UserError
from npvae.kernels.jit import LAYER

WINDOW = 0.004  # seconds of products after which all threads are judged
GAIN = 1.75  # how much faster all threads are taken to be, until one thread has been seen
LEAST_PATIENCE, MOST_PATIENCE = 0.05, 1.0  # seconds that one thread goes on alone


@dataclass
class Pace:
    """Watches the times of products, and chooses between one thread and all of them."""

    most: int = 1  # threads; with 1 nothing is watched
    use: Callable[[int], None] = numba.set_num_threads
    clock: Callable[[], float] = perf_counter
    alone: bool = False
    until: float = 0.0  # when all threads try again
    patience: float = LEAST_PATIENCE
    spent: float = 0.0  # seconds of products in this window ..
    limit: float = 0.0  # .. and what one thread would have needed for them
    best: dict[tuple, float] = field(default_factory=dict)  # seconds by (alone, shape)

    def start(self, most: int) -> None:
        """Begin anew with up to so many threads."""
        self.most, self.patience, self.best = most, LEAST_PATIENCE, {}
        self._switch(alone=False)

    def saw(self, shape: tuple[int, ...], seconds: float) -> None:
        """Take note of a product of this shape, and change the number of threads if that helps."""
        key = self.alone, shape
        least = self.best[key] = min(seconds, self.best.get(key, seconds))
        if self.alone:
            if self.clock() >= self.until:
                self._switch(alone=False)
            return
        self.spent += seconds
        self.limit += self.best.get((True, shape), GAIN * least)
        if self.spent >= WINDOW and self.spent > self.limit:
            self.until = self.clock() + self.patience
            self.patience = min(2 * self.patience, MOST_PATIENCE)
            self._switch(alone=True)
        elif self.spent >= WINDOW:
            self.patience = max(self.patience / 2, LEAST_PATIENCE)
            self.spent = self.limit = 0.0

    def _switch(self, alone: bool) -> None:
        self.alone, self.spent, self.limit = alone, 0.0, 0.0
        self.use(1 if alone else self.most)


pace = Pace()
available = numba.config.NUMBA_NUM_THREADS  # threads
in_turn = threading.RLock()  # for Python threads: not every layer lets two of them start a loop


def set_threads(threads: int | None) -> None:
    """Use this many threads from now on; None: all cores this process may use, as `pace` allows.

    Raises UserError if there are fewer threads than asked for.
    """
    if threads is not None and threads > available:
        raise UserError(f"--threads: {threads} asked for, {available} can be had")
    most = min(available, cpu_count())  # a container's quota may be lower than its cores
    pace.start(most if threads is None else 1)
    numba.set_num_threads(threads or most)


def _after_fork() -> None:
    global available, in_turn
    available, in_turn = 1, threading.RLock()  # another thread may have held it
    set_threads(1)


if LAYER == "omp" and hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
