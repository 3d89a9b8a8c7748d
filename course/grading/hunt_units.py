"""Grades e14_hunt_units."""

import numpy as np

from course.grading import hunt
from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import close
from npvae import plain


def scaled(logits, x, mu, logvar, bce_part=1.0, kl_part=1.0):
    """Return npvae's loss and gradients, with its two parts scaled."""
    arrays = [np.atleast_2d(np.asarray(a, np.float64)) for a in (logits, x, mu, logvar)]
    bce, dlogits = plain.bce(*arrays[:2])
    kl, dmu, dlogvar = plain.kl(*arrays[2:])
    loss = bce_part * bce + kl_part * kl
    return loss, bce_part * dlogits, kl_part * dmu, kl_part * dlogvar


def suspect(logits, x, mu, logvar):
    """Return the loss with a mean over the pixels."""
    return scaled(logits, x, mu, logvar, bce_part=1 / np.shape(x)[-1])


RELATIVES = {
    "the KL is a mean over the latent dimensions": lambda logits, x, mu, logvar: scaled(
        logits, x, mu, logvar, kl_part=1 / np.shape(mu)[-1]
    ),
    "the loss is a sum over the batch": lambda logits, x, mu, logvar: scaled(
        logits, x, mu, logvar, len(np.atleast_2d(x)), len(np.atleast_2d(x))
    ),
    "BCE and KL are both means over their dimensions": lambda logits, x, mu, logvar: scaled(
        logits, x, mu, logvar, 1 / np.shape(x)[-1], 1 / np.shape(mu)[-1]
    ),
}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    logits, x, mu, logvar = numbers(26, (4, 5), (4, 5), (4, 3), (4, 3))
    arguments = {"logits": logits, "x": 1 / (1 + np.exp(-x)), "mu": mu, "logvar": logvar}
    results = {"loss": (), "dlogits": (4, 5), "dmu": (4, 3), "dlogvar": (4, 3)}
    shown = attempt.quiet("vae_loss", arguments, results)
    expected = dict(zip(results, suspect(**arguments), strict=True))
    if not all(close(shown[label], expected[label]) for label in results):
        raise attempt.wrong("the suspect was changed", "vae_loss")
    hunt.hunt(attempt, scaled, suspect, RELATIVES)


def measured() -> tuple:
    """Measure what the prediction is about."""
    zeros, code = np.zeros((1, 784)), np.full((1, 10), 2.0)  # its KL is 10 * 2^2 / 2 = 20
    none = 0 * code
    bce = suspect(zeros, zeros, none, none)[0]
    kl = suspect(zeros, zeros, code, none)[0] - bce
    right = scaled(zeros, zeros, none, none)[0]
    return bce, kl, right, right / bce
