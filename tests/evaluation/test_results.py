"""How a study finds its trainings, what their settings are called, and a run applied to images."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from npvae.errors import UserError
from npvae.evaluation import results
from npvae.evaluation.encoded import MODELS, encode_run, model_of, setting_words
from npvae.evaluation.intervals import Measurement
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Study, Trained, shipped_spread
from npvae.models.inference import decode, encode
from npvae.training.options import Options
from npvae.training.run import new_run

KL, WS, SW = (Options(kind, epochs=10) for kind in ("kl", "ws", "sw"))
AE, HEAVY = replace(KL, beta=0.0), replace(WS, wasserstein_weight=3.0)


def record(options, **values):
    return Trained(options, Measurement(dict(values)), "a" * 64)


def test_the_given_runs_have_their_models_key_and_others_name_what_differs():
    for o, key in (
        (replace(WS, seed=1, epochs=99), "ws"),
        (HEAVY, "ws-3"),
        (replace(SW, wasserstein_weight=10.0), "sw-10"),
        (replace(WS, wasserstein_weight=0.0), "ae-0"),
        (replace(KL, hidden_dim=64), "kl-1"),
    ):
        study = Study([record(given) for given in (KL, WS, SW, AE, o)], {})
        assert study.key_of(o) == key
        assert list(study.settings) == list(dict.fromkeys(["kl", "ws", "sw", "ae", key]))
    # What was given decides, and not a default.
    study = Study([record(HEAVY), record(WS)], {})
    assert study.settings == {"ws": HEAVY, "ws-0.1736": WS}


def test_a_study_finds_trainings_again():
    longer, other = replace(KL, epochs=20), replace(KL, seed=1)
    records = [record(o, sse_mu=float(o.seed)) for o in (KL, WS, longer, other, HEAVY)]
    study = Study(records, {"pixels": {"sse_mu": 7.0}})
    assert study.epochs == [10, 20]
    assert (study.at("kl", 10), study.at("kl", 20)) == ([records[0], records[3]], [records[2]])
    assert study.at("ws", 20) == study.at("sw", 10) == []
    c = study.comparison(10)
    assert list(c.measured) == ["kl", "ws", "ws-3"]
    assert (c.value("kl", "sse_mu"), c.value("ws-3", "sse_mu")) == (0.5, 0)
    assert c.baselines == {"pixels": {"sse_mu": 7.0}}
    assert list(study.comparison(20).measured) == ["kl"]  # nothing stands in for the others


def test_the_table_of_spreads_serves_only_the_options_and_data_that_made_it(tmp_path, monkeypatch):
    table = tmp_path / "spread.csv"
    monkeypatch.setattr(results, "SEED_SPREAD", table)
    kl = [record(replace(KL, seed=s), sse_mu=v) for s, v in enumerate((1.0, 2.0, 6.0))]
    study = Study([*kl, record(WS, sse_mu=1.0), *(record(HEAVY, sse_mu=v) for v in (1.0, 3.0))], {})
    table.write_text(study.spread_table("a command"), encoding="utf-8")
    assert table.read_text("utf-8").startswith("# a command\nkind,weight,epochs,data,metric,")
    assert shipped_spread(record(KL)) == shipped_spread(record(replace(KL, seed=9)))
    assert shipped_spread(record(KL)) == {"sse_mu": (pytest.approx(7, rel=1e-3), 2)}
    assert shipped_spread(record(HEAVY))["sse_mu"].freedom == 1
    for options, data in (
        (KL, "b" * 64),  # other images
        (KL, ""),  # of which nothing is known
        (replace(KL, epochs=20), "a" * 64),
        (AE, "a" * 64),
        (WS, "a" * 64),  # one training has no spread
        (replace(KL, batch_size=32), "a" * 64),
        (replace(KL, limit=500), "a" * 64),
        (replace(KL, sigma=0.17), "a" * 64),
    ):
        assert shipped_spread(Trained(options, Measurement(), data)) == {}
    # A study of single trainings takes its intervals from there.
    c = Study([record(KL, sse_mu=2.0), record(WS, sse_mu=2.0)], {}).comparison(10)
    assert c.interval("kl", "sse_mu").half == pytest.approx(4.3026527 * 7**0.5, rel=1e-3)
    assert c.interval("ws", "sse_mu") is None
    assert c.chance_known("sse_mu", "kl") and not c.chance_known("sse_mu", "kl", "ws")


def test_the_shipped_table_can_be_read():
    command, *lines = results.SEED_SPREAD.read_text(encoding="utf-8").splitlines()
    assert command.startswith("# ")
    for row in csv.DictReader(lines):
        data, options = row["data"], {"wasserstein_weight": float(row["weight"])}
        options = {} if row["kind"] == "kl" else options
        trained = Trained(Options(row["kind"], int(row["epochs"]), **options), None, data)
        assert row["metric"] in BY_KEY
        assert shipped_spread(trained)[row["metric"]].freedom == int(row["seeds"]) - 1 >= 1


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
