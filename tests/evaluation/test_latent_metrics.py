"""Numbers of codes and critics whose values follow from how these were made."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from npvae.evaluation import latent
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.latent import (
    by_dimension,
    mardia_kurtosis,
    mardia_skewness,
    measure_codes,
    measure_critic,
    measure_latent,
    prior_draws,
    variances,
    w1_high,
)
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.metrics import BY_KEY
from npvae.training.options import Options
from npvae.training.run import new_run


def normal(seed, n, d):
    return np.random.default_rng(seed).standard_normal((n, d))


def critic_and_codes(z):
    """A WS run's critic, all of whose weights are 0, and the model that it judges by codes z."""
    run = new_run(Options("ws", latent_dim=z.shape[1], hidden_dim=2), (2, 2))
    run.critic.theta[:] = 0
    return run.critic.w, EncodedRun(run, z, z, z, None, None)


def codes_measured(z):
    found = Measurement()
    measure_codes(found, z)
    return found


def test_codes_of_a_gaussian_of_known_mean_and_covariance():
    turn = ortho_group(3, seed=1).rvs()
    v = np.array([3.0, -1, -4])
    z = (v + normal(2, 1000, 3) * [2, 1, 0.5] @ turn).astype(np.float32)
    found = codes_measured(z)
    known = {"centre": 8 / 3, "width": np.sqrt(5.25 / 3), "eigen_least": 0.25, "eigen_most": 4}
    assert {key: found.values[key] for key in known} == pytest.approx(known, rel=0.05)
    # The means are |v| apart; the shapes add little where that is so large.
    distance = np.linalg.norm(v)
    assert 0.97 * distance < found.values["w1_low"] < found.values["w1_high"] < distance + 0.5
    assert found.values["w1_sliced"] == pytest.approx(distance / 2, rel=0.1)
    # Standard errors: of a mean, and of a variance, over 1,000 codes.
    errors = {key: found.replicates[key].std() for key in ("eigen_least", "eigen_most")}
    assert errors["eigen_most"] == pytest.approx(4 * np.sqrt(2 / 1000), rel=0.3)
    assert errors["eigen_least"] == pytest.approx(0.25 * np.sqrt(2 / 1000), rel=0.3)
    assert 0 < found.replicates["w1_sliced"].std() < 0.1
    assert abs(found.replicates["w1_sliced"].mean() - found.values["w1_sliced"]) < 0.2


def test_a_perfect_match_scores_what_theory_says():
    n, d = 2000, 4
    found = codes_measured(prior_draws(n, d, 3)).values
    # A mean of d absolute values, each of variance (1 − 2/π)/n.
    chance = 4 * np.sqrt((1 - 2 / np.pi) / n / d)
    assert found["centre"] == pytest.approx(np.sqrt(2 / np.pi / n), abs=chance)
    assert found["width"] == pytest.approx(1, abs=0.02)
    assert found["eigen_least"] < 1 < found["eigen_most"]
    assert found["mardia_skewness"] == pytest.approx(d * (d + 1) * (d + 2) / n, rel=0.6)
    assert found["mardia_kurtosis"] == pytest.approx(0, abs=4 * np.sqrt(8 / (n * d * (d + 2))))
    assert found["w1_low"] == pytest.approx(0, abs=0.05)
    assert found["w1_high"] > 0.2  # the floor of two samples, far above 0
    assert found["w1_sliced"] < 0.047  # over 100 draws: mean 0.029, standard deviation 0.0044


def test_w1_high_is_the_mean_over_three_draws_of_the_prior(monkeypatch):
    x, v = normal(4, 200, 2), np.array([3.0, -4.0])
    monkeypatch.setattr(latent, "prior_draws", lambda n, d, draw: x + draw * v)
    assert w1_high(x) == pytest.approx((0 + 5 + 10) / 3)


def test_width_by_hand_and_under_rotation():
    z = np.tile([[0.0, -1], [0, 1], [-4, -1], [4, 1]], (50, 1))  # covariance [[8, 2], [2, 1]]
    turned = z @ ortho_group(2, seed=0).rvs()
    for codes in (z, turned):
        found = codes_measured(codes).values
        expected = pytest.approx((4.5**0.5, (9 - 65**0.5) / 2, (9 + 65**0.5) / 2), rel=0.01)
        assert (found["width"], found["eigen_least"], found["eigen_most"]) == expected
    assert variances(turned) == pytest.approx(variances(z), rel=1e-12)


def test_each_dimension_has_its_deviation_and_its_distance_to_the_prior():
    z = 1000.1 * np.repeat([[1, 2]], 4001, axis=0)  # far from N(0, 1): W₁ is the mean
    z[::2, 1] += 6
    found = by_dimension(z.astype(np.float32))
    assert found["standard deviation"] == pytest.approx([0, 3], abs=1e-5)
    assert found["W₁ to N(0, 1)"] == pytest.approx([1000.1, 2003.2], abs=0.01)


def test_mardia_agrees_with_the_double_sum_over_all_pairs():
    z = np.random.default_rng(6).gamma(1.5, size=(300, 3)) @ normal(7, 3, 3)
    away = z - z.mean(axis=0)
    products = away @ np.linalg.inv(away.T @ away / 300) @ away.T
    assert mardia_skewness(z) == pytest.approx((products**3).mean(), rel=1e-10)
    assert mardia_kurtosis(z) == pytest.approx((np.diag(products) ** 2).mean() / 15 - 1, rel=1e-10)


