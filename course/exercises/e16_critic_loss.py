"""Exercise 16: the whole loss of the critic. About 40 minutes.

The critic should give rows of the prior high scores and codes ("fake") low ones, with slope 1:

    distance = mean score(prior) - mean score(fake)        loss = gp_weight P - distance

P is the penalty at the mixed rows. First write score_gradients: the backward pass of the score for
all weights, when each row's score has its own dscore. Then critic_loss puts together what you have
written before. Import it: from course.exercises.e07_score import score, and so on. The loss has
three terms, and each weight's gradient is the sum of theirs. P has none for a bias.

    z, fake, prior, mixed (B, L)   dscore (B,)   critic: a dict of W1, b1, W2, b2, W3, b3, as before

Predict first: fake and prior are the same rows. What is the distance? What are the gradients of
b1, b2 and b3?

Grade: python -m course.check critic_loss
"""

import numpy as np

PREDICTION = ""  # one sentence, written before the code


def score_gradients(z, dscore, W1, b1, W2, b2, W3, b3) -> tuple[np.ndarray, ...]:
    """Return dW1, db1, dW2, db2, dW3 and db3 of the sum over the rows of dscore * score."""
    raise NotImplementedError  # TODO


def critic_loss(critic: dict, fake, prior, mixed, gp_weight: float) -> tuple:
    """Return loss, distance, P, the mean slope at mixed, and a list: dW1, db1, dW2, ..., db3."""
    raise NotImplementedError  # TODO
