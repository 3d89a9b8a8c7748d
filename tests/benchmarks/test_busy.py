"""The table of the busy machine: what is timed beside how many programs, and how it is told."""

import sys
from pathlib import Path

import numpy as np
from data_helpers import write_toy

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import busy
from benchmarks.worker import Timing


class Slowed:
    """Stands in for a worker: slower with each busy program; "jax jit" is not there."""

    def __init__(self, name, run, threads, images):
        self.absent = "no module named jax" if name == "jax jit" else None
        self.ms = {"npvae": 1.0, "torch eager": 2.0}.get(name)
        assert np.load(images).ndim == 2

    def run(self, steps):
        return Timing(steps * self.ms * 1e-3 * (1 + 0.5 * Slowed.busy), None, 0)

    def close(self):
        pass


def test_each_row_has_the_idle_time_and_the_multiples_of_it(tmp_path, monkeypatch, capsys):
    counts = []

    class Counted:
        def __init__(self, count):
            counts.append(count)
            self.count = count

        def __enter__(self):
            Slowed.busy = self.count

        def __exit__(self, *_):
            pass

    write_toy(tmp_path)
    monkeypatch.setenv("NPVAE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(busy, "Worker", Slowed)
    monkeypatch.setattr(busy, "busy_programs", Counted)
    names = ["--only", "npvae", "torch eager", "jax jit"]
    monkeypatch.setattr(sys, "argv", ["busy.py", "--rounds", "3", "--busy", "0", "2", *names])
    busy.main()
    shown, said = capsys.readouterr()
    assert counts == [0, 2, 0, 2]
    lines = shown.splitlines()
    assert lines[0] == "| step | who | 0 busy, ms | 2 busy, ms |"
    assert lines[2:] == [
        "| KL | npvae | 1.00 | 2.00 (2.0) |",
        "| KL | torch eager | 2.00 | 4.00 (2.0) |",
        "| WS | npvae | 1.00 | 2.00 (2.0) |",
        "| WS | torch eager | 2.00 | 4.00 (2.0) |",
    ]
    assert said.count("jax jit: skipped, no module named jax") == 2


def test_busy_programs_run_until_the_end():
    with busy.busy_programs(2) as programs:
        assert [program.poll() for program in programs] == [None, None]
    assert all(program.poll() is not None for program in programs)
