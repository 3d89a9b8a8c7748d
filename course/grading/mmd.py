"""Grades e19_mmd."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import compare, differences

COMPARE = ("npvae/plain.py::sliced",)
HINTS = {
    "own pairs left out": "pairs of a row with itself are left out. Here they count, with k = 1.",
    "cross term once": "the mean of k(z, prior) counts twice, once for each order.",
    "root taken": "the root is taken. The loss is the sum of the three terms itself.",
    "distance not squared": "|a - b| stands where |a - b|^2 should be.",
    "another kernel": "the kernel is the Gaussian one. Here k(a, b) = C / (C + |a - b|^2).",
    "one side only": "z is at two places in k(z, z'), and dz has the part of one only.",
    "pairs of z forgotten": "dz has the prior's pull only. Rows of z also push each other away.",
    "k not squared": "k stands where k^2 should be: the derivative of C / (C + s) is -k^2 / C.",
}
B, L = 5, 3
SIZES = {"B": (B, "batch"), "L": (L, "latent dimensions")}


def mmd(z, prior, kernel=None, cross=2.0, own=2.0, slope=None):
    """Compute the right loss and dz; or with other kernels, and other weights of the parts."""
    C = 2 * z.shape[1]
    kernel = kernel or (lambda s: C / (C + s))
    slope = slope or (lambda s: -C / (C + s) ** 2)

    def k(a, b, f):
        return f(((a[:, None] - b) ** 2).sum(axis=2))

    def pull(b):  # the mean over b of the gradients for z
        gaps = z[:, None] - b  # (B, B, L)
        return (k(z, b, slope)[:, :, None] * 2 * gaps).mean(axis=1) / len(z)

    loss = (
        k(z, z, kernel).mean() + k(prior, prior, kernel).mean() - cross * k(z, prior, kernel).mean()
    )
    return loss, own * pull(z) - 2 * pull(prior)


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    z, prior = numbers(26, (B, L), (B, L))
    C, arguments, shapes = 2 * L, {"z": z, "prior": prior}, {"loss": (), "dz": (B, L)}

    def result(**changed):
        return dict(zip(shapes, mmd(z, prior, **changed), strict=True))

    right, cross = result(), mmd(z, prior, cross=0)[0] - mmd(z, prior, cross=1)[0]
    without = ((right["loss"] + 2 * cross) * B - 2) / (B - 1) - 2 * cross
    gaussian = [result(kernel=lambda s, w=w: np.exp(-s / w)) for w in (1, 2, C, 2 * C)]
    mistakes = {
        "own pairs left out": {"loss": without},
        "cross term once": result(cross=1.0),
        "root taken": {"loss": np.sqrt(right["loss"])},
        "distance not squared": {"loss": result(kernel=lambda s: C / (C + np.sqrt(s)))["loss"]},
        "another kernel": [{"loss": g["loss"]} for g in gaussian],
        "one side only": {"dz": result(own=1.0)["dz"]},
        "pairs of z forgotten": {"dz": result(own=0.0)["dz"]},
        "k not squared": [{"dz": result(slope=lambda s, n=n: -n / (C + s))["dz"]} for n in (1, C)],
    }
    found = attempt.call("mmd", arguments, shapes)
    checks = differences(lambda: float(mmd(z, prior)[0]), {"z": (z, found["dz"])})
    compare(found, right, HINTS, mistakes, SIZES, checks, (mmd, arguments))


def measured() -> str:
    """Return the answer to the prediction, measured."""
    z, prior = numbers(27, (200, 10), (200, 10))
    step = np.eye(10)[0]
    near, far = (np.linalg.norm(mmd(z + n * step, prior)[1].sum(axis=0)) for n in (3, 1000))
    return (
        f"less: {far:.0e} from 1000 away, and {near:.2f} from 3 away. Far from the prior the "
        "kernel is flat. The sliced distance pulls with the same force from anywhere."
    )
