"""The three parts of the average KL divergence, on distributions whose parts are known."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from npvae.evaluation.codes import average_kl, scale_part, shape_part, shape_shortfall
from npvae.evaluation.densities import fit_density

N, L = 8_000, 3


def gaussian(seed=0):
    return np.random.default_rng(seed).standard_normal((N, L))


def two_clusters(seed=0, distance=6.0):
    """Half of the points around (3, 0, 0), half around (-3, 0, 0)."""
    z = gaussian(seed)
    z[:, 0] += distance * (np.random.default_rng(seed + 100).random(N) < 0.5) - distance / 2
    return z


def affine_map():
    """A rotation, a different scale for each axis, and a shift."""
    rotation = np.linalg.qr(np.random.default_rng(9).standard_normal((L, L)))[0]
    return rotation * [0.3, 1.0, 4.0], np.array([2.0, 0.0, -1.0])


def shape_of(z, other):
    return shape_part(z, fit_density(other, 30).log(z))


def test_scale_of_a_known_gaussian():
    A, b = affine_map()
    C = A.T @ A
    expected = (np.trace(C) + b @ b - L - np.linalg.slogdet(C)[1]) / 2
    assert scale_part(gaussian() @ A + b) == pytest.approx(expected, rel=0.02)
    assert scale_part(gaussian()) == pytest.approx(0, abs=1e-3)


def test_a_gaussian_has_no_shape():
    """30 components find a little of it in noise, and lose it again on other points."""
    assert shape_of(gaussian(0), gaussian(1)) == pytest.approx(0, abs=0.06)


def test_shape_of_two_clusters_far_apart():
    """J is the entropy of the Gaussian with the mixture's covariance, less the mixture's own.

    The mixture's entropy is that of a cluster and log 2 for which it is; the covariance is
    diag(1 + 9, 1, 1). So J = (log 10) / 2 - log 2, up to the small overlap of the clusters.
    """
    J = np.log(10) / 2 - np.log(2)
    assert shape_of(two_clusters(0), two_clusters(1)) == pytest.approx(J, abs=0.06)


def test_an_affine_map_changes_the_scale_and_not_the_shape():
    A, b = affine_map()
    z, other = two_clusters(0), two_clusters(1)
    for factor in (1, 1e-4, 1e4):  # smaller than the least width of a component, too
        far = shape_of(factor * (z @ A + b), factor * (other @ A + b))
        assert far == pytest.approx(shape_of(z, other), abs=1e-3)
    assert scale_part(z @ A + b) > scale_part(z) + 1


def test_shape_is_a_lower_bound_for_the_true_density_and_exact_for_it():
    z = two_clusters()
    pdf = [multivariate_normal([x, 0, 0]).pdf(z) for x in (3, -3)]
    exact = shape_part(z, np.log(np.mean(pdf, axis=0)))
    assert exact == pytest.approx(np.log(10) / 2 - np.log(2), abs=0.02)
    assert shape_of(z, two_clusters(1)) < exact


def test_the_shortfall_is_how_much_the_bound_misses_on_draws_with_a_known_answer():
    """With few draws to fit, a mixture of 30 is far off; with many, near."""
    g = fit_density(two_clusters(), 30)
    few, many = (shape_shortfall(g, fitted, 5_000) for fitted in (600, 20_000))
    assert few > 5 * many > 0
    assert many < 0.06


def test_the_parts_add_up_to_the_average_kl():
    """Codes of eight kinds of image, far apart: a code tells the kind, log 8 nats."""
    rng = np.random.default_rng(3)
    kind = rng.integers(8, size=N)
    mu = np.array([[x, y, w] for x in (-4, 4) for y in (-4, 4) for w in (-4, 4)], float)[kind]
    sigma = 0.5
    z = mu + sigma * rng.standard_normal(mu.shape)
    total = average_kl(mu, np.full_like(mu, 2 * np.log(sigma))).mean()
    information = total - scale_part(z) - shape_of(z[: N // 2], z[N // 2 :])
    assert information == pytest.approx(np.log(8), abs=0.1)


def test_average_kl_in_one_dimension_by_integration():
    t = np.linspace(-12, 12, 200_001)
    q = np.exp(-((t - 1.5) ** 2) / (2 * 0.49)) / np.sqrt(2 * np.pi * 0.49)
    p = np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)
    with np.errstate(divide="ignore", invalid="ignore"):
        integral = np.nansum(q * np.log(q / p)) * (t[1] - t[0])
    found = average_kl(np.array([[1.5]]), np.log([[0.49]]))
    assert found[0] == pytest.approx(integral, rel=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e4])
def test_codes_with_a_dimension_that_never_varies_are_infinitely_far(value):
    z = gaussian().astype(np.float32)
    z[:, 1] = value
    assert scale_part(z) == np.inf
    assert np.isnan(shape_part(z, np.zeros(len(z))))
    assert scale_part(np.full((9, 1), value)) == np.inf
