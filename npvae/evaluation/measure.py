"""Measuring one trained model: every number of `metrics.py`, and the floors beside them.

`Bench` holds what all models are measured with: the data, the classifier and its features of the
test images, and the floors, which are what a perfect match would score. `measure` applies it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from npvae.data.dataset import Dataset
from npvae.evaluation.classifier.features import accuracy, features, train_classifier
from npvae.evaluation.classifier.network import ClassifierWeights
from npvae.evaluation.distances import (
    exact_w1,
    frechet_from_features,
    mmd_imq,
    precision_recall,
    sliced_w1,
    w1_per_dimension,
)
from npvae.evaluation.encoded import Trained
from npvae.evaluation.interpolation import PathQuality, interpolate, random_pairs
from npvae.evaluation.intervals import histogram_mode, moments
from npvae.evaluation.likelihood import entropy_floor, likelihood
from npvae.evaluation.structure import (
    active_units,
    correlation,
    knn_accuracy,
    linear_probe_accuracy,
    silhouette_by_label,
)
from npvae.models.critic import (
    make_critic_activations,
    score_backward_hidden,
    score_backward_input,
    score_forward,
)
from npvae.models.inference import decode, encode, posterior_sigma, reconstruction_errors

SEED = 0  # of everything random in the analysis: the same draws for every model
DRAWS, DRAW_SIZE = 3, 2_000  # of the exact W1, whose cost grows with the cube of the size
BOUND_IMAGES = 2_000  # test images whose likelihood is bounded: each is decoded 512 times
SAMPLE_SIZE = 5_000  # images on each side of precision and recall
PAIRS = 500  # of test images to interpolate between


@dataclass
class Measurement:
    """What was measured of one model: numbers by metric, and what they are means of."""

    values: dict[str, float] = field(default_factory=dict)
    per_image: dict[str, np.ndarray] = field(default_factory=dict)  # (N,) for paired intervals
    per_dimension: dict[str, np.ndarray] = field(default_factory=dict)  # (latent,)


def latent_metrics(z: np.ndarray, prior: Callable[[int], np.ndarray]) -> dict[str, float]:
    """Compare codes z (N, latent) with the prior; prior(n) returns (N, latent) draws, anew for n.

    Given prior draws as z, these are the floors.
    """
    n, latent = z.shape
    rng = np.random.default_rng(SEED)
    size = min(n, DRAW_SIZE)
    exact = [
        exact_w1(z[rng.permutation(n)[:size]], prior(draw)[rng.permutation(n)[:size]])
        for draw in range(DRAWS)
    ]
    shape = moments(z)
    return {
        "w1_exact": float(np.mean(exact)),
        "w1_sliced": sliced_w1(z, prior(0), seed=SEED),
        "w1_dimension": float(w1_per_dimension(z, prior(0)).mean()),
        "mmd": mmd_imq(z, prior(0)),
        "centre": float(np.abs(shape.mean).mean()),
        "width": float(shape.std.mean()),
        "width_error": float(np.abs(shape.std - 1).mean()),
        "skewness": float(np.abs(shape.skewness).mean()),
        "kurtosis": float(np.abs(shape.excess_kurtosis).mean()),
        "correlation": correlation(z).mean_abs if latent > 1 else 0.0,
    }


def prior_draws(n: int, latent: int, draw: int) -> np.ndarray:
    """Return the n draws from N(0, I) that every model is compared with."""
    return np.random.default_rng([SEED, draw]).standard_normal((n, latent), dtype=np.float32)


def critic_metrics(model: Trained) -> dict[str, float]:
    """Ask a WS run's critic for its W1 estimate and its slope, on mixtures and on the codes."""
    if model.run.critic is None:
        return {}
    w, z = model.run.critic.w, model.z
    prior = prior_draws(*z.shape, draw=0)
    alpha = np.random.default_rng(SEED).random((len(z), 1), dtype=np.float32)
    a = make_critic_activations(w, len(z))
    a.dscore[:] = 1

    def ask(points: np.ndarray) -> tuple[float, np.ndarray]:
        a.z[:] = points
        score_forward(w, a)
        score_backward_hidden(w, a)
        score_backward_input(w, a)
        return float(a.score.mean()), np.linalg.norm(a.dz, axis=1)

    _, slope = ask(alpha * prior + (1 - alpha) * z)
    score_z, slope_z = ask(z)
    score_prior, _ = ask(prior)
    return {
        "critic_w1": score_prior - score_z,
        "critic_slope": float(slope.mean()),
        "critic_slope_99": float(np.quantile(slope, 0.99)),
        "critic_slope_data": float(slope_z.mean()),
        "critic_slope_data_99": float(np.quantile(slope_z, 0.99)),
    }


