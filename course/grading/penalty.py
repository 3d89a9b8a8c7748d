"""Grades e08_penalty."""

import numpy as np

from course.grading.attempt import Attempt, Wrong
from course.grading.diagnosis import compare, differences
from course.grading.score import GATES, H1, H2, SIZES, L, critic, open_gates, plain_with_gate
from course.grading.score import HINTS as SCORE_HINTS
from course.replace import plain_with
from npvae import plain

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
    "absolute value": "|norm - 1| stands where (norm - 1)^2 should be.",
    "another norm": (
        "it is not the length of a row that is taken, but the largest or the sum of its numbers."
    ),
    "mean before the square": (
        "the norms are averaged before 1 is subtracted and squared. Then a slope of 2 and a slope "
        "of 0 make up for each other."
    ),
    "factor 2 forgotten": "it is exactly half of what it should be. Derive (norm - 1)^2 for norm.",
    "norm not divided": (
        "dz is not divided by its norm. The gradient of a length is a direction, with length 1."
    ),
    "norm divided twice": "dz is divided by norm^2. A direction is dz / norm.",
    "sign for direction": "sign(dz) stands where the direction dz / norm should be.",
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
    "dz added to ddz": "dz is added to ddz. The pass starts from the gradient of P for dz alone.",
    "roles exchanged": (
        "the two factors have exchanged their roles. What was multiplied by this matrix on the "
        "first way, and what comes back on the other side of it?"
    ),
    **{key: SCORE_HINTS[key] for key in GATES},
    "activations for gradients": (
        "this is the product with h, as in an ordinary backward pass. Here da1 and dz, not a2 and "
        "units, were computed with this matrix. What is the gradient of P at the other end of it?"
    ),
}

ARGUMENTS = ("dz", "da1", "da2", "dunits", "h1", "h2", "W1", "W2")  # of second_pass


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, w = critic(12)
    first = plain.first_pass(z, *w.values())
    norms = np.array([[0.5], [1.7], [0.8], [2.5], [1.2]])  # on both sides of 1
    dz = first[0] / plain.row_norms(first[0]) * norms
    P, ddz = plain.penalty(dz), plain.norm_backward(dz)
    grade_norm(attempt, dz, P, ddz, HINTS, _forward_mistakes(dz))

    arguments = dict(zip(ARGUMENTS, (*first, w["W1"], w["W2"]), strict=True))
    shapes = {f"d{name}": w[name].shape for name in ("W1", "W2", "W3")}
    found = attempt.call("second_pass", arguments, shapes)

    def loss():
        return plain.penalty(plain.input_gradient(z, *w.values()))

    gradients = {name: (w[name], found[f"d{name}"]) for name in ("W1", "W2", "W3")}
    checks = differences(loss, gradients, lambda: open_gates(z, w))
    right = dict(zip(shapes, plain.second_pass(**arguments), strict=True))
    mistakes, retry = _second_pass_mistakes(arguments, shapes), (plain.second_pass, arguments)
    compare(found, right, HINTS, mistakes, SIZES, checks, retry)


def grade_norm(attempt, dz, penalty, ddz, hints, mistakes) -> None:
    """Grade `penalty` and `norm_backward` of an exercise, whose right results are given."""
    found = attempt.call("penalty", {"dz": dz}, {"P": ()})
    compare(found, {"P": penalty}, hints, mistakes, SIZES)
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
    norm, right = plain.row_norms(dz), plain.norm_backward(dz)
    columns, whole = dz.T, dz.reshape(1, -1)
    return {
        "norm over the batch": {"P": plain.penalty(columns), "ddz": plain.norm_backward(columns).T},
        "one norm for all": {
            "P": plain.penalty(whole),
            "ddz": plain.norm_backward(whole).reshape(dz.shape),
        },
        "root mean square": {"P": plain.penalty(dz / np.sqrt(L))},
        "root forgotten": {"P": np.mean((norm**2 - 1) ** 2)},
        "square forgotten": {"P": np.mean(norm - 1)},
        "absolute value": {"P": np.mean(np.abs(norm - 1))},
        "another norm": [
            {"P": np.mean((np.abs(dz).max(axis=1) - 1) ** 2)},
            {"P": np.mean((np.abs(dz).sum(axis=1) - 1) ** 2)},
        ],
        "norm divided twice": {"ddz": right / norm},
        "sign for direction": {"ddz": 2 / len(dz) * (norm - 1) * np.sign(dz)},
        "mean before the square": {"P": (norm.mean() - 1) ** 2},
        "factor 2 forgotten": {"ddz": right / 2},
        "norm not divided": {"ddz": right * norm},
    }


def _second_pass_mistakes(arguments, shapes):
    """Return what the known mistakes give for dW1, dW2 and dW3."""
    _, da1, da2, dunits, h1, h2, W1, W2 = arguments.values()
    dda1 = plain.relu_backward(plain.norm_backward(arguments["dz"]) @ W1, h1)
    dda2 = plain.relu_backward(dda1 @ W2, h2)

    def second_pass(module=plain, **changed):
        return dict(zip(shapes, module.second_pass(**{**arguments, **changed}), strict=True))

    return {
        "gate of layer 1 missing": second_pass(h1=np.ones_like(h1)),
        "gate of layer 2 missing": second_pass(h2=np.ones_like(h2)),
        "dz for ddz": second_pass(plain_with(norm_backward=lambda dz: dz)),
        "dz added to ddz": second_pass(
            plain_with(norm_backward=lambda dz: plain.norm_backward(dz) + dz)
        ),
        "roles exchanged": {"dW2": da1.T @ dda2},
        **{
            key: [second_pass(plain_with_gate(gate, *n)) for n in ((H1,), (H2,), (H1, H2))]
            for key, gate in GATES.items()
        },
        "activations for gradients": {"dW2": h1.T @ da2, "dW3": h2.T @ dunits},
    }


def measured() -> str:
    """Return the answer to the prediction, measured."""
    z, w = critic(13)
    w["W3"] = 0 * w["W3"]
    first = plain.first_pass(z, *w.values())
    gradients = plain.second_pass(*first, w["W1"], w["W2"])
    largest = max(np.abs(dW).max() for dW in gradients)
    return (
        f"P = {plain.penalty(first[0]):g}, and its largest gradient is {largest:g}: norm 0 has no "
        "direction to grow in, so P alone cannot wake this critic. The other term of its loss "
        "does. A bias is in none of the three lines; it only moves the gates, which are constant."
    )
