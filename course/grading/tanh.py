"""Grades e10_tanh by finite differences alone: npvae has no such critic to compare with.

A factor is recognised by its repair: if, say, the answer times -1 passes the finite differences,
then it was the sign. Other mistakes are recognised by the numbers that they give.
"""

from functools import partial

import numpy as np

from course.grading.attempt import Attempt, Wrong, numbers
from course.grading.diagnosis import (
    close,
    differences,
    disagreement,
    factor_meaning,
    recognised,
    retried,
)
from npvae import plain

COMPARE = ("npvae/plain.py::second_pass", "npvae/models/penalty.py (its last paragraph)")
HINTS = {
    "gate of relu": "the gate is that of ReLU, [a > 0]. That of tanh is 1 - t^2.",
    "gate missing": "the gate 1 - t^2 is missing.",
    "t for the gate": "t stands where the gate 1 - t^2 should be.",
    "square of t forgotten": "the gate is 1 - t. It should be 1 - t^2.",
    "change of the gates forgotten": (
        "the gates are treated as constants, as for ReLU. They depend on a, and so on W1 and b1."
    ),
    "sign of the gates' part": (
        "what comes through the gates has the wrong sign. 1 - t^2 falls with t^2."
    ),
    "factor 2 of the gates": (
        "what comes through the gates is exactly half of what it should be. Derive 1 - t^2 for t."
    ),
    "inner derivative forgotten": (
        "the gate is derived for t, but not t for a. One more factor 1 - t^2 is missing."
    ),
    "a for t": "the gate is derived as -2 a. It is 1 - t^2, so -2 t is its derivative for t.",
    "the gates' part alone": "W1 is a factor of dz, too. That part is missing.",
    "another array for z": (
        "what comes through the gates is not multiplied by z. But a is z W1 + b1."
    ),
    "w2 in its own gradient": "w2 is a factor of its own gradient. da is linear in w2.",
    "gate of w2 forgotten": (
        "da is w2 times the gate, so the gate is a factor of its gradient for w2."
    ),
}
B, L, H = 5, 3, 4
SIZES = {"B": (B, "batch")}
NAMES = ("W1", "b1", "w2")
LABELS = ("dW1", "db1", "dw2")


def critic(seed: int) -> dict[str, np.ndarray]:
    """Return z and the parameters of a critic with tanh, by name."""
    arrays = numbers(seed, (B, L), (L, H), H, H)
    return dict(zip(("z", *NAMES), arrays, strict=True))


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    p = critic(17)
    dz = attempt.call("input_gradient", p, {"dz": (B, L)})
    _grade_input_gradient(p, dz["dz"])
    shapes = {f"d{name}": p[name].shape for name in NAMES}
    found = attempt.call("penalty_gradient", p, shapes)

    def loss():
        return plain.penalty(attempt.quiet("input_gradient", p, {"dz": (B, L)})["dz"])

    for label, gradient in found.items():
        values = p[label[1:]]
        where = disagreement(differences(loss, {label[1:]: (values, gradient)}))
        if where:
            passes = partial(_agrees, loss, label[1:], values)
            key, text = _diagnosed(label, gradient, p, passes)
            raise Wrong(key, f"{text} (Finite differences disagree: {where}.)")


def _agrees(loss, name, values, gradient):
    return not disagreement(differences(loss, {name: (values, gradient)}))


def _grade_input_gradient(p, dz):
    z, W1, b1, w2 = p.values()

    def score():
        return float(np.sum(np.tanh(z @ W1 + b1) @ w2))

    where = disagreement(differences(score, {"z": (z, dz)}))
    if not where:
        return
    a = z @ W1 + b1
    gates = {
        "gate of relu": a > 0,
        "gate missing": np.ones_like(a),
        "t for the gate": np.tanh(a),
        "square of t forgotten": 1 - np.tanh(a),
    }
    for key, gate in gates.items():
        if close(dz, (w2 * gate) @ W1.T):
            raise Wrong(key, f"dz: {HINTS[key]} (Finite differences disagree: {where}.)")
    found = _factor("dz", lambda factor: _agrees(score, "z", z, dz / factor))
    raise Wrong(*found or ("unknown", f"dz: finite differences disagree: {where}."))


