"""Grades e05_reparameterisation."""

import numpy as np

from course.grading.attempt import Attempt, NotYet, numbers
from course.grading.diagnosis import compare, differences, disagreement
from npvae import plain

COMPARE = (
    "npvae/nn/layers.py::reparameterise_forward",
    "npvae/nn/layers.py::reparameterise_backward",
)
HINTS = {
    "sigma = exp(logvar)": (
        "this is z for sigma = e^logvar. But logvar is the log of the variance sigma^2, so z has "
        "the wrong spread."
    ),
    "sigma = logvar": "logvar stands where sigma should be. A spread cannot be negative.",
    "sigma not used": "eps is added as it is. It must first get the spread of this dimension.",
    "eps added": "eps is added to sigma. It must be multiplied by it.",
    "mu times eps": "mu is multiplied by eps, too. Then the mean of z is 0.",
    "half forgotten": (
        "it is exactly twice too large. sigma = exp(logvar / 2): what is its derivative for logvar?"
    ),
    "eps forgotten": "eps is missing. How fast z grows with sigma depends on eps.",
    "sigma forgotten": "sigma is missing. This is not yet the derivative of exp(logvar / 2).",
    "dmu times eps": "dmu is multiplied by eps. By how much does z grow if mu grows by 1?",
}
B, L = 5, 3
SIZES = {"B": (B, "batch"), "L": (L, "latent dimensions")}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    mu, logvar, eps, dz = numbers(7, *[(B, L)] * 4)
    forward, z_shape = {"mu": mu, "logvar": logvar, "eps": eps}, {"z": (B, L)}
    z = attempt.call("sample", forward, z_shape)
    right = {"z": plain.sample(mu, logvar, eps)}
    mistakes = {
        "sigma = exp(logvar)": {"z": plain.sample(mu, 2 * logvar, eps)},
        "sigma = logvar": {"z": mu + logvar * eps},
        "eps added": {"z": mu + np.exp(logvar / 2) + eps},
        "mu times eps": {"z": (mu + np.exp(logvar / 2)) * eps},
        "sigma not used": {"z": mu + eps},
    }
    shapes = {"dmu": (B, L), "dlogvar": (B, L)}
    backward, retry = {"dz": dz, "logvar": logvar, "eps": eps}, (plain.sample, forward)
    try:
        found = attempt.call("sample_backward", backward, shapes)
    except NotYet:
        compare(z, right, HINTS, mistakes, SIZES, None, retry)
        raise

    def loss():
        return float(np.sum(dz * attempt.quiet("sample", forward, z_shape)["z"]))

    checks = differences(loss, {"mu": (mu, found["dmu"]), "logvar": (logvar, found["dlogvar"])})
    compare(z, right, HINTS, mistakes, SIZES, None if disagreement(checks) else checks, retry)
    dmu, dlogvar = plain.sample_backward(dz, logvar, eps)
    mistakes = {
        "sigma = exp(logvar)": {"dlogvar": 2 * plain.sample_backward(dz, 2 * logvar, eps)[1]},
        "half forgotten": {"dlogvar": 2 * dlogvar},
        "eps forgotten": {"dlogvar": dlogvar / eps},
        "sigma forgotten": {"dlogvar": dz * eps / 2},
        "dmu times eps": {"dmu": dz * eps},
    }
    right, retry = {"dmu": dmu, "dlogvar": dlogvar}, (plain.sample_backward, backward)
    compare(found, right, HINTS, mistakes, SIZES, checks, retry)


def measured() -> str:
    """Return the answer to the prediction, measured."""
    eps, dz = numbers(8, (1000, 1), (1000, 1))
    wide, narrow = np.zeros_like(eps), np.full_like(eps, -8)
    spread = plain.sample(wide, wide, eps).std() / plain.sample(wide, narrow, eps).std()
    before, after = (plain.sample_backward(dz, v, eps)[1].std() for v in (wide, narrow))
    return (
        f"the spread shrinks by a factor of {spread:.1f}, which is e^4, and dlogvar by "
        f"{before / after:.1f}. Where sigma has become small, the sample hardly tells logvar to "
        "change any more. The KL, whose gradient does not shrink, pulls it back. The Wasserstein "
        "model has no such term."
    )
