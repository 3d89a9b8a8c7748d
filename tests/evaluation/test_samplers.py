"""Densities fitted to codes whose distribution is known, and codes of which there are few."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from npvae.evaluation.encoded import encode_run
from npvae.evaluation.samplers import COMPONENTS, draw, fit, fit_codes, gaussian_of
from npvae.training.checkpoint import new_run
from npvae.training.options import Options

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
    return fit_codes(codes.astype(np.float32))


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
    assert (z.shape, z.dtype) == ((10_000, 2), np.float32)
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
        for density in (found := fit_codes(z)):
            drawn = draw(density, 50)
            assert np.isfinite(drawn).all() and np.isfinite(density.score_samples(drawn)).all()
            assert np.abs(drawn.mean(axis=0) - z.mean(axis=0)).max() < 1
        assert found.mix.n_components <= len(np.unique(z, axis=0))


def test_densities_are_fitted_to_draws_from_the_posteriors_of_training_images():
    """Images of brightness b are encoded as N(10 b, 0.5²); test images are darker."""
    run = new_run(Options("kl", latent_dim=1, hidden_dim=1), (2, 2))
    run.vae.theta[:] = 0
    w = run.vae.w
    w.W1[:, 0], w.W2[0, 0], w.b2[1] = 0.25, 10, 2 * np.log(0.5)
    rng = np.random.default_rng(2)
    train, test = (
        np.repeat(rng.uniform(low, low + 0.2, (3000, 1)), 4, axis=1).astype(np.float32)
        for low in (0.6, 0.1)
    )
    samplers = fit(encode_run(run, test, 0), train)
    assert samplers.gauss.means_ == pytest.approx(7, abs=0.1)  # 2 for the test images
    variance = 4 / 12 + 0.25  # of μ, uniform over a width of 2, and of the noise
    assert samplers.gauss.covariances_ == pytest.approx(variance, rel=0.1)


def test_the_fitted_gaussian_of_codes_has_their_mean_and_covariance(codes):
    mean, factor = gaussian_of(codes)
    np.testing.assert_allclose(mean, codes.mean(axis=0))
    np.testing.assert_allclose(factor @ factor.T, np.cov(codes, rowvar=False), atol=1e-6)
