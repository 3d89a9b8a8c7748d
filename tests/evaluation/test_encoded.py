"""A run applied to images: whose codes and errors, from which noise, and when they are refused."""

import numpy as np
import pytest

from npvae.errors import UserError
from npvae.evaluation.encoded import MODELS, encode_run, model_of, setting_words
from npvae.models.inference import decode, encode
from npvae.training.options import Options
from npvae.training.run import new_run


def test_codes_and_errors_are_those_of_the_runs_networks_and_refused_if_not_finite():
    run = new_run(Options("ws", latent_dim=2, hidden_dim=4), (3, 2), "toys")
    images = np.random.default_rng(0).uniform(size=(20, 6)).astype(np.float32)
    model = encode_run(run, images, seed=3)
    mu, logvar = encode(run.vae.w, images)
    assert np.array_equal(model.mu, mu) and np.array_equal(model.logvar, logvar)
    other = encode_run(run, images, seed=4)
    eps = np.append(*((m.z - mu) / np.exp(logvar / 2) for m in (model, other)))
    assert (eps.mean(), eps.std()) == pytest.approx((0, 1), abs=0.35)
    assert not np.array_equal(model.z, other.z)
    for code, errors in ((mu, model.at_mu), (model.z, model.at_z)):
        sse = np.square(decode(model.w, code) - images).sum(axis=1)
        np.testing.assert_allclose(errors.sse, sse, rtol=1e-5)
    assert (model.key, model.label) == ("ws", "WS")
    for bias in (run.vae.w.b4, run.vae.w.b2):  # errors, then codes
        bias[0] = np.inf
        with pytest.raises(UserError, match="WS run, trained on toys: its codes or errors"):
            encode_run(run, images, seed=0)
        bias[0] = 0


def test_which_model_a_setting_is_and_its_words():
    """A run without a regulariser is a plain autoencoder, whatever its kind."""
    for options, model, words in (
        (Options("kl"), "kl", "KL, β = 1"),
        (Options("ws", wasserstein_weight=3.0), "ws", "WS, λ = 3"),
        (Options("sw"), "sw", "SW, λ = 0.1736"),
        (Options("kl", sigma=0.17), "kl", "KL, β = 1, σ = 0.17"),
        (Options("kl", beta=0.0), "ae", "AE"),
        (Options("ws", wasserstein_weight=0.0), "ae", "AE"),
    ):
        assert (model_of(options), setting_words(options)) == (model, words)
        assert words.startswith(MODELS[model])
