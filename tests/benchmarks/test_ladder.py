"""The rungs of the ladder: each product is NumPy's; turns, medians, and the table."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import matmul_ladder
from benchmarks.matmul_ladder import RUNGS, draw_matrices, ladder_table, measure
from benchmarks.timing import median_seconds


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
