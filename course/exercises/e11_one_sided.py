"""Exercise 11, beyond the code: the one-sided penalty. About 20 minutes.

A critic may be flatter than 1; only a steeper slope is against the rules. The one-sided penalty
says just that. It counts the excess only:

    norm = length of dz, for each row      P = mean over the batch of max(0, norm - 1)^2

    dz, ddz    (B, L)

The mean is over all B rows, also those that pay nothing. Write P, and ddz: the gradient of P for
dz. From there on nothing changes: exercise 8's second pass works with this ddz as it stands. A row
with norm 0 must not give NaN.

Predict first: the slope is 0.5 everywhere. How large are the two-sided and the one-sided penalty,
and in which direction does each push the slope? Which of the two would let the critic vanish?

Grade: python -m course.check one_sided
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def penalty(dz: np.ndarray) -> float:
    """Return P, a number."""
    raise NotImplementedError  # TODO


def norm_backward(dz: np.ndarray) -> np.ndarray:
    """Return ddz (B, L), the gradient of P for dz."""
    raise NotImplementedError  # TODO
