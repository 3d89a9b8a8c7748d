"""Grades e03_bce."""

import numpy as np

from course.grading.attempt import Attempt, Wrong, numbers
from course.grading.diagnosis import close, compare, differences
from npvae import plain

COMPARE = ("npvae/nn/losses.py::bernoulli_nll",)
HINTS = {
    "half of the cross-entropy": "only -x log s is there. Black pixels (x = 0) must cost, too.",
    "sigmoid forgotten": "this is logits - x, divided by B. A logit is not a probability yet.",
    "sigmoid twice": (
        "the factor s (1 - s) is in it. The derivative of the loss for s has s (1 - s) below the "
        "line, and ds/da has it above."
    ),
    "max forgotten": "the logit stands where max(logit, 0) should be.",
    "hard targets": "x is rounded to 0 or 1. A grey pixel counts with its own value.",
    "squared error": "this is the squared error, whatever its size is. Look at the formula again.",
    "gradient for s": "this is the gradient for s. It needs one more factor, ds/da = s (1 - s).",
    "gradient for x": "this is the gradient for the pixel x. That for the logit is wanted.",
    "not stable": (
        "for logits of +-1000 the result is NaN or infinite. Which exp overflows, which log gets 0?"
    ),
    "clipped": (
        "Is s clipped, or a small number added inside the log? Neither is needed if the loss is "
        "written in terms of the logit."
    ),
    "overflow": (
        "e^1000 becomes infinite in silence. Raise e only to powers that are not positive, for s "
        "as well as for the loss."
    ),
    "gradient clipped": "the loss is right for logits of +-1000, but dlogits is not. Is s clipped?",
}
B, P = 5, 7
SIZES = {"B": (B, "batch"), "P": (P, "pixels"), "B P": (B * P, "batch and the pixels")}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    logits, x = numbers(5, (B, P), (B, P))
    x = 1 / (1 + np.exp(-x))
    results = {"loss": (), "dlogits": (B, P)}
    arguments = {"logits": logits, "x": x}
    found = attempt.call("bce", arguments, results)

    def loss():
        return float(attempt.quiet("bce", arguments, results)["loss"])

    checks = differences(loss, {"logits": (logits, found["dlogits"])})
    right = dict(zip(results, plain.bce(logits, x), strict=True))
    if not close(found["loss"], right["loss"]) and np.isclose(found["loss"], right["loss"], 1e-3):
        off = abs(float(found["loss"] / right["loss"]) - 1)
        raise Wrong("clipped", f"loss: it is off by a part of {off:.0e}. {HINTS['clipped']}")
    s = right["dlogits"] * B + x
    mistakes = {
        "half of the cross-entropy": {"loss": np.sum(-x * np.log(s)) / B},
        "max forgotten": {"loss": right["loss"] + np.minimum(logits, 0).sum() / B},
        "hard targets": dict(zip(results, plain.bce(logits, (x > 0.5) * 1.0), strict=True)),
        "squared error": [
            {"loss": factor * np.sum((s - x) ** 2)} for factor in (1 / B, 0.5 / B, 1 / (B * P))
        ],
        "gradient for s": {"dlogits": (s - x) / (s * (1 - s)) / B},
        "gradient for x": {"dlogits": -logits / B},
        "sigmoid forgotten": {"dlogits": (logits - x) / B},
        "sigmoid twice": {"dlogits": (s - x) * s * (1 - s) / B},
    }
    compare(found, right, HINTS, mistakes, SIZES, checks, (plain.bce, arguments))
    _grade_extremes(attempt)


def _grade_extremes(attempt):
    logits = np.array([[1000.0, -1000.0, 1000.0, -1000.0]])
    x = np.array([[0.0, 1.0, 1.0, 0.0]])
    results = {"loss": (), "dlogits": x.shape}
    try:
        found = attempt.quiet("bce", {"logits": logits, "x": x}, results)
    except Wrong as wrong:
        key = "not stable" if wrong.key == "not finite" else wrong.key
        raise Wrong(key, HINTS.get(key, wrong.text)) from None
    right = dict(zip(results, plain.bce(logits, x), strict=True))
    if not close(found["loss"], right["loss"]):
        cost = float(found["loss"]) / 2
        text = f"a logit of +-1000 on the wrong side must cost 1000, and costs {cost:.4g}."
        raise Wrong("clipped", f"loss: {text} {HINTS['clipped']}")
    if not close(found["dlogits"], right["dlogits"]):
        raise Wrong("gradient clipped", f"dlogits: {HINTS['gradient clipped']}")
    try:
        attempt.quiet("bce", {"logits": logits, "x": x}, results, overflow="raise")
    except Wrong as wrong:
        text = f"the results are right, but on the way {HINTS['overflow']} {wrong.text}"
        raise Wrong("overflow", text) from None


def measured() -> str:
    """Return the answer to the prediction, measured."""
    zeros = np.zeros((1, 784))
    black, _ = plain.bce(zeros, zeros)
    white, _ = plain.bce(zeros, zeros + 1)
    grid = np.linspace(-5, 5, 1001).reshape(-1, 1)
    least = min(plain.bce(grid[k : k + 1], np.array([[0.5]]))[0] for k in range(len(grid)))
    return (
        f"{black:.2f} nats for a black image, {white:.2f} for a white one: 784 log 2 for any "
        f"image. A pixel with x = 0.5 costs at least {least:.4f}, which is log 2, its entropy."
    )
