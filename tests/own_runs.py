"""Small runs on images of one's own, which tests/training/conftest.py writes."""

from npvae.training.options import Options
from npvae.training.run import Run

SMALL = Options("kl", epochs=2, batch_size=16, latent_dim=2, hidden_dim=8, critic_steps=2)
NAME = "own.npz, 40 training and 10 test images"


def bits(run: Run) -> tuple:
    """Everything in a run but the seconds that it took."""
    flats = [p.theta.tobytes() + p.m.tobytes() + p.v.tobytes() for p in (run.vae, run.critic) if p]
    return run.epoch, run.steps, flats, [row | {"seconds": 0} for row in run.history]
