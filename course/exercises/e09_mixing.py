"""Exercise 9: where the penalty is taken. About 10 minutes.

The critic's slope is tested at points between the encoder's samples z and samples of the prior. Row
r of the result is a random point on the straight line between z[r] and prior[r]. All points between
the two are equally likely, and each row has a point of its own.

    z, prior, result    all (B, L)

Take all random numbers from rng, a NumPy generator such as np.random.default_rng(0). Then the same
rng gives the same points.

Predict first: z and prior both hold samples of N(0, I) in 10 dimensions, so the squared length of a
row is 10 on average. How long is it for the mixed rows: more, less, or the same?

Grade: python -m course.check mixing
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def mix(z: np.ndarray, prior: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the mixed rows (B, L)."""
    raise NotImplementedError  # TODO
