"""Exercise 12, beyond the training: an importance-weighted bound on log p(x). About 45 minutes.

How likely is an image x under a decoder? Draw K codes from a proposal q = N(mu, sigma^2), for
instance the encoder's. The importance weights of these codes have the mean p(x), for any such q:

    z_k = mu + sigma eps_k        w_k = p(x|z_k) p(z_k) / q(z_k)        E[w_k] = p(x)

By Jensen's inequality the log of their average is, on average, a lower bound:

    bound = log( (w_1 + .. + w_K) / K )              E[bound] <= log p(x)

The prior p(z) is N(0, I); both p(z) and q(z) are products over the L dimensions. Work with log w_k
only: w_k itself is about e^-100, or e^-1000, which is 0 on a computer. Find a shift that makes the
largest term e^0. In log p(z) - log q(z), express q by eps: then some terms cancel, and nothing is
divided by sigma.

    log_p (B, K), which is log p(x|z_k)    mu, logvar (B, L)    eps (B, K, L)    log_w (B, K)

Last, the gradient of the bound for each log w_k. It shows which samples count.

Predict first: x has the likelihood N(x; z, 1), so the exact posterior for x = 1 is N(0.5, 0.5),
with mean 0.5 and variance 0.5. With it as q: is the bound better for K = 100 than for K = 1? And
with a q of the same mean whose variance is 100 times smaller: is its bound close, if K = 100?

Grade: python -m course.check importance
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def log_weights(log_p, mu, logvar, eps) -> np.ndarray:
    """Return log_w (B, K)."""
    raise NotImplementedError  # TODO


def bound(log_w: np.ndarray) -> np.ndarray:
    """Return the bound (B,) of each image."""
    raise NotImplementedError  # TODO


def bound_backward(log_w: np.ndarray) -> np.ndarray:
    """Return the gradient (B, K) of each image's bound for its log_w."""
    raise NotImplementedError  # TODO
