"""Which trainings a study wants, where they are kept, and when one has settled."""

from dataclasses import replace

import numpy as np
import pytest

from npvae.training.kinds import KINDS
from npvae.training.options import Options
from npvae.training.run import Run
from npvae.training.study import (
    directory_of,
    held_out_rows,
    is_settled,
    longer_trainings,
    other_trainings,
    sweep_trainings,
)

KL, WS = Options("kl", epochs=10), Options("ws", epochs=10)
AE = replace(KL, beta=0.0)


def differences(options, seeds=1, budgets=False, controls=False, given=(KL, WS)):
    """What each wanted training differs in from the run's own default options."""
    wanted = other_trainings(list(given), seeds, budgets, controls)
    assert len(set(wanted)) == len(wanted)
    default = {o.kind: o for o in (KL, WS)}
    names = ("epochs", "seed", "sigma", "beta", "wasserstein_weight")
    return [
        {n: getattr(o, n) for n in names if getattr(o, n) != getattr(default[o.kind], n)}
        for o in wanted
        if o.kind == options.kind
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
    for kind in KINDS.values():
        found = [o for o in wanted if o.kind == kind.key]
        weights = [getattr(o, kind.weight) for o in found if o.seed == 1]
        assert weights == list(kind.sweep) and len(found) == 2 * len(weights)


def test_each_training_has_a_directory_of_its_own():
    wanted = other_trainings([KL, WS], 3, True, True) + sweep_trainings([KL, WS], 60_000, 3)
    assert len({directory_of(o) for o in wanted}) == len(wanted)
    assert str(directory_of(KL)) == "kl-1-seed0/10"
    swept = replace(WS, sigma=0.03, limit=500, seed=2)
    assert str(directory_of(swept)) == "ws-0.1736-sigma0.03-limit500-seed2/10"


def run_of(error, regulariser, given=KL):
    """A finished run of these test errors and regularisers, one of each for each epoch."""
    column = KINDS[given.kind].losses[1].column
    history = [
        {"test_bce_mu": float(e), column: float(r)} for e, r in zip(error, regulariser, strict=True)
    ]
    options = replace(given, epochs=len(history))
    return Run(options, (1, 1), "", "", None, None, len(history), 0, history)


def changed_by(options, change):
    """A run of which the second half changes the test error by this share."""
    n = options.epochs // 2
    return run_of([1.0] * n + [1 + change] * n, [1.0] * 2 * n, options)


def test_what_has_not_settled_is_trained_twice_as_long_until_the_limit():
    first = [changed_by(KL, 0.0), changed_by(WS, 0.5), changed_by(AE, 0.5)]
    given = [KL, WS, AE]
    assert longer_trainings(given, 1, first) == [replace(WS, epochs=20)]
    both = [replace(WS, epochs=20, seed=seed) for seed in (0, 1)]
    assert longer_trainings(given, 2, first) == both
    other = changed_by(replace(WS, epochs=80, seed=1), 0.0)  # the given run decides, no other seed
    longest = replace(WS, epochs=160)
    longer = [*first, other, changed_by(replace(WS, epochs=80), 0.5)]
    assert longer_trainings(given, 1, longer) == [longest]
    assert longer_trainings(given, 1, [*first, changed_by(replace(WS, epochs=80), 0.0)]) == []
    assert longer_trainings(given, 1, [*longer, changed_by(longest, 0.5)]) == []


@pytest.mark.parametrize("given", [KL, WS])
@pytest.mark.parametrize(
    ("error", "regulariser", "settled"),
    [
        (0.981, 1.0, True),
        (0.979, 1.0, False),
        (1.021, 1.0, False),
        (1.0, 0.91, True),
        (1.0, 0.89, False),
        (1.0, 1.11, False),
    ],
)
def test_the_limits_are_2_and_10_per_cent_by_the_doubling(given, error, regulariser, settled):
    first, last = np.ones(20), np.ones(20)
    for sign in (1, -1):  # W₁ may be negative
        regularisers = sign * np.concatenate([3 * first, 3 * regulariser * last])
        run = run_of([*80 * first, *80 * error * last], regularisers, given)
        assert is_settled(run) is settled


def test_only_the_windows_at_half_time_and_at_the_end_count():
    """Of 40 epochs they are 17 to 20 and 37 to 40: any other number may be anything."""
    inside = np.zeros(40, bool)
    inside[16:20] = inside[36:40] = True
    values = np.where(inside, 5.0, 1000.0)
    assert is_settled(run_of(values, values))
    for k in (16, 19, 36, 39):
        moved = values.copy()
        moved[k] *= 2
        assert not is_settled(run_of(moved, values))
        assert not is_settled(run_of(values, moved))


def test_a_run_of_one_epoch_has_not_settled():
    assert not is_settled(run_of([80.0], [3.0]))
    assert is_settled(run_of([80.0, 80.0], [3.0, 3.0]))
