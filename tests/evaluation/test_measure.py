"""Measuring models whose every number is known, because their weights are set by hand."""

from dataclasses import replace

import numpy as np
import pytest

from npvae.data.dataset import Dataset
from npvae.evaluation import measure as measure_module
from npvae.evaluation.classifier import features as features_module
from npvae.evaluation.classifier.features import classify
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.instruments import some_rows
from npvae.evaluation.interpolation import measure_paths, straight_lines
from npvae.evaluation.latent import measure_codes
from npvae.evaluation.measure import PAIRS, make_instruments, measure, prior_draws
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.reconstruction import BLURS
from npvae.evaluation.results import measure_point
from npvae.training.options import Options
from npvae.training.run import new_run

SHAPE, PIXELS, GREY, SIGMA = (4, 6), 24, 0.25, 0.9
N = 60  # test images: 40 of 6 white pixels (label 0), 20 of 12 (label 1)
PICTURE = {"tsne_knn", "tsne_silhouette"}  # measured elsewhere
PATHS = ("path", "jump", "jumpy", "off_data", "confidence")


def images_with(rng, *counts):
    """Black images (n, 24) with so many white pixels each, anywhere."""
    images = np.zeros((len(counts), PIXELS), np.uint8)
    for image, count in zip(images, counts, strict=True):
        image[rng.permutation(PIXELS)[:count]] = 255
    return images


@pytest.fixture(scope="module")
def data():
    """Of 120 training images, 30 have label 1; the others have labels 0 and 2."""
    rng = np.random.default_rng(0)
    train, test = np.array([0, 1] * 30 + [0] * 40 + [2] * 20), np.array([0, 0, 1] * 20)
    images = [images_with(rng, *(6 + 6 * labels)) for labels in (train, test)]
    return Dataset(images[0], train, images[1], test, SHAPE, "counts", is_sample=False)


def counting_run(kind="kl"):
    """Encodes an image of k white pixels as N(((k - 9)/3, -0.25), 0.9² I); decodes plain grey."""
    run = new_run(Options(kind, latent_dim=2, hidden_dim=2), SHAPE)
    run.vae.theta[:] = 0
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


def test_a_perfect_match_of_codes_scores_what_theory_says():
    n, blank = 400, np.zeros((400, PIXELS), np.uint8)
    data = Dataset(blank, None, blank, None, SHAPE, "", False)
    perfect = make_instruments(data, latent=8).perfect_match
    # Of n draws, a mean scatters with the variance 1/n; E|N(0, 1)| = √(2/π).
    assert perfect["centre"] == pytest.approx((2 / np.pi / n) ** 0.5, rel=0.5)
    assert perfect["width"] == pytest.approx(1, abs=0.05)
    # Distances are those of other draws than those that models are compared with.
    other = Measurement()
    measure_codes(other, prior_draws(n, 8, 99))
    for key in ("w1_sliced", "w1_high"):
        assert perfect[key] == pytest.approx(other.values[key], rel=0.3) != 0


def test_a_perfect_match_of_samples_is_that_of_training_images(data, instruments):
    """Two draws of one distribution, but for label 2, which a sixth of the training images has."""
    perfect = instruments.perfect_match
    keys = "frechet", "frechet_gauss", "frechet_mix", "frechet_codes"
    assert len({perfect[key] for key in keys}) == 1
    without = replace(data, train_images=data.test_images, train_labels=data.test_labels)
    same = make_instruments(without, latent=2).perfect_match
    assert same["frechet"] == pytest.approx(0, abs=1e-3)
    assert perfect["frechet"] > 100 * same["frechet"]


def test_without_labels_there_is_the_entropy_of_the_images_and_no_classifier():
    half = np.full((11, PIXELS), 0.5, np.float32)
    instruments = make_instruments(Dataset(half, None, half, None, SHAPE, "", False), latent=2)
    assert instruments.classifier is None and instruments.test_features is None
    perfect = instruments.perfect_match
    assert perfect["bce_mu"] == perfect["bce_z"] == pytest.approx(PIXELS * np.log(2))
    assert "frechet" not in perfect and not instruments.baselines


