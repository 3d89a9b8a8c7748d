"""Exercise 7: the critic's score, and its gradient for the input. About 30 minutes.

The critic gives each latent vector z a score. Two hidden layers, then U units, then their mean:

    a1 = z W1 + b1         h1 = relu(a1)
    a2 = h1 W2 + b2        h2 = relu(a2)
    units = h2 W3 + b3     score = mean of the U units, for each row

    z (B, L)   W1 (L, H1)   b1 (H1,)   W2 (H1, H2)   b2 (H2,)   W3 (H2, U)   b3 (U,)   score (B,)

The score of a row depends on this row of z only. So each row has a gradient of its own, (L,): in
which direction, and how steeply, does this sample's score rise? Stack these rows into dz (B, L). It
is the backward pass of exercises 1 and 2, with dscore = 1 for every row.

Predict first: all of W3 is doubled. What happens to dz? Then a tiny number is added to every bias,
so small that no unit changes between on and off. What happens to dz now?

Grade: python -m course.check score
"""

import numpy as np

PREDICTION = ""  # two factors, before the code


def score(z, W1, b1, W2, b2, W3, b3) -> np.ndarray:
    """Return the score (B,) of each row of z."""
    raise NotImplementedError  # TODO


def input_gradient(z, W1, b1, W2, b2, W3, b3) -> np.ndarray:
    """Return dz (B, L): in each row the gradient of this row's score."""
    raise NotImplementedError  # TODO
