"""Measuring one trained model: every number of `metrics.py`, and what a perfect match would score.

`make_instruments` makes what all models are measured with, once. `measure` applies it to a model;
each section of the table has a module that does so. Training images are encoded once.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from npvae.data.dataset import Dataset
from npvae.evaluation import structure
from npvae.evaluation.classifier.features import classify, train_classifier
from npvae.evaluation.codes import compare_with_prior, measure_codes, w1_assigned
from npvae.evaluation.distances import frechet_distance
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import DRAWS, SEED, Instruments, prior_draws, some_rows
from npvae.evaluation.interpolation import (
    measure_interpolation,
    path_lengths,
    random_pairs,
    straight_lines,
)
from npvae.evaluation.law import fit_shape
from npvae.evaluation.likelihood import measure_likelihood, pixel_entropy
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.metrics import METRICS
from npvae.evaluation.reconstruction import blur_originals, measure_reconstruction
from npvae.evaluation.samples import (
    FIT_SIZE,
    fit,
    measure_samples,
    principal_components,
    project,
    training_codes,
)
from npvae.nn.pixels import unit_range

PAIRS = 500  # of test images to interpolate between


def make_instruments(data: Dataset, latent: int) -> Instruments:
    """Train the classifier, and measure a perfect match and the baselines.

    They serve models of one latent size. Raises UserError if all training labels are equal.
    """
    images, n = data.test_images, len(data.test_images)
    perfect, draws = Measurement(), prior_draws(n, latent, draw=DRAWS)
    perfect.add_means(bce_mu=pixel_entropy(images))
    with threadpool_limits(1, user_api="blas"):
        compare_with_prior(perfect, draws, fit_shape(prior_draws(FIT_SIZE, latent, 0), SEED))
    perfect.values["w1_assigned"] = w1_assigned(draws)
    made = Instruments(data, perfect.values, blurred=blur_originals(images, data.image_shape))
    made.components = principal_components(data.train_images)
    # Training images in the place of samples: these are as good as samples can be.
    train = data.train_images[some_rows(len(data.train_images), n)]
    spaces = (project(x, made.components) for x in (images, train))
    made.perfect_match["pca_mix"] = frechet_distance(*spaces)
    if data.train_labels is not None:
        _add_classifier(made, train)
        made.baselines["pixels"] = structure.measure_pixels(data)
    return made


def _add_classifier(made: Instruments, train: np.ndarray) -> None:
    """Add the classifier, its features of real images, and what these and `train` score."""
    data, images = made.data, made.data.test_images
    made.classifier = train_classifier(data.train_images, data.train_labels, SEED)
    made.test_features, probabilities = classify(made.classifier, images)
    accuracy = np.mean(probabilities.argmax(axis=1) == data.test_labels)
    made.baselines["classifier"] = {"accuracy": 100 * float(accuracy)}
    floor = frechet_distance(made.test_features, classify(made.classifier, train).features)
    made.perfect_match |= {m.key: floor for m in METRICS if m.key.startswith("frechet")}
    pairs = random_pairs(len(images), PAIRS, SEED)
    made.pairs = pairs[(images[pairs[:, 0]] != images[pairs[:, 1]]).any(axis=1)]  # no twins
    fade = path_lengths(made.classifier, straight_lines(unit_range(images), made.pairs))
    made.baselines["fade"] = {"path": float(fade.mean())}


def measure(model: EncodedRun, instruments: Instruments) -> Measurement:
    """Measure one model on the test images: the numbers of `metrics.py` that the data allows.

    That of the t-SNE picture is the exception: see `structure.measure_picture`.
    """
    data, found = instruments.data, Measurement()
    found.values["seconds"] = float(sum(row["seconds"] for row in model.run.history))
    # Most of its linear algebra is too small to share out: several threads take longer than one.
    with threadpool_limits(1, user_api="blas"):
        train_mu, train_z = training_codes(model.w, data.train_images)
        fitted = train_z[some_rows(len(train_z), FIT_SIZE)]
        samplers = fit(fitted)
        measure_reconstruction(found, model, instruments, train_mu)
        measure_codes(found, model, fitted)
        measure_likelihood(found, model, data, samplers)
        measure_samples(found, model, instruments, samplers, train_z)
        if instruments.classifier is not None:
            structure.measure_structure(found, model, data, train_mu)
            measure_interpolation(found, model, instruments)
    return found
