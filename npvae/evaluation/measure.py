"""Measuring one trained model: every number of `metrics.py`, and what a perfect match would score.

`make_instruments` makes what all models are measured with, once. `measure` applies it to a model;
each section of the table has a module that does so. Training images are encoded once.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from npvae.data.dataset import Dataset
from npvae.evaluation import interpolation
from npvae.evaluation.classifier import features, train_classifier
from npvae.evaluation.codes import COMPONENTS, beside_prior, measure_codes, w1_assigned
from npvae.evaluation.densities import fit_density
from npvae.evaluation.distances import frechet_distance
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import DRAWS, FIT_SIZE, SEED, Instruments, prior_draws, some_rows
from npvae.evaluation.intervals import Measurement
from npvae.evaluation.likelihood import measure_likelihood, pixel_entropy
from npvae.evaluation.metrics import METRICS
from npvae.evaluation.reconstruction import blur_originals, measure_reconstruction
from npvae.evaluation.samples import MIXTURE, measure_samples, principal_components, project
from npvae.evaluation.structure import Embedding, measure_structure, pixel_neighbours, tsne
from npvae.models.inference import encode, sample
from npvae.nn.pixels import unit_range

PAIRS = 500  # of test images to interpolate between


def make_instruments(data: Dataset, latent: int) -> Instruments:
    """Train the classifier, and measure a perfect match and the baselines.

    They serve models of one latent size. The linear algebra runs on one thread, so that the same
    bits come out on any machine's number of cores.
    """
    images, n = data.test_images, len(data.test_images)
    # Training images in the place of samples: these are as good as samples can be. The classifier
    # does not see them. It would know them, and tell them from other real images.
    training = len(data.train_images)
    held = some_rows(training, min(n, training // 2))
    as_many = some_rows(n, len(held))
    with threadpool_limits(1, user_api="blas"):
        draws = prior_draws(n, latent, draw=DRAWS)
        of_prior = fit_density(prior_draws(FIT_SIZE, latent, draw=0), COMPONENTS)
        perfect = beside_prior(draws, of_prior.log(draws))
        perfect["w1_assigned"] = w1_assigned(draws)
        perfect["bce_mu"] = float(pixel_entropy(images).mean())
        components = principal_components(data.train_images)
        real = project(images[as_many], components), project(data.train_images[held], components)
        perfect["pca_mix"] = frechet_distance(*real)
        blurred = blur_originals(images, data.image_shape)
        made = Instruments(data, {"perfect match": perfect}, components, blurred)
        if data.train_labels is not None and np.ptp(data.train_labels) > 0:  # of two classes
            _add_classifier(made, held, as_many)
    return made


def _add_classifier(made: Instruments, held: np.ndarray, as_many: np.ndarray) -> None:
    """Add the classifier, its features of real images, and what needs it or the labels."""
    data, images = made.data, made.data.test_images
    seen = np.setdiff1d(np.arange(len(data.train_images)), held)
    made.classifier = train_classifier(data.train_images[seen], data.train_labels[seen], SEED)
    accuracy = made.classifier.score(unit_range(images), data.test_labels)
    made.baselines["classifier"] = {"accuracy": 100 * accuracy}
    made.baselines["pixels"] = {"knn": pixel_neighbours(data)}
    made.test_features = features(made.classifier, images)
    perfect = features(made.classifier, data.train_images[held])
    floor = frechet_distance(made.test_features[as_many], perfect)
    frechets = (metric.key for metric in METRICS if metric.key.startswith("frechet"))
    made.baselines["perfect match"] |= dict.fromkeys(frechets, floor)
    pairs = interpolation.random_pairs(len(images), PAIRS, SEED)
    made.pairs = pairs[(images[pairs[:, 0]] != images[pairs[:, 1]]).any(axis=1)]  # no twins


def measure(model: EncodedRun, instruments: Instruments) -> tuple[Measurement, Embedding]:
    """Measure one model on the test images, and draw its t-SNE map.

    Returns the numbers of `metrics.py` that the data allows, and the map.
    """
    data, found = instruments.data, Measurement()
    found.values["seconds"] = float(sum(row["seconds"] for row in model.run.history))
    # Most of its linear algebra is too small to share out: several threads take longer than one.
    with threadpool_limits(1, user_api="blas"):
        train_mu, train_logvar = encode(model.w, data.train_images)
        train_z = sample(train_mu, train_logvar, SEED + 1)  # not the noise of the test images
        fitted = train_z[some_rows(len(train_z), FIT_SIZE)]
        mix = fit_density(fitted, MIXTURE)
        measure_reconstruction(found, model, instruments, train_mu)
        measure_codes(found, model, fitted)
        measure_likelihood(found, model, data, mix)
        measure_samples(found, model, instruments, fitted, mix)
        embedding = tsne(model.mu, SEED)
        if instruments.classifier is not None:
            measure_structure(found, model.mu, data, train_mu, embedding)
            interpolation.measure_interpolation(found, model, instruments)
    return found, embedding
