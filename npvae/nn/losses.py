"""The losses, each with its gradient: sums over an image or a latent vector, in nats.

    Bernoulli   nll(a, x) = -x log s - (1-x) log(1-s) = max(a, 0) - a x + log(1 + e^-|a|)
                dnll/da   = s - x                                   s = sigmoid(a), a a logit
    KL          kl(mu, logvar) = KL(N(mu, sigma^2) || N(0, 1)) = (mu^2 + sigma^2 - 1 - logvar) / 2
                dkl/dmu = mu,   dkl/dlogvar = (sigma^2 - 1) / 2

These are for one pixel and one dimension. An image has their sum. Training minimises the mean over
the batch, so the gradients are divided by B. sigma^2 is e^logvar with the guard of layers.py.
"""

import numpy as np
from numba import prange

from npvae.kernels.jit import jit, shared_from
from npvae.kernels.vecmath import exp, log1p
from npvae.nn.layers import guarded

# From here on e^-|a| counts as 0: added to 1 it would change no float32. The logits of an image's
# black border sink as long as the training lasts; their gradients would become denormal (adam.py).
FAR = 32.0


@jit
def _bernoulli_row(a, x, scale, terms, da):
    """Return one row's loss, and write its terms and da = scale * (s - x), each (P,)."""
    real = a.dtype.type
    zero, one, far = real(0), real(1), real(FAR)
    for p in range(a.size):
        e = exp(-min(abs(a[p]), far))  # cannot overflow
        e = e if abs(a[p]) < far else zero
        terms[p] = max(a[p], zero) - a[p] * x[p] + log1p(e)  # nll, in the form that is stable
        s = (one if a[p] >= zero else e) / (one + e)  # 1/(1 + e^-a), or e^a/(1 + e^a) for a < 0
        da[p] = scale * (s - x[p])  # dnll/da = s - x
    return pairwise_sum(terms)


@jit
def pairwise_sum(x: np.ndarray) -> float:
    """Return the sum of x (n,), and overwrite x: its second half is added to its first, and so on.

    The order is fixed, the rounding error grows with log n only, and each round vectorises.
    """
    n = x.size
    while n > 1:
        half = (n + 1) // 2  # the first half is the longer one if n is odd
        for p in range(n - half):
            x[p] += x[half + p]  # the first half now holds the whole sum
        n = half
    return x[0]


@jit
def mean(x: np.ndarray) -> float:
    """Return the mean of x (B,) over the batch, summed in float64."""
    total = 0.0
    for row in range(x.size):
        total += x[row]
    return total / x.size


@shared_from(16_384)  # logits
def _bernoulli_rows(logits, x, scale, terms, losses, dlogits):
    for row in prange(x.shape[0]):
        losses[row] = _bernoulli_row(logits[row], x[row], scale, terms[row], dlogits[row])


@jit
def bernoulli_nll(
    logits: np.ndarray, x: np.ndarray, terms: np.ndarray, losses: np.ndarray, dlogits: np.ndarray
) -> float:
    """Return the mean Bernoulli negative log-likelihood of x (B, P) in [0, 1].

    Writes each row's to `losses` (B,) and d(mean)/dlogits to `dlogits` (B, P); `terms` (B, P) is
    overwritten. Of grey pixels it is the cross-entropy, whose minimum is their entropy, not 0.
    """
    scale = logits.dtype.type(1 / x.shape[0])  # 1/B, from the mean over the batch
    _bernoulli_rows(x.size, logits, x, scale, terms, losses, dlogits)
    return mean(losses)


@jit
def kl_forward(mu: np.ndarray, logvar: np.ndarray) -> float:
    """Return the mean over rows of KL(N(mu, e^logvar) || N(0, I)); both arrays are (B, L).

    Source: Kingma & Welling 2014, appendix B.
    """
    total = 0.0
    for row in range(mu.shape[0]):
        for j in range(mu.shape[1]):
            lv = logvar[row, j]  # the guard is for e^logvar alone
            total += mu[row, j] * mu[row, j] + exp(guarded(logvar, row, j)) - 1 - lv
    return total / 2 / mu.shape[0]  # the mean over the batch


@jit
def kl_backward_add(
    mu: np.ndarray, logvar: np.ndarray, beta: float, dmu: np.ndarray, dlogvar: np.ndarray
) -> None:
    """Add the gradient of beta * mean KL to that of the reconstruction in dmu, dlogvar (B, L)."""
    scale = mu.dtype.type(beta / mu.shape[0])  # beta/B, from the mean over the batch
    half, one = mu.dtype.type(0.5), mu.dtype.type(1)
    for row in range(mu.shape[0]):
        for j in range(mu.shape[1]):
            dmu[row, j] += scale * mu[row, j]  # dkl/dmu = mu
            dlogvar[row, j] += scale * half * (exp(guarded(logvar, row, j)) - one)
