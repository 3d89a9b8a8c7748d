"""How the codes of a model lie beside the prior N(0, I): their width, their distance, the law.

    width        √(tr C / L)       C = the covariance of z (n, L), one draw from each posterior
    the law      average KL = information + scale + shape         (`law.py`)

Codes are sampled z, not μ, of test images; scale and shape share the mean and covariance of these.
The density of the law is fitted to codes of training images.
"""

from functools import partial

import numpy as np

from npvae.evaluation.densities import Density, fit_density
from npvae.evaluation.distances import assignment_w1, sliced_normal_w1
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import DRAWS, SEED, prior_draws
from npvae.evaluation.intervals import resample
from npvae.evaluation.law import (
    COMPONENTS,
    average_kl,
    scale_part,
    shape_part,
    shape_shortfall,
)
from npvae.evaluation.measurement import Measurement
from npvae.models.inference import posterior_sigma
from npvae.training import streams

DIRECTIONS, FEWER_DIRECTIONS = 500, 50  # of sliced W1; fewer on each bootstrap sample
DRAW_SIZE = 2_000  # of the assignment, whose cost grows with the cube of the size
SIGMA_VANISHES = 0.01  # below this mean posterior sigma, information means nothing


def measure_codes(found: Measurement, model: EncodedRun, train_z: np.ndarray) -> None:
    """Measure the section "codes" of `metrics.py`, with the density fitted to train_z (m, L)."""
    g = fit_density(train_z, COMPONENTS)
    sigma = posterior_sigma(model.logvar).mean(axis=1)
    found.add_means(mean_sigma=sigma, average_kl=average_kl(model.mu, model.logvar))
    compare_with_prior(found, model.z, g)
    if "shape" in found.values:
        found.values["shape_shortfall"] = shape_shortfall(g, len(train_z), len(model.z))
        if found.values["mean_sigma"] > SIGMA_VANISHES:
            _add_information(found)
    if model.run.critic is not None:
        measure_critic(found, model)


def compare_with_prior(found: Measurement, z: np.ndarray, g: Density) -> None:
    """Compare codes z (n, L), n >= 2, with N(0, I), with the law's density g from other codes.

    Where the covariance is singular, KL(q(z) || p) is infinite, and neither scale nor shape is
    added. Where only that of a bootstrap sample is, they have no replicates.
    """
    found.values["w1_sliced"] = sliced_normal_w1(z, DIRECTIONS, SEED)
    fewer = partial(sliced_normal_w1, directions=FEWER_DIRECTIONS, seed=SEED)
    found.replicates["w1_sliced"] = resample(fewer, z)
    z = z.astype(np.float64)
    found.add("width", lambda z: np.sqrt(z.var(axis=0).mean()), z)
    if np.isinf(scale_part(z)):
        return
    found.add("scale", scale_part, z)
    found.add("shape", shape_part, z, g.log(z))
    if not np.isfinite(found.replicates["scale"]).all():
        del found.replicates["scale"], found.replicates["shape"]


def _add_information(found: Measurement) -> None:
    """Add what the law leaves: the same bootstrap samples are behind all of its parts."""
    for numbers in (found.values, found.replicates):
        if "shape" in numbers:
            rest = numbers["average_kl"] - numbers["scale"] - numbers["shape"]
            numbers["information"] = rest


def measure_critic(found: Measurement, model: EncodedRun) -> None:
    """Add what the critic of a run said in its last epoch, and the assignment to judge it by.

    One checkpoint would not do: from one step to the next the critic's numbers differ much.
    """
    last = model.run.history[-1]
    found.values["critic_w1"] = last["train_w1"]
    found.values["critic_slope"] = last["critic_grad_norm"]
    found.values["critic_penalty"] = last["train_gp"]
    found.values["w1_assigned"] = w1_assigned(model.z)


def w1_assigned(z: np.ndarray) -> float:
    """Return the W1 of DRAW_SIZE of the codes z (n, latent) to as many draws of the prior.

    It is the mean over DRAWS choices, and above the W1 of q(z) to N(0, I) on average.
    """
    rng, size = np.random.default_rng([SEED, streams.ASSIGNED_CODES]), min(len(z), DRAW_SIZE)
    chosen = [z[rng.permutation(len(z))[:size]] for _ in range(DRAWS)]
    priors = [prior_draws(size, z.shape[1], draw) for draw in range(DRAWS)]
    return float(np.mean([assignment_w1(*pair) for pair in zip(chosen, priors, strict=True)]))
