"""What a training step of npvae costs against hidden width, batch size, number of images, threads.

Prints a Markdown table for each of the four and draws them all as `scaling.png`; takes minutes:

    python benchmarks/scaling.py [--out DIR] [--rounds N] [--quick]
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

import matplotlib
import numpy as np
from llvmlite import binding
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator
from numba import config

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # npvae need not be installed

from benchmarks.npvae_peer import make_npvae_step
from benchmarks.peers import Sizes, step_flop
from benchmarks.timing import median_seconds
from npvae.cli import OneLineParser, run_program, whole
from npvae.data.dataset import load_data
from npvae.files.atomic import make_directory
from npvae.kernels.simd import host_simd
from npvae.report.charts import DARK, FULL, MODEL_COLOURS, MODEL_MARKERS, STYLE, new_figure, save
from npvae.report.markdown import number, table
from npvae.training.kinds import KINDS

MEASURED = ("kl", "ws")  # the runs whose steps `npvae_peer.py` can make
ALL = config.NUMBA_NUM_THREADS
IMAGES = 60_000
HIDDEN = (64, 128, 256, 512, 1024, 2048, 4096)
BATCH = (1, 4, 16, 64, 256, 1024, 4096)
COUNTS = (1_000, 2_000, 6_000, 20_000, 60_000)
ROUNDS = 11
EPOCH_ROUNDS = 2  # at most: most epochs are long enough to average over disturbances
PROPORTIONAL = "proportional (threads: inversely)"


@dataclass(frozen=True)
class Case:
    """A step to be timed, and the value of the quantity that is varied."""

    value: int
    sizes: Sizes
    images: int = IMAGES  # of which the batches are drawn
    threads: int = ALL
    steps: int = 1  # to be timed at a time


@dataclass(frozen=True)
class Sweep:
    """Steps that differ in one quantity; the cost of proportional ones is value ** power."""

    quantity: str
    fixed: str  # what does not vary
    cases: Sequence[Case]
    power: float = 1.0
    epochs: bool = False  # whether a case's steps are an epoch


Seconds = dict[str, np.ndarray]  # run -> seconds per step of each case of a sweep


def make_sweeps(pixels: int, quick: bool) -> list[Sweep]:
    """Return the four sweeps over images of so many pixels; the quick ones have two values each."""
    sizes = Sizes(pixels=pixels)
    few = slice(2 if quick else None)
    # One thread, two, four, .., and all: a sweep that stays short on a large machine.
    threads = sorted({*(2**n for n in range(ALL.bit_length())), ALL})
    hidden = [Case(n, replace(sizes, hidden=n)) for n in HIDDEN[few]]
    batch = [Case(n, replace(sizes, batch=n)) for n in BATCH[few]]
    # An epoch's last batch is left out if it is not a whole one.
    epochs = [Case(n, sizes, images=n, steps=n // sizes.batch) for n in COUNTS[few]]
    cores = [Case(n, sizes, threads=n) for n in threads]
    of_width, of_batch = f"width {sizes.hidden}", f"batch {sizes.batch}"
    return [
        Sweep("hidden width (units)", f"{of_batch}, threads: {ALL}", hidden),
        Sweep("batch size (images)", f"{of_width}, threads: {ALL}", batch),
        Sweep("training images", f"{of_width}, {of_batch}, threads: {ALL}", epochs, epochs=True),
        Sweep("threads", f"{of_width}, {of_batch}", cores, power=-1.0),
    ]


def make_run(run: str, case: Case, images: np.ndarray) -> Callable[[], None]:
    """Return a function that does the next steps of run "kl" or "ws", on shuffled batches."""
    step = make_npvae_step(run, case.sizes, images[: case.images], case.threads)
    order = np.random.default_rng(0).permutation(case.images)
    in_batches = case.images - case.images % case.sizes.batch
    batches = cycle(order[:in_batches].reshape(-1, case.sizes.batch))

    def run_steps() -> None:
        for _ in range(case.steps):
            step(next(batches))

    return run_steps


def measure(sweep: Sweep, images: np.ndarray, rounds: int) -> Seconds:
    """Time all cases of a sweep, both runs, in turns; return the medians per step."""
    pairs = [(run, case) for run in MEASURED for case in sweep.cases]
    runs = [(case.threads, make_run(run, case, images)) for run, case in pairs]
    seconds = median_seconds(runs, min(rounds, EPOCH_ROUNDS) if sweep.epochs else rounds)
    per_step = [s / case.steps for s, (_, case) in zip(seconds, pairs, strict=True)]
    return dict(zip(MEASURED, np.reshape(per_step, (len(MEASURED), -1)), strict=True))


def scaling_table(sweep: Sweep, seconds: Seconds) -> str:
    """Return the sweep as Markdown: a row for each value, the same columns for both runs."""
    units = ["ms/step", "µs/image", "GFLOP/s"]
    if sweep.epochs:
        units.append("s/epoch")
    head = [sweep.quantity, *(f"{KINDS[run].label} {unit}" for run in MEASURED for unit in units)]
    rows = []
    for n, case in enumerate(sweep.cases):
        row = [f"{case.value:,}"]
        for run in MEASURED:
            s = seconds[run][n]
            rate = step_flop(run, case.sizes) / s / 1e9
            row += [number(x) for x in (1e3 * s, 1e6 * s / case.sizes.batch, rate)]
            if sweep.epochs:
                row.append(number(s * case.steps))
        rows.append(row)
    return table(head, rows, text_columns=0)


def _draw_panel(ax: Axes, sweep: Sweep, seconds: Seconds) -> None:
    values = np.array([case.value for case in sweep.cases])
    steps = [case.steps for case in sweep.cases]
    for run in MEASURED:
        look = {"color": MODEL_COLOURS[run], "marker": MODEL_MARKERS[run], "markersize": 5}
        ms = 1e3 * seconds[run]
        ax.plot(values, ms * steps, label=KINDS[run].label, **look)
        if sweep.epochs:
            look |= {"markerfacecolor": "white", "linestyle": ":"}
            ax.plot(values, ms, label=f"{KINDS[run].label}, one step of the epoch", **look)
    for run in MEASURED:
        # The line meets the cost where fixed costs weigh least: the largest value, or one thread.
        at = -1 if sweep.power > 0 else 0
        line = 1e3 * seconds[run][at] * steps[at] * (values / values[at]) ** sweep.power
        ax.plot(values, line, "--", color=DARK, linewidth=1, label=PROPORTIONAL)
    ylabel = "ms per epoch, or per step" if sweep.epochs else "ms per step"
    ax.set(xscale="log", yscale="log", title=sweep.fixed, xlabel=sweep.quantity, ylabel=ylabel)
    ax.set_xticks(values, [f"{value:,}" for value in values], fontsize=9)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    ax.yaxis.set_major_formatter("{x:,g}")
    ax.yaxis.set_minor_formatter(NullFormatter())


@matplotlib.rc_context(STYLE)
def draw_scaling(results: Sequence[tuple[Sweep, Seconds]], path: Path) -> None:
    """Draw a panel for each of the four sweeps, with what proportional cost would be."""
    figure = new_figure(FULL, 7)
    lines = {}
    for ax, (sweep, seconds) in zip(figure.subplots(2, 2).flat, results, strict=True):
        _draw_panel(ax, sweep, seconds)
        handles, labels = ax.get_legend_handles_labels()
        lines |= zip(labels, handles, strict=True)
    figure.suptitle("What a training step of npvae costs")
    labels = sorted(lines)  # a column for each run: its cost above that of one step
    figure.legend([lines[name] for name in labels], labels, loc="outside lower center", ncols=3)
    save(figure, path)


def main() -> None:
    """Measure the sweeps, print a table of each, and draw the picture."""
    parser = OneLineParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="for the picture")
    parser.add_argument(
        "--rounds", type=whole(1, 1000), metavar="N", help=f"turns per step, {ROUNDS} unless quick"
    )
    parser.add_argument("--quick", action="store_true", help="a trial: few sizes, one round")
    args = parser.parse_args()
    rounds = args.rounds or (1 if args.quick else ROUNDS)
    path = make_directory(args.out) / "scaling.png"

    data = load_data()
    print(f"{binding.get_host_cpu_name()}, tile for {host_simd()}; {data.name}")
    found = data.train_images
    # Repeated if there are fewer: a step's cost depends on how many and how large the images are.
    images = np.resize(found, (IMAGES, found.shape[1]))
    results = []
    for sweep in make_sweeps(found.shape[1], args.quick):
        seconds = measure(sweep, images, rounds)
        results.append((sweep, seconds))
        print(f"\n{sweep.fixed}:\n\n{scaling_table(sweep, seconds)}", flush=True)
    draw_scaling(results, path)
    print(f"\n{path}")


if __name__ == "__main__":
    run_program(main)
