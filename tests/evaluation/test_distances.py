"""Distances between samples against closed forms and scipy; densities fitted to known codes."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.stats import multivariate_normal, norm, wasserstein_distance

from npvae.evaluation.densities import fit_density
from npvae.evaluation.distances import assignment_w1, frechet_distances, normal_w1


def normal(seed, n, d, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal((n, d))


def test_assignment_w1_of_a_shift_and_of_a_pairing_by_hand():
    x, v = normal(0, 300, 10), normal(1, 1, 10)
    assert assignment_w1(x, x + v) == pytest.approx(np.linalg.norm(v), rel=1e-12)
    # Pairing in order costs (4 + 4)/2; crossing over costs (1 + 1)/2.
    assert assignment_w1(np.array([[0.0, 0], [3, 0]]), np.array([[4.0, 0], [-1, 0]])) == 1


def test_normal_w1_agrees_with_scipy_and_closed_forms():
    n = 2000
    x = normal(9, n, 3) * [1, 2, 0.5] + [0, 1, -5]
    middles = norm.ppf((np.arange(n) + 0.5) / n)
    expected = [wasserstein_distance(x[:, j], middles) for j in range(3)]
    np.testing.assert_allclose(normal_w1(x), expected, rtol=1e-10)
    known = np.column_stack([middles + 0.7, 3 * middles, np.zeros(n)])
    size = np.sqrt(2 / np.pi)  # the mean of |x|
    np.testing.assert_allclose(normal_w1(known), [0.7, 2 * size, size], rtol=2e-3)


def points(seed, mean, cov):
    """Points (100, d) of which mean and covariance are exactly these."""
    x = normal(seed, 100, len(mean))
    x -= x.mean(axis=0)
    white = x @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(x, rowvar=False)))).T
    return mean + white @ sqrtm(cov).real


def test_frechet_distances_agree_with_the_matrix_root_where_covariances_do_not_commute():
    a, b = normal(21, 6, 6), normal(22, 6, 6)
    cov1, cov2 = a @ a.T + np.eye(6), b @ b.T + np.eye(6)
    expected = np.trace(cov1 + cov2 - 2 * sqrtm(cov1 @ cov2).real)
    x, y = points(19, np.zeros(6), cov1), points(20, np.full(6, 2), cov2)
    found = frechet_distances(x, other=y, same=x)
    assert found == pytest.approx({"other": 4 * 6 + expected, "same": 0}, rel=1e-10, abs=1e-10)


def test_frechet_distances_of_singular_covariances():
    # C = u uᵀ, so C^½ = C/‖u‖, and the trace of the root of a product of two such is |⟨u, w⟩|.
    u, w = np.array([1.0, 2.0, 2.0]), np.array([0.0, 3.0, 4.0])
    line = points(19, np.zeros(1), np.eye(1))  # its order does not matter
    found = frechet_distances(line * u, line=line[::-1] * w, point=np.zeros((9, 3)))
    assert found == pytest.approx({"line": 9 + 25 - 2 * 14, "point": 9}, rel=1e-10)
    # 60 features that are mixtures of 10: of 60 dimensions 50 are empty.
    features = normal(23, 200, 10) @ normal(24, 10, 60)
    assert frechet_distances(features, same=features)["same"] == pytest.approx(0, abs=1e-8)


PARTS = [(0.3, np.array([-3.0, 0.0]), 0.5), (0.7, np.array([3.0, 1.0]), 1.0)]


def test_a_mixture_has_the_density_that_the_codes_have_and_draws_lie_there_in_random_order():
    """Codes of a mixture of two round Gaussians, (share, centre, width) each."""
    rng = np.random.default_rng(0)
    codes = [c + s * rng.standard_normal((int(20_000 * p), 2)) for p, c, s in PARTS]
    codes = rng.permutation(np.concatenate(codes)).astype(np.float32)
    mean, covariance = codes.mean(axis=0), np.cov(codes, rowvar=False, ddof=0)
    one, ten = (fit_density(codes, components) for components in (1, 10))
    z = codes[:2000].astype(np.float64)
    truth = np.log(sum(p * multivariate_normal(c, s**2).pdf(z) for p, c, s in PARTS))
    assert np.sqrt(np.mean((ten.log(z) - truth) ** 2)) < 0.1
    # One Gaussian cannot have it: it has the codes' mean and covariance, which lies between.
    expected = multivariate_normal(mean, covariance).logpdf(z)
    np.testing.assert_allclose(one.log(z), expected, atol=1e-3)
    for density, between in ((one, 0.12), (ten, 0)):
        z = density.draw(10_000)
        # Standard errors are below 0.03 for the means and below 0.1 for the covariances.
        for part in (z, z[:3000]):
            np.testing.assert_allclose(part.mean(axis=0), mean, atol=0.15)
            np.testing.assert_allclose(np.cov(part, rowvar=False), covariance, atol=0.4)
        assert np.mean(np.abs(z[:, 0]) < 0.5) == pytest.approx(between, abs=0.02)
        np.testing.assert_array_equal(density.draw(10_000), z)


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
