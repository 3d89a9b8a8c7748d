"""Exercise 20: an identity that your training log must obey. About 30 minutes.

A critic's loss is w mean (n - 1)^2 - D. Here n are the slopes (norms) at the mixed rows, w is the
weight of the penalty, and D is the distance: mean score of the prior minus mean score of the codes.
Multiply the critic's last layer, W3 and b3, by a number c. Then D becomes c D, and each n becomes
c n. For a trained critic c = 1 is best, so the derivative for c is 0 there. Solve this for D, and
write the result with what a log has in each epoch: the penalty P = mean (n - 1)^2, and the mean
slope. This is `estimate`.

The same two columns tell how much the slopes vary: `spread` is the standard deviation of n.

    penalty, slope, and both results (E,), a number for each epoch

When both are right, `python -m course.train ws` shows them beside the distance of your own run.

Predict first: w = 10. What is the distance if all slopes are 1.1? And if half of them are 0.9 and
half 1.3, so that their mean is 1.1, too?

Grade: python -m course.check identity
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def estimate(penalty: np.ndarray, slope: np.ndarray, gp_weight: float) -> np.ndarray:
    """Return the distance D that the identity demands, (E,)."""
    raise NotImplementedError  # TODO


def spread(penalty: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Return the standard deviation of the slopes, (E,)."""
    raise NotImplementedError  # TODO
