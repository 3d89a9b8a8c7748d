"""Bounds on log p(x) of decoders small enough to integrate over a grid of all z."""

import numpy as np
import pytest

from npvae.evaluation.likelihood import (
    bounds,
    choose_scale,
    constant_logvar,
    pixel_entropy,
)
from npvae.models.vae import make_vae

PIXELS, IMAGES = 6, 40


def small_decoder(latent, seed=0):
    """Make a decoder in float64 whose pixels depend on z strongly, and some grey images."""
    rng = np.random.default_rng(seed)
    w = make_vae(PIXELS, 5, latent, np.float64, rng).w
    w.W3[:], w.b3[:] = rng.standard_normal(w.W3.shape), rng.standard_normal(w.b3.shape)
    w.W4[:], w.b4[:] = rng.standard_normal(w.W4.shape), rng.standard_normal(w.b4.shape)
    return w, rng.uniform(size=(IMAGES, PIXELS))


def log_p_given(w, x, z):
    """Compute log p(x|z) (N, Z) of images x (N, pixels) at every z (Z, latent)."""
    s = 1 / (1 + np.exp(-(np.maximum(z @ w.W3 + w.b3, 0) @ w.W4 + w.b4)))
    return x @ np.log(s).T + (1 - x) @ np.log(1 - s).T


def integrate(w, x):
    """Compute log p(x), mean and std of p(z|x), on a grid over [-7, 7] in each dimension."""
    latent = w.W3.shape[0]
    line = np.linspace(-7, 7, 4001 if latent == 1 else 281)
    z = np.stack(np.meshgrid(*[line] * latent), axis=-1).reshape(-1, latent)
    prior = np.exp(-(z**2).sum(axis=1) / 2) / (2 * np.pi) ** (latent / 2)
    joint = np.exp(log_p_given(w, x, z)) * prior * (line[1] - line[0]) ** latent
    p = joint.sum(axis=1)
    mean = joint @ z / p[:, None]
    return np.log(p), mean, np.sqrt(joint @ z**2 / p[:, None] - mean**2)


@pytest.fixture(scope="module", params=[1, 2])
def solved(request):
    """A decoder, images, log p(x), and the codes of an encoder that errs a little."""
    w, x = small_decoder(request.param)
    log_p, mean, std = integrate(w, x)
    rng = np.random.default_rng(1)
    mu = mean + 0.3 * std * rng.standard_normal(mean.shape)
    return w, x, log_p, mu, 2 * np.log(1.3 * std)


def test_bounds_rise_with_k_to_log_p_and_not_above(solved):
    w, x, log_p, mu, logvar = solved
    found = bounds(w, x, mu, logvar, seed=2, samples=4096, ks=(1, 16, 256, 4096))
    gaps = [(log_p - found.iwae[k]).mean() for k in (1, 16, 256, 4096)]
    assert gaps[0] > gaps[1] > gaps[2] > gaps[3]
    assert gaps[0] > 0.05
    assert gaps[3] == pytest.approx(0, abs=0.005)
    # Below log p(x) for every image, up to the noise of 4096 samples.
    for k in (1, 16, 256):
        assert (found.iwae[k] < log_p + 0.05).all()


def test_elbo_is_the_bound_of_one_sample_in_expectation(solved):
    w, x, _, mu, logvar = solved
    found = bounds(w, x, mu + 1, logvar - 1, seed=3, samples=8192, ks=(1,))
    np.testing.assert_allclose(found.elbo, found.iwae[1], atol=0.1)
    assert found.elbo.mean() == pytest.approx(found.iwae[1].mean(), abs=0.01)


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0])
def test_any_width_of_the_proposal_gives_a_valid_bound(solved, scale):
    w, x, log_p, mu, _ = solved
    found = bounds(w, x, mu, constant_logvar(mu, scale), seed=4, samples=4096, ks=(16, 4096))
    assert (found.elbo < log_p + 0.05).all()
    assert (found.iwae[16] < log_p + 0.05).all()
    if scale >= 1:  # a narrow proposal misses the tails, which no finite K shows
        np.testing.assert_allclose(found.iwae[4096], log_p, atol=0.15)
        assert found.iwae[4096].mean() == pytest.approx(log_p.mean(), abs=0.02)


