"""Measuring models whose every number is known, because their weights are set by hand."""

from dataclasses import replace

import numpy as np
import pytest

from npvae.data.dataset import Dataset
from npvae.evaluation.classifier import features as features_module
from npvae.evaluation.classifier.features import classify
from npvae.evaluation.classifier.network import make_classifier
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.interpolation import path_quality, straight_lines
from npvae.evaluation.likelihood import choose_scale
from npvae.evaluation.measure import (
    PAIRS,
    SEED,
    Instruments,
    latent_metrics,
    make_instruments,
    measure,
    prior_draws,
    sample_metrics,
    sharpness,
)
from npvae.evaluation.metrics import BY_KEY
from npvae.models.inference import decode
from npvae.training.checkpoint import new_run
from npvae.training.options import Options

SHAPE, PIXELS, GREY, SIGMA = (4, 6), 24, 0.25, 0.9
N = 60  # test images: 40 of 6 white pixels (label 0), 20 of 12 (label 1)


def images_with(rng, *counts):
    """Black images (n, 24) with so many white pixels each, anywhere."""
    images = np.zeros((len(counts), PIXELS), np.uint8)
    for image, count in zip(images, counts, strict=True):
        image[rng.permutation(PIXELS)[:count]] = 255
    return images


@pytest.fixture(scope="module")
def data():
    """Of the first 60 training images, half have label 1; the others have labels 0 and 2."""
    rng = np.random.default_rng(0)
    train, test = np.array([0, 1] * 30 + [0] * 40 + [2] * 20), np.array([0, 0, 1] * 20)
    images = [images_with(rng, *(6 + 6 * labels)) for labels in (train, test)]
    return Dataset(images[0], train, images[1], test, SHAPE, "counts", is_sample=False)


def hand_made_run(kind="kl", image_shape=SHAPE):
    """A run with a latent space of 2 dimensions and 2 hidden units, all of whose weights are 0."""
    run = new_run(Options(kind, latent_dim=2, hidden_dim=2), image_shape)
    run.vae.theta[:] = 0
    return run


def counting_run(kind="kl"):
    """Encodes an image of k white pixels as N(((k - 9)/3, -0.25), 0.9² I); decodes plain grey."""
    run = hand_made_run(kind)
    w = run.vae.w
    w.W1[:, 0], w.W2[0, 0] = 1, 1 / 3
    w.b2[:] = -3, -0.25, 2 * np.log(SIGMA), 2 * np.log(SIGMA)
    w.b4[:] = np.log(GREY / (1 - GREY))
    return run


@pytest.fixture(scope="module")
def few_steps():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features_module, "STEPS", 200)
        yield


@pytest.fixture(scope="module")
def instruments(data, few_steps):
    return make_instruments(data, latent=2)


@pytest.fixture(scope="module")
def measured(data, instruments):
    return measure(encode_run(counting_run("ws"), data.test_images, 0), instruments)


def test_a_perfect_match_scores_what_theory_says():
    n, blank = 400, np.zeros((400, PIXELS), np.uint8)
    data = Dataset(blank, None, blank, None, SHAPE, "", False)
    perfect = make_instruments(data, latent=8).perfect_match
    # Of n draws, these scatter with variances 1/n, 1/2n, 6/n, 24/n, 1/n; E|N(0, 1)| = √(2/π).
    factors = {"centre": 1, "width_error": 0.5, "skewness": 6, "kurtosis": 24, "correlation": 1}
    theory = {key: (2 / np.pi * factor / n) ** 0.5 for key, factor in factors.items()}
    assert {key: perfect[key] for key in theory} == pytest.approx(theory, rel=0.5)
    assert perfect["width"] == pytest.approx(1, abs=0.05)
    # These are distances of other draws than those that models are compared with.
    other = latent_metrics(prior_draws(n, 8, 99))
    for key in ("w1_exact", "w1_sliced", "w1_dimension"):
        assert perfect[key] == pytest.approx(other[key], rel=0.3)


