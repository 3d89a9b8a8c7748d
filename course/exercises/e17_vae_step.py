"""Exercise 17: the way back through the VAE. About 40 minutes.

The way forward was, with weights in the dict vae:

    h_enc = relu(x W1 + b1)        stats = h_enc W2 + b2        mu, logvar = the halves of stats
    z = mu + e^(logvar / 2) eps    h_dec = relu(z W3 + b3)      logits = h_dec W4 + b4

The loss has two terms. dlogits is the gradient of the reconstruction. dz, dmu and dlogvar are those
of the other term alone: KL gives dmu and dlogvar (and dz = 0), a critic gives dz (and dmu = dlogvar
= 0). Go back from dlogits. Where do the gradients of the two terms meet? There they add up.

    x (B, P)   h_enc (B, H)   stats (B, 2 L), mu first   mu, logvar, eps, z (B, L)
    h_dec (B, K), with K hidden units   logits (B, P)   dz, dmu and dlogvar (B, L), or the number 0

Predict first: all of sigma becomes very small, as in a WS model. Which columns of dW2 vanish?

Grade: python -m course.check vae_step
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def vae_backward(
    vae: dict, x, h_enc, logvar, eps, z, h_dec, dlogits, dz, dmu, dlogvar
) -> tuple[np.ndarray, ...]:
    """Return dW1, db1, dW2, db2, dW3, db3, dW4 and db4."""
    raise NotImplementedError  # TODO
