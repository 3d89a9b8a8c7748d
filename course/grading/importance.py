"""Grades e12_importance, which is not in npvae/plain.py: the right answers stand here."""

import sys
from functools import partial

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import close, judge

RATIO, WHOLE = "(log_prior - log_q)", "log_p + (log_prior - log_q).sum(axis=2)"
SHIFTED, SHARES = "np.log(np.exp(log_w - most).mean(axis=1))", "w / w.sum(axis=1, keepdims=True)"
PI = "np.log(2 * np.pi) / 2"
MISTAKES = {
    "likelihood forgotten": ("log_weights", "log_p + ", ""),
    "prior and proposal exchanged": ("log_weights", RATIO, "(log_q - log_prior)"),
    "half forgotten": ("log_weights", RATIO, f"(2 * {RATIO})"),
    "logvar forgotten": ("log_weights", " - logvar / 2", ""),
    "sigma = exp(logvar)": [
        ("log_weights", "np.exp(logvar / 2)", "np.exp(logvar)"),
        ("log_weights", "np.exp(logvar / 2)", "np.exp(logvar)", "- logvar / 2", "- logvar"),
    ],
    "proposal forgotten": [("log_weights", RATIO, f"(log_prior{pi})") for pi in ("", f" - {PI}")],
    "sign of logvar": ("log_weights", "- logvar / 2", "+ logvar / 2"),
    "eps divided by sigma": ("log_weights", "-(eps**2)", "-(eps / np.exp(logvar / 2)) ** 2"),
    "2 pi": [("log_weights", RATIO, f"({RATIO} {sign} {PI})") for sign in "+-"],
    "not the log": ("log_weights", WHOLE, f"np.exp({WHOLE})"),
    "prior forgotten": [("log_weights", RATIO, f"(-log_q{pi})") for pi in ("", f" + {PI}")],
    "mean over the dimensions": ("log_weights", ".sum(", ".mean("),
    "mean of the logs": ("bound", f"most[:, 0] + {SHIFTED}", "log_w.mean(axis=1)"),
    "shift not added": ("bound", "most[:, 0] + ", ""),
    "largest weight only": [
        ("bound", f" + {SHIFTED}", ""), ("bound_backward", SHARES, "1.0 * (w == 1)"),
    ],
    "log K forgotten": ("bound", ".mean(", ".sum("),
    "all samples alike": ("bound_backward", SHARES, "0 * w + 1 / w.shape[1]"),
    "not normalised": [("bound_backward", SHARES, w) for w in ("w", "np.exp(log_w)")],
    "over the images": [
        ("bound_backward", SHARES, f"{w} / {w}.sum({axis})")
        for w in ("w", "np.exp(log_w)") for axis in ("axis=0", "")
    ],
}  # fmt: skip
B, K, L = 4, 6, 3
SIZES = {"B": (B, "batch"), "K": (K, "samples"), "L": (L, "latent dimensions")}


def log_weights(log_p, mu, logvar, eps):
    """Return log_w (B, K): log p(x|z) + log p(z) - log q(z). Both densities have 2 pi alike."""
    mu, logvar = mu[:, None], logvar[:, None]  # (B, 1, L)
    z = mu + np.exp(logvar / 2) * eps
    log_prior, log_q = -(z**2) / 2, -(eps**2) / 2 - logvar / 2  # (B, K, L)
    return log_p + (log_prior - log_q).sum(axis=2)


def bound(log_w):
    """Return the log of the mean of the weights of each image, (B,)."""
    most = log_w.max(axis=1, keepdims=True)
    return most[:, 0] + np.log(np.exp(log_w - most).mean(axis=1))


def bound_backward(log_w):
    """Return the share of each sample in the sum of an image's weights, (B, K)."""
    w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True)


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    log_p, mu, logvar, eps = numbers(20, (B, K), (B, L), (B, L), (B, K, L))
    arguments = {"log_p": log_p - 5, "mu": mu, "logvar": logvar, "eps": eps}
    ask = partial(judge, attempt, mistakes=MISTAKES, sizes=SIZES, right=sys.modules[__name__])
    log_w = ask("log_weights", arguments, {"log_w": (B, K)})["log_w"]
    # Weights that are too far apart have gradients that finite differences cannot measure.
    log_w *= min(1, 8 / np.ptp(log_w, axis=1).max())
    ask("bound", {"log_w": log_w}, {"bound": (B,)})
    _grade_far(attempt, bound, log_w, {"bound": (B,)})
    loss = attempt.number("bound", {"log_w": log_w})
    ask("bound_backward", {"log_w": log_w}, {"dlog_w": (B, K)}, loss=loss, of={"log_w": log_w})
    _grade_far(attempt, bound_backward, log_w, {"dlog_w": (B, K)})


def _grade_far(attempt, right, log_w, results):
    """Grade with extreme numbers."""
    for far in (1000 * log_w, -1000 * log_w):
        (answer,) = attempt.stable(right.__name__, {"log_w": far}, results, "not stable").values()
        if not close(answer, right(far)):
            raise attempt.wrong("not stable", *results)


def measured() -> tuple:
    """Measure what the prediction is about, over 10,000 repetitions."""

    def log_normal(z, mean, variance):
        return -((z - mean) ** 2) / variance / 2 - np.log(2 * np.pi * variance) / 2

    def mean_bound(variance, samples):
        rng = np.random.default_rng(22)
        z = 0.5 + np.sqrt(variance) * rng.standard_normal((10_000, samples))
        log_w = log_normal(1, z, 1) + log_normal(z, 0, 1) - log_normal(z, 0.5, variance)
        return bound(log_w).mean()

    one, many, narrow_one, narrow = (mean_bound(v, k) for v in (0.5, 0.005) for k in (1, 100))
    return log_normal(1, 0, 2), one, many, narrow_one, narrow
