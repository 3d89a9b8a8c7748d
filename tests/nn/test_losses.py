"""The Bernoulli loss of logits far from 0, where e^-|a| is taken to be 0."""

import numpy as np
import pytest

from npvae.nn.losses import bernoulli_nll


def loss_and_gradient(logits, x, dtype):
    """Return the loss of each row and the gradient dlogits."""
    logits, x = np.array(logits, dtype), np.array(x, dtype)
    losses, dlogits = np.empty(len(x), dtype), np.empty_like(x)
    bernoulli_nll(logits, x, np.empty_like(x), losses, dlogits)
    return losses, dlogits


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_loss_of_a_saturated_pixel_of_the_wrong_colour_is_the_logit(dtype):
    losses, dlogits = loss_and_gradient([[-130, 0], [130, 0]], [[1, 0], [0, 0]], dtype)
    np.testing.assert_allclose(losses, 130 + np.log(2), rtol=1e-6)
    np.testing.assert_allclose(dlogits[:, 0], [-0.5, 0.5], rtol=1e-6)


def test_a_logit_that_is_nan_stays_visible_in_the_loss():
    losses, _ = loss_and_gradient([[np.nan, 1], [2, 3]], [[0, 1], [1, 0]], np.float32)
    assert np.isnan(losses[0])
    assert np.isfinite(losses[1])