def test_fades_are_measured_between_the_images_as_the_classifier_sees_them(data, instruments):
    images = (data.test_images / 255).astype(np.float32)
    paths = measure_paths(instruments, straight_lines(images, instruments.pairs))
    expected = {key: samples.mean() for key, samples in paths.items()}
    assert instruments.baselines["fade"] == pytest.approx(expected, rel=1e-5)
    assert expected.keys() == set(PATHS) and expected["path"] > 1


def test_the_classifier_is_judged_on_the_test_images(data, instruments):
    found = classify(instruments.classifier, data.test_images).probabilities.argmax(axis=1)
    expected = 100 * np.mean(found == data.test_labels)
    assert instruments.baselines["classifier"] == {"accuracy": pytest.approx(expected)}


def test_the_usual_distance_is_that_of_test_images_that_were_not_trained_on(data, few_steps):
    found = make_instruments(data, latent=2)
    f, g = (classify(found.classifier, x).features for x in (data.test_images, data.train_images))
    away = np.linalg.norm(f[:, None].astype(float) - g[None], axis=2).min(axis=1)
    assert found.usual_distance == pytest.approx(away.mean(), rel=1e-5)
    known = replace(data, test_images=np.vstack([data.test_images[:30], data.train_images[:30]]))
    found = make_instruments(known, latent=2)
    assert found.usual_distance == pytest.approx(away[:30].mean(), rel=1e-5)
    all_known = replace(data, test_images=data.train_images[:N])
    assert make_instruments(all_known, latent=2).usual_distance is None


def test_reconstruction_numbers_of_plain_grey(data, measured):
    """SSE is k (1 - c)² + (24 - k) c²: 4.5 for 40 images, 7.5 for 20."""
    found = measured.values
    bce = {k: -k * np.log(GREY) - (PIXELS - k) * np.log(1 - GREY) for k in (6, 12, 18)}
    for code in ("mu", "z"):
        known = {"": 5.5, "_spread": 2**0.5, "_mode": 4.5}
        assert {s: found[f"sse_{code}{s}"] for s in known} == pytest.approx(known, rel=1e-5)
        assert found[f"bce_{code}"] == pytest.approx((2 * bce[6] + bce[12]) / 3, rel=1e-5)
    assert found["blur"] == BLURS[-1]
    # As many training images as test images: a random choice, and not the first.
    chosen = 6 + 6 * data.train_labels[some_rows(120, N)]
    train = np.mean([bce[k] for k in chosen])
    assert found["gap_bce_mu"] == pytest.approx(found["bce_mu"] - train, rel=1e-4)


def test_likelihood_bounds_of_a_decoder_that_ignores_the_code(measured):
    """Whatever the prior, log p(x) = -BCE."""
    for key in ("bound_prior", "bound_gauss", "bound_mix"):
        assert measured.values[key] == pytest.approx(-measured.values["bce_mu"], abs=0.05)


def test_codes_of_the_encoder_that_counts(measured):
    known = {"mean_sigma": SIGMA, "knn": 100, "probe": 100, "silhouette": 1}
    assert {key: measured.values[key] for key in known} == pytest.approx(known, rel=1e-4)


def test_paths_and_samples_where_everything_is_the_same_grey(measured, instruments):
    found = measured.values
    for name in ("", "fade_"):
        assert (found[f"{name}path"], found[f"{name}jump"], found[f"{name}jumpy"]) == (1, 1, 0)
        for key in ("confidence", "off_data"):
            assert found[f"{name}{key}"] == pytest.approx(found[key])
    grey = classify(instruments.classifier, np.full((1, PIXELS), GREY, np.float32)).features[0]
    f = instruments.test_features.astype(float)
    expected = np.sum((f.mean(axis=0) - grey) ** 2) + f.var(axis=0, ddof=1).sum()
    for key in ("frechet", "frechet_gauss", "frechet_mix", "frechet_codes"):
        assert found[key] == pytest.approx(expected, rel=1e-4)
    g = instruments.train_features.astype(float)
    away = np.linalg.norm(g - grey, axis=1).min() / instruments.usual_distance
    assert found["off_data"] == pytest.approx(away, rel=1e-4)