@pytest.mark.parametrize("matrix", [ortho_group(4, seed=8).rvs(), normal(9, 4, 4)])
def test_no_affine_map_changes_mardias_measures(matrix):
    z = np.random.default_rng(10).exponential(size=(2000, 4))
    moved = z @ matrix + [5, 0, -1, 2]
    assert mardia_skewness(moved) == pytest.approx(mardia_skewness(z), rel=1e-8)
    assert mardia_kurtosis(moved) == pytest.approx(mardia_kurtosis(z), rel=1e-8)


def test_mardias_measures_of_known_distributions():
    """Each exponential has skewness 2 and excess kurtosis 6; of independent columns they add up."""
    rng, d = np.random.default_rng(11), 3
    z = rng.exponential(size=(400_000, d))
    assert mardia_skewness(z) == pytest.approx(4 * d, rel=0.05)
    assert mardia_kurtosis(z) == pytest.approx(6 * d / (d * (d + 2)), rel=0.05)
    # +-1 along one axis of three: E y^4 = 1 there and not 3, and nothing is skewed.
    z = rng.standard_normal((400_000, d))
    z[:, 0] = np.sign(z[:, 0])
    assert mardia_skewness(z) == pytest.approx(0, abs=0.01)
    assert mardia_kurtosis(z) == pytest.approx(-2 / (d * (d + 2)), rel=0.03)
    # A Gaussian of random size, twice or half as large: E s^4 / (E s^2)^2 - 1.
    sizes = rng.choice([0.5, 2], (400_000, 1))
    expected = (0.5**4 + 2**4) / 2 / ((0.5**2 + 2**2) / 2) ** 2 - 1
    assert mardia_kurtosis(sizes * normal(12, 400_000, d)) == pytest.approx(expected, rel=0.03)


def test_dimensions_that_never_vary_have_no_shape():
    z = np.random.default_rng(13).exponential(size=(500, 2))
    padded = np.column_stack([np.full(500, 0.1), z, z[:, 0] - z[:, 1]])
    assert mardia_skewness(padded) == pytest.approx(mardia_skewness(z), rel=1e-8)
    assert mardia_kurtosis(padded) == pytest.approx(mardia_kurtosis(z), rel=1e-8)
    assert mardia_skewness(np.full((9, 2), 0.1)) == mardia_kurtosis(np.full((9, 2), 0.1)) == 0


def test_a_single_dimension_that_never_varies_is_measured():
    found = codes_measured(np.full((40, 1), 2, np.float32)).values
    assert found["width"] == found["eigen_least"] == found["eigen_most"] == 0
    assert found["centre"] == 2
    assert found["w1_sliced"] == pytest.approx(2.02, abs=0.03)  # E |2 - N(0, 1)| = 2.017
    assert found["w1_low"] == pytest.approx(2.02, abs=0.03)


def test_critic_numbers_of_a_linear_critic():
    """score(z) = (3, -4) z = max(0, ..) - max(0, -..): its slope is 5 wherever one asks."""
    z = np.random.default_rng(3).normal([2, 1], 0.1, (900, 2)).astype(np.float32)
    w, model = critic_and_codes(z)
    w.W1[:, 0], w.W1[:, 1] = (3, -4), (-3, 4)
    w.W2[0, 0] = w.W2[1, 1] = w.W3[0, :] = 1
    w.W3[1, :] = -1
    found = Measurement()
    measure_critic(found, model)
    expected = (prior_draws(900, 2, 0) - z).mean(axis=0) @ [3, -4]
    assert found.values["critic_w1"] == pytest.approx(expected, abs=1e-4)
    # One code's score has the standard deviation 5 * 0.1.
    assert found.replicates["critic_w1"].std() == pytest.approx(0.5 / 30, rel=0.3)
    assert found.values["critic_slope"] == pytest.approx(5)


def test_critic_numbers_of_a_critic_with_a_kink():
    """score(z) = 2 max(0, z₁ - 50), with one code in ten at z₁ = 100 and the others at 0."""
    z = np.zeros((2000, 2), np.float32)
    z[::10, 0] = 100
    w, model = critic_and_codes(z)
    w.W1[0, 7], w.b1[7], w.W2[7, 5] = 1, -50, 1
    w.W3[5] = np.arange(10) - 2.5  # whose mean is 2
    found = Measurement()
    measure_critic(found, model)
    assert found.values["critic_w1"] == pytest.approx(-0.1 * 2 * 50)
    # A mixture is beyond the kink if its code is at 100 and has more than half of the weight.
    assert found.values["critic_slope"] == pytest.approx(0.05 * 2, abs=0.02)


def test_measure_latent_fills_its_section():
    mu = normal(14, 300, 2).astype(np.float32) * [0.5, 2]
    sigma = np.array([0.1, 0.3])
    run = new_run(Options("ws", latent_dim=2, hidden_dim=2), (2, 2))
    logvar = np.broadcast_to(2 * np.log(sigma), (300, 2))
    z = np.float32(mu + sigma * normal(15, 300, 2) + [0, 1])
    found = Measurement()
    measure_latent(found, EncodedRun(run, mu, logvar, z, None, None))
    section = {key for key, metric in BY_KEY.items() if metric.section == "latent"}
    assert found.values.keys() == section
    assert found.replicates.keys() == section - {"w1_high"}
    assert found.values["mean_sigma"] == pytest.approx(0.2)
    plain = Measurement()
    run = new_run(Options("kl", latent_dim=2, hidden_dim=2), (2, 2))
    measure_latent(plain, EncodedRun(run, mu, logvar, z, None, None))
    assert found.values.keys() - plain.values.keys() == {"critic_w1", "critic_slope"}
