"""kill -9 at 50 random moments: the newest checkpoint always loads, and resuming loses no bit."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from npvae.training.checkpoint import Run, load_checkpoint

ROOT = Path(__file__).resolve().parents[2]
KILLS = 25  # of each run
ENDLESS = 10**6  # epochs: the run is killed before


def command(run: str, images: Path, out: Path, epochs: int) -> list[str]:
    small = ["--hidden-dim", "16", "--latent-dim", "2", "--threads", "1"]
    where = ["--data-dir", str(images), "--out", str(out), "--epochs", str(epochs), "--resume"]
    return [sys.executable, str(ROOT / f"run_{run}.py"), *small, *where]


def kill_once(run: str, images: Path, out: Path, rng: np.random.Generator) -> None:
    """Start or resume, and kill: while it starts, or so many epochs and milliseconds later."""
    child = subprocess.Popen(
        command(run, images, out, ENDLESS), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    epochs = rng.integers(0, 6)
    if epochs == 0:
        time.sleep(rng.uniform(0, 1.5))
    while epochs > 0:
        line = child.stdout.readline()
        assert line, child.stderr.read().decode()
        epochs -= line.startswith(b"epoch")
    time.sleep(rng.uniform(0, 0.03))
    child.kill()
    child.communicate()
    assert child.returncode == -9


def killed_and_whole(run: str, images: Path, directory: Path) -> tuple[Run, Run]:
    """Return a run that was killed again and again, and one that was left alone."""
    rng = np.random.default_rng(0)
    path, epoch = directory / "killed" / "checkpoint.npz", 0
    for _ in range(KILLS):
        kill_once(run, images, path.parent, rng)
        if epoch or path.exists():
            now = load_checkpoint(path).epoch
            assert now >= epoch
            epoch = now
    for out in ("killed", "whole"):
        subprocess.run(command(run, images, directory / out, epoch + 2), check=True)
    assert not list(path.parent.glob(".*.tmp"))
    assert epoch > KILLS
    return tuple(load_checkpoint(directory / out / "checkpoint.npz") for out in ("killed", "whole"))


def without_seconds(run: Run) -> list[dict]:
    return [row | {"seconds": None} for row in run.history]


def test_kill_at_50_random_moments_and_resume_to_the_same_bytes(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "own.npz", images=rng.random((200, 5, 4), dtype=np.float32))
    with ThreadPoolExecutor() as pool:
        jobs = {
            run: pool.submit(killed_and_whole, run, tmp_path / "own.npz", tmp_path / run)
            for run in ("kl", "ws")
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
    np.savez(tmp_path / "own.npz", images=np.zeros((200, 5, 4), np.float32))
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
