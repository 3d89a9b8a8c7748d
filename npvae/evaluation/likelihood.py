"""Lower bounds on log p(x), in nats per image: how well decoder and prior explain unseen images.

    p(x)  = integral of p(x|z) p(z) dz,    log p(x|z) = -BCE(x, z)
    bound = log 1/K sum_k w_k,    w_k = p(x|z_k) p(z_k) / q(z_k),    z_1 .. z_K ~ q

The w_k have the mean p(x) for *any* q, and the logarithm is concave. So the bound is on average
below log p(x): a bad q makes it loose, never wrong (Burda, Grosse & Salakhutdinov 2016, eq. 8 and
theorem 1). Here each image gets its own q, whatever the encoder says of its own uncertainty: a
Gaussian of full covariance at the most probable z (Laplace's approximation: MacKay 2003,
Information Theory, Inference, and Learning Algorithms, chapter 27). With the prior N(m, S):

    E(z)   = BCE(x, z) + (z - m)^T S^-1 (z - m) / 2           -log p(x|z) p(z) up to a constant
    dE/dz  = J (s - x) + S^-1 (z - m)                         J = dlogits / dz   (L, P)
    H(z)   = J diag(s (1 - s)) J^T + S^-1                     the logits are piecewise linear in z
    q      = N(z*, WIDER^2 H(z*)^-1)                          z* = the minimum of E, by Newton steps

A prior fitted to the codes of training images, in the place of the N(0, I) of the training, shows
what decoder and codes are worth with a sampler that knows these codes.

A caution: BCE is the negative log-likelihood of *binary* pixels. MNIST's are grey, and for these
s^x (1-s)^(1-x) does not sum to 1 over the grey values. So "log p(x)" is the score that the models
were trained on, fit to compare them with each other, but not with published likelihoods of
binarised MNIST. It cannot rise above -pixel_entropy(x).
"""

import numpy as np
from scipy.special import entr, logsumexp

from npvae.data.dataset import Dataset
from npvae.evaluation.densities import Density, standard_normal
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import SEED, some_rows
from npvae.evaluation.intervals import Measurement
from npvae.models.inference import batches
from npvae.models.vae import VAEActivations, VAEWeights, decode_forward, make_vae_activations
from npvae.nn.losses import bernoulli_nll
from npvae.nn.pixels import gather, unit_range
from npvae.training import streams

IMAGES = 1_000  # of the test images: a random choice, the same for every model
SAMPLES = 256  # draws for each image
NEWTON_STEPS, HALVINGS = 5, 6
# The tails of q must not be thinner than those of p(z|x). On training images of MNIST 1.2 gives the
# highest bounds; 1.0 or 1.4 changes them by 0.02 nats at most, by 0.07 for AE under N(0, I).
WIDER = 1.2
Proposals = tuple[np.ndarray, np.ndarray]  # the means (N, L) and the factors (N, L, L)


def measure_likelihood(found: Measurement, model: EncodedRun, data: Dataset, mix: Density) -> None:
    """Bound log p(x) of test images with two priors, N(0, I) and the density `mix` of the codes."""
    chosen = some_rows(len(model.mu), IMAGES)
    images, mu = data.test_images[chosen], model.mu[chosen]
    for key, prior in (("bound_prior", standard_normal(mu.shape[1])), ("bound_mix", mix)):
        q = fit_proposals(model.w, images, mu, prior)
        found.add_means(**{key: bound(log_weights(model.w, images, q, prior))})


def fit_proposals(w: VAEWeights, images: np.ndarray, mu: np.ndarray, prior: Density) -> Proposals:
    """Return Laplace's approximation of p(z|x) for images (N, pixels), widened by WIDER.

    It is z = mean + factor eps with eps ~ N(0, I). Of the prior its mean and covariance count. The
    search for each mode begins at mu (N, L), such as the encoder's. A step that does not lower E is
    halved, at most HALVINGS times, and then left out.
    """
    modes = mu.astype(np.float64)
    factors = np.empty((*modes.shape, modes.shape[1]))
    for rows, a in batches(make_vae_activations, w, len(mu)):
        gather(images, np.arange(rows.start, rows.stop), a.x)
        z = modes[rows]  # a view
        for _ in range(NEWTON_STEPS):
            energy, slope, root = _expand(w, a, z, prior)
            step = -np.einsum("bij,bkj,bk->bi", root, root, slope)
            for _ in range(HALVINGS):
                higher = ~(_energy(w, a, z + step, prior) <= energy)  # or NaN
                if not higher.any():
                    break
                step[higher] /= 2
            else:
                step[higher] = 0
            z += step
        factors[rows] = WIDER * _expand(w, a, z, prior)[2]
    return modes, factors


