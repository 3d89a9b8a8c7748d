"""Untrained models with a made-up history, to draw pictures of."""

from types import SimpleNamespace

import numpy as np

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import encode_run
from npvae.training.options import Options
from npvae.training.run import new_run

N = 90


def make_case(latent=3, shape=(5, 7), labels=True, keys=("kl", "ws")):
    """Models, untrained, with a made-up history, and the images they have seen."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (N, shape[0] * shape[1]), dtype=np.uint8)
    models = []
    for seed, key in enumerate(keys):
        kind, beta = ("kl", 0.0) if key == "ae" else (key, 1.0)
        run = new_run(Options(kind, beta=beta, seed=seed, latent_dim=latent, hidden_dim=6), shape)
        column = "train_w1" if key == "ws" else "train_kl"
        for n in (1, 2, 3):
            row = {"epoch": n, "train_bce": 100 / n + seed, "test_bce_z": 110 / n, column: 10.0 * n}
            run.history.append(row)
        models.append(encode_run(run, images, seed=0))
    marks = np.arange(N) % 4 if labels else None
    data = Dataset(images, marks, images, marks, shape, "made up", is_sample=False)
    return SimpleNamespace(models=models, data=data, images=images, labels=marks, shape=shape)


def texts(ax):
    return [text.get_text() for text in ax.texts]
