"""Milliseconds per training step: npvae against PyTorch and JAX, interleaved in one run.

Every competitor does the same work (see peers.py) in a process of its own; they take turns, and the
median of each counts. Also printed: floating-point work per step, the rate and its share of the
machine's measured peak, peak memory, how near the cores were (cores.py), and where npvae's own time
goes.

    python benchmarks/step.py [--rounds N] [--threads 1 2] [--only npvae ...]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # npvae need not be installed

from benchmarks.cores import measure_rates, state_line
from benchmarks.peak import fma_peak
from benchmarks.peers import COMPETITORS, Sizes, step_flop
from benchmarks.worker import Worker
from npvae.data.dataset import load_data
from npvae.report.markdown import table

TURN = 0.3  # seconds that a competitor gets before it is the next one's turn


def compare(
    run: str, threads: list[int], names: list[str], sizes: Sizes, images: Path, rounds: int
) -> list[list[str]]:
    """Time all competitors in turns; return a table row for each and thread count."""
    workers = {}
    for n in threads:
        for name in names:
            worker = Worker(name, run, n, images, sizes)
            if worker.absent:
                print(f"{name}, {n} threads: skipped, {worker.absent}", file=sys.stderr)
            else:
                workers[n, name] = worker
    steps = {key: _steps_in_a_turn(worker) for key, worker in workers.items()}
    timings = {key: [] for key in workers}
    for _ in tqdm(range(rounds), desc=f"{run} step", disable=not sys.stderr.isatty()):
        for key, worker in workers.items():
            timings[key].append(worker.run(steps[key]))
    for worker in workers.values():
        worker.close()

    rows = []
    flop = step_flop(run, sizes)
    for (n, name), results in timings.items():
        seconds = [t.seconds / steps[n, name] for t in results]
        ours = [t.seconds / steps[n, "npvae"] for t in timings[n, "npvae"]]
        ratio = np.median(np.divide(seconds, ours))
        rate = flop / np.median(seconds) / 1e9
        peak = fma_peak(n)
        rows.append(
            [
                run.upper(),
                str(n),
                name,
                f"{np.median(seconds) * 1e3:.2f}",
                f"{ratio:.2f}",
                f"{rate:.0f}",
                f"{100 * rate / peak:.0f} %",
                f"{max(t.peak_bytes for t in results) / 2**20:.0f}",
            ]
        )
    return rows


def _steps_in_a_turn(worker: Worker) -> int:
    return max(1, int(TURN / worker.run(1).seconds))


def where_the_time_goes(run: str, images: np.ndarray, sizes: Sizes) -> list[list[str]]:
    """Return rows (part, microseconds, share) of one npvae step with all threads, by function."""
    import npvae.models.critic
    import npvae.models.objectives
    import npvae.models.penalty
    import npvae.models.steps
    import npvae.models.vae
    import npvae.nn.layers
    from benchmarks.npvae_peer import make_npvae_step

    step = make_npvae_step(run, sizes, images, None)
    totals: dict[str, float] = {}

    def timed(name: str, function: Callable) -> Callable:
        def wrapper(*args: object, **kwargs: object) -> object:
            start = time.perf_counter()
            result = function(*args, **kwargs)
            totals[name] = totals.get(name, 0.0) + time.perf_counter() - start
            return result

        return wrapper

    parts = {
        "matmul": "matrix products, forward",
        "matmul_tn": "matrix products, weights' gradients",
        "matmul_nt": "matrix products, input gradients",
        "adam_update": "Adam",
        "bernoulli_nll": "sigmoid, loss and its gradient",
        "gather": "gathering the batch",
        "sum_rows": "bias gradients",
    }
    nn, models = npvae.nn, npvae.models
    modules = [
        nn.layers,
        models.steps,
        models.objectives,
        models.penalty,
        models.critic,
        models.vae,
    ]
    kept = [(m, name, getattr(m, name)) for m in modules for name in parts if hasattr(m, name)]
    rng = np.random.default_rng(0)
    n_steps = 200 if run == "kl" else 30
    batches = rng.integers(0, len(images), (n_steps, sizes.batch))
    for module, name, function in kept:
        setattr(module, name, timed(name, function))
    try:
        for index in batches:  # once untimed: memory not used for a while is slow to come back
            step(index)
        totals.clear()
        start = time.perf_counter()
        for index in batches:
            step(index)
        whole = time.perf_counter() - start
    finally:
        for module, name, function in kept:
            setattr(module, name, function)
    totals["everything else: noise, small layers, Python"] = whole - sum(totals.values())
    rows = sorted(totals.items(), key=lambda item: -item[1])
    return [
        [parts.get(n, n), f"{1e6 * s / n_steps:.0f}", f"{100 * s / whole:.0f} %"] for n, s in rows
    ]


def main() -> None:
    """Print the tables for both runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="turns of each competitor")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", nargs="+", default=list(COMPETITORS), choices=COMPETITORS)
    args = parser.parse_args()
    names = list(dict.fromkeys(["npvae", *args.only]))
    sizes, data = Sizes(), load_data()
    rows, states = [], [measure_rates()]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "images.npy")
        np.save(path, data.train_images)
        for run in ("kl", "ws"):
            rows += compare(run, args.threads, names, sizes, path, args.rounds)
            states.append(measure_rates())
    head = ["run", "threads", "who", "ms/step", "ratio", "GFLOP/s", "of peak", "MB"]
    print(table(head, rows, text_columns=3))
    print("\n" + state_line(states))
    for run in ("kl", "ws"):
        print(f"\n{run.upper()} step: {step_flop(run, sizes) / 1e6:.0f} MFLOP. npvae's time:\n")
        rows = where_the_time_goes(run, data.train_images, sizes)
        print(table(["part", "µs", "share"], rows, text_columns=1))


if __name__ == "__main__":
    main()
