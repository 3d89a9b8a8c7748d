"""Exercise 8: the gradient penalty's second pass. About 60 minutes: the heart of the matter.

With a slope of at most 1, a critic's estimate is at most W1. The penalty asks for slope 1:

    norm = length of dz, for each row          P = mean over the batch of (norm - 1)^2

where dz (B, L) is the input gradient of exercise 7, which came out of this first backward pass:

    da2 = (dunits W3^T) [h2 > 0]      da1 = (da2 W2^T) [h1 > 0]      dz = da1 W1^T

[c] is 1 where c holds, else 0. To train the critic we need the gradients of P for W1, W2 and W3. So
these lines are now a forward pass, which begins at dunits and ends at P. Go back through them.
Begin at the end: ddz is the gradient of P for dz. Each line is then a product, as in exercise 1
(where W stood, W1^T stands now), and a gate, as in exercise 2. Each W is met once on this way.
Treat the gates as constants.

    dz (B, L)   da1 (B, H1)   da2 (B, H2)   dunits (B, U)   h1 (B, H1)   h2 (B, H2)
    W1 (L, H1)   W2 (H1, H2)   W3 (H2, U)

A row with norm 0 has no direction. Give it the gradient 0, and no NaN.

Predict first: W3 is all 0. How large is P, and what are its gradients? Can such a critic learn from
P alone? Why does P have no gradient for a bias?

Grade: python -m course.check penalty
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def penalty(dz: np.ndarray) -> float:
    """Return P, a number."""
    raise NotImplementedError  # TODO


def norm_backward(dz: np.ndarray) -> np.ndarray:
    """Return ddz (B, L), the gradient of P for dz."""
    raise NotImplementedError  # TODO


def second_pass(dz, da1, da2, dunits, h1, h2, W1, W2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dW1, dW2 and dW3, the gradients of P. Begin with ddz = norm_backward(dz)."""
    raise NotImplementedError  # TODO
