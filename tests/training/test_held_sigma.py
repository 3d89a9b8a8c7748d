"""`--sigma`: the posterior's standard deviation stays where it is held, and the rest trains."""

import numpy as np
import pytest

from npvae.data.dataset import load_data
from npvae.models.inference import encode, posterior_sigma
from npvae.training.checkpoint import load_checkpoint
from npvae.training.options import Options, Settings
from npvae.training.run import new_run
from npvae.training.train import train

SMALL = {"epochs": 2, "batch_size": 32, "latent_dim": 3, "hidden_dim": 16, "critic_steps": 2}


@pytest.mark.parametrize("run", ["kl", "ws", "sw"])
def test_sigma_of_every_image_stays_as_given_and_everything_else_moves(run, own, tmp_path):
    options = Options(run, sigma=0.3, **SMALL)
    train(options, Settings(tmp_path / "out", own, threads=1, resume=False))
    trained = load_checkpoint(tmp_path / "out" / "checkpoint.npz")  # as any other program gets it
    images = load_data(own).test_images
    mu, logvar = encode(trained.vae.w, images)
    np.testing.assert_allclose(posterior_sigma(logvar), 0.3, rtol=1e-6)  # rounded to float32
    assert np.ptp(logvar) == 0 < np.ptp(mu)
    for row in trained.history:
        assert row["mean_sigma"] == pytest.approx(0.3, rel=1e-6)
    start = new_run(options, trained.image_shape)
    for name, before, after in zip(start.vae.w._fields, start.vae.w, trained.vae.w, strict=True):
        moved = before != after
        if name in ("W2", "b2"):  # columns: first the means, then the log-variances
            assert not moved[..., 3:].any()
            moved = moved[..., :3]
        assert moved.mean() > 0.5, name  # ReLU units that are off do not move
