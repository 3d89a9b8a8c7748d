"""Measuring one trained model: every number of `metrics.py`, and what a perfect match would score.

`Instruments` holds what all models are measured with: the data, the classifier and its features of
the test images, and the scores of a perfect match. `measure` applies them to a model.
"""

from dataclasses import dataclass, field

import numpy as np

from npvae.data.dataset import Dataset
from npvae.evaluation import distances, structure
from npvae.evaluation.classifier.features import classify, train_classifier
from npvae.evaluation.classifier.network import ClassifierWeights
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.interpolation import path_quality, random_pairs, straight_lines
from npvae.evaluation.intervals import histogram_mode, moments
from npvae.evaluation.likelihood import bounds, choose_scale, constant_logvar, pixel_entropy
from npvae.models.inference import decode, encode, posterior_sigma, reconstruction_errors, score
from npvae.nn.pixels import unit_range

SEED = 0  # of everything random in the analysis: the same draws for every model
DRAWS, DRAW_SIZE = 3, 2_000  # of the exact W1, whose cost grows with the cube of the size
BOUND_IMAGES = 2_000  # test images whose likelihood is bounded: each is decoded 512 times
SAMPLE_SIZE = 5_000  # images on each side of precision and recall
PAIRS = 500  # of test images to interpolate between


@dataclass
class Measurement:
    """What was measured of one model: numbers by metric, and what they are means of."""

    values: dict[str, float | None] = field(default_factory=dict)
    per_image: dict[str, np.ndarray] = field(default_factory=dict)  # (N,) for paired intervals
    per_dimension: dict[str, np.ndarray] = field(default_factory=dict)  # (latent,)

    def add_means(self, **samples: np.ndarray) -> None:
        """Keep numbers of single images, and their means as values."""
        self.per_image |= samples
        self.values |= {key: float(np.mean(array)) for key, array in samples.items()}


@dataclass
class Instruments:
    """What every model is measured with, made once. Without labels there is no classifier."""

    data: Dataset
    entropy: float  # of a test image's pixels, in nats, mean over the images
    perfect_match: dict[str, float]  # by metric; for a distance, that of two draws of the target
    classifier: ClassifierWeights | None = None
    classifier_accuracy: float | None = None  # on the test images
    test_features: np.ndarray | None = None  # (N, 64)
    pairs: np.ndarray | None = None  # (n, 2) test images to interpolate between
    fade: dict[str, float] | None = None  # the interpolation's numbers for fades in pixels


def make_instruments(data: Dataset, latent: int) -> Instruments:
    """Train the classifier and measure a perfect match, for models of this latent size."""
    images, n = data.test_images, len(data.test_images)
    entropy = float(pixel_entropy(images).mean())
    perfect_match = latent_metrics(prior_draws(n, latent, draw=DRAWS))
    perfect_match |= {"bce_mu": entropy, "bce_z": entropy, "sharpness_mu": 1.0}
    made = Instruments(data=data, entropy=entropy, perfect_match=perfect_match)
    if data.train_labels is None:
        return made
    made.classifier = train_classifier(data.train_images, data.train_labels, SEED)
    made.test_features, probabilities = classify(made.classifier, images)
    made.classifier_accuracy = float(np.mean(probabilities.argmax(axis=1) == data.test_labels))
    rng = np.random.default_rng(SEED)
    train = data.train_images[rng.permutation(len(data.train_images))[:n]]
    perfect_match |= sample_metrics(made, train)
    pairs = random_pairs(n, PAIRS, SEED)
    made.pairs = pairs[(images[pairs[:, 0]] != images[pairs[:, 1]]).any(axis=1)]  # no twins
    fades = path_quality(made.classifier, straight_lines(unit_range(images), made.pairs))
    made.fade = {key: float(array.mean()) for key, array in fades.items()}
    return made


def prior_draws(n: int, latent: int, draw: int) -> np.ndarray:
    """Return n draws from N(0, I): numbers 0, 1, .. are those that every model is compared with.

    Number DRAWS is decoded as samples, and takes a model's place for the scores of a perfect match.
    """
    return np.random.default_rng([SEED, draw]).standard_normal((n, latent), dtype=np.float32)


def latent_metrics(z: np.ndarray) -> dict[str, float]:
    """Compare codes z (N, latent) with draws from the prior."""
    n, latent = z.shape
    prior = prior_draws(n, latent, draw=0)
    rng = np.random.default_rng(SEED)
    size = min(n, DRAW_SIZE)
    exact = []
    for draw in range(DRAWS):
        some_z = z[rng.permutation(n)[:size]]
        some_prior = prior_draws(n, latent, draw)[rng.permutation(n)[:size]]
        exact.append(distances.exact_w1(some_z, some_prior))
    shape = moments(z)
    between = np.abs(structure.correlation(z)[~np.eye(latent, dtype=bool)])
    return {
        "w1_exact": float(np.mean(exact)),
        "w1_sliced": distances.sliced_w1(z, prior, seed=SEED),
        "w1_dimension": float(distances.w1_per_dimension(z, prior).mean()),
        "mmd": distances.mmd_imq(z, prior),
        "centre": float(np.abs(shape["mean of z"]).mean()),
        "width": float(shape["std of z"].mean()),
        "width_error": float(np.abs(shape["std of z"] - 1).mean()),
        "skewness": float(np.abs(shape["skewness"]).mean()),
        "kurtosis": float(np.abs(shape["excess kurtosis"]).mean()),
        "correlation": float(between.mean()) if latent > 1 else 0.0,
    }