def sharpness(images: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return each image's mean absolute difference of neighbouring pixels; images in [0, 1]."""
    grid = images.reshape(-1, *shape)
    across = np.abs(np.diff(grid, axis=2)).sum(axis=(1, 2))
    down = np.abs(np.diff(grid, axis=1)).sum(axis=(1, 2))
    return (across + down) / images.shape[1]


@dataclass
class Bench:
    """What every model is measured with, made once."""

    data: Dataset
    classifier: ClassifierWeights | None  # None without labels
    test_features: np.ndarray | None  # (N, 64)
    values: dict[str, float]  # numbers about the data and the classifier alone
    floors: dict[str, float]  # what a perfect match scores, by metric


def make_bench(data: Dataset, latent: int) -> Bench:
    """Train the classifier and measure the floors, for models of this latent size."""
    n = len(data.test_images)
    values = {"entropy": float(entropy_floor(data.test_images).mean())}
    prior = prior_draws(n, latent, draw=DRAWS)  # other draws than a model is compared with
    floors = latent_metrics(prior, lambda draw: prior_draws(n, latent, draw))
    floors |= {"bce_mu": values["entropy"], "bce_z": values["entropy"], "sharpness_mu": 1.0}
    if data.train_labels is None:
        return Bench(data, None, None, values, floors)
    classifier = train_classifier(data.train_images, data.train_labels, SEED)
    values["classifier_accuracy"] = accuracy(classifier, data.test_images, data.test_labels)
    test_features = features(classifier, data.test_images)
    bench = Bench(data, classifier, test_features, values, floors)
    rng = np.random.default_rng(SEED)
    train = data.train_images[rng.permutation(len(data.train_images))[:n]]
    floors |= sample_metrics(bench, train, "frechet", "precision", "recall")
    return bench


def sample_metrics(bench: Bench, images: np.ndarray, *keys: str) -> dict[str, float]:
    """Compare images with the test images in feature space; keys name the three numbers."""
    made = features(bench.classifier, images)
    nearest = precision_recall(bench.test_features[:SAMPLE_SIZE], made[:SAMPLE_SIZE])
    values = (frechet_from_features(bench.test_features, made), nearest.precision, nearest.recall)
    return dict(zip(keys, values, strict=True))


def measure(model: Trained, bench: Bench) -> Measurement:
    """Measure one model on the test images: every number of `metrics.py` that the data allows."""
    data, w = bench.data, model.w
    found = Measurement()
    _measure_reconstruction(found, model, data)
    _measure_likelihood(found, model, data)

    z = model.z
    shape = moments(z)
    found.values |= latent_metrics(z, lambda draw: prior_draws(*z.shape, draw))
    found.values |= critic_metrics(model)
    found.values["active"] = float(active_units(model.mu).sum())
    sigma = posterior_sigma(model.logvar)
    found.values["mean_sigma"] = float(sigma.mean())
    found.per_dimension |= {
        "mean of z": shape.mean,
        "std of z": shape.std,
        "skewness": shape.skewness,
        "excess kurtosis": shape.excess_kurtosis,
        "W₁ to N(0, 1)": w1_per_dimension(z, prior_draws(*z.shape, 0)),
        "mean posterior σ": sigma.mean(axis=0),
        "variance of μ": model.mu.var(axis=0),
    }
    if bench.classifier is None:
        return found

    train_mu, _ = encode(w, data.train_images)
    codes = train_mu, data.train_labels, model.mu, data.test_labels
    found.values["knn"] = 100 * knn_accuracy(*codes)
    found.values["probe"] = 100 * linear_probe_accuracy(*codes)
    found.values["silhouette"] = silhouette_by_label(model.mu, data.test_labels)

    prior = prior_draws(*z.shape, draw=DRAWS)
    found.values |= sample_metrics(bench, decode(w, prior), "frechet", "precision", "recall")
    # The same draws, given q(z)'s mean and covariance.
    factor = np.linalg.cholesky(np.cov(z, rowvar=False) + 1e-9 * np.eye(z.shape[1]))
    refitted = (z.mean(axis=0) + prior @ factor.T).astype(np.float32)
    keys = "frechet_refit", "precision_refit", "recall_refit"
    found.values |= sample_metrics(bench, decode(w, refitted), *keys)
    made = features(bench.classifier, decode(w, model.mu))
    found.values["frechet_mu"] = frechet_from_features(bench.test_features, made)

    images = data.test_images
    pairs = random_pairs(len(z), PAIRS, SEED)
    pairs = pairs[(images[pairs[:, 0]] != images[pairs[:, 1]]).any(axis=1)]  # some may be twins
    paths = interpolate(w, bench.classifier, model.mu, images, pairs)
    _add_paths(found, paths.latent, "")
    _add_paths(found, paths.pixels, "_pixels")
    return found


def _add_means(found: Measurement, **samples: np.ndarray) -> None:
    """Keep per-image numbers, and their means as values."""
    found.per_image |= samples
    found.values |= {key: float(np.mean(array)) for key, array in samples.items()}


def _add_paths(found: Measurement, paths: PathQuality, suffix: str) -> None:
    keys = ("path", "jump", "confidence", "confidence_least")
    _add_means(found, **{key + suffix: a for key, a in zip(keys, paths, strict=True)})


def _measure_reconstruction(found: Measurement, model: Trained, data: Dataset) -> None:
    for name, errors in (("mu", model.at_mu), ("z", model.at_z)):
        _add_means(found, **{f"sse_{name}": errors.sse, f"bce_{name}": errors.bce})
        found.values[f"sse_{name}_median"] = float(np.median(errors.sse))
        found.values[f"sse_{name}_spread"] = float(errors.sse.std())
        found.values[f"sse_{name}_mode"] = histogram_mode(errors.sse, bin_width=1.0)
    scale = np.float32(255 if data.test_images.dtype == np.uint8 else 1)
    made = sharpness(decode(model.w, model.mu), data.image_shape)
    real = sharpness(data.test_images / scale, data.image_shape)
    _add_means(found, sharpness_mu=made / real.mean())

    seen = data.train_images[: len(data.test_images)]
    train_mu, _ = encode(model.w, seen)
    train_bce = reconstruction_errors(model.w, train_mu, seen).bce.mean()
    _add_means(found, gap_bce_mu=model.at_mu.bce - train_bce)


def _measure_likelihood(found: Measurement, model: Trained, data: Dataset) -> None:
    n = min(BOUND_IMAGES, len(data.test_images))
    result = likelihood(
        model.w, data.test_images[:n], model.mu[:n], model.logvar[:n], data.train_images[:300], SEED
    )
    found.values["proposal_scale"] = result.scale
    _add_means(found, elbo=result.posterior.elbo)
    for prefix, bounds in (("iwae", result.posterior), ("wide", result.widened)):
        _add_means(found, **{f"{prefix}_{k}": values for k, values in bounds.iwae.items()})
