"""Samples of decoders whose images are known, judged in features that are the pixels themselves."""

import numpy as np
import pytest

from npvae.data.dataset import Dataset
from npvae.evaluation import samples as samples_module
from npvae.evaluation.classifier.network import make_classifier
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.samplers import fit
from npvae.evaluation.samples import add_frechet, add_precision_recall, measure_samples
from npvae.training.checkpoint import new_run
from npvae.training.options import Options

N = 1500


def frechet(real, made):
    found = Measurement()
    add_frechet(found, "frechet", real, made)
    return found.values["frechet"], found.replicates["frechet"]


def test_frechet_distance_of_shifted_features_is_the_square_of_the_shift():
    real = np.random.default_rng(0).standard_normal((N, 3))
    value, replicates = frechet(real, real + np.array([3, 0, 4]))
    assert value == pytest.approx(25)
    # One index draws both sides, so that here each sample is shifted by as much.
    np.testing.assert_allclose(replicates, 25)


def test_the_bootstrap_contains_the_chance_of_both_sides():
    """Two draws of N, shifted by s: (m₁ − m₂)² has the standard error 2 s √(2/n) for a large s."""
    real, made = np.random.default_rng(2).standard_normal((2, N, 2))
    _, replicates = frechet(real, made + np.array([20, 0]))
    # With the chance of one side alone it would be 0.7 of that.
    assert replicates.std() == pytest.approx(2 * 20 * (2 / N) ** 0.5, rel=0.2)


def test_fewer_samples_are_compared_with_as_many_images():
    value, replicates = frechet(np.zeros((10, 2)), np.full((4, 2), [3.0, 4.0]))
    assert value == pytest.approx(25)
    np.testing.assert_allclose(replicates, 25)


def test_precision_and_recall_of_samples_of_one_kind_of_two():
    """Half of the samples lie in one of two heaps of images, the others nowhere."""
    rng = np.random.default_rng(2)
    real = rng.uniform(size=(N, 2)) + 100 * (np.arange(N) % 2)[:, None]
    made = rng.uniform(0.1, 0.9, size=(N, 2)) + 1e4 * (rng.uniform(size=N) < 0.5)[:, None]
    found = Measurement()
    add_precision_recall(found, real, made)
    assert found.values["precision"] == pytest.approx(0.5, abs=0.04)
    assert found.values["recall"] == pytest.approx(0.5 * 0.8**2, abs=0.1)  # of a heap, the inner
    for key in ("precision", "recall"):
        share = found.values[key]
        error = (share * (1 - share) / N) ** 0.5
        assert found.replicates[key].std() == pytest.approx(error, rel=0.25)


def test_precision_and_recall_look_at_a_random_part_and_not_at_the_first_images(monkeypatch):
    """The first 300 samples lie among the images, no other does."""
    rng = np.random.default_rng(3)
    real, made = rng.uniform(size=(N, 2)), rng.uniform(size=(N, 2))
    made[300:] += 1e4
    monkeypatch.setattr(samples_module, "MANIFOLD_SIZE", 300)
    found = Measurement()
    add_precision_recall(found, real, made)
    assert found.values["precision"] == pytest.approx(300 / N, abs=0.07)


@pytest.fixture(scope="module")
def brightness():
    """Two pixels that agree, bright or dark with a gap between, encoded as z = 8 (brightness).

    The decoder's pixels are sigmoid(4 z - 16). One in ten of the test images is nearly black.
    """
    run = new_run(Options("kl", latent_dim=1, hidden_dim=2), (1, 2))
    run.vae.theta[:] = 0
    w = run.vae.w
    w.W1[:, 0], w.W2[0, 0], w.b2[1] = 0.5, 8, -20
    w.W3[0, 0], w.W4[0], w.b4[:] = 1, 4, -16
    rng = np.random.default_rng(4)

    def images(dark):
        is_dark = rng.uniform(size=N) < dark
        value = np.where(is_dark, rng.uniform(0.40, 0.44, N), rng.uniform(0.56, 0.6, N))
        return np.repeat(value[:, None], 2, axis=1).astype(np.float32)

    classifier = make_classifier(2, 2, np.float32, None, hidden=(2, 2)).w
    classifier.W1[:] = classifier.W2[:] = np.eye(2)
    train, test = images(0.5), images(0.5)
    test[::10] = rng.uniform(0, 3e-3, (N // 10, 1))
    data = Dataset(train, None, test, None, (1, 2), "brightness", False)
    instruments = Instruments(
        data=data, entropy=0, perfect_match={}, classifier=classifier, test_features=test
    )
    return run, instruments


def test_each_source_of_codes_gives_the_samples_that_it_must(brightness):
    run, instruments = brightness
    data = instruments.data
    model, found = encode_run(run, data.test_images, 0), Measurement()
    measure_samples(found, model, instruments, fit(model, data.train_images))
    z = 8 * data.train_images[:, :1]
    decoded = 1 / (1 + np.exp(16 - 4 * z))

    def distance(made):  # between Gaussians of two equal columns: twice that of one
        test = data.test_images[:, :1]
        return 2 * ((test.mean() - made.mean()) ** 2 + (test.std() - made.std()) ** 2)

    # The codes themselves: what remains is that the decoder is steeper than the encoder.
    assert found.values["frechet_codes"] == pytest.approx(distance(decoded), rel=0.05)
    # Ten Gaussians know of the two heaps; a single one fills the gap between them.
    assert found.values["frechet_mix"] == pytest.approx(distance(decoded), rel=0.05)
    rng = np.random.default_rng(5)
    gauss = rng.normal(z.mean(), z.std(), 100_000)
    expected = distance(1 / (1 + np.exp(16 - 4 * gauss)))
    assert found.values["frechet_gauss"] == pytest.approx(expected, rel=0.1)
    # Draws of N(0, I) are decoded to black, as some test images are: codes lie at 3.2 and above.
    prior = 1 / (1 + np.exp(16 - 4 * np.maximum(rng.standard_normal(100_000), 0)))
    assert found.values["frechet"] == pytest.approx(distance(prior), rel=0.05)
    assert found.values["precision"] > 0.9 and found.values["recall"] < 0.1
    for key in ("frechet", "frechet_gauss", "frechet_mix", "frechet_codes", "precision"):
        assert np.isfinite(found.replicates[key]).all()
