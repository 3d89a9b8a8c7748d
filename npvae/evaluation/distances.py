"""How far apart are two clouds of points: q(z) and the prior, real and generated features.

    W₁        min over pairings π of  1/n Σᵢ ‖xᵢ − y_π(i)‖      (n points each)
    W₁        max over f of slope at most 1 of  E f(x) − E f(y)
    Fréchet   ‖μ₁ − μ₂‖² + tr(C₁ + C₂ − 2 (C₁^½ C₂ C₁^½)^½)

For two finite draws of one distribution none of them is exactly 0, and the first and the last are
far from it. So read each number beside its value for two such draws of the same sizes.

W₁ in ten dimensions can only be bracketed. The distance of two samples is above that of their
distributions on average, by an amount that depends on both: `assignment_w1`. Any function of slope
at most 1 gives a value below it, as long as other points chose the function: `lipschitz_w1`.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import ndtri

from npvae.training import streams

KNOTS = 100  # from either sample, of the functions that bound W₁ from below


def assignment_w1(x: np.ndarray, y: np.ndarray) -> float:
    """1-Wasserstein distance between two samples (n, d) of equal size, Euclidean ground distance.

    For equal numbers of equally heavy points the best transport plan is a pairing, which the
    assignment algorithm finds: time n³ at worst, seconds at n = 2000, memory 8 n² bytes. Units of
    x; lower is closer. As W₁ is convex, the mean over samples is at least the distance of their
    distributions. What it is too large by depends on these and is no constant.

    Source: Peyré & Cuturi 2019, Computational Optimal Transport, sections 2.2 and 2.4.
    """
    cost = cdist(x, y)  # (n, n)
    # Taking a number from a column or row changes all pairings alike, and saves half of the time.
    reduced = cost - cost.mean(axis=0)
    reduced -= reduced.min(axis=1, keepdims=True)
    return float(cost[linear_sum_assignment(reduced)].mean())


def normal_w1(x: np.ndarray) -> np.ndarray:
    """W₁ between each column of x (n, d) and N(0, 1); returns (d,).

    On a line the best transport keeps the order. So the i-th smallest of n points is compared with
    the middle of the i-th of n equally likely parts of N(0, 1). Units of x; lower is closer.

    Source: Peyré & Cuturi 2019, section 2.6, remark 2.30.
    """
    rows = np.sort(x.T, axis=1)  # one after the other in memory
    middles = ndtri((np.arange(rows.shape[1]) + 0.5) / rows.shape[1]).astype(x.dtype)
    return np.abs(rows - middles).mean(axis=1, dtype=np.float64)


def sliced_normal_w1(x: np.ndarray, directions: int = 500, seed: int = 0) -> float:
    """Mean W₁ to N(0, 1) of the sample x (n, d) projected on random unit directions θ.

        SW₁ = 1/L Σ_l W₁(x θ_l, N(0, 1)),     θ_l uniform on the unit sphere

    On every θ the projection of N(0, I) is N(0, 1). Plain mean, not scaled up by √d or otherwise:
    SW₁ <= W₁, and for x ~ N(v, I) it is E|⟨v, θ⟩| = ‖v‖ Γ(d/2) / (√π Γ((d + 1)/2)), about
    0.25 ‖v‖ at d = 10. Units of x; lower is closer.

    Source: Bonneel, Rabin, Peyré & Pfister 2015, Sliced and Radon Wasserstein Barycenters of
    Measures (for W₂); Peyré & Cuturi 2019, section 10.4.
    """
    rng = np.random.default_rng([seed, streams.DIRECTIONS])
    theta = rng.standard_normal((x.shape[1], directions))
    theta = (theta / np.linalg.norm(theta, axis=0)).astype(x.dtype)
    return float(normal_w1(x @ theta).mean())


def lipschitz_w1(x: np.ndarray, y: np.ndarray, seed: int = 0) -> np.ndarray:
    """Bound W₁ from below: returns numbers (n,), one for each x (n, d), whose mean is the bound.

    For a function f of slope at most 1, E f(x) − E f(y) <= W₁, and the best f reaches it (Villani
    2009, Optimal Transport, theorem 5.10). Both samples, n and m >= 4 points, are cut into
    halves. These two functions are fitted on one half, and the better one is chosen there. It is
    evaluated on the other half, where its value is below W₁ on average. Then the halves swap.

        g(‖z − c‖)             a distance from c = E y has slope 1, and g has at most that
        Σ_j a_j g_j(u_j·z)     u_j the principal axes of x, Σ a_j² = 1. The gradient's length is
                               √(Σ a_j² g_j′²) <= 1; the best a_j are proportional to W₁ along u_j
    """
    found, rng = np.empty(len(x)), np.random.default_rng([seed, streams.HALVES])
    x, y = x.astype(np.float64), y.astype(np.float64)
    x_halves, y_halves = (np.array_split(rng.permutation(len(p)), 2) for p in (x, y))
    for fit, test in ((0, 1), (1, 0)):
        x_fit, y_fit, x_test, y_test = x_halves[fit], y_halves[fit], x_halves[test], y_halves[test]
        functions = _lipschitz_functions(x[x_fit], y[y_fit])
        f = max(functions, key=lambda f: f(x[x_fit]).mean() - f(y[y_fit]).mean())
        found[x_test] = f(x[x_test]) - f(y[y_test]).mean()
    return found


Function = Callable[[np.ndarray], np.ndarray]  # of points (n, d), returns (n,)


def _lipschitz_functions(x: np.ndarray, y: np.ndarray) -> list[Function]:
    """Return the functions of `lipschitz_w1`, as much larger on x than on y as they can be."""
    centre = y.mean(axis=0)
    axes = np.linalg.eigh(np.atleast_2d(np.cov(x, rowvar=False)))[1]
    radial, _ = _potential(*(np.linalg.norm(points - centre, axis=1) for points in (x, y)))
    along, gains = zip(*(_potential(x @ u, y @ u) for u in axes.T), strict=True)
    a = np.array(gains) / (np.linalg.norm(gains) or 1)
    return [
        lambda z: radial(np.linalg.norm(z - centre, axis=1)),
        lambda z: sum(a_j * g(z @ u) for a_j, g, u in zip(a, along, axes.T, strict=True)),
    ]


def _potential(x: np.ndarray, y: np.ndarray) -> tuple[Function, float]:
    """Return the best g of slope at most 1 on the line, and its E g(x) − E g(y): the W₁ there.

    As E g(x) − E g(y) = ∫ g′ (F_y − F_x), the best slope is the sign of F_y − F_x, where the F are
    the cumulative distributions. It is taken between KNOTS quantiles of each sample, of which one
    may be far larger; outside, g is constant.
    """
    levels = np.linspace(0, 1, KNOTS)
    knots = np.sort(np.concatenate([np.quantile(points, levels) for points in (x, y)]))
    middles, widths = (knots[1:] + knots[:-1]) / 2, np.diff(knots)
    below_x, below_y = (np.searchsorted(np.sort(p), middles) / len(p) for p in (x, y))
    heights = np.concatenate([[0], np.cumsum(np.sign(below_y - below_x) * widths)])

    def g(t):
        return np.interp(t, knots, heights)

    return g, float(g(x).mean() - g(y).mean())


def frechet_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Fréchet distance between the Gaussians fitted to x (n, d) and y (m, d), as a square.

    It is their squared 2-Wasserstein distance: units of x squared; lower is closer. The last trace
    is the sum of the singular values of C₁^½ C₂^½, and each root comes from a symmetric
    eigendecomposition, so singular covariances (a dead feature) need no special care. The estimate
    grows as samples get fewer (Bińkowski et al. 2018, Demystifying MMD GANs, appendix D): compare
    only values from equal numbers, more than d of them.

    Source: Dowson & Landau 1982, The Fréchet distance between multivariate normal distributions;
    as the score of a generator: Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule
    Converge to a Local Nash Equilibrium, eq. 6.
    """
    x, y = x.astype(np.float64), y.astype(np.float64)
    covariances = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root_x, root_y = map(_symmetric_root, covariances)
    overlap = np.linalg.norm(root_x @ root_y, "nuc")
    squared = np.sum((x.mean(axis=0) - y.mean(axis=0)) ** 2) - 2 * overlap
    return max(0.0, float(squared + sum(map(np.trace, covariances))))  # rounding may leave −1e-15


def _symmetric_root(cov: np.ndarray) -> np.ndarray:
    """C^½ of a covariance (d, d)."""
    values, vectors = np.linalg.eigh(cov)
    # Eigenvalues that are 0 come back as rounding noise, of which the root would be far from 0.
    values[values < len(cov) * np.finfo(np.float64).eps * values[-1]] = 0
    return (vectors * np.sqrt(values)) @ vectors.T
