"""Two untrained models with a made-up history, to draw pictures of."""

from types import SimpleNamespace

import numpy as np

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import encode_run
from npvae.training.options import Options
from npvae.training.run import new_run

N = 90


def make_case(latent=3, shape=(5, 7), labels=True, alike=False, keys=("kl", "ws")):
    """A KL and a WS model, untrained, with a made-up history, and the images they have seen.

    With `alike` both have the same weights; "ae" in `keys` is the plain autoencoder.
    """
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (N, shape[0] * shape[1]), dtype=np.uint8)
    models = []
    for seed, key in enumerate(keys):
        kind, beta = ("kl", 0.0) if key == "ae" else (key, 1.0)
        size = {"latent_dim": latent, "hidden_dim": 6}
        options = Options(kind, beta=beta, seed=0 if alike else seed, **size)
        run = new_run(options, shape)
        for epoch in (1, 2, 3):
            row = {"epoch": epoch, "train_bce": 100 / epoch + seed, "test_bce_z": 110 / epoch}
            run.history.append(
                row | {f"train_{ {'ws': 'w1', 'sw': 'sw'}.get(key, 'kl') }": 10.0 * epoch}
            )
        models.append(encode_run(run, images, seed=0))
    marks = np.arange(N) % 4 if labels else None
    data = Dataset(images, marks, images, marks, shape, "made up", is_sample=False)
    return SimpleNamespace(models=models, data=data, images=images, labels=marks, shape=shape)


def texts(ax):
    return [text.get_text() for text in ax.texts]
