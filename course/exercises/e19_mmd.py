"""Exercise 19, beyond the code: the maximum mean discrepancy (MMD). About 30 minutes.

Another distance without a critic, that of WAE-MMD (Tolstikhin et al. 2018). A kernel says how near
two rows are, here k(a, b) = C / (C + |a - b|^2) with C = 2 L. Then

    loss = mean k(z, z') + mean k(prior, prior') - 2 mean k(z, prior)

Each mean is over all B^2 pairs of rows, those of a row with itself included. The loss is 0 where
both sets are the same, else positive. Return it, and dz. A row of z occurs in its pairs as z and
as z'.

    z, prior, dz (B, L)

Predict first: z is moved away from the prior, by 3 or by 1000. From where is it pulled back more
strongly? (The sum of all rows of dz is this pull.)

Grade: python -m course.check mmd
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def mmd(z: np.ndarray, prior: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the loss (a number) and dz (B, L)."""
    raise NotImplementedError  # TODO
