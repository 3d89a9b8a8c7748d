"""Measuring models whose every number is known, because their weights are set by hand."""

from dataclasses import replace

import numpy as np
import pytest

from npvae.data.dataset import Dataset
from npvae.evaluation import measure as measure_module
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.images import BLURS
from npvae.evaluation.instruments import some_rows
from npvae.evaluation.measure import PAIRS, make_instruments, measure, prior_draws, w1_assigned
from npvae.evaluation.metrics import BY_KEY, METRICS
from npvae.training.options import Options
from npvae.training.run import new_run

SHAPE, PIXELS, GREY, SIGMA = (4, 6), 24, 0.25, 0.9
N = 60  # test images: 40 of 6 white pixels (label 0), 20 of 12 (label 1)


@pytest.fixture(scope="module")
def data():
    """Of 120 training images, 30 have label 1; the others have labels 0 and 2."""
    rng = np.random.default_rng(0)
    labels = np.array([0, 1] * 30 + [0] * 40 + [2] * 20 + [0, 0, 1] * 20)
    white = 255 * (np.arange(PIXELS) < 6 + 6 * labels[:, None]).astype(np.uint8)
    x = rng.permuted(white, axis=1)
    return Dataset(x[:120], labels[:120], x[120:], labels[120:], SHAPE, "counts", is_sample=False)


def counting_run(kind="kl"):
    """Encodes an image of k white pixels as N(((k - 9)/3, -0.25), 0.9² I); decodes plain grey."""
    run = new_run(Options(kind, latent_dim=2, hidden_dim=2), SHAPE)
    run.vae.theta[:] = 0
    w = run.vae.w
    w.W1[:, 0], w.W2[0, 0] = 1, 1 / 3
    w.b2[:] = -3, -0.25, 2 * np.log(SIGMA), 2 * np.log(SIGMA)
    w.b4[:] = np.log(GREY / (1 - GREY))
    last = {"train_w1": 2.5, "critic_grad_norm": 1.25, "train_gp": 0.125, "seconds": 4}
    run.history = [dict.fromkeys(last, 9) | {"seconds": 3}, last]
    return run


@pytest.fixture(scope="module")
def instruments(data):
    return make_instruments(data, latent=2)


@pytest.fixture(scope="module")
def measured(data, instruments):
    return measure(encode_run(counting_run("ws"), data.test_images, 0), instruments)


