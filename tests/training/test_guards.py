"""Numbers that go wrong: the guards against overflow, and the stop when something is not finite."""

import re
from dataclasses import replace

import numpy as np
import pytest

from npvae.errors import UserError
from npvae.models.inference import posterior_sigma
from npvae.models.penalty import norm_backward, penalty_forward
from npvae.nn.layers import LOGVAR_MAX, reparameterise_forward
from npvae.nn.losses import kl_backward_add, kl_forward
from npvae.training import train as training
from npvae.training.checkpoint import load_checkpoint
from npvae.training.kinds import KINDS
from npvae.training.options import Options, Settings
from npvae.training.train import train

DTYPES = [np.float32, np.float64]
STOP = r"step \d+ .*no longer finite.*likely too large"


def spread(*values, real):
    return np.array([values], real)


@pytest.mark.parametrize("real", DTYPES)
def test_sigma_is_exact_up_to_the_guard_finite_above_it_and_nan_for_nan(real):
    logvar = spread(-1e6, -200, -3, 0, 19.5, LOGVAR_MAX, 21, 1e6, np.inf, np.nan, real=real)
    sigma, z = np.empty_like(logvar), np.empty_like(logvar)
    reparameterise_forward(np.zeros_like(logvar), logvar, np.ones_like(logvar), sigma, z)
    exact = np.exp(np.minimum(logvar.astype(np.float64), LOGVAR_MAX) / 2)
    limits = {"rtol": 4 * np.finfo(real).eps, "atol": np.finfo(real).tiny}
    np.testing.assert_allclose(sigma, exact, **limits)
    np.testing.assert_allclose(posterior_sigma(logvar), sigma, **limits)
    assert np.isnan(sigma[0, -1]) and np.isnan(z[0, -1])


@pytest.mark.parametrize("real", DTYPES)
def test_kl_above_the_guard_is_finite_and_pulls_the_log_variance_back(real):
    logvar = spread(21, 100, 1e6, real=real)
    mu = np.zeros_like(logvar)
    dmu, dlogvar = np.zeros_like(mu), np.zeros_like(mu)
    assert np.isfinite(kl_forward(mu, logvar))
    kl_backward_add(mu, logvar, 1.0, dmu, dlogvar)
    np.testing.assert_allclose(dlogvar, (np.exp(LOGVAR_MAX) - 1) / 2, rtol=1e-5)


@pytest.mark.parametrize("real", DTYPES)
@pytest.mark.parametrize("scale", [0, 1e-44, 1e-30, 1e-20, 1e-3, 1, 1e3, 1e15])
def test_the_penalty_gradient_of_slopes_of_any_size_is_finite_and_bounded(real, scale):
    dz = (np.random.default_rng(0).standard_normal((6, 10)) * scale).astype(real)
    norm, ddz = np.empty(6, real), np.empty_like(dz)
    assert np.isfinite(penalty_forward(dz, norm))
    norm_backward(dz, norm, 10.0, ddz)
    # |ddz| = 2 weight / B |norm - 1|; squares that underflow may make norm, and ddz, inexact.
    assert (np.linalg.norm(ddz, axis=1) <= 1.5 * 20 / 6 * np.abs(norm - 1)).all()


@pytest.fixture
def images(tmp_path):
    """A function that writes a data set of 6 x 5 pixels, random or all of one grey."""

    def write(grey=None, count=96):
        path = tmp_path / "own.npz"
        pixels = np.random.default_rng(0).uniform(size=(count + 32, 6, 5)).astype(np.float32)
        if grey is not None:
            pixels[:] = grey
        np.savez(path, images=pixels[:count], test_images=pixels[count:])
        return path

    return write


SMALL = {"epochs": 2, "batch_size": 32, "latent_dim": 3, "hidden_dim": 16, "critic_steps": 2}


def settings(tmp_path, data):
    return Settings(tmp_path / "out", data, threads=1, resume=False)


