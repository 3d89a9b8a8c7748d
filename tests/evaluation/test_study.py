"""Which trainings the study wants, where they are kept, and how they are found again."""

from dataclasses import replace

import numpy as np
import pytest

from npvae.evaluation.measurement import Measurement
from npvae.evaluation.study import (
    Study,
    Trained,
    directory_of,
    held_out_rows,
    longer_trainings,
    other_trainings,
    reference_of,
    sweep_trainings,
)
from npvae.training.checkpoint import Run
from npvae.training.options import Options
from npvae.training.runs import RUNS

KL, WS = Options("kl", epochs=10), Options("ws", epochs=10)
AE = replace(KL, beta=0.0)


def differences(options, seeds=1, budgets=False, controls=False, given=(KL, WS)):
    """What each wanted training differs in from the run's own default options."""
    wanted = other_trainings(list(given), seeds, budgets, controls)
    assert len(set(wanted)) == len(wanted)
    default = {o.run: o for o in (KL, WS)}
    names = ("epochs", "seed", "sigma", "beta", "wasserstein_weight")
    return [
        {n: getattr(o, n) for n in names if getattr(o, n) != getattr(default[o.run], n)}
        for o in wanted
        if o.run == options.run
    ]


def test_with_nothing_asked_for_nothing_is_wanted():
    assert other_trainings([KL, WS], 1, False, False) == []
    assert other_trainings([KL, WS, AE], 1, False, False) == []


def test_seeds_are_the_given_one_and_the_first_others():
    assert differences(WS, seeds=3) == [{"seed": 1}, {"seed": 2}]
    given = (KL, replace(WS, seed=1))
    assert [d.get("seed", 0) for d in differences(WS, seeds=3, given=given)] == [0, 2]


def test_budgets_are_twice_and_four_times_the_epochs_of_each_seed():
    assert differences(KL, budgets=True) == [{"epochs": 20}, {"epochs": 40}]
    two = differences(KL, seeds=2, budgets=True)
    assert two == [
        {"epochs": 20}, {"epochs": 40}, {"seed": 1}, {"epochs": 20, "seed": 1},
        {"epochs": 40, "seed": 1},
    ]  # fmt: skip


def test_controls_are_the_autoencoder_and_held_sigmas():
    assert differences(WS, controls=True) == [{"sigma": 0.17}, {"sigma": 0.03}]
    assert differences(KL, controls=True) == [{"sigma": 0.17}, {"sigma": 0.03}, {"beta": 0.0}]
    given = differences(KL, controls=True, given=(KL, WS, AE))
    assert given == [{"sigma": 0.17}, {"sigma": 0.03}]
    both = differences(KL, controls=True, budgets=True)
    assert {"beta": 0.0, "epochs": 40} in both  # the autoencoder has budgets, held sigmas have none
    assert sum("sigma" in d for d in both) == 2


@pytest.mark.parametrize(("limit", "used", "first"), [(None, 60_000, 50_000), (600, 600, 500)])
def test_the_sweep_holds_out_the_last_sixth_of_the_training_images(limit, used, first):
    given = [replace(o, limit=limit) for o in (KL, WS, AE)]
    wanted = sweep_trainings(given, images=60_000, seeds=2)
    assert {o.limit for o in wanted} == {first}
    assert held_out_rows(given[0], 60_000) == slice(first, used)
    for kind in RUNS.values():
        found = [o for o in wanted if o.run == kind.key]
        weights = [getattr(o, kind.weight) for o in found if o.seed == 1]
        assert weights == list(kind.sweep) and len(found) == 2 * len(weights)


def test_each_training_has_a_directory_of_its_own():
    wanted = other_trainings([KL, WS], 3, True, True) + sweep_trainings([KL, WS], 60_000, 3)
    assert len({directory_of(o) for o in wanted}) == len(wanted)
    assert str(directory_of(KL)) == "kl-1-seed0/10"
    swept = replace(WS, sigma=0.03, limit=500, seed=2)
    assert str(directory_of(swept)) == "ws-0.1736-sigma0.03-limit500-seed2/10"


