"""Numbers of codes, critics and single images whose values follow from how these were made."""

import numpy as np
import pytest

from npvae.evaluation import measure as measure_module
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.measure import critic_metrics, latent_metrics, prior_draws, sharpness
from npvae.training.checkpoint import new_run
from npvae.training.options import Options


def critic_and_codes(z):
    """A WS run's critic, all of whose weights are 0, and the model that it judges by codes z."""
    run = new_run(Options("ws", latent_dim=z.shape[1], hidden_dim=2), (2, 2))
    run.critic.theta[:] = 0
    return run.critic.w, EncodedRun(run, z, z, z, None, None)


def test_latent_metrics_of_a_shift_are_its_length_and_its_shadows(monkeypatch):
    x, v = np.random.default_rng(1).standard_normal((300, 2)), np.array([3.0, -4.0])
    monkeypatch.setattr(measure_module, "prior_draws", lambda n, latent, draw: x)
    found = latent_metrics(x + v)
    assert found["w1_exact"] == pytest.approx(5)
    assert found["w1_sliced"] == pytest.approx(5 * 2 / np.pi, rel=0.05)
    assert found["w1_dimension"] == pytest.approx(3.5)
    assert found["centre"] == pytest.approx(np.abs(x.mean(axis=0) + v).mean())


def test_exact_w1_is_the_mean_over_three_draws_of_the_prior(monkeypatch):
    x, v = np.random.default_rng(4).standard_normal((200, 2)), np.array([3.0, -4.0])
    monkeypatch.setattr(measure_module, "prior_draws", lambda n, latent, draw: x + draw * v)
    assert latent_metrics(x)["w1_exact"] == pytest.approx((0 + 5 + 10) / 3)


def test_latent_metrics_of_a_gaussian_of_known_mean_width_and_correlation():
    x = np.random.default_rng(2).standard_normal((400, 3))
    z = np.array([6, -1, -8]) + x @ np.array([[2, 0.3, 0], [0, 0.4, 0], [0, 0, 0.6]])
    found = latent_metrics(z)
    known = {"centre": 5, "width": 3.1 / 3, "width_error": 1.9 / 3, "correlation": 0.6 / 3}
    assert {key: found[key] for key in known} == pytest.approx(known, abs=0.1)
    # At least the distance of the means; the shapes add little where that is so large.
    assert found["w1_exact"] == pytest.approx(np.sqrt(101), rel=0.03)


def test_latent_metrics_by_hand(monkeypatch):
    # (0, 0, 0, 4): mean 1, s² = 3, skewness 6/3√3, kurtosis 21/9 - 3. ±1: kurtosis 1 - 3.
    # Deviations -1 -1 -1 3 and -1 1 -1 1: correlation (1 - 1 + 1 + 3) / 4√3.
    z = np.tile([[0.0, -1], [0, 1], [0, -1], [4, 1]], (50, 1))
    monkeypatch.setattr(measure_module, "prior_draws", lambda n, latent, draw: z[:, :latent])
    found = latent_metrics(z)
    known = {"centre": 0.5, "width": (3**0.5 + 1) / 2, "width_error": (3**0.5 - 1) / 2}
    known |= {"skewness": 1 / 3**0.5, "kurtosis": 4 / 3, "correlation": 1 / 3**0.5}
    assert {key: found[key] for key in known} == pytest.approx(known)
    assert found["w1_exact"] == found["w1_sliced"] == found["w1_dimension"] == 0
    assert latent_metrics(z[:, :1])["correlation"] == 0


def test_critic_metrics_of_a_linear_critic():
    """score(z) = (3, -4) z = max(0, ..) - max(0, -..): its slope is 5 wherever one asks."""
    z = np.random.default_rng(3).normal([2, 1], 0.1, (900, 2)).astype(np.float32)
    w, model = critic_and_codes(z)
    w.W1[:, 0], w.W1[:, 1] = (3, -4), (-3, 4)
    w.W2[0, 0] = w.W2[1, 1] = w.W3[0, :] = 1
    w.W3[1, :] = -1
    found = critic_metrics(model)
    expected = (prior_draws(900, 2, 0) - z).mean(axis=0) @ [3, -4]
    assert found.pop("critic_w1") == pytest.approx(expected, abs=1e-4)
    assert list(found.values()) == pytest.approx([5] * 4)


def test_critic_metrics_of_a_critic_with_a_kink():
    """score(z) = 2 max(0, z₁ - 50), with one code in ten at z₁ = 100 and the others at 0."""
    z = np.zeros((2000, 2), np.float32)
    z[::10, 0] = 100
    w, model = critic_and_codes(z)
    w.W1[0, 7], w.b1[7], w.W2[7, 5] = 1, -50, 1
    w.W3[5] = np.arange(10) - 2.5  # whose mean is 2
    found = critic_metrics(model)
    assert found["critic_w1"] == pytest.approx(-0.1 * 2 * 50)
    assert found["critic_slope_data"] == pytest.approx(0.1 * 2)
    assert found["critic_slope_data_99"] == found["critic_slope_99"] == pytest.approx(2)
    # A mixture is beyond the kink if its code is at 100 and has more than half of the weight.
    assert found["critic_slope"] == pytest.approx(0.05 * 2, abs=0.02)


def test_sharpness_of_a_plain_image_and_of_stripes():
    rows, columns = np.indices((4, 6))
    images = [0.7 + 0 * rows, columns % 2, rows % 2, (rows + columns) % 2, 0.5 * (columns == 5)]
    expected = [0, 4 * 5 / 24, 6 * 3 / 24, (4 * 5 + 6 * 3) / 24, 0.5 * 4 / 24]
    assert sharpness(np.reshape(images, (5, 24)), (4, 6)) == pytest.approx(expected)
