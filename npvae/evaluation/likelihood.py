"""Bounds on log p(x), in nats per image: how well a model explains images it has not seen.

    p(x) = integral of p(x|z) p(z) dz,    p(z) = N(0, I),    log p(x|z) = -BCE(x, z)
    ELBO    = E_q[log p(x|z)] - KL(q || p(z))                           z ~ q = N(mu, sigma^2)
    IWAE_K  = E[log 1/K sum_k p(x|z_k) p(z_k) / q(z_k)]                 z_1 .. z_K ~ q

ELBO = IWAE_1 <= IWAE_K <= log p(x) for *any* q: a bad q makes the bound loose, never wrong (Burda,
Grosse & Salakhutdinov 2016, eq. 8 and theorem 1). So each decoder is also judged with a widened
proposal N(mu, s^2 I), and not only with a posterior that may have collapsed to a point.

A caution: BCE is the negative log-likelihood of *binary* pixels. MNIST's are grey, and for these
s^x (1-s)^(1-x) is no probability: it does not sum to 1 over the grey values. So "log p(x)" is the
score that both models were trained on, fit to compare them with each other, but not with published
likelihoods of binarised MNIST. It cannot rise above -pixel_entropy(x).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import entr, logsumexp

from npvae.models.inference import BATCH, batches, encode
from npvae.models.vae import (
    VAEActivations,
    VAEWeights,
    decode_forward,
    make_vae_activations,
    sample_forward,
)
from npvae.nn.losses import bernoulli_nll
from npvae.nn.pixels import gather, unit_range

SAMPLES = 256
SCALES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5)


class Bounds(NamedTuple):
    """Lower bounds on log p(x) of N images, in nats; higher is better."""

    elbo: np.ndarray  # (N,)
    iwae: dict[int, np.ndarray]  # number of samples K -> (N,)


def bounds(
    w: VAEWeights,
    images: np.ndarray,
    mu: np.ndarray,
    logvar: np.ndarray,
    seed: int,
    samples: int = SAMPLES,
    ks: Sequence[int] = (1, 16, 256),
) -> Bounds:
    """Bound log p(x) of images (N, pixels) with the proposals N(mu, exp(logvar)), both (N, latent).

    All bounds share `samples` draws for each image: IWAE_K is the mean over samples / K groups, and
    the ELBO takes its KL analytically (Kingma & Welling 2014, appendix B). Models of one latent
    size meet the same noise. Every K must divide `samples`. Time grows with N: the 10,000 test
    images of MNIST are decoded 2.6 million times, in 10 to 15 seconds on one core.
    """
    rng = np.random.default_rng(seed)
    found = Bounds(elbo=np.empty(len(mu)), iwae={k: np.empty(len(mu)) for k in ks})
    for rows, a in batches(make_vae_activations, w, len(mu)):
        gather(images, np.arange(rows.start, rows.stop), a.x)
        a.mu[:], a.logvar[:] = mu[rows], logvar[rows]
        log_p, log_ratio = _draw(w, a, samples, rng)
        # Each image's own KL, in float64 like all else here; `kl_forward` gives a batch's mean.
        m, lv = a.mu.astype(np.float64), a.logvar.astype(np.float64)
        kl = (m**2 + np.exp(lv) - 1 - lv).sum(axis=1) / 2  # (B,)
        found.elbo[rows] = log_p.mean(axis=1) - kl
        for k in ks:
            groups = (log_p + log_ratio).reshape(-1, samples // k, k)
            found.iwae[k][rows] = logsumexp(groups, axis=2).mean(axis=1) - np.log(k)
    return found


def _draw(
    w: VAEWeights, a: VAEActivations, samples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw z from q, and return log p(x|z) and log p(z)/q(z), both (B, samples) in float64.

    With z = mu + sigma eps, log p(z)/q(z) = sum_j (eps_j^2 - z_j^2 + logvar_j) / 2. Neither a
    division by sigma nor its logarithm is needed, so that a sigma which rounds to 0 does no harm.
    """
    log_p, log_ratio = np.empty((2, len(a.x), samples))
    for k in range(samples):
        rng.standard_normal(out=a.eps, dtype=a.eps.dtype)
        sample_forward(a)
        decode_forward(w, a)
        bernoulli_nll(a.logits, a.x, a.terms, a.nll, a.dlogits)
        log_p[:, k] = -a.nll
        terms = np.square(a.eps, dtype=np.float64) - np.square(a.z, dtype=np.float64) + a.logvar
        log_ratio[:, k] = terms.sum(axis=1) / 2
    return log_p, log_ratio


def choose_scale(
    w: VAEWeights, images: np.ndarray, seed: int, scales: Sequence[float] = SCALES
) -> float:
    """Return the scale s whose proposals N(mu, s^2 I) give the highest mean IWAE_256 of `images`.

    These must not be the images that are judged: for those any s, fixed beforehand, is valid. 300
    are enough.
    """
    mu, _ = encode(w, images)

    def mean_bound(scale: float) -> float:
        logvar = constant_logvar(mu, scale)
        found = bounds(w, images, mu=mu, logvar=logvar, seed=seed, ks=(SAMPLES,))
        return found.iwae[SAMPLES].mean()

    return max(scales, key=mean_bound)


def constant_logvar(mu: np.ndarray, scale: float) -> np.ndarray:
    """Return the log-variances (N, latent) of the proposals N(mu, scale^2 I)."""
    return np.full_like(mu, 2 * np.log(scale))


def pixel_entropy(images: np.ndarray) -> np.ndarray:
    """Return the entropy (N,) of the pixels of images (N, pixels), in nats: no BCE is below it.

        sum over pixels of H(x) = -x log x - (1-x) log(1-x)

    A decoder that returned exactly x would reach it. Black and white pixels have none.
    """
    entropy = np.empty(len(images))
    for first in range(0, len(images), BATCH):
        x = unit_range(images[first : first + BATCH]).astype(np.float64)
        entropy[first : first + BATCH] = (entr(x) + entr(1 - x)).sum(axis=1)
    return entropy