@pytest.fixture(scope="module", autouse=True)
def few_draws():
    """The prior's own shape takes seconds to fit, and only one test looks at it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure_module, "FIT_SIZE", 1_000)
        yield


def test_a_perfect_match_without_labels_scores_what_theory_says(monkeypatch):
    monkeypatch.setattr(measure_module, "FIT_SIZE", 4_000)
    n, half = 400, np.full((400, PIXELS), 0.5, np.float32)
    half[::4] = 1
    instruments = make_instruments(Dataset(half, None, half, None, SHAPE, "", False), latent=3)
    assert instruments.classifier is None and instruments.test_features is None
    (perfect,) = instruments.baselines.values()
    assert perfect["bce_mu"] == pytest.approx(0.75 * PIXELS * np.log(2))
    assert perfect["pca_mix"] == pytest.approx(0, abs=1e-6)
    assert "frechet" not in perfect
    assert perfect["width"] == pytest.approx(1, abs=0.05)
    # The draws' own mean (L numbers) and covariance (L (L + 1) / 2): 1 / (2 n) for each.
    assert perfect["scale"] == pytest.approx((3 + 3 * 4 / 2) / (2 * n), rel=0.9)
    assert perfect["shape"] == pytest.approx(0, abs=0.15)
    assert 0 < perfect["w1_sliced"] < 0.2 < perfect["w1_assigned"]  # the floor of two samples
    # The draws are others than those that models are compared with.
    draws = [prior_draws(n, 3, draw) for draw in range(4)]
    assert w1_assigned(draws[3]) == perfect["w1_assigned"] != w1_assigned(draws[0])


def test_a_perfect_match_of_samples_is_that_of_training_images(data, instruments):
    """Two draws of one distribution, but for label 2, which a sixth of the training images has."""
    perfect = instruments.baselines["perfect match"]
    keys = "frechet", "frechet_gauss", "frechet_mix", "frechet_codes"
    assert len({perfect[key] for key in keys}) == 1
    assert perfect["bce_mu"] == 0  # black and white pixels have no entropy
    without = replace(data, train_images=data.test_images, train_labels=data.test_labels)
    same = make_instruments(without, latent=2).baselines["perfect match"]
    assert same["frechet"] == pytest.approx(0, abs=1e-3)
    assert perfect["frechet"] > 100 * same["frechet"]
    assert perfect["pca_mix"] > 100 * abs(same["pca_mix"])
    found = instruments.classifier.predict((data.test_images / 255).astype(np.float32))
    accuracy = 100 * np.mean(found == data.test_labels)
    assert instruments.baselines["classifier"] == {"accuracy": pytest.approx(accuracy)}


def test_reconstruction_and_sample_numbers_of_plain_grey(data, measured):
    """SSE is k (1 - c)² + (24 - k) c²: 4.5 for 40 images, 7.5 for 20."""
    found = measured.values
    bce = {k: -k * np.log(GREY) - (PIXELS - k) * np.log(1 - GREY) for k in (6, 12, 18)}
    known = {"sse_mu": 5.5, "sse_z": 5.5, "sse_z_mode": 4.5}
    assert {key: found[key] for key in known} == pytest.approx(known, rel=1e-5)
    assert found["bce_mu"] == pytest.approx((2 * bce[6] + bce[12]) / 3, rel=1e-5)
    assert found["blur"] == BLURS[-1]
    real = data.test_images / 255  # all components are measured: as in the pixels
    expected = np.sum((real.mean(axis=0) - GREY) ** 2) + real.var(axis=0, ddof=1).sum()
    assert found["pca_mix"] == pytest.approx(expected, rel=1e-3)
    # As many training images as test images: a random choice, and not the first.
    chosen = 6 + 6 * data.train_labels[some_rows(120, N)]
    train = np.mean([bce[k] for k in chosen])
    assert found["gap_bce_mu"] == pytest.approx(found["bce_mu"] - train, rel=1e-4)


def test_codes_of_the_encoder_that_counts(measured):
    """A code's first number is -1 or 1, of variance 8/9, besides sigma; the other is noise."""
    found = measured.values
    # The critic's numbers are those of the last epoch, the seconds those of both.
    known = {"mean_sigma": SIGMA, "knn": 100, "seconds": 3 + 4}
    known |= {"critic_w1": 2.5, "critic_slope": 1.25, "critic_penalty": 0.125}
    assert {key: found[key] for key in known} == pytest.approx(known, rel=1e-4)
    assert found["width"] == pytest.approx((SIGMA**2 + 4 / 9) ** 0.5, rel=0.2)
    average = (1 + 0.0625) / 2 + SIGMA**2 - 1 - 2 * np.log(SIGMA)
    assert found["average_kl"] == pytest.approx(average, rel=1e-4)
    parts = found["information"] + found["scale"] + found["shape"]
    assert parts == pytest.approx(found["average_kl"])


def test_every_metric_is_measured_with_its_bootstrap_as_far_as_the_data_allows(measured, data):
    assert set(measured.values) == BY_KEY.keys() - {"tsne_silhouette"}  # that of the map
    # With one class there is nothing that needs a classifier, and a KL run has no critic.
    one_class = replace(data, train_labels=0 * data.train_labels)
    model = encode_run(counting_run("kl"), data.test_images, 0)
    found = measure(model, make_instruments(one_class, latent=2)).values
    sections = "reconstruction", "likelihood", "codes", "training"
    allowed = {metric.key for metric in METRICS if metric.section in sections}
    assert set(found) == allowed | {"pca_mix", "shape_shortfall"}
    assert all(measured.values[key] == value for key, value in found.items())
    # Every number has a bootstrap, but for these.
    without = {"seconds", "shape_shortfall", "w1_assigned"}
    without |= {"critic_w1", "critic_slope", "critic_penalty"}
    assert measured.values.keys() - without == measured.replicates.keys()
    for key, replicates in measured.replicates.items():
        value = measured.values[key]
        assert np.abs(replicates.mean() - value) < 0.2 + 0.2 * abs(value), key


@pytest.mark.filterwarnings("error")
def test_eleven_images_and_one_dimension_are_enough():
    rng = np.random.default_rng(1)
    images, labels = rng.integers(256, size=(22, 9), dtype=np.uint8), np.arange(22) % 3
    data = Dataset(images[:11], labels[:11], images[11:], labels[11:], (3, 3), "few", False)
    run = new_run(Options("ws", latent_dim=1, hidden_dim=4), (3, 3))
    run.history = counting_run().history
    found = measure(encode_run(run, data.test_images, 0), make_instruments(data, latent=1))
    assert BY_KEY.keys() - {"tsne_silhouette"} == found.values.keys()
    for key, value in found.values.items():
        assert np.isfinite(value) and np.isfinite(found.replicates.get(key, 0)).all(), key


def test_paths_lead_between_images_that_differ(data):
    twins = replace(data, test_images=np.repeat(data.test_images[:4], 15, axis=0))
    instruments = make_instruments(twins, latent=2)
    assert len(instruments.pairs) == pytest.approx(0.75 * PAIRS, rel=0.1)
