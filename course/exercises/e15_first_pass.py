"""Exercise 15: the first pass, with what the second one needs. About 15 minutes.

Exercise 8, in the next chapter, goes back through the input gradient of exercise 7. For that it is
handed six arrays. Make them: copy your input gradient, and return what it met on its way as well.

    h1, h2                           on the way forward
    dunits                           the gradient of the score for each unit, from dscore = 1
    da2 = (dunits W3^T) [h2 > 0]     da1 = (da2 W2^T) [h1 > 0]     dz = da1 W1^T

    h1 and da1 (B, H1)   h2 and da2 (B, H2)   dunits (B, U)   z and dz (B, L)

Predict first: all of W3 is doubled. Which of the six arrays double, and which stay as they are?

Grade: python -m course.check first_pass
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def first_pass(z, W1, b1, W2, b2, W3, b3) -> tuple[np.ndarray, ...]:
    """Return dz, da1, da2, dunits, h1 and h2, in this order: that of second_pass's arguments."""
    raise NotImplementedError  # TODO
