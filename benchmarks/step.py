"""Milliseconds per training step: npvae against PyTorch and JAX, interleaved in one run.

Every competitor does the same work (see peers.py) in a process of its own; they take turns, and the
median of each counts. Also printed: how many times npvae's time that is (the median over rounds),
floating-point work per second, its share of the machine's measured peak, and peak memory.

    python benchmarks/step.py [--rounds N] [--threads 1 2] [--only npvae ...]
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # npvae need not be installed

from benchmarks.peak import fma_peak
from benchmarks.peers import COMPETITORS, Sizes, step_flop
from benchmarks.worker import STEPS, start_workers, take_turns
from npvae.data.dataset import load_data
from npvae.report.markdown import table


def compare(
    run: str, threads: list[int], names: list[str], images: np.ndarray, rounds: int
) -> list[list[str]]:
    """Time all competitors in turns; return a table row for each and thread count."""
    with start_workers(run, threads, names, images) as workers:
        timings = take_turns(workers, run, rounds)
    rows = []
    for (n, name), mine in timings.items():
        seconds = np.array([timing.seconds for timing in mine])
        ours = np.array([timing.seconds for timing in timings[n, "npvae"]])
        rate = step_flop(run, Sizes()) / np.median(seconds) / 1e9
        rows.append(
            [
                run.upper(),
                str(n),
                name,
                f"{np.median(seconds) * 1e3:.2f}",
                f"{np.median(seconds / ours):.2f}",
                f"{rate:.0f}",
                f"{rate / fma_peak(n):.0%}",
                f"{max(timing.peak_bytes for timing in mine) / 2**20:.0f}",
            ]
        )
    return rows


def main() -> None:
    """Print the table of both runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="turns of each competitor")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", nargs="+", default=list(COMPETITORS), choices=COMPETITORS)
    args = parser.parse_args()
    names = dict.fromkeys(["npvae", *args.only])  # the ratio needs npvae
    images, rows = load_data().train_images, []
    for run in STEPS:
        rows += compare(run, args.threads, list(names), images, args.rounds)
    head = ["step", "threads", "who", "ms/step", "ratio", "GFLOP/s", "of peak", "MB"]
    print(table(head, rows, text_columns=3))


if __name__ == "__main__":
    main()
