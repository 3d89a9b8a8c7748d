"""The tables of steps, at rest and beside busy programs: who takes turns, and how it is told."""

import contextlib
import sys

import numba
import numpy as np
import pytest
from data_helpers import write_toy

from benchmarks import busy, step, worker
from benchmarks.peers import Sizes, step_flop
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
