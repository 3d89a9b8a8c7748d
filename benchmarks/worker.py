"""One competitor in a process of its own, which runs training steps on request; and their turns.

The parent starts a `Worker` per competitor and asks them in turn, so that all are timed within the
same minutes of the same machine. The child (`python -m benchmarks.worker`) limits its threads
before any framework is imported, builds the step, warms it up, and then answers each line with a
number of steps on its input with one line of JSON.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.peers import Sizes, Unavailable, make_step

ROOT = Path(__file__).resolve().parent.parent
STEPS = {"kl": 300, "ws": 40}  # timed in one turn: a third of a second
WARMUP_STEPS = 25
WAKE = 0.1  # seconds of untimed steps in a turn: threads, caches and clock must come up to speed
PAUSE = 0.03  # seconds: the threads of the competitor before spin for a while before they sleep
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Timing:
    """The seconds of a step, and the peak memory of the process."""

    seconds: float
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
        task = [competitor, run, threads, str(images.resolve()), asdict(sizes or Sizes())]
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", json.dumps(task)],
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
        """End the child."""
        self._child.stdin.close()
        self._child.stdout.close()
        self._child.wait()

    def _read(self) -> dict:
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"the benchmark worker ({self.name}) ended; its error is above")
        return json.loads(line)


Workers = dict[tuple[int, str], Worker]  # threads and competitor -> its worker


@contextmanager
def start_workers(
    run: str, threads: Iterable[int], names: Iterable[str], images: np.ndarray
) -> Iterator[Workers]:
    """Start a worker for each number of threads and competitor; say which cannot run, and why."""
    with ExitStack() as stack:
        path = Path(stack.enter_context(TemporaryDirectory()), "images.npy")
        np.save(path, images)
        workers = {}
        for n, name in product(threads, names):
            worker = stack.enter_context(Worker(name, run, n, path))
            if worker.absent:
                _say_once(f"{name}: skipped, {worker.absent}")
            else:
                workers[n, name] = worker
        yield workers


@cache
def _say_once(line: str) -> None:
    print(line, file=sys.stderr)


def take_turns(workers: Workers, run: str, rounds: int) -> dict[tuple[int, str], list[Timing]]:
    """Let every worker time a turn of steps in each round; return the timings of each."""
    timings = {key: [] for key in workers}
    for _ in range(rounds):
        for key, worker in workers.items():
            timings[key].append(worker.run(STEPS[run]))
    return timings


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
    """Return the peak resident memory of this process in bytes; 0 where Python cannot tell."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux ru_maxrss also counts the parent before exec
        line = next(s for s in status.read_text("utf-8").splitlines() if s.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    try:
        import resource
    except ModuleNotFoundError:  # on Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # on macOS in bytes


def main() -> None:
    """Serve one competitor: the child's side of Worker."""
    competitor, run, threads, path, widths = json.loads(sys.argv[1])
    sizes = Sizes(**widths)
    # Frameworks may print: their words go to stderr, stdout carries the answers alone.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        limit_threads(threads)
        images = np.load(path)
        count = len(images)
        step = make_step(competitor, run, sizes, images, threads)
    except Unavailable as reason:
        print(json.dumps({"absent": str(reason)}), file=answers)
        return
    del images
    rng = np.random.default_rng(0)

    def seconds_per_step(steps: int) -> float:
        index = rng.integers(0, count, (steps, sizes.batch))
        time.sleep(PAUSE)
        begin = time.perf_counter()
        while time.perf_counter() - begin < WAKE:
            step(index[0])
        begin = time.perf_counter()
        for row in index:
            step(row)
        return (time.perf_counter() - begin) / steps

    seconds_per_step(WARMUP_STEPS)
    print(json.dumps({"absent": None}), file=answers)
    for line in sys.stdin:
        timing = Timing(seconds_per_step(int(line)), peak_bytes())
        print(json.dumps(asdict(timing)), file=answers)


if __name__ == "__main__":
    main()
