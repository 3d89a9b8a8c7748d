"""The Bernoulli loss of logits far from 0, where exact arithmetic would end in denormal numbers."""

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
def test_gradients_of_saturated_pixels_stay_far_above_the_denormal_numbers(dtype):
    # A run of 35 epochs takes the logits of pixels that are always black to -130. Products with
    # activations down to 1e-7 must still be normal in float32.
    logits = np.tile(np.linspace(-200, -30, 341), (64, 1))
    _, dlogits = loss_and_gradient(logits, np.zeros_like(logits), dtype)
    assert dlogits.min() * 1e-7 >= np.finfo(np.float32).tiny
    assert dlogits.max() <= np.exp(-30)
    assert np.all(np.diff(dlogits, axis=1) >= 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_loss_of_a_saturated_pixel_of_the_wrong_colour_is_the_logit(dtype):
    losses, dlogits = loss_and_gradient([[-130, 0], [130, 0]], [[1, 0], [0, 0]], dtype)
    np.testing.assert_allclose(losses, 130 + np.log(2), rtol=1e-6)
    np.testing.assert_allclose(dlogits[:, 0], [-0.5, 0.5], rtol=1e-6)


def test_a_logit_that_is_nan_stays_visible():
    losses, dlogits = loss_and_gradient([[np.nan, 1], [2, 3]], [[0, 1], [1, 0]], np.float32)
    assert np.isnan(losses[0])
    assert np.isnan(dlogits[0, 0])
    assert np.isfinite(losses[1])
