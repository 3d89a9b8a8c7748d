"""Grades e16_critic_loss."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge
from course.grading.score import H1, H2, NAMES, SIZES, B, L, critic, gate_mistakes, open_gates
from npvae import plain

MISTAKES = {
    "dscore forgotten": [
        ("score_gradients", "dscore[:, None]", f"0 * dscore[:, None] + {c}")
        for c in ("1 ", "1 / len(z)")
    ],
    "sum of the units": ("score_gradients", " / len(b3)", ""),
    "distance added": ("critic_loss", "* P - distance", "* P + distance"),
    "fake and prior exchanged": (
        "critic_loss", "weights =", "fake, prior = prior, fake; weights ="
    ),
    "penalty elsewhere": [
        ("critic_loss", "first_pass(mixed", f"first_pass({rows}") for rows in ("fake", "prior")
    ],
    "penalty forgotten": [
        ("critic_loss", "gp_weight * P -", "-"), ("critic_loss", "gp_weight * g_P", "0"),
    ],
    "gp_weight forgotten": [
        ("critic_loss", f"gp_weight * {P}", P) for P in ("P -", "g_P")
    ],
    "distance forgotten": ("critic_loss", "g_fake + g_prior", "0 * g_fake"),
    "sum over the batch": ("critic_loss", "1 / len(fake)", "1"),
    **gate_mistakes(H1, H2),
}  # fmt: skip
GP_WEIGHT = 3.0


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, w = critic(18)
    prior, mixed, dscore = numbers(19, (B, L), (B, L), B)
    shapes = {f"d{name}": w[name].shape for name in NAMES}
    judge(attempt, "score_gradients", {"z": z, "dscore": dscore, **w}, shapes, MISTAKES, SIZES,
          loss=lambda: float(dscore @ plain.score(z, *w.values())), of=w,
          active=lambda: open_gates(z, w))  # fmt: skip

    arguments = {"critic": w, "fake": z, "prior": prior, "mixed": mixed, "gp_weight": GP_WEIGHT}
    results = dict.fromkeys(("loss", "distance", "P", "slope"), ()) | shapes
    order = "distance", "P", "loss", "slope", *shapes  # the parts first
    points = np.concatenate([z, prior, mixed])
    of = {name: w[name] for name in NAMES[:-1]}  # db3 is 0, as b3 shifts both means alike
    judge(attempt, "critic_loss", arguments, results, MISTAKES, SIZES, order=order,
          loss=lambda: float(plain.critic_loss(**arguments)[0]), of=of,
          active=lambda: open_gates(points, w))  # fmt: skip


def measured() -> tuple:
    """Measure what the prediction is about."""
    z, w = critic(20)
    _, distance, _, _, gradients = plain.critic_loss(w, z, z, z, GP_WEIGHT)
    most = max(np.abs(db).max() for db in gradients[1::2])
    return distance, most
