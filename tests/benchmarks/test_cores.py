"""The line that says how near the two cores were when the table of steps was taken."""

import re
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from data_helpers import write_toy

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import cores, step
from benchmarks.cores import Rates, measure_rates, state_line
from benchmarks.worker import Timing

LINE = re.compile(
    r"State of the cores: they read at (\S+) GB/s what they wrote themselves, at (\S+) GB/s what"
    r" the other one wrote; they are (near|far)"
)


class Fixed:
    """Stands in for a worker: each step takes a millisecond."""

    absent = None

    def __init__(self, *_):
        pass

    def run(self, steps):
        return Timing(steps * 1e-3, None, 0)

    def close(self):
        pass


def test_the_state_stands_in_one_line_below_the_table_of_steps(tmp_path, monkeypatch, capsys):
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("there is one core")
    write_toy(tmp_path)
    monkeypatch.setenv("NPVAE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(step, "Worker", Fixed)
    monkeypatch.setattr(step, "fma_peak", lambda threads: 100.0 * threads)
    monkeypatch.setattr(step, "where_the_time_goes", lambda *_: [["Adam", "1", "100 %"]])
    monkeypatch.setattr(sys, "argv", ["step.py", "--rounds", "1", "--threads", "1"])
    step.main()
    lines = capsys.readouterr().out.splitlines()
    found = [(n, LINE.match(line)) for n, line in enumerate(lines) if line.startswith("State")]
    ((n, match),) = found
    assert lines[0].startswith("| run | threads |")
    assert any(line.startswith("| WS |") for line in lines[:n])
    own, other = float(match[1]), float(match[2])
    # No cache reads a million GB in a second.
    assert 0 < own < 1e6
    assert 0 < other < 1e6


def test_the_rates_are_those_of_bytes_that_were_read(monkeypatch):
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("there is one core")
    reads = []

    def read(buffers, shift, sums):
        reads.append((shift, int(buffers[0, 0]), int(buffers[1, -1]) - buffers.shape[1] + 1))
        clock[0] += (1 + shift) * 1e-3

    clock = [0.0]
    monkeypatch.setattr(cores, "_read", read)
    monkeypatch.setattr(cores.time, "perf_counter", lambda: clock[0])
    rates = measure_rates()
    # 2 buffers of a MB in 1 ms, and in 2 ms.
    assert rates == pytest.approx((2 * 2**20 / 1e6, 2**20 / 1e6))
    # Before each reading both buffers have been written anew, to the last number.
    assert reads == [(shift, n, n) for n in range(cores.ROUNDS) for shift in (0, 1)]


@pytest.mark.parametrize("shift", [0, 1])
def test_each_thread_reads_a_whole_buffer(shift):
    buffers, sums = np.array([[1, 2, 3], [10, 20, 30]]), np.zeros(2, np.int64)
    cores._read(buffers, shift, sums)
    assert list(sums) == ([6, 60] if shift == 0 else [60, 6])


def test_what_the_line_says():
    near, far = Rates(own=120.4, other=100.0), Rates(own=128.0, other=37.6)
    assert LINE.match(state_line([near])).groups() == ("120", "100", "near")
    assert LINE.match(state_line([near, far, near])).groups() == ("128", "37.6", "far")
    assert state_line([None, None]) == "State of the cores: there is one only."
