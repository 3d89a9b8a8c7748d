"""Grades e10_tanh by finite differences alone: npvae has no such critic to compare with.

A mistake is recognised by its repair: if, say, the answer times -1 passes the finite differences,
then it was the sign.
"""

from functools import partial

import numpy as np

from course.grading.attempt import Attempt, Wrong, numbers
from course.grading.diagnosis import close, differences, disagreement, factor_meaning
from npvae import plain

COMPARE = ("npvae/plain.py::second_pass", "npvae/models/penalty.py (its last paragraph)")
HINTS = {
    "gate of relu": "the gate is that of ReLU, [a > 0]. That of tanh is 1 - t^2.",
    "gate missing": "the gate 1 - t^2 is missing.",
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
    "gate of w2 forgotten": (
        "da is w2 times the gate, so the gate is a factor of its gradient for w2."
    ),
}
B, L, H = 5, 3, 4
SIZES = {"B": (B, "batch")}
NAMES = ("W1", "b1", "w2")


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
            key, text = _diagnosed(label, gradient, p, dz["dz"], passes)
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


def _diagnosed(label, gradient, p, dz, passes):
    """Return key and text of the mistake in dW1, db1 or dw2."""
    z, W1, b1, w2 = p.values()
    t = np.tanh(z @ W1 + b1)
    ddz = plain.norm_backward(dz)
    through_w2 = ddz @ W1
    through_gate = -2 * t * through_w2 * w2  # the gradient of P for t
    key = None
    if label == "dw2":
        if close(gradient, through_w2.sum(axis=0)):
            key = "gate of w2 forgotten"
    else:
        first = ddz.T @ (w2 * (1 - t * t)) if label == "dW1" else np.zeros_like(b1)
        inner = z.T @ through_gate if label == "dW1" else through_gate.sum(axis=0)
        part = gradient - first  # what should come through the gates
        if np.abs(part).max() < 1e-12:
            key = "change of the gates forgotten"
        elif close(part, inner):
            key = "inner derivative forgotten"
        elif passes(first - part):
            key = "sign of the gates' part"
        elif passes(first + 2 * part):
            key = "factor 2 of the gates"
    if key:
        return key, f"{label}: {HINTS[key]}"
    found = _factor(label, lambda factor: passes(gradient / factor))
    return found or ("unknown", f"{label} is not the gradient of P.")


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
