"""How a study finds its trainings, and what it makes of their numbers."""

from dataclasses import replace

import numpy as np

from npvae.evaluation.encoded import Setting
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.results import Study, Trained
from npvae.training.options import Options

KL, WS = Options("kl", epochs=10), Options("ws", epochs=10)
AE = replace(KL, beta=0.0)


def record(options, held_out=None, settled=True, **values):
    seconds = 3.0 + options.seed
    return Trained(options, seconds, settled, Measurement(dict(values)), held_out)


def options_of(trained):
    return [t.options for t in trained]


def test_a_key_is_shared_by_trainings_that_differ_in_seed_and_epochs():
    for o, key in (
        (KL, "kl"),
        (AE, "ae"),
        (replace(WS, wasserstein_weight=0.0), "ae"),
        (replace(WS, sigma=0.03), Setting("ws", sigma=0.03)),
    ):
        assert record(o).key == record(replace(o, seed=1, epochs=99)).key == key
    assert record(replace(KL, limit=500), 0.0).key == Setting("kl", weight=1.0)
    assert record(replace(WS, limit=500), np.nan).key == Setting("ws", weight=0.1736)
    assert Setting("kl", sigma=0.17).label == "KL, σ = 0.17"
    assert Setting("ws", weight=0.1736).label == "WS at λ = 0.1736"


def test_a_study_finds_trainings_again():
    longer, other = replace(KL, epochs=20), replace(KL, seed=1)
    controls = [replace(o, sigma=0.03) for o in (KL, WS)]
    swept = [replace(KL, beta=b, limit=500, seed=s) for s in (0, 1) for b in (0.3, 1.0)]
    records = [record(o, sse_mu=float(o.seed)) for o in (KL, WS, other, longer, *controls, AE)]
    study = Study([*records, *(record(o, 1.0) for o in swept)], {})
    assert list(study.stations) == [10, 20]
    assert options_of(study.at("kl", 10)) == [KL, other]
    assert options_of(study.at("kl", 20)) == [longer]
    assert options_of(study.at("ae", 10)) == [AE]
    assert options_of(study.at(Setting("ws", sigma=0.03), 10)) == controls[1:]
    assert study.at(Setting("kl", sigma=0.17), 10) == []
    assert list(study.sweep) == [Setting("kl", weight=0.3), Setting("kl", weight=1.0)]
    assert options_of(study.sweep[Setting("kl", weight=1.0)]) == swept[1::2]
    measured = study.comparisons[10].measured
    assert [m.values["sse_mu"] for m in measured["kl"]] == [0.0, 1.0]
    assert measured.keys() == study.stations[10].keys()
    assert study.seconds("kl", 10) == 3.5 and study.seconds("kl", 20) == 3


def test_the_longest_training_stands_in_where_there_is_no_longer_one():
    longer = replace(WS, epochs=40), replace(WS, epochs=40, seed=1)
    study = Study([record(o) for o in (longer[0], KL, WS, replace(WS, epochs=20), longer[1])], {})
    assert list(study.stations) == [10, 20, 40]
    assert [study.epochs_of("kl", e) for e in study.stations] == [10, 10, 10]
    assert [study.epochs_of("ws", e) for e in study.stations] == [10, 20, 40]
    assert options_of(study.at("ws", 40)) == list(longer)
    assert study.comparisons[40].measured["kl"] == study.comparisons[10].measured["kl"]
    # Nothing stands in for a longer training before it was made.
    study = Study([record(KL), record(longer[0])], {})
    assert study.at("ws", 10) == []


def test_a_model_has_settled_when_all_its_seeds_have():
    records = [record(KL), record(WS), record(replace(WS, seed=1), settled=False)]
    study = Study([*records, record(replace(WS, epochs=20))], {})
    assert [study.settled(*at) for at in (("kl", 10), ("ws", 10), ("ws", 20))] == [1, 0, 1]


def test_two_numbers_of_a_comparison_are_made_from_others():
    records = [record(KL, sse_mu=10.0, sse_z=12.5, bce_mu=80.0, gap_bce_mu=1.5), record(WS)]
    c = Study(records, {"sse_mu": 1.0}).comparisons[10]
    assert (c.value("kl", "noise"), c.value("kl", "bce_train")) == (2.5, 78.5)
    assert c.value("ws", "noise") is c.value("ws", "bce_train") is None
    assert c.perfect_match == {"sse_mu": 1.0}
