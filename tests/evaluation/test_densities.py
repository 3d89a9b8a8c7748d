"""Densities fitted to codes of known distribution, and draws from them."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from npvae.evaluation.densities import fit_density

PARTS = [(0.3, np.array([-3.0, 0.0]), 0.5), (0.7, np.array([3.0, 1.0]), 1.0)]


@pytest.fixture(scope="module")
def codes():
    """Draws of a mixture of two round Gaussians, (share, centre, width) each."""
    rng = np.random.default_rng(0)
    draws = [c + s * rng.standard_normal((int(20_000 * p), 2)) for p, c, s in PARTS]
    return rng.permutation(np.concatenate(draws)).astype(np.float32)


@pytest.fixture(scope="module")
def fitted(codes):
    return {k: fit_density(codes, k) for k in (1, 10)}


def test_the_mixture_has_the_density_that_the_codes_have(codes, fitted):
    z = codes[:2000].astype(np.float64)
    truth = np.log(sum(p * multivariate_normal(c, s**2).pdf(z) for p, c, s in PARTS))
    assert np.sqrt(np.mean((fitted[10].log(z) - truth) ** 2)) < 0.1
    # One Gaussian cannot have it: it has the codes' mean and covariance, which lies between.
    one = multivariate_normal(codes.mean(axis=0), np.cov(codes, rowvar=False, ddof=0))
    np.testing.assert_allclose(fitted[1].log(z), one.logpdf(z), atol=1e-3)


@pytest.mark.parametrize(("components", "between"), [(1, 0.12), (10, 0)])
def test_draws_lie_where_the_density_is_in_random_order(codes, fitted, components, between):
    z = fitted[components].draw(10_000)
    # Standard errors are below 0.03 for the means and below 0.1 for the covariances.
    for part in (z, z[:3000]):
        np.testing.assert_allclose(part.mean(axis=0), codes.mean(axis=0), atol=0.15)
        covariance = np.cov(codes, rowvar=False)
        np.testing.assert_allclose(np.cov(part, rowvar=False), covariance, atol=0.4)
    assert np.mean(np.abs(z[:, 0]) < 0.5) == pytest.approx(between, abs=0.02)
    np.testing.assert_array_equal(fitted[components].draw(10_000), z)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("latent", [1, 3])
def test_codes_that_are_few_or_degenerate_are_fitted_nevertheless(latent):
    rng = np.random.default_rng(1)
    flat = rng.standard_normal((200, latent))
    flat[:, 0] = 2.0  # a dimension that never varies
    few = np.repeat(rng.standard_normal((4, latent)), 3, axis=0)  # four different codes
    for z in (flat, few, np.full((11, latent), 0.7)):
        found = fit_density(z, 10)
        drawn = found.draw(50)
        assert np.isfinite(drawn).all() and np.isfinite(found.log(drawn)).all()
        assert np.abs(drawn.mean(axis=0) - z.mean(axis=0)).max() < 1
        assert len(found.mixture.weights_) <= len(np.unique(z, axis=0))
