"""How the codes of a model lie beside the prior N(0, I): their width, their distance, one law.

    E_x KL(q(z|x) || p)  =  I(x; z)  +  KL(q(z) || p)              q(z) = E_x q(z|x), all codes
    KL(q(z) || p)        =  KL(N(m, C) || p)  +  J                 m, C: mean, covariance of q(z)
    average KL           =  information  +  scale  +  shape        in nats

scale    KL(N(m, C) || p) = (tr C + |m|^2 - L - log det C) / 2
shape J  KL(q(z) || N(m, C)). q(z) is known by samples only, so J is bounded from below:
         E_q log g(z) <= E_q log q(z) for every density g, here a mixture of Gaussians, fitted to
         codes of training images and evaluated at codes of test images.
I(x; z)  the rest, so an upper bound where J is a lower one. As sigma goes to 0 it only tells how
         many images there are, and nothing about the model.
width    sqrt(tr C / L)

Codes are sampled z, not mu, one draw from each posterior of the test images.

Sources: Hoffman & Johnson 2016, ELBO surgery (the first line); Comon 1994, Independent component
analysis (negentropy, J).
"""

from functools import partial

import numpy as np

from npvae.evaluation.densities import Density, fit_density, moments
from npvae.evaluation.distances import assignment_w1, sliced_normal_w1
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import DRAWS, SEED, prior_draws
from npvae.evaluation.intervals import Measurement
from npvae.models.inference import posterior_sigma
from npvae.training import streams

COMPONENTS = 30  # of g
DIRECTIONS, FEWER_DIRECTIONS = 500, 50  # of sliced W1; fewer on each bootstrap sample
DRAW_SIZE = 2_000  # of the assignment, whose cost grows with the cube of the size
SIGMA_VANISHES = 0.01  # below this mean posterior sigma, information means nothing
CRITIC = {"critic_w1": "train_w1", "critic_slope": "critic_grad_norm", "critic_penalty": "train_gp"}


def measure_codes(found: Measurement, model: EncodedRun, train_z: np.ndarray) -> None:
    """Measure the section "codes" of `metrics.py`, with g fitted to codes train_z (m, L)."""
    g, sigma = fit_density(train_z, COMPONENTS), posterior_sigma(model.logvar).mean(axis=1)
    found.add_means(mean_sigma=sigma, average_kl=average_kl(model.mu, model.logvar))
    fewer = partial(beside_prior, directions=FEWER_DIRECTIONS)
    found.add(beside_prior, cheaper=fewer, z=model.z, log_g=g.log(model.z))
    if "shape" in found.values:
        found.values["shape_shortfall"] = shape_shortfall(g, len(train_z), len(model.z))
        if found.values["mean_sigma"] > SIGMA_VANISHES:
            for numbers in (found.values, found.replicates):  # of the same bootstrap samples
                if "shape" in numbers:
                    parts = numbers["scale"] + numbers["shape"]
                    numbers["information"] = numbers["average_kl"] - parts
    if model.run.critic is not None:
        for key, column in CRITIC.items():
            found.values[key] = model.run.history[-1][column]
        found.values["w1_assigned"] = w1_assigned(model.z)


def beside_prior(z: np.ndarray, log_g: np.ndarray, directions: int = DIRECTIONS) -> dict:
    """Compare codes z (N, L), with log g(z) (N,), with N(0, I): sliced W1, width, scale, shape.

    Where the covariance is singular, KL(q(z) || p) is infinite, and scale and shape are left out.
    """
    found = {"w1_sliced": sliced_normal_w1(z, directions, SEED)}
    found["width"] = float(np.sqrt(z.var(axis=0, dtype=np.float64).mean()))
    if (scale := scale_part(z)) < np.inf:
        found |= {"scale": scale, "shape": shape_part(z, log_g)}
    return found


def average_kl(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """Return KL(N(mu, e^logvar) || N(0, I)) of each row of mu and logvar (N, L); returns (N,)."""
    mu, logvar = mu.astype(np.float64), logvar.astype(np.float64)
    return (mu**2 + np.exp(logvar) - 1 - logvar).sum(axis=1) / 2


def scale_part(z: np.ndarray) -> float:
    """Return KL(N(m, C) || N(0, I)) of codes z (N, L); infinite where C is singular."""
    m, v, _ = moments(z)
    return float(v.sum() + m @ m - len(m) - np.log(v).sum()) / 2 if v.all() else np.inf


def shape_part(z: np.ndarray, log_g: np.ndarray) -> float:
    """Return the lower bound of J for codes z (N, L) with log g(z) (N,), g from other codes.

    The mean of -log N(z; m, C) over the z that made m and C is (log det C + L log 2 pi + L) / 2.
    """
    _, v, _ = moments(z)
    return float(log_g.mean() + (np.log(2 * np.pi * v) + 1).sum() / 2)


def shape_shortfall(g: Density, fitted: int, tested: int) -> float:
    """Return by how much `shape_part` falls below J where J is known: for draws of g itself.

    A mixture is fitted to `fitted` draws, as g was to codes, and evaluated at `tested` others.
    """
    draws = g.draw(fitted + tested)
    again = fit_density(draws[:fitted], COMPONENTS)
    return float((g.log(draws[fitted:]) - again.log(draws[fitted:])).mean())


def w1_assigned(z: np.ndarray) -> float:
    """Return the mean W1 of DRAWS choices of DRAW_SIZE codes z (n, L) to draws of the prior."""
    rng, size = np.random.default_rng([SEED, streams.ASSIGNED_CODES]), min(len(z), DRAW_SIZE)
    chosen = (z[rng.permutation(len(z))[:size]] for _ in range(DRAWS))
    priors = (prior_draws(size, z.shape[1], draw) for draw in range(DRAWS))
    return float(np.mean(list(map(assignment_w1, chosen, priors))))
