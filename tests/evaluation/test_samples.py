"""Densities fitted to codes of known distribution, and samples of decoders whose images are known.

The classifier's features are the pixels themselves.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from npvae.data.dataset import Dataset
from npvae.evaluation.classifier.network import make_classifier
from npvae.evaluation.distances import frechet_distance
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.samples import (
    COMPONENTS,
    draw,
    fit,
    measure_samples,
    principal_components,
    project,
    training_codes,
)
from npvae.training.options import Options
from npvae.training.run import new_run

N = 1500
CENTRES = np.array([[-3.0, 0.0], [3.0, 1.0]])
WIDTHS = np.array([0.5, 1.0])
WEIGHTS = np.array([0.3, 0.7])


@pytest.fixture(scope="module")
def codes():
    """Draws of a mixture of two round Gaussians."""
    rng = np.random.default_rng(0)
    which = (rng.uniform(size=20_000) > WEIGHTS[0]).astype(int)
    return CENTRES[which] + WIDTHS[which, None] * rng.standard_normal((20_000, 2))


@pytest.fixture(scope="module")
def samplers(codes):
    return fit(codes.astype(np.float32))


def log_truth(z):
    densities = (
        weight * multivariate_normal(centre, width**2).pdf(z)
        for weight, centre, width in zip(WEIGHTS, CENTRES, WIDTHS, strict=True)
    )
    return np.log(sum(densities))


def test_the_mixture_has_the_density_that_the_codes_have(codes, samplers):
    assert samplers.mix.n_components == COMPONENTS
    error = samplers.mix.score_samples(codes[:2000]) - log_truth(codes[:2000])
    assert np.sqrt(np.mean(error**2)) < 0.1
    # One Gaussian cannot have it: it puts most between the two.
    error = samplers.gauss.score_samples(codes[:2000]) - log_truth(codes[:2000])
    assert np.sqrt(np.mean(error**2)) > 0.5


def test_one_gaussian_has_the_mean_and_the_covariance_of_the_codes(codes, samplers):
    expected = multivariate_normal(codes.mean(axis=0), np.cov(codes, rowvar=False, ddof=0))
    points = codes[:100]
    np.testing.assert_allclose(
        samplers.gauss.score_samples(points), expected.logpdf(points), atol=1e-4
    )


@pytest.mark.parametrize("name", ["gauss", "mix"])
def test_draws_have_mean_and_covariance_of_the_codes_in_random_order(codes, samplers, name):
    density = getattr(samplers, name)
    z = draw(density, 10_000)
    assert z.shape == (10_000, 2)
    # Standard errors are below 0.03 for the means and below 0.1 for the covariances.
    for part in (z, z[:3000]):
        np.testing.assert_allclose(part.mean(axis=0), codes.mean(axis=0), atol=0.15)
        covariance = np.cov(codes, rowvar=False)
        np.testing.assert_allclose(np.cov(part, rowvar=False), covariance, atol=0.4)
    np.testing.assert_array_equal(draw(density, 10_000), z)


def test_draws_of_the_mixture_lie_where_the_codes_lie(samplers):
    between = np.abs(draw(samplers.mix, 4000)[:, 0]) < 0.5
    assert between.mean() < 0.02
    assert (np.abs(draw(samplers.gauss, 4000)[:, 0]) < 0.5).mean() > 0.08


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("latent", [1, 3])
def test_codes_that_are_few_or_degenerate_are_fitted_nevertheless(latent):
    rng = np.random.default_rng(1)
    flat = rng.standard_normal((200, latent))
    flat[:, 0] = 2.0  # a dimension that never varies
    few = np.repeat(rng.standard_normal((4, latent)), 3, axis=0)  # four different codes
    for z in (flat, few, np.full((11, latent), 0.7)):
        for density in (found := fit(z)):
            drawn = draw(density, 50)
            assert np.isfinite(drawn).all() and np.isfinite(density.score_samples(drawn)).all()
            assert np.abs(drawn.mean(axis=0) - z.mean(axis=0)).max() < 1
        assert found.mix.n_components <= len(np.unique(z, axis=0))


def test_densities_are_fitted_to_draws_from_the_posteriors_of_training_images():
    """Images of brightness b are encoded as N(10 b, 0.5²)."""
    run = new_run(Options("kl", latent_dim=1, hidden_dim=1), (2, 2))
    run.vae.theta[:] = 0
    w = run.vae.w
    w.W1[:, 0], w.W2[0, 0], w.b2[1] = 0.25, 10, 2 * np.log(0.5)
    rng = np.random.default_rng(2)
    train = np.repeat(rng.uniform(0.6, 0.8, (3000, 1)), 4, axis=1).astype(np.float32)
    samplers = fit(training_codes(run.vae.w, train)[1])
    assert samplers.gauss.means_ == pytest.approx(7, abs=0.1)
    variance = 4 / 12 + 0.25  # of μ, uniform over a width of 2, and of the noise
    assert samplers.gauss.covariances_ == pytest.approx(variance, rel=0.1)


def frechet(real, made):
    found = Measurement()
    found.add("frechet", frechet_distance, real, made)
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
    return run, Instruments(
        data, {}, classifier=classifier, test_features=test, components=2 * np.eye(2)
    )


def test_each_source_of_codes_gives_the_samples_that_it_must(brightness):
    run, instruments = brightness
    data = instruments.data
    model, found = encode_run(run, data.test_images, 0), Measurement()
    _, codes = training_codes(model.w, data.train_images)
    measure_samples(found, model, instruments, fit(codes), codes)
    z = 8 * data.train_images[:, :1]
    decoded = 1 / (1 + np.exp(16 - 4 * z))

    def distance(made):  # between Gaussians of two equal columns: twice that of one
        test = data.test_images[:, :1]
        return 2 * ((test.mean() - made.mean()) ** 2 + (test.std() - made.std()) ** 2)

    # The codes themselves: what remains is that the decoder is steeper than the encoder.
    assert found.values["frechet_codes"] == pytest.approx(distance(decoded), rel=2e-3)
    # Ten Gaussians know of the two heaps; a single one fills the gap between them.
    assert found.values["frechet_mix"] == pytest.approx(distance(decoded), rel=0.05)
    rng = np.random.default_rng(5)
    gauss = rng.normal(z.mean(), z.std(), 100_000)
    expected = distance(1 / (1 + np.exp(16 - 4 * gauss)))
    assert found.values["frechet_gauss"] == pytest.approx(expected, rel=0.1)
    # Draws of N(0, I) are decoded to black, as some test images are: codes lie at 3.2 and above.
    prior = 1 / (1 + np.exp(16 - 4 * np.maximum(rng.standard_normal(100_000), 0)))
    assert found.values["frechet"] == pytest.approx(distance(prior), rel=0.05)
    # The components are twice the pixels, so that the distance is four times that in these.
    assert found.values["pca_mix"] == pytest.approx(4 * found.values["frechet_mix"], rel=1e-4)
    assert found.values.keys() == found.replicates.keys()
    without = Measurement()
    measure_samples(without, model, replace(instruments, classifier=None), fit(codes), codes)
    assert without.values == {"pca_mix": found.values["pca_mix"]}


def test_fewer_training_codes_are_compared_with_as_many_images_at_random(brightness):
    run, instruments = brightness
    test, train = instruments.test_features, instruments.data.train_images[: N // 2]
    found, few = {}, replace(instruments.data, train_images=train)
    model = encode_run(run, test, 0)
    for key, features in (("mixed", test), ("sorted", test[test[:, 0].argsort()])):
        given, own = replace(instruments, data=few, test_features=features), Measurement()
        _, codes = training_codes(model.w, train)
        measure_samples(own, model, given, fit(codes), codes)
        found[key] = own.values["frechet_codes"]
    assert found["sorted"] == pytest.approx(found["mixed"], rel=0.1)


def test_principal_components_are_those_that_vary_most():
    """Two patterns of 80 pixels, one three times as strong as the other, and faint noise."""
    rng = np.random.default_rng(6)
    patterns = np.linalg.qr(rng.standard_normal((80, 2)))[0].T
    x = rng.standard_normal((500, 2)) * [0.9, 0.3] @ patterns + 0.5
    x = (x + 0.001 * rng.standard_normal(x.shape)).astype(np.float32)
    found = principal_components(x)
    assert found.shape == (80, 64)
    np.testing.assert_allclose(np.abs(np.sum(found[:, :2].T * patterns, axis=1)), 1, atol=0.02)
    np.testing.assert_allclose(found.T @ found, np.eye(64), atol=1e-9)
    spread = project(x, found).std(axis=0)
    assert spread[:2] == pytest.approx([0.9, 0.3], rel=0.1) and spread[2] < 0.002
    images = rng.integers(256, size=(30, 3)).astype(np.uint8)  # few pixels: as many components
    own = principal_components(images)
    np.testing.assert_allclose(project(images, own), images / 255 @ own, atol=1e-5)
