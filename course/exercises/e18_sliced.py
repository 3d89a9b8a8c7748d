"""Exercise 18: a distance without a critic, the sliced Wasserstein distance. About 40 minutes.

On a line, the best transport between two sets of B numbers pairs them by rank: the smallest with
the smallest, and so on. So project the rows of z and of prior on K lines, z directions^T, pair them
on each line, and take the mean of |gap| over the B pairs and K lines. Divide it by

    c = E|direction_1| = Gamma(L/2) / (sqrt(pi) Gamma((L + 1)/2))        math.gamma is Gamma

(direction_1 is the first number of a random row of length 1), so that a shift of all rows by v has
the distance |v| in the mean. For dz, hold the pairs fixed: each row of z is pulled along each line
to its partner.

    z, prior, dz (B, L)   directions (K, L), rows of length 1

Predict first: z are rows of N(0, I) in 10 dimensions, moved by a vector of length 3. How far from
the prior are they? And how far is a z whose rows are all 0?

Grade: python -m course.check sliced
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def sliced(z, prior, directions) -> tuple[float, np.ndarray]:
    """Return the distance (a number) and dz (B, L)."""
    raise NotImplementedError  # TODO
