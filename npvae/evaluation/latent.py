"""How the codes of a model are spread, beside the prior N(0, I).

    width        √(tr C / d)                      C = the covariance of z (n, d)
    skewness     Σ_abc (E y_a y_b y_c)²           y = C^-½ (z − E z), Mardia's b₁
    kurtosis     E ‖y‖⁴ / (d (d + 2)) − 1         Mardia's b₂, relative to a Gaussian's

The first is unchanged by rotations of the codes, the others by every invertible affine map: a
decoder's first layer can undo such a map, so that the axes of a latent space mean nothing.

Source of b₁ and b₂: Mardia 1970, Measures of multivariate skewness and kurtosis with applications.
"""

from functools import partial

import numpy as np

from npvae.evaluation.distances import assignment_w1, lipschitz_w1, normal_w1, sliced_normal_w1
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import DRAWS, SEED, prior_draws
from npvae.evaluation.intervals import resample
from npvae.evaluation.measurement import Measurement
from npvae.models.inference import posterior_sigma, score
from npvae.training import streams

DIRECTIONS, FEWER_DIRECTIONS = 500, 100  # of sliced W1; fewer on each bootstrap sample
DRAW_SIZE = 2_000  # of the assignment, whose cost grows with the cube of the size
PRIOR_SIZE = 30_000  # draws of the prior, where more of them cost little


def measure_latent(found: Measurement, model: EncodedRun) -> None:
    """Measure the codes of the test images: the section "latent" of `metrics.py`."""
    measure_codes(found, model.z)
    measure_critic(found, model)
    found.add_means(mean_sigma=posterior_sigma(model.logvar).mean(axis=1))


def measure_codes(found: Measurement, z: np.ndarray) -> None:
    """Compare codes z (n, latent), n >= 2, with N(0, I): distances, mean, covariance and shape."""
    measure_sliced(found, z)
    found.add_means(w1_low=lipschitz_w1(z, prior_draws(PRIOR_SIZE, z.shape[1], 0), SEED))
    found.values["w1_high"] = w1_high(z)
    for key, statistic in (
        ("centre", lambda z: np.abs(z.mean(axis=0)).mean()),
        ("width", lambda z: np.sqrt(variances(z).mean())),
        ("eigen_least", lambda z: variances(z)[0]),
        ("eigen_most", lambda z: variances(z)[-1]),
        ("mardia_skewness", mardia_skewness),
        ("mardia_kurtosis", mardia_kurtosis),
    ):
        found.add(key, statistic, z.astype(np.float64))


def measure_sliced(found: Measurement, z: np.ndarray) -> None:
    """Measure the sliced W1 of codes z (n, d) to N(0, I), in fewer directions for its bootstrap."""
    found.values["w1_sliced"] = sliced_normal_w1(z, DIRECTIONS, SEED)
    fewer = partial(sliced_normal_w1, directions=FEWER_DIRECTIONS, seed=SEED)
    found.replicates["w1_sliced"] = resample(fewer, z)


def w1_high(z: np.ndarray) -> float:
    """Return the W1 of DRAW_SIZE of the codes z (n, latent) to as many draws of the prior.

    It is the mean over DRAWS choices, and above the W1 of q(z) to N(0, I) on average.
    """
    rng, size = np.random.default_rng([SEED, streams.ASSIGNED_CODES]), min(len(z), DRAW_SIZE)
    chosen = [z[rng.permutation(len(z))[:size]] for _ in range(DRAWS)]
    priors = [prior_draws(size, z.shape[1], draw) for draw in range(DRAWS)]
    return float(np.mean([assignment_w1(*pair) for pair in zip(chosen, priors, strict=True)]))


def measure_critic(found: Measurement, model: EncodedRun) -> None:
    """Ask a run's critic, if it has one, for its W1 estimate and its slope.

    The slope is taken on mixtures of codes and prior, where the critic was trained.
    """
    if model.run.critic is None:
        return
    w, z = model.run.critic.w, model.z
    prior = prior_draws(*z.shape, draw=0)
    rng = np.random.default_rng([SEED, streams.MIXTURES])
    alpha = rng.random((len(z), 1), dtype=np.float32)
    _, slope = score(w, alpha * prior + (1 - alpha) * z)
    (score_z, _), (score_prior, _) = score(w, z), score(w, prior)
    found.add_means(critic_w1=score_prior.mean(dtype=np.float64) - score_z, critic_slope=slope)


def by_dimension(z: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each dimension of codes z (n, latent) looks like, (latent,) each, by name."""
    return {"standard deviation": z.std(axis=0, dtype=np.float64), "W₁ to N(0, 1)": normal_w1(z)}


def variances(z: np.ndarray) -> np.ndarray:
    """Return the eigenvalues (d,) of the covariance of codes z (n, d), n >= 2, the least first."""
    return np.linalg.eigvalsh(np.atleast_2d(np.cov(z, rowvar=False)))


def mardia_skewness(z: np.ndarray) -> float:
    """Return Mardia's skewness b₁ of z (n, d): 0 for a Gaussian, about d (d + 1)(d + 2) / n for n
    draws of one.

    It is also the mean of ⟨yᵢ, yⱼ⟩³ over all pairs of the whitened points. Summing over the d³
    third moments instead takes time n d³ and no matrix of n².
    """
    y = whitened(z)
    return sum(np.square((y * y[:, [a]]).T @ y / len(y)).sum() for a in range(y.shape[1]))


def mardia_kurtosis(z: np.ndarray) -> float:
    """Return Mardia's kurtosis b₂ of z (n, d) relative to d (d + 2), its value for a Gaussian, − 1.

    Where nothing varies there is no shape, and it is 0.
    """
    y = whitened(z)
    d = y.shape[1]
    return np.square(np.square(y).sum(axis=1)).mean() / (d * (d + 2)) - 1 if d else 0.0


def whitened(z: np.ndarray) -> np.ndarray:
    """Return the points y (n, rank), of mean 0 and covariance I, that z (n, d) is an affine map of.

    Directions in which z does not vary are left out.
    """
    away = z - z[0]  # exactly 0 where z never varies, which its rounded mean may not give
    away = away - away.mean(axis=0)
    values, vectors = np.linalg.eigh(away.T @ away / len(z))
    varies = values > len(values) * np.finfo(np.float64).eps * values[-1]
    return away @ (vectors[:, varies] / np.sqrt(values[varies]))