def places(run):
    """Name every place in a run where a number that is not finite could sit."""
    for network in ("vae", "critic") if run == "ws" else ("vae",):
        size = 8 if network == "vae" else 6
        yield from ((network, "theta", k) for k in range(size))
        yield from ((network, buffer, 0) for buffer in ("m", "v"))


CASES = [(run, place) for run in KINDS for place in places(run)]


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
@pytest.mark.parametrize(("run", "place"), CASES)
def test_one_bad_number_stops_the_run_at_that_step(run, place, bad, tmp_path, images, monkeypatch):
    new_run = training.new_run

    def poisoned(*args):
        state = new_run(*args)
        network, buffer, k = place
        parameters = getattr(state, network)
        parameters.views(getattr(parameters, buffer))[k].flat[0] = bad
        return state

    monkeypatch.setattr(training, "new_run", poisoned)
    with pytest.raises(UserError, match=r"step 1 .*no longer finite"):
        train(Options(run, **SMALL), settings(tmp_path, images()))
    assert not (tmp_path / "out" / "checkpoint.npz").exists()


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # a rate above float32's range
@pytest.mark.parametrize("run", KINDS)
def test_weights_that_overflow_in_the_last_step_of_an_epoch_are_not_saved(run, tmp_path, images):
    train(Options(run, **SMALL), settings(tmp_path, images()))
    before = (tmp_path / "out" / "checkpoint.npz").read_bytes()
    one_step = Options(run, **(SMALL | {"batch_size": 96, "lr": 1e38}))
    with pytest.raises(UserError, match=r"step 1 .*" + STOP[9:]):
        train(one_step, settings(tmp_path, images()))
    assert (tmp_path / "out.1" / "checkpoint.npz").read_bytes() == before
    assert not (tmp_path / "out" / "checkpoint.npz").exists()


def test_a_direction_without_length_does_not_stop_a_sliced_run():
    """With one latent dimension, a direction is one number, and float32's generator draws zeros."""

    class WithAZero:
        def standard_normal(self, out, dtype):
            out[...] = np.random.default_rng(3).standard_normal(out.shape, dtype)
            out[1] = 0  # among them the second direction

    state = training.new_run(Options("sw", **(SMALL | {"latent_dim": 1})), (5, 4))
    step = training.make_sw_step(state, np.random.default_rng(0).random((8, 20), np.float32), 8)
    assert np.isfinite(step(np.arange(8), WithAZero())).all()


EXTREMES = [
    ("ws", {"wasserstein_weight": 10.0}),
    ("ws", {"wasserstein_weight": 100.0}),
    ("ws", {"critic_lr": 0.1}),
    ("ws", {"gp_weight": 0.0}),
    ("sw", {"wasserstein_weight": 1e30}),
    ("sw", {"directions": 1}),
    *((run, {"lr": 0.1}) for run in KINDS),
    *((run, {"lr": 1e3}) for run in KINDS),
    *((run, {"latent_dim": latent}) for run in KINDS for latent in (1, 512)),
    *((run, {"batch_size": 1, "epochs": 1}) for run in KINDS),
    *((run, {"hidden_dim": 1}) for run in KINDS),
    ("kl", {"beta": 0.0}),
    ("kl", {"beta": 1e30}),
]


@pytest.mark.parametrize(("run", "changes"), EXTREMES)
@pytest.mark.parametrize("grey", [None, 0.0], ids=["random", "black"])
def test_extreme_settings_train_or_stop_with_that_message(run, changes, grey, tmp_path, images):
    options = replace(Options(run, **SMALL), **changes)
    try:
        train(options, settings(tmp_path, images(grey)))
    except UserError as error:
        assert re.search(STOP, str(error))
        return
    saved = load_checkpoint(tmp_path / "out" / "checkpoint.npz")
    assert saved.epoch == options.epochs
    assert np.isfinite([list(row.values()) for row in saved.history]).all()
