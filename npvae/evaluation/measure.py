"""Measuring one trained model: every number of `metrics.py`, and what a perfect match would score.

`make_instruments` makes what all models are measured with, once. `measure` applies it to a model;
each section of the table has a module that does so.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from npvae.data.dataset import Dataset
from npvae.evaluation import structure
from npvae.evaluation.classifier.features import classify, train_classifier
from npvae.evaluation.distances import frechet_distance
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import DRAWS, SEED, Instruments, prior_draws, some_rows
from npvae.evaluation.interpolation import (
    distance_to_nearest,
    measure_interpolation,
    measure_paths,
    random_pairs,
    straight_lines,
)
from npvae.evaluation.latent import measure_codes, measure_latent
from npvae.evaluation.likelihood import measure_likelihood, pixel_entropy
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.metrics import METRICS
from npvae.evaluation.reconstruction import blur_originals, measure_reconstruction
from npvae.evaluation.samples import fit, measure_samples, training_codes
from npvae.nn.pixels import unit_range

PAIRS = 500  # of test images to interpolate between
NEAR_SIZE = 10_000  # training images, to the nearest of which a path's distance is taken


def make_instruments(data: Dataset, latent: int) -> Instruments:
    """Train the classifier, and measure a perfect match and the baselines.

    They serve models of one latent size. Raises UserError if all training labels are equal.
    """
    images = data.test_images
    perfect, entropy = Measurement(), pixel_entropy(images)
    perfect.add_means(bce_mu=entropy, bce_z=entropy)
    measure_codes(perfect, prior_draws(len(images), latent, draw=DRAWS))
    made = Instruments(data, perfect.values, blurred=blur_originals(images, data.image_shape))
    if data.train_labels is not None:
        _add_classifier(made)
        made.baselines |= structure.measure_baselines(data)
    return made


def _add_classifier(made: Instruments) -> None:
    """Add the classifier, its features of real images, and what these score."""
    data, images, n = made.data, made.data.test_images, len(made.data.test_images)
    made.classifier = train_classifier(data.train_images, data.train_labels, SEED)
    made.test_features, probabilities = classify(made.classifier, images)
    accuracy = np.mean(probabilities.argmax(axis=1) == data.test_labels)
    made.baselines["classifier"] = {"accuracy": 100 * float(accuracy)}
    near = data.train_images[some_rows(len(data.train_images), NEAR_SIZE)]
    made.train_features = classify(made.classifier, near).features

    # Training images in the place of samples: these are as good as samples can be.
    train = classify(made.classifier, data.train_images[some_rows(len(data.train_images), n)])
    floor = frechet_distance(made.test_features, train.features)
    made.perfect_match |= {m.key: floor for m in METRICS if m.key.startswith("frechet")}

    # A test image that is a training image as well would have no distance to the nearest of these.
    known = {image.tobytes() for image in near}
    new = np.array([image.tobytes() not in known for image in images])
    if new.any():
        distances = distance_to_nearest(made.test_features[new], made.train_features)
        made.usual_distance = float(distances.mean())
    pairs = random_pairs(n, PAIRS, SEED)
    made.pairs = pairs[(images[pairs[:, 0]] != images[pairs[:, 1]]).any(axis=1)]  # no twins
    fade = measure_paths(made, straight_lines(unit_range(images), made.pairs))
    made.baselines["fade"] = {key: float(array.mean()) for key, array in fade.items()}


def measure(model: EncodedRun, instruments: Instruments) -> Measurement:
    """Measure one model on the test images: the numbers of `metrics.py` that the data allows.

    Those of the t-SNE picture are the exception: see `structure.measure_picture`.
    """
    data, found = instruments.data, Measurement()
    # Most of its linear algebra is too small to share out: several threads take longer than one.
    with threadpool_limits(1, user_api="blas"):
        samplers = fit(training_codes(model, data.train_images))
        measure_reconstruction(found, model, instruments)
        measure_latent(found, model)
        measure_likelihood(found, model, data, samplers)
        if instruments.classifier is not None:
            structure.measure_structure(found, model, instruments)
            measure_samples(found, model, instruments, samplers)
            measure_interpolation(found, model, instruments)
    return found
