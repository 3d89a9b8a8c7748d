"""The tables of steps, at rest and beside busy programs, and of the ladder of matrix products."""

import contextlib
import sys
from types import SimpleNamespace

import numba
import numpy as np
import pytest
from data_helpers import write_toy

from benchmarks import busy, matmul_ladder, step, worker
from benchmarks.matmul_ladder import RUNGS, draw_matrices, ladder_table, measure
from benchmarks.peers import Sizes, step_flop
from benchmarks.timing import median_seconds
from benchmarks.worker import STEPS, Timing

MS = {"npvae": 1.0, "torch eager": 2.0}


class Fixed(contextlib.nullcontext):
    """Stands in for a worker: slower with each busy program; "jax jit" is not there."""

    busy, turns = 0, ()

    def __init__(self, name, run, threads, images):
        super().__init__(self)
        self.absent = None if name in MS else "jax is not installed"
        self.name, self.threads = name, threads
        assert np.load(images).ndim == 2

    def run(self, steps):
        Fixed.turns.append((self.name, self.threads, steps))
        return Timing(MS[self.name] * 1e-3 * (1 + 0.5 * Fixed.busy), 3 * 2**20)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """A function that runs a benchmark with made-up workers; it returns the lines of its table."""
    write_toy(tmp_path)
    monkeypatch.setenv("NPVAE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(worker, "Worker", Fixed)
    Fixed.busy, Fixed.turns = 0, []
    worker._say_once.cache_clear()

    def run(program, *options):
        monkeypatch.setattr(sys, "argv", ["", *options, "--only", *MS, "jax jit"])
        program.main()
        shown, said = capsys.readouterr()
        assert said == "jax jit: skipped, jax is not installed\n"
        return shown.splitlines()

    return run


def test_the_table_of_steps(run, monkeypatch):
    monkeypatch.setattr(step, "fma_peak", lambda threads: 500.0 * threads)
    lines = run(step, "--rounds", "2", "--threads", "1", "2")
    a_round = [(name, n) for n in (1, 2) for name in MS]
    kl, ws = ([(*turn, STEPS[run]) for turn in 2 * a_round] for run in ("kl", "ws"))
    assert Fixed.turns == kl + ws
    rate = step_flop("ws", Sizes()) / 1e-3 / 1e9
    assert lines[-2:] == [
        f"| WS | 2 | npvae | 1.00 | 1.00 | {rate:.0f} | {rate / 1000:.0%} | 3 |",
        f"| WS | 2 | torch eager | 2.00 | 2.00 | {rate / 2:.0f} | {rate / 2000:.0%} | 3 |",
    ]


def test_the_table_of_the_busy_machine_has_the_idle_time_and_its_multiples(run, monkeypatch):
    @contextlib.contextmanager
    def counted(count):
        Fixed.busy = count
        yield

    monkeypatch.setattr(busy, "busy_programs", counted)
    lines = run(busy, "--rounds", "3", "--busy", "0", "2")
    assert {threads for _, threads, _ in Fixed.turns} == {min(2, numba.config.NUMBA_NUM_THREADS)}
    assert lines[2] == "| KL | npvae | 1.00 | 2.00 (2.0) |" and len(lines) == 6


def test_busy_programs_end():
    with busy.busy_programs(2) as programs:
        assert [program.poll() for program in programs] == [None, None]
    assert None not in [program.poll() for program in programs]


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: f"{rung.name}, {rung.threads}")
def test_each_rung_computes_the_product(rung):
    for shape in [(1, 1, 1), (3, 5, 7), (4, 4, 16), (8, 64, 32), (9, 17, 33), (66, 35, 81)]:
        A, B, _ = draw_matrices(shape, rung.stored)
        # A row of NaN before and after C shows writes beyond its edges.
        frame = np.full((shape[0] + 2, shape[2]), np.nan, np.float32)
        rung.kernel(A, B, C := frame[1:-1])
        exact = A.astype(np.float64) @ B.astype(np.float64)
        np.testing.assert_allclose(C, exact, atol=1e-6 * shape[1], rtol=1e-5)
        assert np.isnan(frame[[0, -1]]).all()


def test_competitors_take_turns_and_the_median_of_each_is_returned(monkeypatch):
    now, order = [0.0], []
    clock = SimpleNamespace(perf_counter=lambda: now[0], sleep=lambda seconds: None)
    monkeypatch.setattr("benchmarks.timing.time", clock)

    def competitor(name, seconds):
        def run():
            order.append(name)
            now[0] += seconds.pop(0)

        return 1, run

    # A turn is an untimed run and, for runs as long as these, one timed run.
    a = competitor("a", [9.0, 2.0, 9.0, 50.0, 9.0, 3.0])
    b = competitor("b", [9.0, 5.0, 9.0, 6.0, 9.0, 4.0])
    assert median_seconds([a, b], rounds=3) == [3.0, 5.0]
    assert order == ["a", "a", "b", "b"] * 3


def test_ladder_table_gives_rate_and_share_of_the_peak_of_as_many_threads():
    rates = {RUNGS[0]: 1.0, RUNGS[4]: 150.0}
    peak = {rung.threads: 100.0 * rung.threads for rung in RUNGS}
    rows = ladder_table({(2, 3, 4): rates}, peak).splitlines()
    share = f"150 ({1.5 / RUNGS[4].threads:.0%})"
    for row, end in ((0, "2×3×4"), (2, "1 (1%)"), (3, "–"), (6, share)):
        assert rows[row].endswith(f"| {end} |")


def test_large_products_leave_out_the_slowest_rung(monkeypatch):
    monkeypatch.setattr(matmul_ladder, "median_seconds", lambda runs: [2.0] * len(runs))
    for shape, rungs in (((3, 4, 5), RUNGS), ((1000, 1001, 500), RUNGS[1:])):
        flop = 2 * np.prod(shape)
        assert measure(shape) == dict.fromkeys(rungs, flop / 2e9)
