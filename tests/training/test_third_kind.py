"""A third regulariser needs an objective, a step and a row in the table of kinds: mean |z|^2."""

import numpy as np

from npvae.models import vae as nets
from npvae.nn.adam import adam_update
from npvae.nn.layers import reparameterise_backward
from npvae.nn.pixels import gather
from npvae.training.checkpoint import load_checkpoint
from npvae.training.kinds import KINDS, Kind, Loss
from npvae.training.options import read_command_line
from npvae.training.train import STEP_MAKERS, train


def make_ms_step(run, images, batch):
    """Make steps of BCE + beta * MS, with MS = mean |z|^2 over the batch, and dz = 2 z / B."""
    o, vae, a = run.options, run.vae, nets.make_vae_activations(run.vae.w, batch)

    def step(index, rng):
        rng.standard_normal(out=a.eps, dtype=np.float32)
        gather(images, index, a.x)
        nets.encode_forward(vae.w, a)
        bce = nets.reconstruct_forward(vae.w, a)
        nets.decode_backward(vae.w, vae.dw, a)
        a.dz[:] += o.beta * 2 * a.z / batch
        reparameterise_backward(a.dz, a.eps, a.sigma, a.dmu, a.dlogvar)
        nets.encode_backward(vae.w, vae.dw, a)
        ms = float(np.square(a.z).sum(axis=1).mean())
        return bce, ms, adam_update(vae, run.steps + 1, o.lr)

    return step


LOSSES = Loss("train_bce", "BCE"), Loss("train_ms", "MS", "mean square of z", "MS")
MS = Kind(
    "ms", "MS", weight="beta", symbol="β", losses=LOSSES, options=("beta",), program="run_ms.py"
)


def test_a_third_kind_trains_and_its_weight_is_used(own, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(KINDS, "ms", MS)
    monkeypatch.setitem(STEP_MAKERS, "ms", make_ms_step)
    runs = []
    for beta in ("0", "1000"):
        small = f"--epochs 30 --batch-size 8 --hidden-dim 16 --latent-dim 2 --beta {beta}".split()
        where = "--threads", "1", "--data-dir", str(own), "--out", str(tmp_path / beta)
        train(*read_command_line("ms", "", [*small, *where]))
        runs.append(load_checkpoint(tmp_path / beta / "checkpoint.npz"))
    table = (tmp_path / "1000" / "history.csv").read_text(encoding="utf-8")
    assert table.startswith("epoch,train_bce,train_ms,test_bce_mu,") and table.count("\n") == 31
    shown = capsys.readouterr().out
    assert "epoch  30/30  BCE " in shown and "  MS 0." in shown
    first, (loose, tight) = runs[0].history[0], (run.history[-1] for run in runs)
    assert tight["train_ms"] < 0.5 * loose["train_ms"]
    assert loose["train_bce"] < min(first["train_bce"], tight["train_bce"])
    assert runs[1].options.kind == "ms" and runs[1].critic is None and runs[1].epoch == 30
