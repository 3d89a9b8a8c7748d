"""Exercise 13, a bug hunt: a sampler that passes every gradient check. About 30 minutes.

The two functions below have one fault. The backward pass belongs to the forward pass, so finite
differences find nothing. Training works, too, and the losses look sensible. But z is not a sample
of N(mu, e^logvar).

Write a test that finds the fault. It gets a function like `sample`, and tries it with arrays of its
own. It must pass (do nothing) if the function is right, and fail (by `assert`) if it is not. It
must not depend on luck. The grader runs it on right code, on the code below and on relatives of it:
functions that get mu or sigma wrong. Leave the code below as it is. Write my_test only.

    mu, logvar, eps, z    all (B, L); choose any B above 1, and any L

Predict first: what is the largest relative error that a gradient check finds in the code below? And
what does the standard deviation of z become where it should be 0.1?

Grade: python -m course.check hunt_sampler
"""

import numpy as np

PREDICTION = ""  # two numbers, before the code


def sample(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> np.ndarray:
    """Return z (B, L). The suspect."""
    sigma = np.exp(logvar)
    return mu + sigma * eps


def sample_backward(
    dz: np.ndarray, logvar: np.ndarray, eps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return dmu and dlogvar, both (B, L). The suspect's other half."""
    sigma = np.exp(logvar)
    return dz, dz * sigma * eps


def my_test(sample) -> None:
    """Fail by an assertion if `sample` does not draw from N(mu, e^logvar)."""
    raise NotImplementedError  # TODO
