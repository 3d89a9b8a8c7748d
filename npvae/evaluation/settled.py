"""Has a training settled? A rule that is written down, for the rows of its history.

A window is a tenth of the epochs (at least one). The last window of the training is compared
with the window that ends at half of its epochs. The training is settled if by this doubling
neither its test error (BCE, z = μ) changed by more than 2 %, nor its regulariser (the KL
divergence, or the critic's W₁) by more than 10 %, each relative to its value at half time.
"""

import numpy as np

from npvae.training.checkpoint import Run

LIMITS = {"error": 0.02, "regulariser": 0.10}


def changes(run: Run) -> dict[str, float]:
    """Return the relative changes that the rule looks at, negative where a number fell.

    They are NaN for a run of fewer than two epochs, which is not settled.
    """
    columns = {"error": "test_bce_mu", "regulariser": run.options.kind.losses[1].column}
    half, window = run.epoch // 2, max(1, run.epoch // 10)
    if not half:
        return dict.fromkeys(columns, np.nan)
    found = {}
    for name, column in columns.items():
        values = np.array([row[column] for row in run.history])
        before, after = values[half - window : half].mean(), values[-window:].mean()
        found[name] = float((after - before) / abs(before))
    return found


def is_settled(run: Run) -> bool:
    """Tell whether the run has settled by the rule at the head of this module."""
    found = changes(run)
    return all(abs(found[name]) <= limit for name, limit in LIMITS.items())