def gaussian_of(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (latent,) of codes z (N, latent) and a factor A (latent, latent).

    A A^T is their covariance: mean + A eps, with eps ~ N(0, I), is the Gaussian fitted to them.
    """
    covariance = np.cov(z, rowvar=False) + 1e-9 * np.eye(z.shape[1])
    return z.mean(axis=0), np.linalg.cholesky(covariance)


def critic_metrics(model: EncodedRun) -> dict[str, float]:
    """Ask a run's critic, if it has one, for its W1 estimate and its slope.

    The slope is taken on mixtures of codes and prior, where it was trained, and on the codes.
    """
    if model.run.critic is None:
        return {}
    w, z = model.run.critic.w, model.z
    prior = prior_draws(*z.shape, draw=0)
    alpha = np.random.default_rng(SEED).random((len(z), 1), dtype=np.float32)
    _, slope = score(w, alpha * prior + (1 - alpha) * z)
    score_z, slope_z = score(w, z)
    score_prior, _ = score(w, prior)
    return {
        "critic_w1": float(score_prior.mean()) - float(score_z.mean()),
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


def sample_metrics(
    instruments: Instruments, images: np.ndarray, suffix: str = ""
) -> dict[str, float]:
    """Compare images with the test images in feature space; `suffix` ends the metrics' keys."""
    made = classify(instruments.classifier, images).features
    real = instruments.test_features
    precision, recall = distances.precision_recall(real[:SAMPLE_SIZE], made[:SAMPLE_SIZE])
    return {
        f"frechet{suffix}": distances.frechet_from_features(real, made),
        f"precision{suffix}": precision,
        f"recall{suffix}": recall,
    }


def measure(model: EncodedRun, instruments: Instruments) -> Measurement:
    """Measure one model on the test images: the numbers of `metrics.py` that the data allows.

    The exception is the trustworthiness: it is that of a picture, see `structure.tsne`.
    """
    data, found = instruments.data, Measurement()
    _measure_reconstruction(found, model, data)
    _measure_likelihood(found, model, data)
    _measure_codes(found, model)
    if instruments.classifier is not None:
        _measure_structure(found, model, data)
        _measure_samples(found, model, instruments)
        path = decode(model.w, straight_lines(model.mu, instruments.pairs))
        found.add_means(**path_quality(instruments.classifier, path))
    return found


def _measure_reconstruction(found: Measurement, model: EncodedRun, data: Dataset) -> None:
    for name, errors in (("mu", model.at_mu), ("z", model.at_z)):
        found.add_means(**{f"sse_{name}": errors.sse, f"bce_{name}": errors.bce})
        found.values[f"sse_{name}_median"] = float(np.median(errors.sse))
        found.values[f"sse_{name}_spread"] = float(errors.sse.std())
        found.values[f"sse_{name}_mode"] = histogram_mode(errors.sse, bin_width=1.0)
    made = sharpness(decode(model.w, model.mu), data.image_shape)
    real = sharpness(unit_range(data.test_images), data.image_shape)
    found.add_means(sharpness_mu=made / real.mean())

    seen = data.train_images[: len(data.test_images)]
    train_mu, _ = encode(model.w, seen)
    train_bce = reconstruction_errors(model.w, train_mu, seen).bce.mean()
    found.add_means(gap_bce_mu=model.at_mu.bce - train_bce)


def _measure_likelihood(found: Measurement, model: EncodedRun, data: Dataset) -> None:
    n = min(BOUND_IMAGES, len(data.test_images))
    w, images, mu = model.w, data.test_images[:n], model.mu[:n]
    scale = choose_scale(w, data.train_images[:300], SEED)
    posterior = bounds(w, images, mu=mu, logvar=model.logvar[:n], seed=SEED)
    widened = bounds(w, images, mu=mu, logvar=constant_logvar(mu, scale), seed=SEED)
    found.values["proposal_scale"] = scale
    found.add_means(elbo=posterior.elbo)
    for prefix, bound in (("iwae", posterior), ("wide", widened)):
        found.add_means(**{f"{prefix}_{k}": values for k, values in bound.iwae.items()})


def _measure_codes(found: Measurement, model: EncodedRun) -> None:
    z, sigma = model.z, posterior_sigma(model.logvar)
    found.values |= latent_metrics(z) | critic_metrics(model)
    found.values["active"] = float(structure.active_units(model.mu).sum())
    found.values["mean_sigma"] = float(sigma.mean())
    found.per_dimension |= moments(z) | {
        "W₁ to N(0, 1)": distances.w1_per_dimension(z, prior_draws(*z.shape, draw=0)),
        "mean posterior σ": sigma.mean(axis=0),
        "variance of μ": model.mu.var(axis=0),
    }


def _measure_structure(found: Measurement, model: EncodedRun, data: Dataset) -> None:
    train_mu, _ = encode(model.w, data.train_images)
    codes = train_mu, data.train_labels, model.mu, data.test_labels
    found.values["knn"] = 100 * structure.knn_accuracy(*codes)
    found.values["probe"] = 100 * structure.linear_probe_accuracy(*codes)
    found.values["silhouette"] = structure.silhouette_by_label(model.mu, data.test_labels)


def _measure_samples(found: Measurement, model: EncodedRun, instruments: Instruments) -> None:
    z, w = model.z, model.w
    prior = prior_draws(*z.shape, draw=DRAWS)
    found.values |= sample_metrics(instruments, decode(w, prior))
    # The same draws, given the mean and the covariance of the codes.
    mean, factor = gaussian_of(z)
    refitted = (mean + prior @ factor.T).astype(np.float32)
    found.values |= sample_metrics(instruments, decode(w, refitted), suffix="_refit")
    made = classify(instruments.classifier, decode(w, model.mu)).features
    real = instruments.test_features
    found.values["frechet_mu"] = distances.frechet_from_features(real, made)
