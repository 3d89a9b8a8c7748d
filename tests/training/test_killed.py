"""kill -9 at random moments: the newest checkpoint always loads, and resuming loses no bit."""

import multiprocessing
import signal
import time

import numpy as np
from own_runs import bits, small, trained

from npvae.training.checkpoint import load_checkpoint

KILLS = 4
ENDLESS = 10**6  # epochs: the run is killed before

# Most of a start is imports. These processes are forked from one that has them.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "npvae.training.train", "npvae.models.steps"])


def epochs(out):
    """Count the epochs in the history of a run."""
    path = out / "history.csv"
    return path.read_bytes().count(b"\n") - 1 if path.exists() else 0


def test_kill_at_random_moments_and_resume_to_the_same_bytes(own, tmp_path):
    """While a run starts, or so many epochs and milliseconds later."""
    rng, out, epoch = np.random.default_rng(0), tmp_path / "killed", 0
    for _ in range(KILLS):
        child = FORKS.Process(target=trained, args=(small("ws", epochs=ENDLESS), out, own, True))
        child.start()
        if new := rng.integers(0, 4):
            end = epochs(out) + new
            while epochs(out) < end:
                assert child.is_alive()
                time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.03))
        child.kill()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        if epoch or (out / "checkpoint.npz").exists():
            now = load_checkpoint(out / "checkpoint.npz").epoch
            assert now >= epoch
            epoch = now
    assert epoch > 0
    killed, whole = (
        trained(small("ws", epochs=epoch + 2), tmp_path / name, own, resume=True)
        for name in ("killed", "whole")
    )
    assert not list(out.glob(".*.tmp"))
    assert bits(killed) == bits(whole)
