"""A third regulariser needs an objective, a step and a row in the table of kinds, and nothing else.

Here it is the maximum mean discrepancy (Gretton et al. 2012, eq. 5) of z to samples of the prior:

    MMD = mean k(z, z') + mean k(prior, prior') - 2 mean k(z, prior),    k(a, b) = 1 / (1 + |a-b|^2)
"""

import numpy as np
import pytest

from npvae.models.vae import (
    decode_backward,
    encode_backward,
    encode_forward,
    make_vae_activations,
    reconstruct_forward,
)
from npvae.nn.adam import adam_update
from npvae.nn.gradcheck import check_gradients
from npvae.nn.layers import reparameterise_backward
from npvae.nn.pixels import gather
from npvae.training.checkpoint import load_checkpoint
from npvae.training.kinds import KINDS, Kind, Loss
from npvae.training.options import read_command_line
from npvae.training.train import STEP_MAKERS, train


def kernel(a, b):
    """Return k (A, B) of the rows of a and b, and its gradient for a (A, B, latent)."""
    difference = a[:, None] - b[None]
    k = 1 / (1 + np.square(difference).sum(axis=2))
    return k, -2 * k[..., None] ** 2 * difference


def mmd(z, prior):
    """Return the MMD and its gradient for z (B, latent)."""
    (zz, dzz), (zp, dzp), (pp, _) = kernel(z, z), kernel(z, prior), kernel(prior, prior)
    dz = 2 * dzz.sum(axis=1) / zz.size - 2 * dzp.sum(axis=1) / zp.size
    return zz.mean() + pp.mean() - 2 * zp.mean(), dz


def mmd_objective(vae, a, prior, weight):
    """Compute BCE and MMD of one batch, and in `vae.dw` the gradient of BCE + weight * MMD."""
    bce = reconstruct_forward(vae.w, a)
    value, dz = mmd(a.z, prior)
    decode_backward(vae.w, vae.dw, a)
    a.dz[:] += weight * dz
    reparameterise_backward(a.dz, a.eps, a.sigma, a.dmu, a.dlogvar)
    encode_backward(vae.w, vae.dw, a)
    return bce, float(value)


def make_mmd_step(run, images, batch):
    o, a = run.options, make_vae_activations(run.vae.w, batch)

    def step(index, rng):
        rng.standard_normal(out=a.eps, dtype=np.float32)
        prior = rng.standard_normal(a.z.shape, dtype=np.float32)
        gather(images, index, a.x)
        encode_forward(run.vae.w, a)
        losses = mmd_objective(run.vae, a, prior, o.beta)
        return *losses, adam_update(run.vae, run.steps + 1, o.lr)

    return step


MMD = Kind(
    key="mmd",
    label="MMD",
    weight="beta",
    symbol="β",
    losses=(Loss("train_bce", "BCE"), Loss("train_mmd", "MMD", "discrepancy", "MMD")),
    options=("beta",),
    program="run_mmd.py",
)
TEST = ["test_bce_mu", "test_bce_z", "test_sse_mu", "test_sse_z", "mean_sigma", "seconds"]


@pytest.fixture
def trained(tmp_path, monkeypatch, capsys):
    """A function that adds row and step, trains 30 epochs as a user would, returns what is left."""
    monkeypatch.setitem(KINDS, "mmd", MMD)
    monkeypatch.setitem(STEP_MAKERS, "mmd", make_mmd_step)
    images = np.random.default_rng(0).random((200, 5, 4), dtype=np.float32)
    np.savez(tmp_path / "own.npz", images=images)

    def run(beta):
        small = ["--epochs", "30", "--hidden-dim", "16", "--latent-dim", "2", "--threads", "1"]
        where = ["--data-dir", str(tmp_path / "own.npz"), "--out", str(tmp_path / str(beta))]
        train(*read_command_line("mmd", "", [*small, *where, "--beta", str(beta)]))
        return tmp_path / str(beta), capsys.readouterr().out

    return run


def test_the_gradient_of_the_mmd():
    # 1e-7, as for the layers: the MMD is of order 1 and so are its gradients.
    z, prior = np.random.default_rng(0).standard_normal((2, 6, 3))
    found = check_gradients(lambda: mmd(z, prior)[0], {"z": (z, mmd(z, prior)[1])})
    assert found.max_error < 1e-7, found.worst


def test_a_third_kind_trains_and_its_weight_pulls_the_codes_to_the_prior(trained):
    out, shown = trained(1000.0)
    table = (out / "history.csv").read_text(encoding="utf-8").splitlines()
    assert table[0].split(",") == ["epoch", "train_bce", "train_mmd", *TEST]
    assert len(table) == 31
    assert "epoch  30/30  BCE " in shown and "  MMD 0." in shown
    tight, loose = (load_checkpoint(o / "checkpoint.npz") for o in (out, trained(0.0)[0]))
    assert tight.options.kind == "mmd" and tight.critic is None and tight.epoch == 30
    assert list(tight.history[0]) == table[0].split(",")
    assert tight.history[-1]["train_mmd"] < 0.5 * loose.history[-1]["train_mmd"]
    assert loose.history[-1]["train_bce"] < tight.history[-1]["train_bce"]
    assert loose.history[-1]["train_bce"] < loose.history[0]["train_bce"]
