"""Grades e06_adam. Nothing here is a gradient, so there are no finite differences."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import compare
from npvae import plain

COMPARE = ("npvae/nn/adam.py::adam_update",)
HINTS = {
    "bias correction forgotten": (
        "m and v are used as they are. Both began at 0. Divide m by 1 - 0.9^t, v by 1 - 0.999^t."
    ),
    "only m corrected": "m is corrected for its start at 0, and v is not.",
    "only v corrected": "v is corrected for its start at 0, and m is not.",
    "correction stored": "this is the corrected mean. Store it as it was before the correction.",
    "t off by one": "the bias correction is that of another t. The first update has t = 1.",
    "wrong direction": "the step goes up the gradient. The loss should fall.",
    "epsilon inside the root": "1e-8 is added to v_hat, inside the root. It belongs outside.",
    "epsilon forgotten": (
        "1e-8 is missing below the line, where it keeps a gradient of 0 from giving 0/0. Are "
        "brackets missing?"
    ),
    "epsilon before the correction": (
        "1e-8 is added to the root of v, before v is corrected. It belongs to the root of v_hat."
    ),
    "corrections exchanged": "the bias corrections of m and v are exchanged.",
    "another step size": "the direction is right, the length is not. The step size is lr, always.",
    "other betas": "another number stands where 0.9 or 0.999 should be.",
    "sum of the squares": "v gets the sum of all g^2. Each parameter has its own.",
    "root forgotten": "the step is divided by v_hat. Its root is missing.",
    "old means used": "the step uses m and v from before this update. Renew them first.",
    "g not squared": "v is the mean of g. It should be that of g^2.",
    "betas exchanged": "0.9 and 0.999 are exchanged.",
    "mean not kept": "this is only what g adds. The old mean, times 0.9 or 0.999, is missing.",
}
LR = 0.01


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    theta, g, m = numbers(9, 6, 6, 6)
    v = m**2 + 0.1
    g[0], m[0], v[0] = 2e-7, 1e-7, 1e-14  # so small that 1e-8 counts
    _grade_update(attempt, theta, g, m, v, t=3)
    _grade_update(attempt, theta, g, 0 * m, 0 * v, t=1)


def _grade_update(attempt, theta, g, m, v, t):
    n = theta.shape
    arguments = {"theta": theta, "g": g, "m": m, "v": v, "t": t, "lr": LR}
    found = attempt.call("adam", arguments, {"theta": n, "m": n, "v": n})

    def means_first(**changed):
        theta, m, v = plain.adam(**changed)
        return m, v, theta  # if a mean is wrong, so is theta

    right = dict(zip(("m", "v", "theta"), means_first(**arguments), strict=True))
    mistakes = _mistakes(right["m"], right["v"], theta, g, m, v, t)
    mistakes |= _fitted(found, right, theta, g, m, v)
    compare(found, right, HINTS, mistakes, {}, None, (means_first, arguments))


def _mistakes(m1, v1, theta, g, m, v, t):
    """Return what the known mistakes give, where m1 and v1 are the right new means."""
    m_hat, v_hat = m1 / (1 - 0.9**t), v1 / (1 - 0.999**t)

    def step(m, v):
        return {"theta": theta - LR * m / (np.sqrt(v) + 1e-8)}

    return {
        "bias correction forgotten": step(m1, v1),
        "only m corrected": step(m_hat, v1),
        "only v corrected": step(m1, v_hat),
        "correction stored": {"m": m_hat, "v": v_hat},
        "t off by one": [
            step(m1 / (1 - 0.9**u), v1 / (1 - 0.999**u)) for u in (t - 1, t + 1) if u > 0
        ],
        "wrong direction": step(-m_hat, v_hat),
        "epsilon inside the root": {"theta": theta - LR * m_hat / np.sqrt(v_hat + 1e-8)},
        "epsilon forgotten": {"theta": theta - LR * m_hat / np.sqrt(v_hat)},
        "epsilon before the correction": {
            "theta": theta - LR * m_hat / (np.sqrt(v1) + 1e-8) * np.sqrt(1 - 0.999**t)
        },
        "corrections exchanged": step(m1 / (1 - 0.999**t), v1 / (1 - 0.9**t)),
        "root forgotten": {"theta": theta - LR * m_hat / (v_hat + 1e-8)},
        "old means used": step(m / (1 - 0.9**t), v / (1 - 0.999**t)),
        "g not squared": {"v": 0.999 * v + 0.001 * g},
        "sum of the squares": {"v": 0.999 * v + 0.001 * np.sum(g**2)},
        "betas exchanged": {"m": 0.999 * m + 0.001 * g, "v": 0.9 * v + 0.1 * g**2},
        "mean not kept": {"m": 0.1 * g, "v": 0.001 * g**2},
    }


def _fitted(found, right, theta, g, m, v):
    """Return what another beta or another step size gives: that which fits the last number."""

    def mean(label, old, new):
        beta = (found[label][-1] - new[-1]) / (old[-1] - new[-1])
        return beta * old + (1 - beta) * new

    moved = right["theta"] - theta
    length = (found["theta"][-1] - theta[-1]) / moved[-1]
    return {
        "other betas": {"m": mean("m", m, g), "v": mean("v", v, g**2)},
        **({"another step size": {"theta": theta + length * moved}} if length > 0 else {}),
    }


def measured() -> str:
    """Return the answer to the prediction, measured."""
    g, zeros = np.array([1000.0, 1e-6]), np.zeros(2)
    moved = -plain.adam(zeros, g, zeros, zeros, 1, 0.001)[0]
    uncorrected = -plain.adam(zeros, g, zeros, zeros, 10**6, 0.001)[0]
    return (
        f"{moved[0]:.5f} and {moved[1]:.5f}: the first step has the length lr, whatever the "
        f"gradient. Without the correction it would be {uncorrected[0]:.5f}, which is 0.1 / "
        "sqrt(0.001) times as long."
    )