def log_weights(
    w: VAEWeights, images: np.ndarray, q: Proposals, prior: Density, samples: int = SAMPLES
) -> np.ndarray:
    """Draw z from the proposals and return log p(x|z) + log p(z) - log q(z) (N, samples)."""
    rng = np.random.default_rng([SEED, streams.LIKELIHOOD_NOISE])
    found = np.empty((len(images), samples))
    for rows, a in batches(make_vae_activations, w, len(images)):
        gather(images, np.arange(rows.start, rows.stop), a.x)
        mean, factor = (part[rows] for part in q)
        eps = rng.standard_normal((samples, *mean.shape))  # (K, B, L)
        # In the precision of the decoder, which so sees the very z whose densities are taken.
        z = (mean + np.einsum("bij,kbj->kbi", factor, eps)).astype(a.z.dtype)
        log_p = np.stack([prior.log(draw) - _bce(w, a, draw) for draw in z])  # (K, B)
        log_det = np.linalg.slogdet(factor)[1]  # (B,)
        log_q = -0.5 * (np.square(eps) + np.log(2 * np.pi)).sum(axis=2) - log_det
        found[rows] = (log_p - log_q).T
    return found


def bound(log_w: np.ndarray) -> np.ndarray:
    """Return log 1/K sum_k w_k (N,) of log-weights (N, K): on average at most log p(x), in nats."""
    return logsumexp(log_w, axis=1) - np.log(log_w.shape[1])


def pixel_entropy(images: np.ndarray) -> np.ndarray:
    """Return the entropy (N,) of the pixels of images (N, pixels), in nats: no BCE is below it.

    sum over pixels of H(x) = -x log x - (1-x) log(1-x)
    """
    x = unit_range(images).astype(np.float64)
    return (entr(x) + entr(1 - x)).sum(axis=1)


def _bce(w: VAEWeights, a: VAEActivations, z: np.ndarray) -> np.ndarray:
    """Return BCE(x, z) (B,) of the images in a.x; leave (s - x) / B in a.dlogits."""
    a.z[:] = z
    decode_forward(w, a)
    bernoulli_nll(a.logits, a.x, a.terms, a.nll, a.dlogits)
    return a.nll.astype(np.float64)


def _energy(w: VAEWeights, a: VAEActivations, z: np.ndarray, prior: Density) -> np.ndarray:
    """Return E(z) (B,); see the head of this module."""
    away = (z - prior.mean) @ prior.whiten
    return _bce(w, a, z) + 0.5 * np.square(away).sum(axis=1)


def _expand(
    w: VAEWeights, a: VAEActivations, z: np.ndarray, prior: Density
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return E (B,), its gradient (B, L), and R (B, L, L) with R R^T = H^-1, at z (B, L).

    H has no eigenvalue below the least of S^-1, but for rounding: a steep decoder's largest may be
    so large that the least is lost in it. Then the bound takes its place.
    """
    energy, precision = _energy(w, a, z, prior), prior.whiten @ prior.whiten.T
    residual = a.dlogits.astype(np.float64) * len(z)  # s - x
    s = residual + a.x
    slope, H = (z - prior.mean) @ precision, np.empty((*z.shape, z.shape[1]))
    for row in range(len(z)):
        active = a.h_dec[row] > 0
        jacobian = (w.W3[:, active] @ w.W4[active]).astype(np.float64)  # (L, P)
        slope[row] += jacobian @ residual[row]
        H[row] = jacobian * (s[row] * (1 - s[row])) @ jacobian.T + precision
    values, vectors = np.linalg.eigh(H)
    least = np.linalg.eigvalsh(precision)[0]
    return energy, slope, vectors / np.sqrt(np.maximum(values, least))[:, None, :]
