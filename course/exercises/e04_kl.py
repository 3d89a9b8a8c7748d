"""Exercise 4: the KL divergence to the prior, with its gradients. About 30 minutes.

The encoder describes the code of an image by one normal distribution for each latent dimension,
N(mu, sigma^2), and returns mu and logvar = log sigma^2. The KL divergence to N(0, 1) is

    KL = integral of q(z) (log q(z) - log p(z)) dz,      q = N(mu, sigma^2),  p = N(0, 1)

Derive its closed form. You need the density of a normal distribution, E[(z - mu)^2] = sigma^2 and
E[z^2] = mu^2 + sigma^2, all under q. A check: it is 0 for mu = 0 and sigma = 1, and positive
everywhere else.

The KL of an image is the sum over its L dimensions. That of a batch is the mean over its images.
Return this one number, and its gradients for mu and logvar (for logvar, not for sigma).

    mu, logvar, dmu, dlogvar    all (B, L)

Predict first: which of these costs most, and which least? (a) mu = 1, logvar = 0; (b) mu = 0,
logvar = 1; (c) mu = 0, logvar = -1.

Grade: python -m course.check kl
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def kl(mu: np.ndarray, logvar: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the loss (a number), dmu (B, L) and dlogvar (B, L)."""
    raise NotImplementedError  # TODO
