"""Exercise 5: a sample that lets the gradient through. About 20 minutes.

The decoder gets a sample z from N(mu, sigma^2), where mu and logvar = log sigma^2 come from the
encoder. A sample has no derivative. But z can be written as a function of mu, logvar and a number
eps that is drawn from N(0, 1) and does not depend on the encoder. Write this function and its
backward pass.

    mu, logvar, eps, z    all (B, L)          dz, dmu, dlogvar likewise

eps is drawn outside and handed to both passes. z must have mean mu and variance e^logvar.

Predict first: logvar falls from 0 to -8 everywhere. By what factor does the spread of z shrink? By
what factor does dlogvar shrink, for the same dz and eps? What does that mean for an encoder whose
logvar has become very small?

Grade: python -m course.check reparameterisation
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def sample(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> np.ndarray:
    """Return z (B, L)."""
    raise NotImplementedError  # TODO


def sample_backward(
    dz: np.ndarray, logvar: np.ndarray, eps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return dmu and dlogvar, both (B, L)."""
    raise NotImplementedError  # TODO
