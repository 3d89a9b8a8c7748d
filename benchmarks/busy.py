"""Milliseconds per training step while other programs keep the cores busy: npvae, PyTorch, JAX.

    python benchmarks/busy.py [--rounds N] [--busy 0 1 2] [--only npvae ...]

A busy program is a process that loops for ever. All competitors use two threads, or one where
there is one, and take turns as in step.py. The first column of times is the machine at rest. The
others are given in milliseconds, and as multiples of the first.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numba
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # npvae need not be installed

from benchmarks.peers import COMPETITORS
from benchmarks.worker import STEPS, start_workers, take_turns
from npvae.data.dataset import load_data
from npvae.report.markdown import table


@contextmanager
def busy_programs(count: int) -> Iterator[list[subprocess.Popen]]:
    """Keep so many processes busy, and yield them."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield programs
    finally:
        for program in programs:
            program.kill()
            program.wait()


def measure(
    run: str, names: list[str], busy: list[int], images: np.ndarray, rounds: int
) -> list[list[str]]:
    """Return a table row for each competitor: its median milliseconds beside each busy count."""
    threads = min(2, numba.config.NUMBA_NUM_THREADS)
    with start_workers(run, [threads], names, images) as workers:
        ms = {key: [] for key in workers}
        for count in busy:
            with busy_programs(count):
                timings = take_turns(workers, run, rounds)
            for key, mine in timings.items():
                ms[key].append(1e3 * float(np.median([timing.seconds for timing in mine])))
    return [
        [run.upper(), name, f"{idle:.2f}", *(f"{time:.2f} ({time / idle:.1f})" for time in others)]
        for (_, name), (idle, *others) in ms.items()
    ]


def main() -> None:
    """Print the table of both runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each competitor")
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2], help="busy programs")
    parser.add_argument("--only", nargs="+", default=list(COMPETITORS), choices=COMPETITORS)
    args = parser.parse_args()
    images, rows = load_data().train_images, []
    for run in STEPS:
        rows += measure(run, args.only, args.busy, images, args.rounds)
    print(table(["step", "who", *(f"{n} busy, ms" for n in args.busy)], rows))


if __name__ == "__main__":
    main()
