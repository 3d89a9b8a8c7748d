"""Numbers too small for the processor's fast path do not arise, however far the logits sink."""

import numpy as np
import pytest

from npvae.nn.losses import FAR, bernoulli_nll


def nll(logits, x):
    terms, dlogits = np.empty_like(logits), np.empty_like(logits)
    losses = np.empty(len(logits), logits.dtype)
    bernoulli_nll(logits, x, terms, losses, dlogits)
    return losses, dlogits


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_of_sunken_logits_are_0_and_others_are_right(dtype):
    logits = np.arange(-200, 201, dtype=dtype)[:, None]  # one pixel an image
    rounding = max(np.finfo(dtype).eps, 2e-14)  # of s - x, and what counts as 0
    for grey in (0.0, 0.25, 1.0):
        x = np.full_like(logits, grey)
        losses, dlogits = nll(logits, x)
        a = logits[:, 0].astype(np.float64)
        exact = np.maximum(a, 0) - a * grey + np.log1p(np.exp(-np.abs(a)))
        np.testing.assert_allclose(losses, exact, rtol=1e-6, atol=2e-14)
        s = 1 / (1 + np.exp(-a))
        np.testing.assert_allclose(dlogits[:, 0] * len(a), s - grey, rtol=1e-6, atol=rounding)
        tiny = np.finfo(np.float32).tiny
        assert not ((dlogits != 0) & (np.abs(dlogits) < tiny)).any()
        assert grey > 0 or not dlogits[logits <= -FAR].any()  # of pixels that are always black


def test_nan_is_seen_by_the_loss():
    losses, _ = nll(np.full((1, 3), np.nan), np.zeros((1, 3)))
    assert np.isnan(losses).all()
