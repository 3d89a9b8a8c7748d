"""One competitor in a process of its own, which runs training steps on request.

The parent starts a `Worker` per competitor and asks them in turn, so that all are timed within the
same minutes of the same machine. The child (`python -m benchmarks.worker`) limits its threads
before any framework is imported, builds the step, warms it up, and then answers each line with a
number of steps on its input with one line of JSON.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.peers import COMPETITORS, Sizes, Unavailable, make_step

ROOT = Path(__file__).resolve().parent.parent
WARMUP_STEPS = 25
WAKE = 0.1  # seconds of untimed steps in a turn: threads, caches and clock must come up to speed
PAUSE = 0.03  # seconds: the threads of the competitor before spin for a while before they sleep
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Timing:
    """What `steps` training steps took, the last loss, and the peak memory of the process."""

    seconds: float
    loss: float | None
    peak_bytes: int


class Worker:
    """A child process holding one competitor; `absent` is None or the reason why it cannot run."""

    def __init__(
        self, competitor: str, run: str, threads: int, images: Path, sizes: Sizes | None = None
    ):
        """Start the child and wait until it is warm.

        `run` is "kl" or "ws"; `images` names a .npy file of uint8 images (N, pixels).
        """
        self.name = f"{competitor}, {run}, {threads} threads"
        options = [competitor, run, str(threads), str(images), json.dumps(asdict(sizes or Sizes()))]
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.absent: str | None = self._read()["absent"]

    def run(self, steps: int) -> Timing:
        """Run training steps, at first untimed, for `WAKE` seconds, and then `steps` timed ones."""
        self._child.stdin.write(f"{steps}\n")
        self._child.stdin.flush()
        return Timing(**self._read())

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        self._child.stdin.close()
        self._child.stdout.close()
        self._child.wait()

    def _read(self) -> dict:
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"the benchmark worker ({self.name}) ended; its error is above")
        return json.loads(line)


def limit_threads(threads: int) -> None:
    """Limit this process to `threads` threads; call it before a framework is imported.

    The variables serve OpenMP and Numba. XLA has no such switch: it takes one thread per processor
    the process may run on, so where the system allows (Linux), these are limited too.
    """
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        if threads > len(allowed):
            raise Unavailable(f"{threads} threads asked for, {len(allowed)} processors allowed")
        os.sched_setaffinity(0, allowed[:threads])


def peak_bytes() -> int:
    """Return the peak resident memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux ru_maxrss also counts the parent before exec
        line = next(s for s in status.read_text().splitlines() if s.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Serve one competitor: the child's side of Worker."""
    parser = argparse.ArgumentParser(description="Run training steps on request.")
    parser.add_argument("competitor", choices=COMPETITORS)
    parser.add_argument("run", choices=["kl", "ws"])
    parser.add_argument("threads", type=int)
    parser.add_argument("images", help=".npy file of uint8 images (N, pixels)")
    parser.add_argument("sizes", nargs="?", default="{}", help="JSON of peers.Sizes")
    args = parser.parse_args()
    sizes = Sizes(**json.loads(args.sizes))

    # Frameworks may print: their words go to stderr, stdout carries the answers alone.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    rng = np.random.default_rng(0)

    def run(steps: int) -> tuple[float, float | None]:
        index = rng.integers(0, count, (steps, sizes.batch))
        time.sleep(PAUSE)
        begin = time.perf_counter()
        while time.perf_counter() - begin < WAKE:
            loss = step(index[0])
        begin = time.perf_counter()
        for row in index:
            loss = step(row)
        seconds = time.perf_counter() - begin
        return seconds, None if loss is None else float(loss)

    try:
        limit_threads(args.threads)
        images = np.load(args.images)
        count = len(images)
        step = make_step(args.competitor, args.run, sizes, images, args.threads)
    except Unavailable as reason:
        print(json.dumps({"absent": str(reason)}), file=answers)
        return
    del images
    run(WARMUP_STEPS)
    print(json.dumps({"absent": None}), file=answers)
    for line in sys.stdin:
        seconds, loss = run(int(line))
        timing = Timing(seconds, loss, peak_bytes())
        print(json.dumps(asdict(timing)), file=answers)


if __name__ == "__main__":
    main()
