"""Milliseconds per training step while other programs keep the cores busy: npvae, PyTorch, JAX.

    python benchmarks/busy.py [--rounds N] [--busy 0 1 2] [--only npvae ...]

A busy program is a process that loops for ever. All competitors use two threads, or one where
there is one, and take turns as in step.py. The first column of times is the machine at rest. The
others are given in milliseconds, and as multiples of the first.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # npvae need not be installed

from benchmarks.peers import COMPETITORS
from benchmarks.worker import Worker
from npvae.data.dataset import load_data
from npvae.report.markdown import table

STEPS = {"kl": 300, "ws": 40}  # timed in one turn


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
    run: str, names: list[str], busy: list[int], images: Path, rounds: int
) -> list[list[str]]:
    """Return a table row for each competitor: its median milliseconds beside each busy count."""
    threads = min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
    workers = [Worker(name, run, threads, images) for name in names]
    rows = {}
    for worker, name in zip(workers, names, strict=True):
        if worker.absent:
            print(f"{name}: skipped, {worker.absent}", file=sys.stderr)
        else:
            rows[name] = []
    for count in busy:
        with busy_programs(count):
            times = {name: [] for name in rows}
            for _ in range(rounds):
                for worker, name in zip(workers, names, strict=True):
                    if name in rows:
                        times[name].append(worker.run(STEPS[run]).seconds / STEPS[run])
        for name, seconds in times.items():
            rows[name].append(1e3 * float(np.median(seconds)))
    for worker in workers:
        worker.close()
    return [
        [run.upper(), name, f"{idle:.2f}", *(f"{ms:.2f} ({ms / idle:.1f})" for ms in others)]
        for name, (idle, *others) in rows.items()
    ]


def main() -> None:
    """Print the table of both runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each competitor")
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2], help="busy programs")
    parser.add_argument("--only", nargs="+", default=list(COMPETITORS), choices=COMPETITORS)
    args = parser.parse_args()
    data, rows = load_data(), []
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "images.npy")
        np.save(path, data.train_images)
        for run in STEPS:
            rows += measure(run, args.only, args.busy, path, args.rounds)
    print(table(["step", "who", *(f"{n} busy, ms" for n in args.busy)], rows))


if __name__ == "__main__":
    main()