def test_without_labels_there_is_the_entropy_of_the_images_and_no_classifier():
    half = np.full((5, PIXELS), 0.5, np.float32)
    instruments = make_instruments(Dataset(half, None, half, None, SHAPE, "", False), latent=2)
    assert instruments.classifier is None and instruments.test_features is None
    assert instruments.entropy == pytest.approx(PIXELS * np.log(2))
    perfect = instruments.perfect_match
    assert perfect["sharpness_mu"] == 1
    assert perfect["bce_mu"] == perfect["bce_z"] == instruments.entropy
    assert "frechet" not in perfect and "precision" not in perfect


def test_sample_metrics_of_the_test_images_and_of_one_image_again_and_again(data, instruments):
    perfect = sample_metrics(instruments, data.test_images)
    assert perfect == pytest.approx({"frechet": 0, "precision": 1, "recall": 1}, abs=1e-3)
    bright = np.full((N, PIXELS), 255, np.uint8)
    found = sample_metrics(instruments, bright)
    f = instruments.test_features.astype(float)
    g = classify(instruments.classifier, bright[:1]).features[0]
    distance = np.sum((f.mean(axis=0) - g) ** 2) + f.var(axis=0, ddof=1).sum()
    assert found == pytest.approx({"frechet": distance, "precision": 0, "recall": 0}, rel=1e-4)


def test_samples_of_one_kind_are_precise_but_do_not_reach_the_other(data, instruments):
    found = sample_metrics(instruments, data.test_images[data.test_labels == 0])
    assert found["precision"] == 1
    assert found["recall"] < 0.8


def test_sharpness_is_relative_to_the_originals(data):
    run = counting_run()
    run.vae.w.b4[:] = -99
    run.vae.w.b4[0] = 99  # one white corner, which differs from two neighbours
    instruments = Instruments(data=data, entropy=0.0, perfect_match={})
    found = measure(encode_run(run, data.test_images, 0), instruments).values
    originals = sharpness(data.test_images / 255, SHAPE).mean()
    assert found["sharpness_mu"] == pytest.approx(2 / PIXELS / originals)


def test_fades_are_measured_between_the_images_as_the_classifier_sees_them(data, instruments):
    images = (data.test_images / 255).astype(np.float32)
    paths = path_quality(instruments.classifier, straight_lines(images, instruments.pairs))
    expected = {key: samples.mean() for key, samples in paths.items()}
    assert instruments.fade == pytest.approx(expected, rel=1e-5)


def test_reconstruction_numbers_of_plain_grey(measured):
    """SSE is k (1 - c)² + (24 - k) c²: 4.5 for 40 images, 7.5 for 20."""
    found = measured.values
    bce = {k: -k * np.log(GREY) - (PIXELS - k) * np.log(1 - GREY) for k in (6, 12)}
    for code in ("mu", "z"):
        known = {"": 5.5, "_median": 4.5, "_spread": 2**0.5, "_mode": 4.5}
        assert {s: found[f"sse_{code}{s}"] for s in known} == pytest.approx(known, rel=1e-5)
        assert found[f"bce_{code}"] == pytest.approx((2 * bce[6] + bce[12]) / 3, rel=1e-5)
    assert found["sharpness_mu"] == pytest.approx(0, abs=1e-6)
    # As many training images as test images: half of those have 12 white pixels.
    assert found["gap_bce_mu"] == pytest.approx((bce[6] - bce[12]) / 6, rel=1e-4)


def test_likelihood_bounds_of_a_decoder_that_ignores_the_code(data, measured):
    """log p(x) = -BCE; the ELBO lies below it by the KL divergence of N((±1, -1/4), 0.9² I)."""
    found = measured.values
    kl = 0.5 * (1 + 1 / 16) + SIGMA**2 - 1 - np.log(SIGMA**2)
    assert found["elbo"] == pytest.approx(-found["bce_mu"] - kl, abs=1e-3)
    assert found["iwae_1"] == pytest.approx(found["elbo"], abs=0.03)
    assert found["iwae_1"] < found["iwae_16"] < found["iwae_256"]
    for key in ("iwae_256", "wide_256"):
        assert found[key] == pytest.approx(-found["bce_mu"], abs=0.03)
    scale = choose_scale(counting_run().vae.w, data.train_images, SEED)
    assert found["proposal_scale"] == scale


