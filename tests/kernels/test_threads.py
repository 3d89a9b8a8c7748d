"""How many threads work: all, or one while the cores are busy."""

import numba
import pytest

from npvae.errors import UserError
from npvae.kernels import threads
from npvae.kernels.threads import LEAST_PATIENCE, MOST_PATIENCE, WINDOW, Pace, set_threads

SHAPE = (64, 784, 256)
FAST, ONE, STALLED = 1e-4, 1.6e-4, 1e-2  # seconds of a product: all threads, one, all when busy


class Machine:
    """A made-up machine, on which other programs are busy or not."""

    def __init__(self, most=2):
        self.now, self.threads, self.busy, self.history = 0.0, most, False, []
        self.pace = Pace(use=self.use, clock=lambda: self.now)
        self.pace.start(most)

    def use(self, threads):
        self.threads = threads

    def work(self, seconds):
        """Do products for so long; return the share of them that one thread did alone."""
        end, alone, count = self.now + seconds, 0, 0
        while self.now < end:
            alone, count = alone + (self.threads == 1), count + 1
            took = ONE if self.threads == 1 else STALLED if self.busy else FAST
            self.now += took
            self.pace.saw(SHAPE, took)
        return alone / count


def test_one_thread_goes_on_alone_while_another_program_is_busy_and_tries_become_rarer():
    machine, waits = Machine(), []
    assert machine.work(1) == 0
    for _ in range(2):  # after a rest they are frequent again
        machine.busy = True
        for _ in range(10):
            while machine.threads != 1:
                machine.work(FAST)
            waits.append(machine.pace.until - machine.now)
            while machine.threads == 1:
                machine.work(FAST)
        assert machine.work(10) > 0.99
        machine.busy = False
        machine.work(MOST_PATIENCE + WINDOW)
        assert machine.work(1) == 0
    wanted = [LEAST_PATIENCE, 2 * LEAST_PATIENCE, MOST_PATIENCE]
    assert [waits[n] for n in (0, 1, 9)] == pytest.approx(wanted)
    assert waits[10:] == pytest.approx(waits[:10])


def test_all_threads_give_way_to_one_that_is_faster_even_if_not_by_much():
    """Once one thread has been seen, it is compared with, and not a guess of the gain."""
    machine = Machine()
    machine.work(0.1)
    machine.busy = True
    machine.work(0.1)  # one thread has been seen: 1.6 times as long as the best of all
    machine.busy = False
    machine.work(2)
    assert machine.threads == 2
    for _ in range(100):
        machine.pace.saw(SHAPE, 1.7 * FAST)  # slower than one, but faster than the guess of 1.75
    assert machine.threads == 1


def test_a_number_of_threads_is_a_firm_choice_and_none_means_what_the_quota_allows(monkeypatch):
    most = numba.config.NUMBA_NUM_THREADS
    try:
        for quota in (1, most):
            monkeypatch.setattr(threads, "cpu_count", lambda quota=quota: quota)
            set_threads(None)
            assert (numba.get_num_threads(), threads.pace.most) == (quota, quota)
        set_threads(1)
        assert (numba.get_num_threads(), threads.pace.most) == (1, 1)
        with pytest.raises(UserError, match=f"--threads: {most + 1} asked for, {most} can be had"):
            set_threads(most + 1)
    finally:
        set_threads(most)
    assert threads.pace.most == 1  # firm again: nothing is watched in the other tests
