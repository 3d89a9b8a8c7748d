"""Distances between samples against closed forms, naive loops and scipy."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.special import gamma
from scipy.stats import norm, ortho_group, wasserstein_distance

from npvae.evaluation.distances import (
    assignment_w1,
    frechet_distance,
    lipschitz_w1,
    normal_w1,
    sliced_normal_w1,
)
from npvae.training import streams


def normal(seed, n, d, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal((n, d))


def test_assignment_w1_of_a_shift_is_the_length_of_the_shift():
    x, v = normal(0, 300, 10), normal(1, 1, 10)
    assert assignment_w1(x, x + v) == pytest.approx(np.linalg.norm(v), rel=1e-12)
    assert assignment_w1(x, x) == 0


def test_assignment_w1_takes_the_best_pairing():
    # Pairing in order costs (4 + 4)/2; crossing over costs (1 + 1)/2.
    x = np.array([[0.0, 0.0], [3.0, 0.0]])
    y = np.array([[4.0, 0.0], [-1.0, 0.0]])
    assert assignment_w1(x, y) == 1


def test_assignment_w1_ignores_the_order_of_the_points_and_of_its_arguments():
    x, y = normal(2, 200, 5), normal(3, 200, 5, scale=2)
    shuffled = np.random.default_rng(4).permutation(y)
    assert assignment_w1(x, y) == pytest.approx(assignment_w1(x, shuffled), rel=1e-12)
    assert assignment_w1(x, y) == pytest.approx(assignment_w1(y, x), rel=1e-12)


def test_assignment_w1_of_gaussians_with_known_distance():
    # On a line N(0, 1) → N(0, 9): z ↦ 3z, W₁ = 2 E|z| = 2 √(2/π).
    expected = 2 * np.sqrt(2 / np.pi)
    assert assignment_w1(normal(5, 1000, 1), normal(6, 1000, 1, scale=3)) == pytest.approx(
        expected, abs=0.15
    )
    # In the plane N(0, I) → N(v, I): W₁ = ‖v‖, and the sample's bias is small beside ‖v‖ = 5.
    shifted = normal(8, 1000, 2) + np.array([3, 4])
    assert assignment_w1(normal(7, 1000, 2), shifted) == pytest.approx(5, abs=0.15)


def test_assignment_w1_is_above_the_distance_of_the_distributions_on_average():
    # Two draws of one distribution, whose distance is 0; and a shift, which the floor overstates.
    same = np.mean([assignment_w1(normal(i, 300, 10), normal(99 - i, 300, 10)) for i in range(3)])
    apart = np.mean(
        [assignment_w1(normal(i, 300, 10) + 1, normal(99 - i, 300, 10)) for i in range(3)]
    )
    assert same > 2
    assert np.sqrt(10) < apart < np.sqrt(10) + same - 1  # so that its bias cannot be subtracted


def test_normal_w1_agrees_with_scipy_and_closed_forms():
    n = 2000
    x = normal(9, n, 3) * [1, 2, 0.5] + [0, 1, -5]
    middles = norm.ppf((np.arange(n) + 0.5) / n)
    expected = [wasserstein_distance(x[:, j], middles) for j in range(3)]
    np.testing.assert_allclose(normal_w1(x), expected, rtol=1e-10)
    shifted_and_scaled = np.column_stack([middles + 0.7, 3 * middles, np.zeros(n)])
    mean_size = np.sqrt(2 / np.pi)
    np.testing.assert_allclose(
        normal_w1(shifted_and_scaled), [0.7, 2 * mean_size, mean_size], rtol=2e-3
    )


def test_sliced_normal_w1_of_a_shift_has_its_closed_form():
    x, v, d = normal(11, 4000, 10), 4 * normal(12, 1, 10), 10
    mean_cosine = gamma(d / 2) / (np.sqrt(np.pi) * gamma((d + 1) / 2))
    found = sliced_normal_w1(x + v, directions=5_000, seed=0)
    assert found == pytest.approx(np.linalg.norm(v) * mean_cosine, rel=0.02)
    assert mean_cosine == pytest.approx(0.25, abs=0.01)  # as the docstring says


def test_sliced_normal_w1_on_a_line_needs_no_directions_and_repeats_with_its_seed():
    x = normal(14, 400, 1, scale=2) + 0.3
    middles = norm.ppf((np.arange(400) + 0.5) / 400)[:, None]
    found = sliced_normal_w1(x, directions=7)
    assert found == pytest.approx(assignment_w1(x, middles), rel=1e-12)
    x = normal(16, 400, 4, scale=2)
    found = [sliced_normal_w1(x, 20, seed) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


MEAN_LENGTH = np.sqrt(2) * gamma(11 / 2) / gamma(10 / 2)  # of N(0, I) in 10 dimensions


def halves_apart(x, distance):
    """Move a random half of the points by `distance` along a slanted axis, the others against."""
    sides = np.where(np.random.default_rng(33).random(len(x)) < 0.5, -1, 1)
    return x + distance * sides[:, None] * np.ones(10) / np.sqrt(10)


def apart_on_a_line(distance):
    """W₁ between N(0, 1) and the equal mixture of N(−distance, 1) and N(distance, 1)."""
    t = np.linspace(-12, 12, 20_001)
    mixture = (norm.cdf(t - distance) + norm.cdf(t + distance)) / 2
    return np.abs(mixture - norm.cdf(t)).sum() * (t[1] - t[0])


@pytest.mark.parametrize(
    ("move", "truth", "share"),
    [
        (lambda x: x + 0.5 / np.sqrt(10), 0.5, 0.9),
        (lambda x: x + 2 * np.eye(10)[3], 2, 0.97),
        (lambda x: 1.5 * x, 0.5 * MEAN_LENGTH, 0.95),
        (lambda x: 0.8 * x, 0.2 * MEAN_LENGTH, 0.9),
        (lambda x: halves_apart(x, 1.5), apart_on_a_line(1.5), 0.9),
        (lambda x: x, 0, 1),
    ],
)
def test_w1_lies_between_its_bounds(move, truth, share):
    x, y = move(normal(31, 3000, 10)), normal(32, 9000, 10)
    numbers = lipschitz_w1(x, y)
    low, error = numbers.mean(), numbers.std() / np.sqrt(len(x))
    assert share * truth - 3 * error < low < truth + 3 * error
    assert assignment_w1(x[:500], y[:500]) > truth


def test_functions_of_the_lower_bound_have_slope_at_most_one():
    """The values of one function, told apart by the half that was evaluated, at pairs of points."""
    scaled, moved = normal(34, 900, 3) * [1, 2, 3] + 1, normal(34, 900, 3) * 4
    for x in (scaled, moved):  # the best function is additive for one and radial for the other
        found, seen = lipschitz_w1(x, normal(35, 900, 3)), 0
        rng = np.random.default_rng([0, streams.HALVES])
        for half in np.array_split(rng.permutation(900), 2):
            rise = np.abs(found[half][:, None] - found[half])
            apart = np.linalg.norm(x[half][:, None] - x[half], axis=2)
            assert (rise <= apart + 1e-9).all()
            seen += (rise > 0.9 * apart).sum() - len(half)
        assert seen > 1000  # it is also nearly reached


def test_the_lower_bound_is_evaluated_on_points_that_did_not_choose_it():
    # With many dimensions and few points, functions fitted to the noise rise on the fitted points.
    found = [lipschitz_w1(normal(i, 60, 8), normal(500 + i, 60, 8)) for i in range(50)]
    means = [numbers.mean() for numbers in found]
    assert np.mean(means) < 3 * np.std(means) / np.sqrt(len(means))
    assert np.mean(means) > -0.1


def test_no_axis_is_special_to_the_lower_bound():
    turned = ortho_group(3, seed=0).rvs()
    x = normal(36, 600, 3) * [3, 1, 1]
    apart = [lipschitz_w1(p, normal(37, 600, 3)).mean() for p in (x, x @ turned)]
    assert apart[0] == pytest.approx(apart[1], rel=0.05)


def points(seed, mean, cov):
    """Points (100, d) of which mean and covariance are exactly these."""
    x = normal(seed, 100, len(mean))
    x -= x.mean(axis=0)
    white = x @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(x, rowvar=False)))).T
    return mean + white @ sqrtm(cov).real


def test_frechet_distance_of_diagonal_gaussians_has_its_closed_form():
    mu1, mu2 = np.array([0.0, 1.0, 2.0]), np.array([1.0, -1.0, 2.0])
    s1, s2 = np.array([1.0, 2.0, 3.0]), np.array([2.0, 0.5, 3.0])
    expected = np.sum((mu1 - mu2) ** 2) + np.sum((s1 - s2) ** 2)
    found = frechet_distance(points(19, mu1, np.diag(s1**2)), points(20, mu2, np.diag(s2**2)))
    assert found == pytest.approx(expected, rel=1e-10)


def test_frechet_distance_agrees_with_the_matrix_root_where_covariances_do_not_commute():
    a, b = normal(21, 6, 6), normal(22, 6, 6)
    cov1, cov2 = a @ a.T + np.eye(6), b @ b.T + np.eye(6)
    expected = np.trace(cov1 + cov2 - 2 * sqrtm(cov1 @ cov2).real)
    x, y = points(19, np.zeros(6), cov1), points(20, np.zeros(6), cov2)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-10)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-10)


def test_frechet_distance_of_singular_covariances():
    # C = u uᵀ, so C^½ = C/‖u‖, and the trace of the root of a product of two such is |⟨u, w⟩|.
    u, w = np.array([1.0, 2.0, 2.0]), np.array([0.0, 3.0, 4.0])
    line = points(19, np.zeros(1), np.eye(1))  # its order does not matter
    assert frechet_distance(line * u, line[::-1] * w) == pytest.approx(9 + 25 - 2 * 14, rel=1e-10)
    assert frechet_distance(line * u, np.zeros((9, 3))) == pytest.approx(9)
    # 60 features that are mixtures of 10: of 60 dimensions 50 are empty.
    features = normal(23, 200, 10) @ normal(24, 10, 60)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-8)


def test_frechet_distance_of_points_that_were_shifted_or_scaled():
    x = normal(25, 400, 4)
    assert frechet_distance(x, x + np.array([3, 4, 0, 0])) == pytest.approx(25, rel=1e-10)
    # Scaling by 3 about the mean: Σ (3s − s)² = 4 tr C.
    y = x.mean(axis=0) + 3 * (x - x.mean(axis=0))
    assert frechet_distance(x, y) == pytest.approx(4 * x.var(axis=0, ddof=1).sum(), rel=1e-10)
