"""Grades e06_adam. Nothing here is a gradient, so there are no finite differences."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge
from npvae import plain

M_HAT, V_HAT = "m / (1 - BETA1**t)", "v / (1 - BETA2**t)"
ROOT = "(np.sqrt(v_hat) + EPSILON)"
MISTAKES = {
    "bias correction forgotten": ("adam", M_HAT, "m", V_HAT, "v"),
    "only m corrected": ("adam", V_HAT, "v"),
    "only v corrected": ("adam", M_HAT, "m"),
    "correction stored": ("adam", f"{ROOT}, m, v", f"{ROOT}, m_hat, v_hat"),
    "t off by one": [("adam", "m_hat,", f"t = t {n}; m_hat,") for n in ("-1", "+1")],
    "wrong direction": ("adam", "theta - lr", "theta + lr"),
    "epsilon inside the root": ("adam", ROOT, "np.sqrt(v_hat + EPSILON)"),
    "epsilon forgotten": ("adam", ROOT, "np.sqrt(v_hat)"),
    "epsilon before the correction": (
        "adam", ROOT, "(np.sqrt(v) + EPSILON) * np.sqrt(1 - BETA2**t)"
    ),
    "corrections exchanged": ("adam", M_HAT, "m / (1 - BETA2**t)", V_HAT, "v / (1 - BETA1**t)"),
    "root forgotten": ("adam", "np.sqrt(v_hat)", "v_hat"),
    "old means used": (
        "adam", "m = BETA1", "old_m, old_v = m, v; m = BETA1", M_HAT, f"old_{M_HAT}",
        V_HAT, f"old_{V_HAT}",
    ),
    "g not squared": ("adam", "g**2", "g"),
    "sum of the squares": ("adam", "g**2", "np.sum(g**2)"),
    "betas exchanged": ("adam", "m = BETA1", "BETA1, BETA2 = 0.999, 0.9; m = BETA1"),
    "mean not kept": ("adam", "BETA1 * m + ", "", "BETA2 * v + ", ""),
}  # fmt: skip


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    theta, g, m = numbers(9, 6, 6, 6)
    v = m**2 + 0.1
    g[0], m[0], v[0] = 2e-7, 1e-7, 1e-14  # so small that 1e-8 counts
    for state in ({"m": m, "v": v, "t": 3}, {"m": 0 * m, "v": 0 * v, "t": 1}):
        arguments, n = {"theta": theta, "g": g, **state, "lr": 0.01}, theta.shape
        results = {"theta": n, "m": n, "v": n}
        fitted = _fitted(attempt.quiet("adam", arguments, results), **arguments)
        judge(attempt, "adam", arguments, results, MISTAKES | fitted, {}, order=("m", "v", "theta"))


def _fitted(found, theta, g, m, v, t, lr):
    """Return mistakes with another beta or another step size: that which fits the last number."""

    def beta(label, old, new):
        return (found[label][-1] - new[-1]) / (old[-1] - new[-1])

    moved = plain.adam(theta, g, m, v, t, lr)[0] - theta
    length = float((found["theta"][-1] - theta[-1]) / moved[-1])
    m_beta, v_beta = float(beta("m", m, g)), float(beta("v", v, g**2))
    edit = ("adam", "m = BETA1", f"BETA1, BETA2 = {m_beta!r}, {v_beta!r}; m = BETA1")
    longer = ("adam", "- lr", f"- {length!r} * lr")
    return {"other betas": edit} | ({"another step size": longer} if length > 0 else {})


def measured() -> tuple:
    """Measure what the prediction is about."""
    g, zeros = np.array([1000.0, 1e-6]), np.zeros(2)
    moved = -plain.adam(zeros, g, zeros, zeros, 1, 0.001)[0]
    uncorrected = -plain.adam(zeros, g, zeros, zeros, 10**6, 0.001)[0]
    return moved[0], moved[1], uncorrected[0]
