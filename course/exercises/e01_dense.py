"""Exercise 1: a dense layer, forward and backward. About 20 minutes.

A dense layer computes y = x W + b. Each row of x is one sample. Later layers turn y into a loss,
one number, and hand back dy: the gradient of the loss for y. Find the gradients for x, W and b.

    x (B, in)    W (in, out)    b (out,)    y and dy (B, out)          B samples in the batch

How to begin: write one element, y[r, j] = sum over i of x[r, i] W[i, j] + b[j]. Through which
elements of y does W[i, j] reach the loss? Add up all of them. Then find the matrix product that
does this for all i and j at once: shapes will tell you where a transpose belongs.

Predict first: you copy every row of x and of dy, so that the batch has 2 B rows. By what factor do
dW and db change? And dx, in its first B rows?

Grade: python -m course.check dense
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def dense_forward(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return y (B, out)."""
    raise NotImplementedError  # TODO


def dense_backward(
    x: np.ndarray, W: np.ndarray, dy: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dx (B, in), dW (in, out) and db (out,)."""
    raise NotImplementedError  # TODO