def record(options, held_out=None):
    return Trained(options, 1.0, True, Measurement({"sse_mu": float(options.seed)}), held_out)


def test_the_study_finds_trainings_again():
    longer, other = replace(KL, epochs=20), replace(KL, seed=1)
    held = [replace(o, sigma=0.03) for o in (KL, WS)]
    swept = [replace(KL, beta=b, limit=500) for b in (3.0, 0.3, 1.0)]
    records = [record(o) for o in (KL, WS, other, longer, *held, AE)]
    records += [record(o, Measurement()) for o in swept]
    study = Study(records, reference_of([KL, WS]))
    assert study.budgets() == [10, 20]
    assert [t.options for t in study.at("kl", 10)] == [KL, other]
    assert [t.options for t in study.at("kl", 20)] == [longer]
    assert [t.options for t in study.at("ae", 10)] == [AE]
    assert study.at("kl", 9) == []
    assert list(study.measured(10)) == ["kl", "ws", "ae"] and study.measured(9) == {}
    assert [m.values["sse_mu"] for m in study.measured(10)["kl"]] == [0.0, 1.0]
    assert [t.options for t in study.held("ws", 0.03)] == held[1:]
    assert list(study.sweep("kl")) == [0.3, 1.0, 3.0] and study.sweep("ws") == {}
    assert [t.weight for t in study.sweep("kl")[3.0]] == [3.0]


def test_the_longest_training_stands_in_where_there_is_no_longer_one():
    study = Study([record(o) for o in (KL, WS, replace(WS, epochs=40))], reference_of([KL, WS]))
    assert study.budgets() == [10, 40]
    assert [study.epochs_of(m, e) for m in ("kl", "ws") for e in (10, 40)] == [10, 10, 10, 40]
    assert [t.options for t in study.at("kl", 40)] == [KL]


def run_of(options, change):
    """A run of which the second half changes the test error by this share."""
    half = options.epochs // 2
    history = [{"test_bce_mu": 1.0, "train_kl": 1.0, "train_w1": 1.0} for _ in range(half)]
    history += [{"test_bce_mu": 1 + change, "train_kl": 1.0, "train_w1": 1.0} for _ in range(half)]
    return Run(options, (1, 1), "", None, None, options.epochs, 0, history)


def test_what_has_not_settled_is_trained_twice_as_long_until_the_limit():
    first = [run_of(KL, 0.0), run_of(WS, 0.5), run_of(AE, 0.5)]
    given = [KL, WS, AE]
    assert longer_trainings(given, 1, first) == [replace(WS, epochs=20)]
    both = [replace(WS, epochs=20, seed=seed) for seed in (0, 1)]
    assert longer_trainings(given, 2, first) == both
    other = run_of(replace(WS, epochs=80, seed=1), 0.0)  # the given run decides, no other seed
    longer = [*first, other, run_of(replace(WS, epochs=80), 0.5)]
    assert longer_trainings(given, 1, longer) == [replace(WS, epochs=160)]
    assert longer_trainings(given, 1, [*first, run_of(replace(WS, epochs=80), 0.0)]) == []
    assert longer_trainings(given, 1, [*longer, run_of(replace(WS, epochs=160), 0.5)]) == []


def test_the_autoencoder_is_a_model_of_its_own_in_either_kind_of_run():
    assert record(AE).model == "ae" and record(replace(WS, wasserstein_weight=0.0)).model == "ae"
    assert reference_of([KL, WS])["ae"] == AE
    assert reference_of([KL, WS, replace(AE, seed=4)])["ae"].seed == 4


def test_a_record_adds_up_the_seconds():
    history = [{"seconds": 1.5, "test_bce_mu": 1.0, "train_kl": 1.0} for _ in range(4)]
    found = Trained.of(Run(KL, (1, 1), "", None, None, 4, 0, history), Measurement())
    assert found.seconds == 6.0 and found.settled
    history[-1]["test_bce_mu"] = np.float64(2.0)
    assert not Trained.of(Run(KL, (1, 1), "", None, None, 4, 0, history), Measurement()).settled
