"""Exercise 10, beyond the code: a critic with tanh. About 60 minutes.

In exercise 8 the gates were constants. For tanh they are not. Take a critic with one hidden layer:

    a = z W1 + b1        t = tanh(a)        score = t w2          one number for each row

    z (B, L)   W1 (L, H)   b1 (H,)   w2 (H,)   a and t (B, H)   score (B,)

The derivative of tanh(a) is 1 - t^2: this is the gate. First write the input gradient dz (B, L),
row by row the gradient of this row's score. Then the gradients of

    P = mean over the batch of (|dz| - 1)^2

for W1, b1 and w2. Start from ddz, the gradient of P for dz, as in exercise 8 (no row has norm 0
here). W1 reaches P in two ways: as a factor in dz, and through the gates, which depend on a. Follow
both ways and add. b1 reaches P in one way only. The derivative of 1 - t^2 for a takes two steps:
for t first, then t for a. The finite differences tell you whether you have found all terms.

Predict first: which of dW1, db1 and dw2 have a part that comes through the gates, and so would be
missing with ReLU? How large is that part of dW1: a few percent, about half, nearly all?

Grade: python -m course.check tanh
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def input_gradient(z, W1, b1, w2) -> np.ndarray:
    """Return dz (B, L)."""
    raise NotImplementedError  # TODO


def penalty_gradient(z, W1, b1, w2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dW1 (L, H), db1 (H,) and dw2 (H,), the gradients of P."""
    raise NotImplementedError  # TODO