def test_densities_are_fitted_to_the_codes_of_training_images(data, instruments, monkeypatch):
    """A code's first number is (k - 9)/3: on average 1/6 for these, -1/3 for the test images."""
    kept = []
    monkeypatch.setattr(measure_module, "measure_likelihood", lambda *given: kept.append(given[-1]))
    measure(encode_run(counting_run(), data.test_images, 0), instruments)
    assert kept[0].gauss.means_[0] == pytest.approx([1 / 6, -0.25], abs=0.25)


def test_every_metric_is_measured_as_far_as_the_data_allows(measured, data):
    fades = {f"fade_{key}" for key in PATHS}
    assert set(measured.values) == BY_KEY.keys() - PICTURE | fades
    # Without labels there is nothing that needs a classifier, and a KL run has no critic.
    unlabelled = replace(data, train_labels=None, test_labels=None)
    model = encode_run(counting_run("kl"), data.test_images, 0)
    found = measure(model, make_instruments(unlabelled, latent=2)).values
    sections = "reconstruction", "likelihood", "latent"
    allowed = {key for key, metric in BY_KEY.items() if metric.section in sections}
    assert set(found) == {key for key in allowed if not key.startswith("critic_")}
    assert all(measured.values[key] == value for key, value in found.items())


def test_a_model_of_the_sweep_is_measured_as_any_other_and_chosen_by_held_out_images(
    measured, data, instruments
):
    model = encode_run(counting_run("ws"), data.test_images, 0)
    found, held_out = measure_point(model, instruments, data.test_images)
    assert found.values.keys() == {"sse_mu", "sse_z", "w1_sliced", "frechet"}
    assert found.values == {key: measured.values[key] for key in found.values}
    assert held_out == found.values["frechet"]
    other, held_out = measure_point(model, instruments, data.train_images)
    features = classify(instruments.classifier, data.train_images).features.astype(float)
    grey = classify(instruments.classifier, np.full((1, PIXELS), GREY, np.float32)).features
    expected = np.sum((features.mean(axis=0) - grey) ** 2) + features.var(axis=0, ddof=1).sum()
    assert held_out == pytest.approx(expected, rel=1e-4)
    assert other.values == found.values
    found, held_out = measure_point(model, replace(instruments, classifier=None), data.test_images)
    assert "frechet" not in found.values and np.isnan(held_out)


def test_every_number_has_a_bootstrap(measured):
    # But for one, an assignment that takes seconds.
    assert measured.values.keys() - {"w1_high"} == measured.replicates.keys()
    for key, replicates in measured.replicates.items():
        value = measured.values[key]
        assert np.abs(replicates.mean() - value) < 0.2 + 0.2 * abs(value), key


@pytest.mark.filterwarnings("error")
def test_eleven_images_and_one_dimension_are_enough():
    rng = np.random.default_rng(1)
    images, labels = rng.integers(256, size=(22, 9), dtype=np.uint8), np.arange(22) % 3
    data = Dataset(images[:11], labels[:11], images[11:], labels[11:], (3, 3), "few", False)
    run = new_run(Options("ws", latent_dim=1, hidden_dim=4), (3, 3))
    found = measure(encode_run(run, data.test_images, 0), make_instruments(data, latent=1))
    assert BY_KEY.keys() - PICTURE <= found.values.keys()
    for key, value in found.values.items():
        assert np.isfinite(value) and np.isfinite(found.replicates.get(key, 0)).all(), key


def test_paths_lead_between_images_that_differ(data, few_steps):
    twins = replace(data, test_images=np.repeat(data.test_images[:4], 15, axis=0))
    instruments = make_instruments(twins, latent=2)
    assert len(instruments.pairs) == pytest.approx(0.75 * PAIRS, rel=0.1)
    assert np.isfinite(list(instruments.baselines["fade"].values())).all()
