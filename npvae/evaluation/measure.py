"""Measuring one trained model: every number of `metrics.py`, and what a perfect match would score.

`make_instruments` makes what all models are measured with, once. `measure` applies it to a model;
each section of the table has a module that does so. Training images are encoded once. The t-SNE map
takes as long as all the rest together, so it is a piece of work of its own.
"""

from dataclasses import replace

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from npvae.data.dataset import Dataset
from npvae.evaluation.classifier import features, train_classifier
from npvae.evaluation.codes import COMPONENTS, beside_prior, measure_codes, w1_assigned
from npvae.evaluation.densities import fit_density
from npvae.evaluation.distances import frechet_distances
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import DRAWS, FIT_SIZE, SEED, Instruments, prior_draws, some_rows
from npvae.evaluation.interpolation import measure_interpolation, random_pairs
from npvae.evaluation.intervals import Measurement
from npvae.evaluation.likelihood import measure_likelihood, pixel_entropy
from npvae.evaluation.metrics import METRICS
from npvae.evaluation.reconstruction import blur_originals, measure_reconstruction
from npvae.evaluation.samples import MIXTURE, measure_samples, principal_components
from npvae.evaluation.structure import knn_hits, pixel_neighbours
from npvae.models.inference import encode, sample
from npvae.nn.pixels import unit_range

PAIRS = 500  # of test images to interpolate between


def make_instruments(data: Dataset, latent: int, processes: int = 1) -> Instruments:
    """Train the classifier, and measure a perfect match and the baselines.

    They serve models of one latent size. The linear algebra runs on one thread, so that the same
    bits come out on any machine's number of cores; two processes share the work.
    """
    # Training images in the place of samples: these are as good as samples can be. The classifier
    # does not see them. It would know them, and tell them from other real images.
    training, n = len(data.train_images), len(data.test_images)
    held = some_rows(training, min(n, training // 2))
    rows = held, some_rows(n, len(held))  # as many of the test images
    work = [delayed(_without_labels)(data, latent, *rows)]
    if data.train_labels is not None and np.ptp(data.train_labels) > 0:  # of two classes
        work.append(delayed(_with_labels)(data, *rows))
    made = Instruments(data, {})
    for baselines, found in Parallel(min(len(work), processes))(work):
        made = replace(made, **found)
        for name, scores in baselines.items():
            made.baselines[name] = made.baselines.get(name, {}) | scores
    return made


@threadpool_limits.wrap(1, user_api="blas")
def _without_labels(
    data: Dataset, latent: int, held: np.ndarray, as_many: np.ndarray
) -> tuple[dict, dict]:
    """Return the baselines, and the fields of the instruments, that need no labels."""
    images = data.test_images
    draws = prior_draws(len(images), latent, draw=DRAWS)
    of_prior = fit_density(prior_draws(FIT_SIZE, latent, draw=0), COMPONENTS)
    perfect = beside_prior(draws, of_prior.log(draws))
    perfect["w1_assigned"] = w1_assigned(draws)
    perfect["bce_mu"] = float(pixel_entropy(images).mean())
    components = principal_components(data.train_images)
    rows = images[as_many], data.train_images[held]
    real, unseen = (components.transform(unit_range(x)) for x in rows)
    perfect |= frechet_distances(real, pca_mix=unseen)
    blurred = blur_originals(images, data.image_shape)
    return {"perfect match": perfect}, {"components": components, "blurred": blurred}


@threadpool_limits.wrap(1, user_api="blas")
def _with_labels(data: Dataset, held: np.ndarray, as_many: np.ndarray) -> tuple[dict, dict]:
    """Return those that need the classifier or the labels."""
    images, seen = data.test_images, np.setdiff1d(np.arange(len(data.train_images)), held)
    classifier = train_classifier(data.train_images[seen], data.train_labels[seen], SEED)
    test_features = features(classifier, images)
    perfect = features(classifier, data.train_images[held])
    made = {metric.key: perfect for metric in METRICS if metric.key.startswith("frechet")}
    accuracy = 100 * classifier.score(unit_range(images), data.test_labels)
    baselines = {
        "perfect match": frechet_distances(test_features[as_many], **made),
        "classifier": {"accuracy": accuracy},
        "pixels": {"knn": pixel_neighbours(data)},
    }
    pairs = random_pairs(len(images), PAIRS, SEED)
    pairs = pairs[(images[pairs[:, 0]] != images[pairs[:, 1]]).any(axis=1)]  # no twins
    found = {"classifier": classifier, "test_features": test_features, "pairs": pairs}
    return baselines, found


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
        hits = knn_hits(train_mu, data.train_labels, model.mu, data.test_labels)
        found.add_means(knn=100 * hits)
        measure_interpolation(found, model, instruments)
    return found
