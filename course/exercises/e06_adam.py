"""Exercise 6: one update of Adam. About 20 minutes.

Adam keeps two running means for each parameter: m of the gradient g, v of its square g^2.

    m <- 0.9 m + 0.1 g                v <- 0.999 v + 0.001 g^2

Both start at 0, so the first values are far too small. After t updates with a constant g,

    m = (1 - 0.9^t) g

(check this for t = 1 and t = 2), and v likewise with 0.999 and g^2. Divide this factor out: call
the results m_hat and v_hat. Then move against the gradient:

    theta <- theta - lr m_hat / (sqrt(v_hat) + 1e-8)

m and v themselves are kept without the correction.

    theta, g, m, v    all (n,)        t = 1, 2, 3, ..  the number of this update        lr a number

Do not change the arrays that you are given. Return new ones.

Predict first: in the first update, lr = 0.001. How far does a parameter move whose gradient is
1000, and one whose gradient is 0.000001? How far would the first move without the bias correction?

Grade: python -m course.check adam
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def adam(
    theta: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray, t: int, lr: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the new theta, m and v, all (n,)."""
    raise NotImplementedError  # TODO
