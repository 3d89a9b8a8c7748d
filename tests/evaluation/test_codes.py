"""Numbers of codes whose values follow from how these were made."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, ortho_group

from npvae.evaluation import codes as codes_module
from npvae.evaluation.codes import (
    compare_with_prior,
    measure_codes,
    scale_part,
    shape_part,
    shape_shortfall,
    w1_assigned,
)
from npvae.evaluation.densities import fit_density
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import prior_draws
from npvae.evaluation.intervals import Measurement
from npvae.training.options import Options
from npvae.training.run import new_run

N, L = 8_000, 3


def normal(seed, n, d):
    return np.random.default_rng(seed).standard_normal((n, d))


def compared(z, other=None):
    """Codes compared with the prior, by the density of other codes."""
    found = Measurement()
    compare_with_prior(found, z, fit_density(z if other is None else other, 30))
    return found


def encoded(mu, sigma, kind="kl", z=None):
    """A model whose codes are given; mu and sigma are (n, L)."""
    run = new_run(Options(kind, latent_dim=mu.shape[1], hidden_dim=2), (2, 2))
    run.history = [{"train_w1": 1.5, "critic_grad_norm": 1.1, "train_gp": 0.02}]
    z = mu + sigma * normal(99, *mu.shape) if z is None else z
    return EncodedRun(run, mu, 2 * np.log(sigma), z.astype(np.float32), None, None)


def test_codes_of_a_gaussian_of_known_mean_and_covariance():
    turn = ortho_group(3, seed=1).rvs()
    v = np.array([3.0, -1, -4])
    z, other = ((v + normal(seed, 4000, 3) * [2, 1, 0.5] @ turn) for seed in (2, 3))
    found = compared(z.astype(np.float32), other)
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
    assert found.values.keys() == found.replicates.keys()


def test_the_parts_add_up_in_every_bootstrap_sample_and_information_needs_a_sigma():
    mu = 2 * np.sign(normal(5, 2000, 2))
    found = Measurement()
    model = encoded(mu, np.full(mu.shape, 0.3))
    measure_codes(found, model, mu + 0.3 * normal(6, 2000, 2))
    for numbers in (found.values, found.replicates):
        parts = numbers["information"] + numbers["scale"] + numbers["shape"]
        np.testing.assert_allclose(parts, numbers["average_kl"])
    # A code tells which of four places its image has.
    assert found.values["information"] == pytest.approx(np.log(4), abs=0.15)
    assert 0 < found.values["shape_shortfall"] < 0.2
    assert found.values["mean_sigma"] == pytest.approx(0.3)
    deterministic = Measurement()
    measure_codes(deterministic, encoded(mu + normal(7, 2000, 2), np.full(mu.shape, 1e-5)), mu)
    assert "information" not in deterministic.values and "shape" in deterministic.values


@pytest.mark.filterwarnings("error")
def test_a_dimension_that_never_varies_leaves_scale_and_shape_out():
    mu = normal(8, 300, 2)
    mu[:, 1] = 0.1
    z = mu.copy()
    found = Measurement()
    measure_codes(found, encoded(mu, np.full(mu.shape, 1e-5), z=z), z)
    assert not {"scale", "shape", "shape_shortfall", "information"} & found.values.keys()
    assert found.values["width"] == pytest.approx(0.5**0.5, rel=0.2)
    alone = compared(np.full((40, 1), 2, np.float32)).values
    assert alone["width"] == 0 and alone["w1_sliced"] == pytest.approx(2.02, abs=0.03)
    for value in (0.0, 0.1, -3e4):  # whatever rounding makes of its variance
        z = normal(0, N, L).astype(np.float32)
        z[:, 1] = value
        assert scale_part(z) == np.inf


@pytest.mark.filterwarnings("error")
def test_so_few_codes_that_bootstrap_samples_lie_in_a_plane_have_no_replicates():
    found = compared(normal(9, 11, 10), normal(10, 500, 10))
    assert np.isfinite(found.values["scale"]) and np.isfinite(found.values["shape"])
    assert not {"scale", "shape"} & found.replicates.keys()
    assert all(np.isfinite(replicates).all() for replicates in found.replicates.values())


def test_the_assignment_is_the_mean_over_three_draws_of_the_prior(monkeypatch):
    x, v = normal(4, 200, 2), np.array([3.0, -4.0])
    monkeypatch.setattr(codes_module, "prior_draws", lambda n, d, draw: x + draw * v)
    assert w1_assigned(x) == pytest.approx((0 + 5 + 10) / 3)
    assert prior_draws(5, 2, 0).shape == (5, 2)


def two_clusters(seed=0, distance=6.0):
    """Half of the points around (3, 0, 0), half around (-3, 0, 0)."""
    z = normal(seed, N, L)
    z[:, 0] += distance * (np.random.default_rng(seed + 100).random(N) < 0.5) - distance / 2
    return z


def affine_map():
    """A rotation, a different scale for each axis, and a shift."""
    rotation = np.linalg.qr(np.random.default_rng(9).standard_normal((L, L)))[0]
    return rotation * [0.3, 1.0, 4.0], np.array([2.0, 0.0, -1.0])


def shape_of(z, other):
    return shape_part(z, fit_density(other, 30).log(z))


def test_an_affine_map_changes_the_scale_and_not_the_shape():
    A, b = affine_map()
    z, other = two_clusters(0), two_clusters(1)
    for factor in (1, 1e-4, 1e4):  # smaller than the least width of a component, too
        far = shape_of(factor * (z @ A + b), factor * (other @ A + b))
        assert far == pytest.approx(shape_of(z, other), abs=1e-3)
    assert scale_part(z @ A + b) > scale_part(z) + 1


def test_shape_of_two_clusters_is_exact_for_the_true_density_and_a_lower_bound_for_another():
    """J is the entropy of the Gaussian with the mixture's covariance, less the mixture's own.

    The mixture's entropy is that of a cluster and log 2 for which it is; the covariance is
    diag(1 + 9, 1, 1). So J = (log 10) / 2 - log 2, up to the small overlap of the clusters.
    """
    z, J = two_clusters(), np.log(10) / 2 - np.log(2)
    pdf = [multivariate_normal([x, 0, 0]).pdf(z) for x in (3, -3)]
    exact = shape_part(z, np.log(np.mean(pdf, axis=0)))
    assert exact == pytest.approx(J, abs=0.02)
    assert J - 0.06 < shape_of(z, two_clusters(1)) < exact


def test_the_shortfall_is_how_much_the_bound_misses_on_draws_with_a_known_answer():
    """With few draws to fit, a mixture of 30 is far off; with many, near."""
    g = fit_density(two_clusters(), 30)
    few, many = (shape_shortfall(g, fitted, 5_000) for fitted in (600, 8_000))
    assert few > 4 * many > 0
