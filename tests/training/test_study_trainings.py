"""Which trainings a study has, and where they are kept."""

from dataclasses import replace

import pytest

from npvae.training.kinds import KINDS
from npvae.training.options import Options
from npvae.training.study import directory_of, seed_trainings, study_trainings

KL, WS = Options("kl", epochs=10), Options("ws", epochs=10)
WEIGHTS = [  # kind, weight
    ("kl", 1.0), ("ws", 0.1736), ("ws", 1.0), ("ws", 3.0), ("sw", 0.1736), ("sw", 3.0),
    ("sw", 10.0), ("kl", 0.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("seeds", "short", "long"), [((), 5, 3), ((1,), 1, 1), ((2,), 2, 2), ((7,), 7, 3)]
)
def test_the_study_is_each_setting_with_its_seeds_at_both_lengths(seeds, short, long):
    wanted = study_trainings(*seeds)
    found = {(o.kind, o.weight, o.epochs, o.seed) for o in wanted}
    brief = {(*w, 35, seed) for w in WEIGHTS for seed in range(short)}
    lasting = {(*w, 140, seed) for w in WEIGHTS if w != ("ws", 1.0) for seed in range(long)}
    assert found == brief | lasting and len(wanted) == len(found)
    for o in wanted:  # nothing but the weight differs
        assert o == Options(o.kind, o.epochs, seed=o.seed, **{KINDS[o.kind].weight: o.weight})


def test_seeds_are_the_given_one_and_the_first_others():
    assert seed_trainings([KL, WS], 1) == []
    wanted = seed_trainings([KL, replace(WS, seed=1), replace(WS, beta=2.0, seed=9)], 3)
    assert [(o.kind, o.seed) for o in wanted] == [
        ("kl", 1), ("kl", 2), ("ws", 0), ("ws", 2), ("ws", 0), ("ws", 1),
    ]  # fmt: skip
    assert wanted[2:4] == [replace(WS, seed=0), replace(WS, seed=2)]


def test_each_training_has_a_directory_of_its_own():
    held = replace(WS, sigma=0.03, limit=500, seed=2)
    others = replace(KL, hidden_dim=64), replace(KL, lr=0.01), replace(WS, directions=9)
    wanted = [*study_trainings(), KL, WS, held, *others]
    names = [directory_of(o).as_posix() for o in wanted]
    assert len(set(names)) == len(wanted)
    assert {"ws-0.1736-seed0/35", "kl-0-seed1/140", "sw-3-seed2/35"} <= set(names)
    assert "ws-0.1736-limit500-sigma0.03-seed2/10" in names