def test_a_decoder_that_ignores_z_is_bounded_exactly_by_the_prior():
    w, x = small_decoder(latent=2)
    w.W4[:] = 0
    log_p = log_p_given(w, x, np.zeros((1, 2)))[:, 0]
    zero = np.zeros((IMAGES, 2))
    found = bounds(w, x, zero, zero, seed=5)
    for bound in (found.elbo, *found.iwae.values()):
        np.testing.assert_allclose(bound, log_p, rtol=1e-12)
    # With another proposal the ELBO loses exactly its KL from the prior.
    found = bounds(w, x, zero + 1.5, constant_logvar(zero, 2.0), seed=5)
    kl = 2 * (1.5**2 + 4 - 1 - np.log(4)) / 2
    np.testing.assert_allclose(found.elbo, log_p - kl, rtol=1e-12)


@pytest.mark.parametrize("real", [np.float64, np.float32])
@pytest.mark.parametrize("logvar", [-40.0, -400.0])
def test_a_collapsed_posterior_gives_finite_bounds(real, logvar):
    w, x = small_decoder(latent=2)
    mu = np.random.default_rng(6).standard_normal((IMAGES, 2))
    at_mu = np.array([log_p_given(w, x[[n]], mu[[n]])[0, 0] for n in range(IMAGES)])
    w, x, mu = type(w)(*(array.astype(real) for array in w)), x.astype(real), mu.astype(real)
    found = bounds(w, x, mu, np.full_like(mu, logvar), seed=7)
    kl = (np.square(mu, dtype=float) + np.exp(logvar) - 1 - logvar).sum(axis=1) / 2
    np.testing.assert_allclose(found.elbo, at_mu - kl, rtol=1e-5)
    # z does not move, so log w = log p(x|mu) - mu^2 / 2 + log sigma + eps^2 / 2, and
    # log E[e^(eps^2 / 2)] is infinite: the bounds rise slowly with K, and stay finite.
    np.testing.assert_allclose(found.iwae[1], found.elbo, atol=0.4)
    assert (found.iwae[16] > found.iwae[1]).all() and (found.iwae[256] > found.iwae[16]).all()
    assert (found.iwae[256] < found.elbo + 20).all()


def test_images_as_bytes_or_floats_in_any_number_of_batches():
    w, _ = small_decoder(latent=2)
    w.W4[:] = 0
    images = np.random.default_rng(8).integers(256, size=(1203, PIXELS), dtype=np.uint8)
    mu = np.zeros((1203, 2))
    found = bounds(w, images, mu, mu, seed=9, samples=2, ks=(1, 2))
    as_floats = bounds(w, images / 255, mu, mu, seed=9, samples=2, ks=(1, 2))
    np.testing.assert_allclose(found.elbo, as_floats.elbo, rtol=1e-9)
    log_p = log_p_given(w, images / 255, mu[:1])[:, 0]
    np.testing.assert_allclose(found.elbo, log_p, rtol=1e-9)


def test_the_seed_decides_every_bit(solved):
    w, x, _, mu, logvar = solved
    a, b, c = (bounds(w, x, mu, logvar, seed, samples=16, ks=(16,)).iwae[16] for seed in (1, 1, 2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_the_best_scale_is_found_and_repairs_a_collapsed_posterior():
    # The decoder ignores z and the encoder's mu is always 0: the best proposal is the prior, s = 1.
    w, x = small_decoder(latent=2)
    w.W4[:], w.W2[:], w.b2[:] = 0, 0, 0
    mu = np.zeros((IMAGES, 2))
    assert choose_scale(w, x, seed=10, scales=(0.1, 0.3, 1.0, 30.0)) == 1.0
    widened = bounds(w, x, mu, constant_logvar(mu, choose_scale(w, x, seed=11)), seed=11)
    posterior = bounds(w, x, mu, np.full_like(mu, -40), seed=11)
    log_p = log_p_given(w, x, np.zeros((1, 2)))[:, 0]
    np.testing.assert_allclose(widened.iwae[256], log_p, atol=0.1)
    assert (posterior.iwae[256] < log_p - 10).all()


def test_pixel_entropy_of_known_pixels():
    images = np.array([[0.0, 1.0, 0.0, 1.0], [0.5, 0.5, 0.5, 0.5], [0.5, 0.0, 0.25, 1.0]])
    quarter = 0.25 * np.log(4) + 0.75 * np.log(4 / 3)
    assert pixel_entropy(images) == pytest.approx([0, 4 * np.log(2), np.log(2) + quarter])
    images = np.array([[0, 255, 51]], np.uint8)
    assert pixel_entropy(images) == pytest.approx(-0.2 * np.log(0.2) - 0.8 * np.log(0.8))


def test_no_bound_is_above_the_pixel_entropy(solved):
    w, x, log_p, mu, logvar = solved
    found = bounds(w, x, mu, logvar, seed=12)
    floor = pixel_entropy(x)
    assert (log_p < -floor).all()
    assert (found.iwae[256] < -floor).all()