def _factor(label, repairs):
    """Return key and text of the factor without which an answer would be right, or None."""
    for factor in (-1, 2, 1 / 2, B, 1 / B):
        if repairs(factor):
            return factor_meaning(label, factor, SIZES)
    return None


# The gradient of P for a, from that for the gate 1 - tanh(a)^2, as it is and as it is mistaken.
def gate_backward(dgate, t, a):
    """Derive 1 - t^2 for t, and t for a."""
    return -2 * t * (1 - t**2) * dgate


GATE_MISTAKES = {
    "change of the gates forgotten": lambda dgate, t, a: 0 * dgate,
    "inner derivative forgotten": lambda dgate, t, a: -2 * t * dgate,
    "sign of the gates' part": lambda dgate, t, a: 2 * t * (1 - t**2) * dgate,
    "factor 2 of the gates": lambda dgate, t, a: -t * (1 - t**2) * dgate,
    "a for t": lambda dgate, t, a: -2 * a * (1 - t**2) * dgate,
}


def penalty_gradient(z, W1, b1, w2, through=gate_backward):
    """Return dW1, db1 and dw2 of P, with a way to go back through the gate.

    Finite differences tell whether an answer is right. This helps to tell what is wrong with it.
    """
    a = z @ W1 + b1
    t = np.tanh(a)
    da = w2 * (1 - t**2)
    ddz = plain.norm_backward(da @ W1.T)
    dda = ddz @ W1
    back = through(dda * w2, t, a)
    return ddz.T @ da + z.T @ back, back.sum(axis=0), (dda * (1 - t**2)).sum(axis=0)


def _mistakes(z, W1, b1, w2):
    """Return what the known mistakes give for dW1, db1 and dw2."""
    gate = 1 - np.tanh(z @ W1 + b1) ** 2
    dz = (w2 * gate) @ W1.T
    ddz = plain.norm_backward(dz)
    back = gate_backward(ddz @ W1 * w2, np.tanh(z @ W1 + b1), None)
    first = ddz.T @ (w2 * gate)
    return {
        **{
            key: dict(zip(LABELS, penalty_gradient(z, W1, b1, w2, through), strict=True))
            for key, through in GATE_MISTAKES.items()
        },
        "the gates' part alone": {"dW1": z.T @ back},
        "another array for z": [{"dW1": first + dz.T @ back}, {"dW1": first + ddz.T @ back}],
        "gate of w2 forgotten": {"dw2": (ddz @ W1).sum(axis=0)},
        "w2 in its own gradient": [
            {"dw2": (ddz @ W1 * w2 * gate).sum(axis=0)},
            {"dw2": (ddz @ W1 * w2).sum(axis=0)},
        ],
    }


def _diagnosed(label, gradient, p, passes):
    """Return key and text of the mistake in dW1, db1 or dw2."""
    key = recognised(label, gradient, _mistakes(**p))
    if key:
        return key, f"{label}: {HINTS[key]}"
    return (
        _factor(label, lambda factor: passes(gradient / factor))
        or retried(label, gradient, LABELS.index(label), penalty_gradient, p)
        or ("unknown", f"{label} is not the gradient of P.")
    )


def measured() -> str:
    """Return the answer to the prediction, measured by finite differences."""
    z, W1, b1, w2 = critic(18).values()

    def penalty(gate=None):
        now = 1 - np.tanh(z @ W1 + b1) ** 2 if gate is None else gate
        return plain.penalty((w2 * now) @ W1.T)

    def gradient(at, gate=None):
        """Return the numeric gradient of P for `at`; a gate that is given is held constant."""
        result = np.empty_like(at)
        for place in np.ndindex(at.shape):
            old = at[place]
            at[place] = old + 1e-5
            above = penalty(gate)
            at[place] = old - 1e-5
            result[place] = (above - penalty(gate)) / 2e-5
            at[place] = old
        return result

    whole, constant = gradient(W1), gradient(W1, 1 - np.tanh(z @ W1 + b1) ** 2)
    share = np.linalg.norm(whole - constant) / np.linalg.norm(whole)
    return (
        f"b1 has a gradient, of length {np.linalg.norm(gradient(b1)):.2f} in this example, where "
        f"ReLU's critic has none. dW1 has a part that comes through the gates: it is {share:.2f} "
        "times as long as dW1. w2 has no such part."
    )
