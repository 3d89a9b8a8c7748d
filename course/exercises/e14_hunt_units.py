"""Exercise 14, a bug hunt: a loss in two units. About 30 minutes.

The loss of a VAE is, per image: BCE summed over the pixels, plus KL summed over the latent
dimensions. A batch has the mean over its images. The function below returns this loss and its
gradients. It has one fault, which no gradient check finds: the gradients are those of the loss that
it computes. A model trained with it reconstructs badly, and nobody sees why.

Write a test that finds the fault. It gets a function like `vae_loss`, and tries it with arrays of
its own, for which you know something about the right loss. It must pass (do nothing) if the
function is right, and fail (by `assert`) if it is not. The grader runs it on right code, on the
code below and on relatives of it, in which another part of the loss is a mean instead of a sum, or
a sum instead of a mean.
Leave the code below as it is.

    logits, x (B, P)    mu, logvar (B, L); choose any B above 1, and any P and L

Predict first: P = 784 and all logits are 0. How large are the two parts of the loss below if the KL
of an image is 20? By what factor is the KL too strong?

Grade: python -m course.check hunt_units
"""

import numpy as np

PREDICTION = ""  # two numbers and a factor, before the code


def vae_loss(logits, x, mu, logvar):
    """Return the loss and its gradients dlogits, dmu and dlogvar. The suspect."""
    s = 1 / (1 + np.exp(-logits))
    bce = np.mean(np.logaddexp(0, logits) - logits * x)
    kl = np.mean(np.sum(mu**2 + np.exp(logvar) - 1 - logvar, axis=1)) / 2
    B = len(x)
    return bce + kl, (s - x) / x.size, mu / B, (np.exp(logvar) - 1) / 2 / B


def my_test(vae_loss) -> None:
    """Fail by an assertion if `vae_loss` does not return the loss described above."""
    raise NotImplementedError  # TODO
