"""Numbers of codes whose values follow from how these were made."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, ortho_group

from npvae.evaluation import codes as codes_module
from npvae.evaluation.codes import measure_codes, scale_part, shape_part, shape_shortfall
from npvae.evaluation.densities import fit_density
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.intervals import Measurement
from npvae.training.options import Options
from npvae.training.run import new_run

N, L = 8_000, 3


def normal(seed, n, d):
    return np.random.default_rng(seed).standard_normal((n, d))


def measured(z, other, mu=None, sigma=1e-5):
    """The numbers of a model with codes z (n, L), by the density of others; its mu is z."""
    run = new_run(Options("kl", latent_dim=z.shape[1], hidden_dim=2), (2, 2))
    mu, found = z if mu is None else mu, Measurement()
    logvar = np.full(z.shape, 2 * np.log(sigma))
    measure_codes(found, EncodedRun(run, mu, logvar, z.astype(np.float32), None, None), other)
    return found


def test_codes_of_a_gaussian_of_known_mean_and_covariance():
    turn = ortho_group(3, seed=1).rvs()
    v = np.array([3.0, -1, -4])
    z, other = ((v + normal(seed, 4000, 3) * [2, 1, 0.5] @ turn) for seed in (2, 3))
    found = measured(z, other)
    assert found.values["width"] == pytest.approx((5.25 / 3) ** 0.5, rel=0.03)
    assert found.values["scale"] == pytest.approx((5.25 + 26 - 3 - 0) / 2, rel=0.03)
    assert found.values["shape"] == pytest.approx(0, abs=0.1)
    # The means are |v| apart; the shapes add little where that is so large.
    assert found.values["w1_sliced"] == pytest.approx(26**0.5, rel=0.1)
    # Of |m|² / 2 the standard error is √(mᵀ C m / n), which is nearly all of it.
    C = turn.T @ np.diag([4, 1, 0.25]) @ turn
    assert found.replicates["scale"].std() == pytest.approx((v @ C @ v / 4000) ** 0.5, rel=0.4)
    assert 0 < found.replicates["w1_sliced"].std() < 0.1
    # A sample's own mean and covariance nearly cancel what it changes in the mean of log g.
    assert 0 < found.replicates["shape"].std() < 0.01
    # No images tell of the shortfall. And where sigma vanishes there is no information.
    assert found.values.keys() - found.replicates.keys() == {"shape_shortfall"}
    assert "information" not in found.values


def test_the_parts_add_up_in_every_bootstrap_sample_and_information_needs_a_sigma():
    mu = 2 * np.sign(normal(5, 2000, 2))
    z, other = (mu + 0.3 * normal(seed, 2000, 2) for seed in (99, 6))
    found = measured(z, other, mu, sigma=0.3)
    for numbers in (found.values, found.replicates):
        parts = numbers["information"] + numbers["scale"] + numbers["shape"]
        np.testing.assert_allclose(parts, numbers["average_kl"])
    # A code tells which of four places its image has.
    assert found.values["information"] == pytest.approx(np.log(4), abs=0.15)
    assert 0 < found.values["shape_shortfall"] < 0.2
    assert found.values["mean_sigma"] == pytest.approx(0.3)


@pytest.mark.filterwarnings("error")
def test_a_dimension_that_never_varies_leaves_scale_and_shape_out():
    z = normal(8, 300, 2)
    z[:, 1] = 0.1
    found = measured(z, z, sigma=0.5).values
    assert not {"scale", "shape", "shape_shortfall", "information"} & found.keys()
    assert found["width"] == pytest.approx(0.5**0.5, rel=0.2)
    alone = measured(np.full((40, 1), 2.0), np.full((40, 1), 2.0)).values
    assert alone["width"] == 0 and alone["w1_sliced"] == pytest.approx(2.02, abs=0.03)
    for value in (0.0, 0.1, -3e4):  # whatever rounding makes of its variance
        z = normal(0, N, L).astype(np.float32)
        z[:, 1] = value
        assert scale_part(z) == np.inf
    # So few codes that bootstrap samples lie in a plane have no replicates.
    found = measured(normal(9, 11, 10), normal(10, 500, 10))
    assert np.isfinite(found.values["scale"]) and np.isfinite(found.values["shape"])
    assert not {"scale", "shape"} & found.replicates.keys()
    assert all(np.isfinite(replicates).all() for replicates in found.replicates.values())


def test_the_assignment_is_the_mean_over_three_draws_of_the_prior(monkeypatch):
    x, v = normal(4, 200, 2), np.array([3.0, -4.0])
    monkeypatch.setattr(codes_module, "prior_draws", lambda n, d, draw: x + draw * v)
    assert codes_module.w1_assigned(x) == pytest.approx((0 + 5 + 10) / 3)


def two_clusters(seed=0):
    """Half of the points around (3, 0, 0), half around (-3, 0, 0)."""
    return normal(seed, N, L) + np.outer(np.sign(normal(seed + 100, N, 1)), [3, 0, 0])


def test_an_affine_map_changes_the_scale_and_not_the_shape():
    A, b = np.linalg.qr(normal(9, L, L))[0] * [0.3, 1.0, 4.0], np.array([2.0, 0.0, -1.0])
    z, other = two_clusters(0), two_clusters(1)
    near = shape_part(z, fit_density(other, 30).log(z))
    for factor in (1e-4, 1e4):  # smaller than the least width of a component, too
        far, far_other = (factor * (codes @ A + b) for codes in (z, other))
        far = shape_part(far, fit_density(far_other, 30).log(far))
        assert far == pytest.approx(near, abs=1e-3)
    assert scale_part(z @ A + b) > scale_part(z) + 1


def test_shape_of_two_clusters_is_exact_for_the_true_density_and_a_lower_bound_for_another():
    """J: the entropy for covariance diag(1 + 9, 1, 1), less a cluster's, less log 2 for which."""
    z, J = two_clusters(), np.log(10) / 2 - np.log(2)
    pdf = [multivariate_normal([x, 0, 0]).pdf(z) for x in (3, -3)]
    exact = shape_part(z, np.log(np.mean(pdf, axis=0)))
    assert exact == pytest.approx(J, abs=0.02)
    g = fit_density(two_clusters(1), 30)
    assert J - 0.06 < shape_part(z, g.log(z)) < exact
    # By the shortfall it misses J. With few draws to fit, a mixture of 30 is far off.
    few, many = (shape_shortfall(g, fitted, 5_000) for fitted in (600, 8_000))
    assert few > 4 * many > 0
