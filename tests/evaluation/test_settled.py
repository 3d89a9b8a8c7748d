"""The rule for "settled", on histories made by hand."""

import numpy as np
import pytest

from npvae.evaluation.settled import changes, is_settled
from npvae.training.checkpoint import Run
from npvae.training.options import Options


def run_of(error, regulariser, kind="kl"):
    column = {"kl": "train_kl", "ws": "train_w1"}[kind]
    history = [
        {"test_bce_mu": float(e), column: float(r)} for e, r in zip(error, regulariser, strict=True)
    ]
    options = Options(kind, epochs=len(history))
    return Run(options, (1, 1), "", None, None, len(history), 0, history)


@pytest.mark.parametrize("kind", ["kl", "ws"])
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
def test_the_limits_are_2_and_10_per_cent_by_the_doubling(kind, error, regulariser, settled):
    first, last = np.ones(20), np.ones(20)
    run = run_of([*80 * first, *80 * error * last], [*3 * first, *3 * regulariser * last], kind)
    assert is_settled(run) is settled
    assert changes(run) == pytest.approx({"error": error - 1, "regulariser": regulariser - 1})


def test_only_the_windows_at_half_time_and_at_the_end_count():
    """Of 40 epochs they are 17 to 20 and 37 to 40: any other number may be anything."""
    inside = np.zeros(40, bool)
    inside[16:20] = inside[36:40] = True
    values = np.where(inside, 5.0, 1000.0)
    assert changes(run_of(values, values)) == {"error": 0.0, "regulariser": 0.0}
    for k, sign in ((16, -1), (19, -1), (36, 1), (39, 1)):
        moved = values.copy()
        moved[k] *= 2
        assert np.sign(changes(run_of(moved, values))["error"]) == sign


def test_a_run_of_one_epoch_has_not_settled():
    assert not is_settled(run_of([80.0], [3.0]))
    assert is_settled(run_of([80.0, 80.0], [3.0, 3.0]))
