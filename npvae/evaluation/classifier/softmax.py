"""The softmax and its cross-entropy, the loss of a classifier, in nats.

    p_c = e^(a_c) / sum_k e^(a_k)           a the logits, one for each class
    nll(a, y) = -log p_y = log(sum_k e^(a_k - top)) + top - a_y          top = max_k a_k
    dnll/da_c = p_c - (1 if c = y else 0)

Every exponent a_k - top is 0 or below and one of them is 0: the sum lies between 1 and the number
of classes, so that neither the exponential nor the logarithm can overflow.
"""

import math

import numpy as np

from npvae.kernels.jit import jit
from npvae.kernels.vecmath import exp


@jit
def softmax_cross_entropy(
    logits: np.ndarray, labels: np.ndarray, losses: np.ndarray, dlogits: np.ndarray
) -> float:
    """Compute the negative log-probability of labels (B,), integers from 0 to classes - 1.

    Writes each row's loss (B,) and dlogits = d(mean loss)/dlogits; returns the mean loss.
    """
    scale = logits.dtype.type(1 / logits.shape[0])
    for row in range(logits.shape[0]):
        a, p, label = logits[row], dlogits[row], labels[row]
        top, total = a.max(), logits.dtype.type(0)
        for c in range(a.size):
            p[c] = exp(a[c] - top)
            total += p[c]
        losses[row] = math.log(total) + (top - a[label])
        for c in range(a.size):
            p[c] /= total
        p[label] -= logits.dtype.type(1)
        p *= scale
    return losses.sum() / logits.shape[0]
