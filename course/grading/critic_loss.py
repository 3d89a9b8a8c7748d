"""Grades e16_critic_loss."""

import functools
from types import SimpleNamespace

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import compare, differences
from course.grading.first_pass import OF_SCORE_HINTS, gate_mistakes
from course.grading.score import NAMES, SIZES, B, L, critic, open_gates
from course.replace import plain_with
from npvae import plain

COMPARE = ("npvae/models/objectives.py::critic_objective",)
HINTS = {
    **OF_SCORE_HINTS,
    "dscore forgotten": "each row counts alike. Row r should count dscore[r] times.",
    "distance added": "the distance is added. The critic makes it large, so subtract it.",
    "gp_weight forgotten": "P counts once. It should count gp_weight times.",
    "fake and prior exchanged": "fake and prior are exchanged. Codes get low scores.",
    "penalty elsewhere": "the slope is taken at fake or at prior. It should be taken at mixed.",
    "penalty forgotten": "the gradient of gp_weight P is missing.",
    "distance forgotten": "only P has been followed back. The distance has a gradient as well.",
    "sum over the batch": "dscore is 1 for each row. The distance has means, so it is 1/B.",
}
GP_WEIGHT = 3.0
RESULTS = ("loss", "distance", "P", "slope", *(f"d{name}" for name in NAMES))


def _flat(result):
    """Return the five results of critic_loss as ten."""
    if (
        isinstance(result, tuple | list)
        and len(result) == 5
        and isinstance(result[4], tuple | list)
    ):
        return (*result[:4], *result[4])
    return result


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, w = critic(18)
    prior, mixed, dscore = numbers(19, (B, L), (B, L), B)
    shapes = {f"d{name}": w[name].shape for name in NAMES}
    arguments = {"z": z, "dscore": dscore, **w}

    def gradients(module=plain, **changed):
        return dict(zip(shapes, module.score_gradients(**{**arguments, **changed}), strict=True))

    mistakes = {
        "dscore forgotten": [gradients(dscore=np.full(B, c)) for c in (1, 1 / B)],
        "sum of the units": gradients(dscore=dscore * len(w["b3"])),
        **gate_mistakes(gradients),
    }
    found, retry = attempt.call("score_gradients", arguments, shapes), plain.score_gradients
    checks = differences(
        lambda: float(dscore @ plain.score(z, *w.values())),
        {name: (w[name], found[f"d{name}"]) for name in NAMES},
        lambda: open_gates(z, w),
    )
    compare(found, gradients(), HINTS, mistakes, SIZES, checks, (retry, arguments))
    _grade_loss(attempt, (w, z, prior, mixed, GP_WEIGHT))


def _grade_loss(attempt, arguments):
    """Grade `critic_loss`, whose five results are looked at as ten."""
    names = ("critic", "fake", "prior", "mixed", "gp_weight")
    w, arguments = arguments[0], dict(zip(names, arguments, strict=True))
    shapes = dict.fromkeys(RESULTS, ()) | {f"d{name}": w[name].shape for name in NAMES}
    theirs = attempt.function("critic_loss")
    ten = functools.wraps(theirs)(lambda *args: _flat(theirs(*args)))
    found = Attempt(SimpleNamespace(critic_loss=ten)).call("critic_loss", arguments, shapes)

    def losses(module=plain, **changed):
        return dict(zip(RESULTS, _flat(module.critic_loss(**arguments | changed)), strict=True))

    right, no_distance = losses(), plain_with(score_gradients=lambda *_: (0,) * 6)
    sums = plain_with(score_gradients=lambda z, d, *w: plain.score_gradients(z, d * B, *w))
    right = {"distance": right.pop("distance"), "P": right.pop("P"), **right}  # the parts first
    mistakes = {
        "distance added": {"loss": GP_WEIGHT * right["P"] + right["distance"]},
        "fake and prior exchanged": losses(fake=arguments["prior"], prior=arguments["fake"]),
        "penalty elsewhere": [losses(mixed=arguments[name]) for name in ("fake", "prior")],
        "penalty forgotten": losses(gp_weight=0),
        "gp_weight forgotten": losses(gp_weight=1),
        "distance forgotten": losses(no_distance),
        "sum over the batch": losses(sums),
    }
    points = np.concatenate([arguments[name] for name in ("fake", "prior", "mixed")])
    checks = differences(
        lambda: float(plain.critic_loss(**arguments)[0]),
        {name: (w[name], found[f"d{name}"]) for name in NAMES},
        lambda: open_gates(points, w),
    )
    checks.pop("db3")  # it is 0, as b3 shifts both means alike
    compare(found, right, HINTS, mistakes, SIZES, checks)


def measured() -> str:
    """Return the answer to the prediction, measured."""
    z, w = critic(20)
    _, distance, _, _, gradients = plain.critic_loss(w, z, z, z, GP_WEIGHT)
    most = max(np.abs(db).max() for db in gradients[1::2])
    return f"the distance is {distance:g}, and the largest gradient of a bias is {most:.0f}."
