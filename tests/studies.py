"""A made-up study with plausible numbers, and untrained models to draw pictures of."""

from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.intervals import RESAMPLES, Measurement
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Study, Trained
from npvae.training.options import Options
from npvae.training.run import new_run

# KL, WS, SW and AE at the reference setting; what a metric is elsewhere follows from it
WORLD = {
    "sse_mu": (11.67, 10.98, 10.97, 10.9), "sse_z": (13.35, 10.98, 10.97, 10.9),
    "sse_z_mode": (11.5, 8.5, 8.5, 8.5), "bce_mu": (83.8, 81.8, 81.7, 81.6),
    "gap_bce_mu": (1.0, 1.7, 1.8, 1.9), "blur": (0.62, 0.55, 0.55, 0.54),
    "mean_sigma": (0.168, 0.00003, 0.00003, 0.00002), "width": (1.03, 1.45, 1.4, 11.0),
    "average_kl": (14.8, 103.0, 102.0, 700.0), "scale": (0.1, 2.6, 2.2, 560.0),
    "shape": (0.9, 2.1, 2.0, 2.2), "shape_shortfall": (0.12, 0.15, 0.15, 0.16),
    "information": (13.8, None, None, None), "w1_sliced": (0.32, 1.9, 1.7, 35.0),
    "critic_w1": (None, 2.63, None, None), "critic_slope": (None, 1.2, None, None),
    "critic_penalty": (None, 0.06, None, None), "w1_assigned": (None, 3.1, None, None),
    "frechet": (26.2, 215, 190, 600), "frechet_gauss": (18.9, 21.4, 20.0, 17.6),
    "frechet_mix": (5.0, 3.3, 3.2, 3.0), "frechet_codes": (3.0, 2.0, 2.0, 1.9),
    "pca_mix": (1.3, 0.9, 0.9, 0.8), "bound_prior": (-103.1, -105.0, -104.8, -130),
    "bound_mix": (-101.1, -99.5, -99.5, -99.4), "knn": (96.4, 96.6, 96.6, 96.5),
    "tsne_silhouette": (0.34, 0.36, 0.36, 0.35), "path": (1.31, 1.22, 1.22, 1.21),
    "fade_path": (1.1, 1.08, 1.08, 1.08), "seconds": (70, 630, 80, 70),
}  # fmt: skip
LABELLED = ("frechet", "knn", "tsne_silhouette", "path", "fade_path")  # so begins what needs labels
WITHOUT_REPLICATES = "seconds", "shape_shortfall", "critic_w1", "critic_slope", "critic_penalty"
PERFECT = {"w1_sliced": 0.06, "frechet": 0.54, "frechet_mix": 0.54, "bce_mu": 45.5}
BASELINES = {"classifier": {"accuracy": 98.1}, "pixels": {"knn": 97.3}}
MODELS = {kind: Options(kind) for kind in ("kl", "ws", "sw")} | {"ae": Options("kl", beta=0.0)}
# A classifier of images of two pixels whose features are these pixels.
PIXELS_ARE_FEATURES = SimpleNamespace(
    coefs_=[np.eye(2, dtype=np.float32)] * 3, intercepts_=[np.zeros(2, np.float32)] * 3
)
OTHER_WEIGHTS = {"ws": (1.0, 3.0), "sw": (3.0, 10.0)}
N = 90  # images of `make_case`
CHANCE = 0.01  # of other images and of other seeds, as a share of each number


def measured(values, seed):
    """What a training with this seed has in a world: the numbers themselves with the first seed."""
    normal = np.random.default_rng(7).standard_normal  # the same images for every model
    images = dict(zip(BY_KEY, CHANCE * normal((len(BY_KEY), RESAMPLES)), strict=True))
    off = 1 + CHANCE * (0, 1, -1, 2, -2)[seed % 5]
    on_images = values.keys() - set(WITHOUT_REPLICATES)
    return Measurement(
        {k: v * off for k, v in values.items()},
        {k: values[k] * (off + images[k]) for k in on_images},
    )


def make_study(seeds=3, epochs=(35, 140), models=tuple(MODELS), weights=True, labels=True):
    """A study as `analyze.py` makes it: the given models, and other weights of two of them.

    Training for longer brings the codes nearer to the prior, and so does a larger weight.
    """
    trained = []
    for model, length in product(models, epochs):
        own = replace(MODELS[model], epochs=length)
        others = OTHER_WEIGHTS.get(model, ()) if weights else ()
        for options in (own, *(replace(own, wasserstein_weight=weight) for weight in others)):
            times = options.weight / own.weight if own.weight else 1.0
            more, less = length / epochs[0], (epochs[0] / length / times) ** 0.5
            factors = dict.fromkeys(("scale", "frechet", "w1_sliced"), less) | {"seconds": more}
            factors |= dict.fromkeys(("sse_mu", "sse_z"), times**0.03)
            world = {key: of_models[list(MODELS).index(model)] for key, of_models in WORLD.items()}
            values = {
                key: value * factors.get(key, 1)
                for key, value in world.items()
                if value is not None and (labels or not key.startswith(LABELLED))
            }
            for seed in range(seeds):
                found = measured(values, seed)
                trained.append(Trained(replace(options, seed=seed), found, data="f" * 64))
    perfect = {k: v for k, v in PERFECT.items() if labels or not k.startswith(LABELLED)}
    return Study(trained, (BASELINES if labels else {}) | {"perfect match": perfect})


def blank_data(labels=True):
    blank, marks = np.zeros((5, 6), np.uint8), np.arange(5) if labels else None
    return Dataset(blank, marks, blank, marks, (2, 3), "blank <images>", is_sample=False)


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
