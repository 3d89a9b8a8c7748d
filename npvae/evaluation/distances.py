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
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

BLOCK = 4_000_000  # distances held at once, 32 MB
KNOTS, ROTATIONS = 200, 3  # of the functions that bound W₁ from below


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
    theta = np.random.default_rng(seed).standard_normal((x.shape[1], directions))
    theta = (theta / np.linalg.norm(theta, axis=0)).astype(x.dtype)
    step = max(1, BLOCK // len(x))
    blocks = (theta[:, start : start + step] for start in range(0, directions, step))
    return float(np.concatenate([normal_w1(x @ block) for block in blocks]).mean())


def lipschitz_w1(x: np.ndarray, y: np.ndarray, seed: int = 0) -> np.ndarray:
    """Bound W₁ from below: returns numbers (n,), one for each x (n, d), whose mean is the bound.

    For a function f of slope at most 1, E f(x) − E f(y) <= W₁, and the best f reaches it (Villani
    2009, Optimal Transport, theorem 5.10). Both samples, y (m, d), are cut into three parts. The
    functions are fitted on one, the best is chosen on the next, and evaluated on the last: there
    its value is below W₁ on average. The parts take turns. Needs 3 points of each; with fewer, all
    numbers are 0. Units of x.
    """
    found = np.zeros(len(x))
    if min(len(x), len(y)) < 3:
        return found
    rng = np.random.default_rng(seed)
    x_parts, y_parts = (np.array_split(rng.permutation(len(points)), 3) for points in (x, y))
    x, y = x.astype(np.float64), y.astype(np.float64)
    for turn in range(3):
        (fit, choose, evaluate), (y_fit, y_choose, y_evaluate) = (
            [parts[(turn + i) % 3] for i in range(3)] for parts in (x_parts, y_parts)
        )
        functions = _lipschitz_functions(x[fit], y[y_fit], rng)
        f = max(functions, key=lambda f: f(x[choose]).mean() - f(y[y_choose]).mean())
        found[evaluate] = f(x[evaluate]) - f(y[y_evaluate]).mean()
    return found


Function = Callable[[np.ndarray], np.ndarray]  # of points (n, d), returns (n,)


def _lipschitz_functions(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> list[Function]:
    """Return functions of slope at most 1 that are larger on x than on y, as far as possible.

    - 0.
    - g(‖z − c‖): a distance has slope 1, and g has at most that.
    - Σ_j a_j g_j(u_j·z) for orthonormal u_j and Σ a_j² = 1. Its gradient is Σ_j a_j g_j′ u_j, of
      length √(Σ a_j² g_j′²) <= 1. The best a_j are proportional to W₁ along the u_j.
    """
    d = x.shape[1]
    shift = x.mean(axis=0) - y.mean(axis=0)
    principal = np.linalg.eigh(np.atleast_2d(np.cov(x, rowvar=False)))[1]
    bases = [principal, np.eye(d), np.linalg.qr(np.column_stack([shift, np.eye(d)]))[0]]
    bases += [np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(ROTATIONS)]
    return [
        lambda z: np.zeros(len(z)),
        *(_radial(x, y, centre) for centre in (x.mean(axis=0), y.mean(axis=0))),
        *(_additive(x, y, basis) for basis in bases),
    ]


def _radial(x: np.ndarray, y: np.ndarray, centre: np.ndarray) -> Function:
    def radius(z):
        return np.linalg.norm(z - centre, axis=1)

    g, _ = _potential(radius(x), radius(y))
    return lambda z: g(radius(z))


def _additive(x: np.ndarray, y: np.ndarray, basis: np.ndarray) -> Function:
    fitted = [_potential(x @ u, y @ u) for u in basis.T]
    a = np.array([distance for _, distance in fitted])
    a /= np.linalg.norm(a) or 1
    return lambda z: sum(a[j] * g(z @ basis[:, j]) for j, (g, _) in enumerate(fitted))


def _potential(x: np.ndarray, y: np.ndarray) -> tuple[Function, float]:
    """Return the best g of slope at most 1 on the line, and its E g(x) − E g(y): the W₁ there.

    As E g(x) − E g(y) = ∫ g′ (F_y − F_x), the best slope is the sign of F_y − F_x, where the F are
    the cumulative distributions. It is taken between KNOTS quantiles; outside, g is constant.
    """
    knots = np.quantile(np.concatenate([x, y]), np.linspace(0, 1, KNOTS))
    middles, widths = (knots[1:] + knots[:-1]) / 2, np.diff(knots)
    below_x, below_y = (np.searchsorted(np.sort(p), middles) / len(p) for p in (x, y))
    heights = np.concatenate([[0], np.cumsum(np.sign(below_y - below_x) * widths)])

    def g(t):
        return np.interp(t, knots, heights)

    return g, float(g(x).mean() - g(y).mean())


def frechet_distance(mu1: np.ndarray, cov1: np.ndarray, mu2: np.ndarray, cov2: np.ndarray) -> float:
    """Fréchet distance between the Gaussians N(mu1, cov1) and N(mu2, cov2), as a square.

    means (d,), covariances (d, d). It is their squared 2-Wasserstein distance: units of x
    squared; lower is closer. The last trace is the sum of the singular values of C₁^½ C₂^½, and
    each root comes from a symmetric eigendecomposition, so singular covariances (a dead feature)
    need no special care.

    Source: Dowson & Landau 1982, The Fréchet distance between multivariate normal distributions;
    as the score of a generator: Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule
    Converge to a Local Nash Equilibrium, eq. 6.
    """
    overlap = np.linalg.norm(_symmetric_root(cov1) @ _symmetric_root(cov2), "nuc")
    squared = np.sum((mu1 - mu2) ** 2) + np.trace(cov1) + np.trace(cov2) - 2 * overlap
    return max(0.0, float(squared))  # rounding may leave −1e-15


def frechet_from_features(real: np.ndarray, fake: np.ndarray) -> float:
    """Fréchet distance of Gaussians fitted to two sets of features, (n, d) and (m, d).

    Features' units squared; lower is closer. The estimate grows as samples get fewer (Bińkowski
    et al. 2018, Demystifying MMD GANs, appendix D): compare only values from equal numbers, more
    than d of them.
    """
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    return frechet_distance(
        mu1=real.mean(axis=0),
        cov1=np.cov(real, rowvar=False),
        mu2=fake.mean(axis=0),
        cov2=np.cov(fake, rowvar=False),
    )


def precision_recall(
    real: np.ndarray, fake: np.ndarray, k: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Tell which fake features (m, d) lie among real ones (n, d), and which real among fake ones.

    Returns two booleans, (m,) and (n,). Their means are the improved precision and recall.

    A set's manifold is the union of balls around its points, each just reaching its k-th nearest
    other point of the same set. Then

        precision = share of fakes inside the real manifold      (are the samples plausible?)
        recall    = share of reals inside the fakes' manifold    (are all kinds of data sampled?)

    No units, both 0 to 1, higher is better; two draws of one distribution score somewhat below 1.
    Use the same n and m for every model compared. Needs more than k points in each set. Distances
    are taken in blocks, by matrix product: exact to about 1e-7 of the largest feature vector.

    Source: Kynkäänniemi, Karras, Laine, Lehtinen & Aila 2019, Improved Precision and Recall Metric
    for Assessing Generative Models, section 2, eqs. 1 and 2.
    """
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    finders = [NearestNeighbors(n_neighbors=k, algorithm="brute").fit(f) for f in (real, fake)]
    real_radius, fake_radius = (f.kneighbors()[0][:, -1] for f in finders)  # (n,), (m,)
    inside, reached = np.zeros(len(fake), dtype=bool), np.zeros(len(real), dtype=bool)
    start = 0
    block_mib = BLOCK * 8 / 2**20
    for distance in pairwise_distances_chunked(fake, real, working_memory=block_mib):  # (rows, n)
        stop = start + len(distance)
        inside[start:stop] = (distance <= real_radius).any(axis=1)
        reached |= (distance <= fake_radius[start:stop, None]).any(axis=0)
        start = stop
    return inside, reached


def _symmetric_root(cov: np.ndarray) -> np.ndarray:
    """C^½ of a covariance (d, d)."""
    values, vectors = np.linalg.eigh(cov)
    # Eigenvalues that are 0 come back as rounding noise, of which the root would be far from 0.
    values[values < len(cov) * np.finfo(np.float64).eps * values[-1]] = 0
    return (vectors * np.sqrt(values)) @ vectors.T
