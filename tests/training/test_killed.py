"""kill -9 at 24 random moments: the newest checkpoint always loads, and resuming loses no bit."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from npvae.training.checkpoint import load_checkpoint
from npvae.training.program import training_program
from npvae.training.run import Run

ROOT = Path(__file__).resolve().parents[2]
KILLS = {"kl": 8, "ws": 8, "sw": 8}
PROGRAMS = {"kl": ["run_kl.py"], "ws": ["run_ws.py"], "sw": ["run_ws.py", "--distance", "sliced"]}
ENDLESS = 10**6  # epochs: the run is killed before

if os.name == "nt":
    pytest.skip("processes are neither forked nor killed by signals", allow_module_level=True)

# Most of a start is imports. These processes are forked from one that has them.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "npvae.training.train", "npvae.models.steps"])
# A start asks for the exit codes of all processes that have ended, and each code is told only once.
ONE_AT_A_TIME = threading.Lock()


def command(run: str, images: Path, out: Path, epochs: int) -> list[str]:
    small = ["--hidden-dim", "16", "--latent-dim", "2", "--threads", "1"]
    small += ["--critic-steps", "2"] if run == "ws" else []
    where = ["--data-dir", str(images), "--out", str(out), "--epochs", str(epochs), "--resume"]
    program, *distance = PROGRAMS[run]
    return [sys.executable, str(ROOT / program), *distance, *small, *where]


def train_forked(run: str, images: Path, out: Path, output: Connection) -> None:
    """Train in this process, which has its imports already; print into the pipe."""
    os.dup2(output.fileno(), 1)
    sys.argv = command(run, images, out, ENDLESS)[1:]
    training_program("kl" if run == "kl" else "ws", "")


def kill_once(run: str, images: Path, out: Path, rng: np.random.Generator) -> None:
    """Start or resume, and kill: while it starts, or so many epochs and milliseconds later."""
    epochs = rng.integers(0, 6)
    if epochs == 0:
        child = subprocess.Popen(command(run, images, out, ENDLESS), stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, 1.5))
        child.kill()
        assert child.wait() == -9
        return
    ours, theirs = FORKS.Pipe(duplex=False)
    child = FORKS.Process(target=train_forked, args=(run, images, out, theirs))
    with ONE_AT_A_TIME:
        child.start()
    theirs.close()
    with os.fdopen(os.dup(ours.fileno())) as lines:
        while epochs > 0:
            line = lines.readline()
            assert line, "it has stopped"
            epochs -= line.startswith("epoch")
        time.sleep(rng.uniform(0, 0.03))
        with ONE_AT_A_TIME:
            child.kill()
            child.join()
    ours.close()
    assert child.exitcode == -9


def killed_and_whole(run: str, images: Path, directory: Path) -> tuple[Run, Run]:
    """Return a run that was killed again and again, and one that was left alone."""
    rng = np.random.default_rng(0)
    path, epoch = directory / "killed" / "checkpoint.npz", 0
    for _ in range(KILLS[run]):
        kill_once(run, images, path.parent, rng)
        if epoch or path.exists():
            now = load_checkpoint(path).epoch
            assert now >= epoch
            epoch = now
    for out in ("killed", "whole"):
        subprocess.run(command(run, images, directory / out, epoch + 2), check=True)
    assert not list(path.parent.glob(".*.tmp"))
    assert epoch > KILLS[run]
    return tuple(load_checkpoint(directory / out / "checkpoint.npz") for out in ("killed", "whole"))


def without_seconds(run: Run) -> list[dict]:
    return [row | {"seconds": None} for row in run.history]


def test_kill_at_random_moments_and_resume_to_the_same_bytes(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "own.npz", images=rng.random((100, 5, 4), dtype=np.float32))
    with ThreadPoolExecutor() as pool:
        jobs = {
            run: pool.submit(killed_and_whole, run, tmp_path / "own.npz", tmp_path / run)
            for run in KILLS
        }
    for run, job in jobs.items():
        killed, whole = job.result()
        assert (killed.epoch, killed.steps) == (whole.epoch, whole.steps)
        assert without_seconds(killed) == without_seconds(whole)
        for ours, theirs in ((killed.vae, whole.vae), (killed.critic, whole.critic)):
            if run == "ws" or ours is not None:
                for flat in ("theta", "m", "v"):
                    assert getattr(ours, flat).tobytes() == getattr(theirs, flat).tobytes()


def test_ctrl_c_exits_with_130_and_says_how_to_go_on(tmp_path):
    np.savez(tmp_path / "own.npz", images=np.random.default_rng(0).random((200, 5, 4)))
    child = subprocess.Popen(
        command("kl", tmp_path / "own.npz", tmp_path / "out", ENDLESS),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not child.stdout.readline().startswith("epoch"):
        pass
    child.send_signal(signal.SIGINT)
    # Not `communicate`, which does not see the lines that `readline` has read ahead.
    shown, said = child.stdout.read(), child.stderr.read()
    assert child.wait() == 130
    assert said.count("\n") == 1 and "--resume" in said
    epochs = 1 + sum(line.startswith("epoch") for line in shown.splitlines())
    assert f"the {epochs} before are saved" in said
    assert load_checkpoint(tmp_path / "out" / "checkpoint.npz").epoch == epochs
