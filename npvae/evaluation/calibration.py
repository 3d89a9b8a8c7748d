"""Is the critic's W₁ right? npvae's own critic, trained on distributions whose W₁ is known.

    shift      N(v, I)                  W₁ = ‖v‖
    scaling    N(0, s² I)               W₁ = |s − 1| E‖z‖,    E‖z‖ = √2 Γ((d + 1)/2) / Γ(d/2)
    mixture    ½ N(−m, I) + ½ N(m, I)   W₁ = ∫ |F(t) − Φ(t)| dt, along m alone

each against N(0, I) in d = 10 dimensions. The maps z + v and s z move each point by the rise of a
function of slope 1, of v·z / ‖v‖ and of ‖z‖. So no transport is cheaper. The mixture differs from
N(0, I) along m only; F is its distribution function there.

The law of the soft penalty: with P the prior, Q the codes and w = gp_weight, the critic f maximises

    E_P f − E_Q f − w E (‖∇f‖ − 1)²           the last mean is over mixed points

Let f* be the best 1-Lipschitz function, of slope 1 at all mixed points, and f = s f*. Then this is
s W₁ − w (s − 1)², which is largest at

    slope s = 1 + W₁ / (2 w),    estimate s W₁ = W₁ + W₁² / (2 w)

It is an approximation: f* may be flatter at some mixed points, and f may be steeper where more has
to be moved (course/derivations.md, section 6).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.integrate import trapezoid
from scipy.special import gammaln, ndtr

from npvae.evaluation.distances import assignment_w1, lipschitz_w1
from npvae.models.critic import make_critic
from npvae.models.objectives import critic_objective, make_critic_batch
from npvae.models.steps import mix
from npvae.nn.adam import adam_update
from npvae.training import streams
from npvae.training.options import Options

LATENT = 10
REFERENCE = Options("ws")  # the critic is trained as in the reference experiment
UPDATES, LAST = 800, 200  # of the critic; the estimate is a mean over the last ones
SIZE, ASSIGNED = 20_000, 1_000  # draws that the lower and the upper bound are taken on
SHIFTS, SCALES, HALVES = (0.1, 1.0, 4.0), (0.9, 1.5, 2.5), (1.5, 4.0)


class Pair(NamedTuple):
    """A distribution of codes whose W₁ to N(0, I) is known."""

    name: str
    truth: float  # W₁
    move: Callable[[np.ndarray], np.ndarray]  # from draws of N(0, I) (n, d) to draws of the codes


class Calibrated(NamedTuple):
    """What the critic makes of a pair of distributions, and the bounds of the pair's W₁."""

    name: str  # "shift", "scaling" or "mixture"
    truth: float  # W₁
    estimate: float  # mean score(prior) − mean score(codes)
    slope: float  # mean norm of the score's input gradient at mixed points
    low: float  # of the same W₁, by `lipschitz_w1`
    high: float  # by `assignment_w1`, of ASSIGNED draws


def law(w1: float, gp_weight: float = REFERENCE.gp_weight) -> tuple[float, float]:
    """Return the slope and the estimate of a critic that has settled, by the law at the head."""
    slope = 1 + w1 / (2 * gp_weight)
    return slope, slope * w1


def known_pairs(latent: int = LATENT) -> list[Pair]:
    """Return pairs of all three kinds, with distances from 0.1 to 5 in 10 dimensions."""
    axis = np.ones(latent, np.float32) / np.float32(np.sqrt(latent))  # of length 1
    length = np.sqrt(2) * np.exp(gammaln((latent + 1) / 2) - gammaln(latent / 2))

    def halves(x: np.ndarray, m: float) -> np.ndarray:
        side = np.where(np.arange(len(x)) % 2, np.float32(m), np.float32(-m))
        return x + side[:, None] * axis

    return [
        *(Pair("shift", v, lambda x, v=v: x + np.float32(v) * axis) for v in SHIFTS),
        *(Pair("scaling", abs(s - 1) * length, lambda x, s=s: np.float32(s) * x) for s in SCALES),
        *(Pair("mixture", mixture_w1(m), lambda x, m=m: halves(x, m)) for m in HALVES),
    ]


def mixture_w1(m: float) -> float:
    """Return the W₁ between N(0, 1) and ½ N(−m, 1) + ½ N(m, 1), by the trapezoidal rule."""
    t = np.linspace(-m - 9, m + 9, 20_001)
    return float(trapezoid(np.abs((ndtr(t - m) + ndtr(t + m)) / 2 - ndtr(t)), t))


def calibrate(
    seed: int, pairs: Sequence[Pair] | None = None, updates: int = UPDATES
) -> list[Calibrated]:
    """Train a critic on each pair, by default `known_pairs()`, and compare it with what is known.

    The critic is that of the reference experiment, with its batches, penalty and learning rate. By
    400 updates the large distances have settled. Takes 2 seconds for each pair on one idle core.
    """
    return [
        _calibrated(pair, np.random.default_rng([seed, streams.CALIBRATION, number]), updates)
        for number, pair in enumerate(pairs or known_pairs())
    ]


def _calibrated(pair: Pair, rng: np.random.Generator, updates: int) -> Calibrated:
    batch_size = REFERENCE.batch_size

    def draws(n: int) -> tuple[np.ndarray, np.ndarray]:
        codes, prior = rng.standard_normal((2, n, LATENT), dtype=np.float32)
        return pair.move(codes), prior

    critic = make_critic(LATENT, np.float32, rng)
    batch, history = make_critic_batch(critic.w, batch_size), []
    for t in range(1, updates + 1):
        batch.fake.z[:], batch.prior.z[:] = draws(batch_size)
        alpha = rng.random(batch_size, dtype=np.float32)
        mix(batch.fake.z, batch.prior.z, alpha, batch.mixed.z)
        history.append(critic_objective(critic, batch, REFERENCE.gp_weight))
        adam_update(critic, t, REFERENCE.critic_lr)
    # Each batch is new to the critic, so that it can be tested on the batches it is trained on.
    estimate, _, slope = np.mean(history[-LAST:], axis=0)
    codes, prior = draws(SIZE)
    return Calibrated(
        name=pair.name,
        truth=float(pair.truth),
        estimate=float(estimate),
        slope=float(slope),
        low=float(lipschitz_w1(codes, prior).mean()),
        high=assignment_w1(codes[:ASSIGNED], prior[:ASSIGNED]),
    )
