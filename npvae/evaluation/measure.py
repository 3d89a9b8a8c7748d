"""Measuring one trained model: every number of `metrics.py`, and what a perfect match would score.

`make_instruments` makes what all models are measured with, once. `measure` applies it to a model.
The t-SNE map takes as long as all the rest together, so it is a piece of work of its own.
"""

from dataclasses import replace

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from npvae.data.dataset import Dataset
from npvae.evaluation.codes import COMPONENTS, beside_prior, measure_codes, w1_assigned
from npvae.evaluation.densities import MIXTURE, fit_density
from npvae.evaluation.distances import frechet_distances
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.images import blur_originals, measure_reconstruction, measure_samples
from npvae.evaluation.instruments import (
    DRAWS,
    FIT_SIZE,
    SEED,
    Instruments,
    features,
    principal_components,
    prior_draws,
    some_rows,
    train_classifier,
)
from npvae.evaluation.intervals import Measurement
from npvae.evaluation.likelihood import measure_likelihood, pixel_entropy
from npvae.evaluation.metrics import METRICS
from npvae.evaluation.structure import measure_structure, pixel_neighbours
from npvae.models.inference import encode, sample
from npvae.nn.pixels import unit_range
from npvae.training import streams

PAIRS = 500  # of test images to interpolate between


def make_instruments(data: Dataset, latent: int, processes: int = 1) -> Instruments:
    """Train the classifier, and measure a perfect match and the baselines.

    They serve models of one latent size. The linear algebra runs on one thread, so that the bits
    are the same on any number of cores; two processes share the work.
    """
    # Training images in the place of samples: these are as good as samples can be. The classifier
    # does not see them. It would know them, and tell them from other real images.
    training = len(data.train_images)
    held = some_rows(training, min(len(data.test_images), training // 2))
    work = [delayed(_without_labels)(data, latent, held)]
    if data.train_labels is not None and np.ptp(data.train_labels) > 0:  # of two classes
        work.append(delayed(_with_labels)(data, held))
    made = Instruments(data, {})
    for baselines, found in Parallel(min(len(work), processes))(work):
        made = replace(made, **found)
        for name, scores in baselines.items():
            made.baselines[name] = made.baselines.get(name, {}) | scores
    return made


@threadpool_limits.wrap(1, user_api="blas")
def _without_labels(data: Dataset, latent: int, held: np.ndarray) -> tuple[dict, dict]:
    """Return the baselines, and the fields of the instruments, that need no labels."""
    images = data.test_images
    draws = prior_draws(len(images), latent, draw=DRAWS)
    of_prior = fit_density(prior_draws(FIT_SIZE, latent, draw=0), COMPONENTS)
    perfect = beside_prior(draws, of_prior.log(draws))
    perfect["w1_assigned"] = w1_assigned(draws)
    perfect["bce_mu"] = float(pixel_entropy(images).mean())
    components = principal_components(data.train_images)
    rows = images[some_rows(len(images), len(held))], data.train_images[held]  # as many of both
    real, unseen = (components.transform(unit_range(x)) for x in rows)
    perfect |= frechet_distances(real, pca_mix=unseen)
    blurred = blur_originals(images, data.image_shape)
    return {"perfect match": perfect}, {"components": components, "blurred": blurred}


@threadpool_limits.wrap(1, user_api="blas")
def _with_labels(data: Dataset, held: np.ndarray) -> tuple[dict, dict]:
    """Return those that need the classifier or the labels."""
    images, n = data.test_images, len(data.test_images)
    seen = np.setdiff1d(np.arange(len(data.train_images)), held)
    classifier = train_classifier(data.train_images[seen], data.train_labels[seen], SEED)
    test_features, unseen = (features(classifier, x) for x in (images, data.train_images[held]))
    real = test_features[some_rows(n, len(held))]
    made = {metric.key: unseen for metric in METRICS if metric.key.startswith("frechet")}
    baselines = {
        "perfect match": frechet_distances(real, **made),
        "classifier": {"accuracy": 100 * classifier.score(unit_range(images), data.test_labels)},
        "pixels": {"knn": pixel_neighbours(data)},
    }
    rng = np.random.default_rng([SEED, streams.IMAGE_PAIRS])
    first = rng.integers(n, size=PAIRS)
    second = (first + rng.integers(1, n, size=PAIRS)) % n
    differ = (images[first] != images[second]).any(axis=1)  # no twins
    pairs = np.stack([first, second], axis=1)[differ]
    return baselines, {"classifier": classifier, "test_features": test_features, "pairs": pairs}


@threadpool_limits.wrap(1, user_api="blas")
def measure(model: EncodedRun, instruments: Instruments) -> Measurement:
    """Return the numbers of `metrics.py` that the data allows, but for the t-SNE map's.

    Most of the linear algebra is too small to share out: several threads take longer than one.
    """
    data, found = instruments.data, Measurement()
    found.values["seconds"] = float(sum(row["seconds"] for row in model.run.history))
    train_mu, train_logvar = encode(model.w, data.train_images)
    train_z = sample(train_mu, train_logvar, SEED + 1)  # not the noise of the test images
    fitted = train_z[some_rows(len(train_z), FIT_SIZE)]
    mix = fit_density(fitted, MIXTURE)
    measure_reconstruction(found, model, instruments, train_mu)
    measure_codes(found, model, fitted)
    measure_likelihood(found, model, data, mix)
    measure_samples(found, model, instruments, fitted, mix)
    if instruments.classifier is not None:
        measure_structure(found, model, instruments, train_mu)
    return found
