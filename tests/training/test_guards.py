"""Numbers that go wrong: the guards against overflow, and the stop when something is not finite."""

import re
from itertools import product

import numpy as np
import pytest
from own_runs import small, trained

from npvae.errors import UserError
from npvae.models.inference import posterior_sigma
from npvae.models.penalty import norm_backward, penalty_forward
from npvae.nn.layers import LOGVAR_MAX, reparameterise_forward
from npvae.nn.losses import kl_backward_add, kl_forward
from npvae.training import train as training
from npvae.training.kinds import KINDS

DTYPES = [np.float32, np.float64]
STOP = r"step \d+ .*no longer finite.*likely too large"


@pytest.mark.parametrize("real", DTYPES)
def test_log_variances_are_exact_up_to_the_guard_and_finite_above_it(real):
    logvar = np.array([[-1e6, -200, -3, 0, 19.5, LOGVAR_MAX, 21, 1e6, np.inf, np.nan]], real)
    sigma, z, zeros = np.empty_like(logvar), np.empty_like(logvar), np.zeros_like(logvar)
    reparameterise_forward(zeros, logvar, np.ones_like(logvar), sigma, z)
    exact = np.exp(np.minimum(logvar.astype(np.float64), LOGVAR_MAX) / 2)
    limits = {"rtol": 4 * np.finfo(real).eps, "atol": np.finfo(real).tiny}
    np.testing.assert_allclose(sigma, exact, **limits)
    np.testing.assert_allclose(posterior_sigma(logvar), sigma, **limits)
    assert np.isnan(sigma[0, -1]) and np.isnan(z[0, -1])
    above, zeros = logvar[:, 6:8], zeros[:, 6:8]
    dmu, dlogvar = zeros.copy(), zeros.copy()
    assert np.isfinite(kl_forward(zeros, above))
    kl_backward_add(zeros, above, 1.0, dmu, dlogvar)  # it pulls the log-variance back
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


FLATS = "theta", "m", "v"
PLACES = [*product(["vae"], FLATS, range(8)), *product(["critic"], FLATS, range(6))]
CASES = [(kind, *place) for kind in KINDS for place in PLACES if kind == "ws" or "vae" in place]


@pytest.mark.parametrize(("kind", "network", "flat", "k"), CASES)
def test_one_bad_number_stops_the_run_at_that_step(kind, network, flat, k, own, monkeypatch):
    new_run, bad = training.new_run, iter([np.nan, -np.inf])

    def poisoned(*args):
        run = new_run(*args)
        parameters = getattr(run, network)
        parameters.views(getattr(parameters, flat))[k].flat[0] = next(bad)
        return run

    monkeypatch.setattr(training, "new_run", poisoned)
    for _ in range(2):
        with pytest.raises(UserError, match=r"step 1 .*no longer finite"):
            trained(small(kind), own.with_name("out"), own)
    assert not (own.with_name("out") / "checkpoint.npz").exists()


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # a rate above float32's range
@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_overflow_at_the_end_of_an_epoch_are_not_saved(kind, tmp_path, there, own):
    before = (there(kind) / "checkpoint.npz").read_bytes()
    with pytest.raises(UserError, match=r"step 1 .*" + STOP[9:]):
        trained(small(kind, batch_size=40, lr=1e38), tmp_path / "out", own)
    assert (tmp_path / "out.1" / "checkpoint.npz").read_bytes() == before
    assert not (tmp_path / "out" / "checkpoint.npz").exists()


SHARED = [("lr", 0.1), ("lr", 1e3), ("latent_dim", 1), ("latent_dim", 512), ("hidden_dim", 1)]
WEIGHT = "wasserstein_weight"
EXTREMES = {
    "kl": [("beta", 0.0), ("beta", 1e30)],
    "ws": [(WEIGHT, 10.0), (WEIGHT, 100.0), ("critic_lr", 0.1), ("gp_weight", 0.0)],
    "sw": [(WEIGHT, 1e30), ("directions", 1)],
}
ALL = [(kind, *e) for kind in KINDS for e in [*SHARED, ("batch_size", 1), *EXTREMES[kind]]]


@pytest.mark.parametrize("black", [False, True])
@pytest.mark.parametrize(("kind", "option", "value"), ALL)
def test_extreme_settings_train_or_stop_with_that_message(kind, option, value, black, own):
    if black:
        np.savez(own, images=np.zeros((50, 3, 4), np.float32))
    try:
        run = trained(small(kind, **{option: value}), own.with_name("out"), own)
    except UserError as error:
        assert re.search(STOP, str(error))
    else:
        assert run.epoch == 2
        assert np.isfinite([list(row.values()) for row in run.history]).all()