def test_codes_of_the_encoder_that_counts(measured):
    m = measured
    known = {"active": 1, "mean_sigma": SIGMA, "knn": 100, "probe": 100, "silhouette": 1}
    assert {key: m.values[key] for key in known} == pytest.approx(known, rel=1e-4)
    assert m.per_dimension["variance of μ"] == pytest.approx([8 / 9, 0], abs=1e-4)
    assert m.per_dimension["mean posterior σ"] == pytest.approx([SIGMA] * 2)
    assert m.per_dimension["mean of z"] == pytest.approx([-1 / 3, -1 / 4], abs=0.35)


def test_paths_and_samples_where_everything_is_the_same_grey(measured, instruments):
    found = measured.values
    assert found["path"] == found["jump"] == 1
    assert found["confidence"] == pytest.approx(found["confidence_least"])
    assert instruments.fade["path"] > 1
    assert found["frechet"] == found["frechet_refit"] == found["frechet_mu"]
    grey = np.full((N, PIXELS), GREY, np.float32)
    expected = sample_metrics(instruments, grey, suffix="_of_grey")
    assert found["frechet"] == pytest.approx(expected["frechet_of_grey"], rel=1e-4)
    assert found["recall"] == found["recall_refit"] == 0


def test_refitted_draws_follow_the_codes_and_interpolations_join_them():
    """Codes lie at z₁ ≈ z₂ ≈ 10 + 4 (b - ½) for images of brightness b; z₂ is decoded to b."""
    run, rng = hand_made_run(), np.random.default_rng(4)
    w = run.vae.w
    w.W2[0, :2] = 4
    w.b2[:] = 8, 8, -9, -9
    w.W3[1, 0], w.W4[0], w.b4[:] = 1, 1, -10
    w.W1[:, 0], w.b4[0] = 1 / (PIXELS - 1), -99  # the first pixel is black
    bright = np.repeat(rng.uniform(size=(150, 1)), PIXELS, axis=1).astype(np.float32)
    bright[:, 0] = 0
    labels = (bright[:, 1] > 0.5).astype(np.int64)
    classifier = make_classifier(PIXELS, 2, np.float32, rng).w
    data = Dataset(bright, labels, bright, labels, SHAPE, "brightness", is_sample=False)
    model = encode_run(run, bright, 0)
    instruments = Instruments(
        data=data,
        entropy=0.0,
        perfect_match={},
        classifier=classifier,
        test_features=classify(classifier, bright).features,
        pairs=np.arange(20).reshape(10, 2),
    )
    measured = measure(model, instruments)
    found = measured.values
    assert decode(w, model.mu) == pytest.approx(bright, abs=0.13)
    assert found["frechet"] > 50 * found["frechet_refit"] > 50 * found["frechet_mu"]
    assert found["recall"] < 0.1 and found["recall_refit"] > 0.9
    # Interpolations lead from one μ to the other.
    path = decode(w, straight_lines(model.mu, instruments.pairs))
    for key, samples in path_quality(classifier, path).items():
        np.testing.assert_allclose(measured.per_image[key], samples, rtol=1e-6)


def test_every_metric_is_measured_as_far_as_the_data_allows(measured, data):
    elsewhere = {"trustworthiness"}  # of the t-SNE picture
    assert set(measured.values) == BY_KEY.keys() - elsewhere
    # Without labels there is nothing that needs a classifier, and a KL run has no critic.
    unlabelled = replace(data, train_labels=None, test_labels=None)
    model = encode_run(counting_run("kl"), data.test_images, 0)
    found = measure(model, make_instruments(unlabelled, latent=2)).values
    sections = "reconstruction", "likelihood", "latent"
    allowed = {key for key, metric in BY_KEY.items() if metric.section in sections}
    assert set(found) == {key for key in allowed if not key.startswith("critic_")}
    assert all(measured.values[key] == value for key, value in found.items())


def test_means_over_images_are_means_over_images(measured):
    for key, samples in measured.per_image.items():
        assert measured.values[key] == pytest.approx(samples.mean())
    assert len(measured.per_image["sse_mu"]) == N


def test_paths_lead_between_images_that_differ(data, few_steps):
    twins = replace(data, test_images=np.repeat(data.test_images[:4], 15, axis=0))
    instruments = make_instruments(twins, latent=2)
    assert len(instruments.pairs) == pytest.approx(0.75 * PAIRS, rel=0.1)
    assert np.isfinite(list(instruments.fade.values())).all()
