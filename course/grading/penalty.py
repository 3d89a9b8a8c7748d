"""Grades e08_penalty."""

import numpy as np

from course.grading import glue
from course.grading.attempt import Attempt, Wrong
from course.grading.diagnosis import compare, differences
from course.grading.score import SIZES, L, critic

COMPARE = (
    "npvae/models/penalty.py::penalty_forward",
    "npvae/models/penalty.py::norm_backward",
    "npvae/models/penalty.py::penalty_backward",
)
HINTS = {
    "norm over the batch": (
        "the norm is taken over the batch, down each column. Each row is a sample and has a norm "
        "of its own, so there are B norms."
    ),
    "one norm for all": "one norm of the whole array is taken. Each row has a norm of its own.",
    "root mean square": "the norm is the root of a sum over the row, not of a mean.",
    "root forgotten": "norm^2 stands where norm should be: (norm^2 - 1)^2. The root is missing.",
    "square forgotten": "norm - 1 is not squared. A slope below 1 would be rewarded.",
    "mean before the square": (
        "the norms are averaged before 1 is subtracted and squared. Then a slope of 2 and a slope "
        "of 0 make up for each other."
    ),
    "factor 2 forgotten": "it is exactly half of what it should be. Derive (norm - 1)^2 for norm.",
    "norm not divided": (
        "dz is not divided by its norm. The gradient of a length is a direction, with length 1."
    ),
    "0/0": (
        "a row of dz that is 0 gives NaN. Its norm has no gradient there, and 0 should stand in."
    ),
    "gate of layer 1 missing": (
        "the gate [h1 > 0] is missing on the way back. It stopped numbers on the first way, so it "
        "stops the same ones now."
    ),
    "gate of layer 2 missing": (
        "the gate [h2 > 0] is missing on the way back. It stopped numbers on the first way, so it "
        "stops the same ones now."
    ),
    "dz for ddz": "dz stands where ddz should be. The pass starts from the gradient of P for dz.",
    "activations for gradients": (
        "this is the product with h, as in an ordinary backward pass. Here da1 and dz, not a2 and "
        "units, were computed with this matrix. What is the gradient of P at the other end of it?"
    ),
}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, w = critic(12)
    act = glue.first_pass(z, *w.values())
    norm = np.sqrt((act.dz**2).sum(axis=1, keepdims=True))
    dz = act.dz / norm * np.array([[0.5], [1.7], [0.8], [2.5], [1.2]])  # norms on both sides of 1
    grade_norm(attempt, dz, glue.penalty(dz), glue.norm_backward(dz), HINTS, _forward_mistakes(dz))

    arguments = {name: getattr(act, name) for name in ("dz", "da1", "da2", "dunits", "h1", "h2")}
    arguments |= {"W1": w["W1"], "W2": w["W2"]}
    shapes = {f"d{name}": w[name].shape for name in ("W1", "W2", "W3")}
    found = attempt.call("second_pass", arguments, shapes)

    def loss():
        return glue.penalty(glue.input_gradient(z, *w.values()))

    def active():
        now = glue.first_pass(z, *w.values())
        return np.concatenate([now.h1, now.h2], axis=1) > 0

    checks = differences(
        loss, {name: (w[name], found[f"d{name}"]) for name in ("W1", "W2", "W3")}, active
    )
    right = dict(zip(shapes, glue.second_pass(**arguments), strict=True))
    compare(found, right, HINTS, _second_pass_mistakes(act, arguments, shapes), SIZES, checks)


def grade_norm(attempt, dz, penalty, ddz, hints, mistakes) -> None:
    """Grade `penalty` and `norm_backward` of an exercise, whose right results are given."""
    found = attempt.call("penalty", {"dz": dz}, {"P": ()})
    compare(found, {"P": np.array(penalty)}, hints, mistakes, SIZES)
    found = attempt.call("norm_backward", {"dz": dz}, {"ddz": dz.shape})

    def loss():
        return float(attempt.quiet("penalty", {"dz": dz}, {"P": ()})["P"])

    checks = differences(loss, {"dz": (dz, found["ddz"])})
    compare(found, {"ddz": ddz}, hints, mistakes, SIZES, checks)
    flat = np.vstack([dz[:2], np.zeros((1, L))])
    try:
        last = attempt.quiet("norm_backward", {"dz": flat}, {"ddz": flat.shape})["ddz"][2]
    except Wrong as wrong:
        key = "0/0" if wrong.key == "not finite" else wrong.key
        raise Wrong(key, f"ddz: {hints.get(key, wrong.text)}") from None
    if np.any(last != 0):
        raise Wrong("0/0", f"ddz: {hints['0/0']}")


def _forward_mistakes(dz):
    """Return what the known mistakes give for P and ddz."""
    norm = np.sqrt((dz**2).sum(axis=1, keepdims=True))
    right = glue.norm_backward(dz)
    columns = np.ascontiguousarray(dz.T)
    whole = dz.reshape(1, -1)
    return {
        "norm over the batch": {
            "P": np.array(glue.penalty(columns)),
            "ddz": glue.norm_backward(columns).T,
        },
        "one norm for all": {
            "P": np.array(glue.penalty(whole)),
            "ddz": glue.norm_backward(whole).reshape(dz.shape),
        },
        "root mean square": {"P": np.array(glue.penalty(dz / np.sqrt(L)))},
        "root forgotten": {"P": np.mean((norm**2 - 1) ** 2)},
        "square forgotten": {"P": np.mean(norm - 1)},
        "mean before the square": {"P": (norm.mean() - 1) ** 2},
        "factor 2 forgotten": {"ddz": right / 2},
        "norm not divided": {"ddz": right * norm},
    }


def _second_pass_mistakes(act, arguments, shapes):
    """Return what the known mistakes give for dW1, dW2 and dW3."""

    def second_pass(**changed):
        return dict(zip(shapes, glue.second_pass(**{**arguments, **changed}), strict=True))

    ones = np.ones_like
    scaled = (act.dz.T @ act.da1, act.dz @ arguments["W1"] * (act.h1 > 0))
    return {
        "gate of layer 1 missing": second_pass(h1=ones(act.h1)),
        "gate of layer 2 missing": second_pass(h2=ones(act.h2)),
        "dz for ddz": {"dW1": scaled[0], "dW2": scaled[1].T @ act.da2},
        "activations for gradients": {"dW2": act.h1.T @ act.da2, "dW3": act.h2.T @ act.dunits},
    }


def measured() -> str:
    """Return the answer to the prediction, measured."""
    z, w = critic(13)
    w["W3"] = 0 * w["W3"]
    act = glue.first_pass(z, *w.values())
    gradients = glue.second_pass(
        act.dz, act.da1, act.da2, act.dunits, act.h1, act.h2, w["W1"], w["W2"]
    )
    largest = max(np.abs(dW).max() for dW in gradients)
    return (
        f"P = {glue.penalty(act.dz):g}, and its largest gradient is {largest:g}: norm 0 has no "
        "direction to grow in, so P alone cannot wake this critic. The other term of its loss "
        "does. A bias is in none of the three lines; it only moves the gates, which are constant."
    )
