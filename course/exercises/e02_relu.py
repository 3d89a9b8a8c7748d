"""Exercise 2: ReLU, forward and backward. About 10 minutes.

ReLU keeps what is positive: h = max(0, a), element by element. From dh, the gradient of the loss
for h, find da, the gradient for a. The backward pass gets h and not a: a is not stored.

    a, h, dh, da    all (B, n)

At a = 0 the function has a kink and no derivative. Take 0 there.

Predict first: a holds 10,000 numbers from N(0, 1). What share of dh reaches da? What share is it
when a bias of -2 is added to all of them?

Grade: python -m course.check relu
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def relu_forward(a: np.ndarray) -> np.ndarray:
    """Return h (B, n)."""
    raise NotImplementedError  # TODO


def relu_backward(dh: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return da (B, n)."""
    raise NotImplementedError  # TODO
