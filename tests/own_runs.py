"""Small runs on images of one's own, which tests/training/conftest.py writes."""

from dataclasses import replace
from pathlib import Path

from npvae.training.options import Options, Settings
from npvae.training.run import Run
from npvae.training.train import train

NAME = "own.npz, 40 training and 10 test images"
SMALL = Options("kl", epochs=2, batch_size=16, latent_dim=2, hidden_dim=8, critic_steps=2)


def small(kind: str = "kl", **changes) -> Options:
    return replace(SMALL, kind=kind, **changes)


def trained(options: Options, out: Path, data: Path, resume: bool = False, threads: int = 1) -> Run:
    return train(options, Settings(out, data, threads, resume))


def bits(run: Run) -> tuple:
    """Everything in a run but the seconds that it took."""
    networks = [p for p in (run.vae, run.critic) if p is not None]
    flats = [
        array.tobytes() for p in networks for flat in (p.theta, p.m, p.v) for array in p.views(flat)
    ]
    return run.epoch, run.steps, flats, [row | {"seconds": 0} for row in run.history]
