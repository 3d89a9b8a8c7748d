"""Grades e12_importance, which is not in npvae/plain.py: the right answers stand here."""

import numpy as np

from course.grading.attempt import Attempt, Wrong, numbers
from course.grading.diagnosis import close, compare, differences

COMPARE = ("npvae/evaluation/likelihood.py::log_weights",)
HINTS = {
    "likelihood forgotten": "log p(x|z) is missing.",
    "prior and proposal exchanged": (
        "p(z) and q(z) are exchanged: it is q(z) that stands below the line."
    ),
    "half forgotten": (
        "log p(z) - log q(z) is exactly twice too large. A normal density has a half."
    ),
    "logvar forgotten": "the factor 1/sigma of the density q is missing.",
    "sigma = exp(logvar)": "this is right for sigma = e^logvar. But logvar is the log of sigma^2.",
    "prior forgotten": "log p(z) is missing: only log q(z) was subtracted.",
    "mean over the dimensions": "log p(z) - log q(z) is a sum over the L dimensions, not a mean.",
    "proposal forgotten": "log q(z) is missing: only log p(z) was added.",
    "sign of logvar": "logvar has the wrong sign. q is a density: the wider it is, the lower.",
    "eps divided by sigma": "eps is divided by sigma. It is (z - mu) / sigma already.",
    "2 pi": "a term of log(2 pi) is left. p and q have the same, so it cancels.",
    "not the log": "these are the weights themselves. Their logs are wanted.",
    "mean of the logs": (
        "this is the mean of the logs. The bound is the log of the mean: that is what makes it "
        "better."
    ),
    "log K forgotten": "it is too large by log K. The weights are averaged, not added up.",
    "shift not added": "the largest log-weight was taken off, and is not added again.",
    "largest weight only": "the largest weight alone counts. The others have a share, too.",
    "not stable": (
        "for log-weights of some thousands, of either sign, the result is NaN or infinite. Shift "
        "them first, those of each image by their own largest."
    ),
    "all samples alike": (
        "every sample has the share 1/K. That is the gradient of the mean of the logs. Here large "
        "weights count more."
    ),
    "over the images": "the shares add up to 1 over the images. They should for each image.",
    "not normalised": "the shares of an image's samples must add up to 1.",
}
B, K, L = 4, 6, 3
SIZES = {"B": (B, "batch"), "K": (K, "samples"), "L": (L, "latent dimensions")}


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    log_p, mu, logvar, eps = numbers(20, (B, K), (B, L), (B, L), (B, K, L))
    arguments = {"log_p": log_p - 5, "mu": mu, "logvar": logvar, "eps": eps}
    log_w = log_weights(**arguments)
    right_bound = bound(log_w)
    found = attempt.call("log_weights", arguments, {"log_w": (B, K)})
    mistakes, retry = _weight_mistakes(log_w, **arguments), (log_weights, arguments)
    compare(found, {"log_w": log_w}, HINTS, mistakes, SIZES, None, retry)

    found = attempt.call("bound", {"log_w": log_w}, {"bound": (B,)})
    mistakes = {
        "mean of the logs": {"bound": log_w.mean(axis=1)},
        "shift not added": {"bound": right_bound - log_w.max(axis=1)},
        "largest weight only": {"bound": log_w.max(axis=1)},
        "log K forgotten": {"bound": right_bound + np.log(K)},
    }
    compare(found, {"bound": right_bound}, HINTS, mistakes, SIZES)
    for far in (1000 * log_w, -1000 * log_w):
        answer = _finite(attempt, "bound", {"log_w": far}, {"bound": (B,)})["bound"]
        if not close(answer, bound(far)):
            raise Wrong("not stable", f"bound: {HINTS['not stable']}")

    found = attempt.call("bound_backward", {"log_w": log_w}, {"dlog_w": (B, K)})

    def loss():
        return float(attempt.quiet("bound", {"log_w": log_w}, {"bound": (B,)})["bound"].sum())

    checks = differences(loss, {"log_w": (log_w, found["dlog_w"])})
    shifted = np.exp(log_w - log_w.max(axis=1, keepdims=True))
    mistakes = {
        "all samples alike": {"dlog_w": np.full((B, K), 1 / K)},
        "not normalised": [{"dlog_w": np.exp(log_w)}, {"dlog_w": shifted}],
        "largest weight only": {"dlog_w": 1.0 * (shifted == 1)},
        "over the images": [
            {"dlog_w": w / total}
            for w in (shifted, np.exp(log_w))
            for total in (w.sum(axis=0), w.sum())
        ],
    }
    compare(found, {"dlog_w": shares(log_w)}, HINTS, mistakes, SIZES, checks)
    for far in (1000 * log_w, -1000 * log_w):
        answer = _finite(attempt, "bound_backward", {"log_w": far}, {"dlog_w": (B, K)})["dlog_w"]
        if not close(answer, shares(far)):
            raise Wrong("not stable", f"dlog_w: {HINTS['not stable']}")


def log_normal(z, mean=0.0, sigma=1.0):
    """Return log N(z; mean, sigma^2), number by number."""
    return -(((z - mean) / sigma) ** 2) / 2 - np.log(sigma) - np.log(2 * np.pi) / 2


def log_weights(log_p, mu, logvar, eps):
    """Return log_w (B, K): log p(x|z) + log p(z) - log q(z), each density as it is defined."""
    mu, sigma = mu[:, None], np.exp(logvar / 2)[:, None]
    z = mu + sigma * eps
    return log_p + (log_normal(z) - log_normal(z, mu, sigma)).sum(axis=2)


def bound(log_w):
    """Return the log of the mean of the weights of each image, (B,)."""
    return np.logaddexp.reduce(log_w, axis=1) - np.log(log_w.shape[1])


def shares(log_w):
    """Return the share of each sample in the sum of an image's weights, (B, K)."""
    return np.exp(log_w - np.logaddexp.reduce(log_w, axis=1, keepdims=True))


def _weight_mistakes(log_w, log_p, mu, logvar, eps):
    ratio = log_w - log_p
    z = mu[:, None] + np.exp(logvar / 2)[:, None] * eps
    wide, scaled = mu[:, None] + np.exp(logvar)[:, None] * eps, eps / np.exp(logvar / 2)[:, None]
    return {
        "likelihood forgotten": {"log_w": ratio},
        "prior and proposal exchanged": {"log_w": log_p - ratio},
        "half forgotten": {"log_w": log_p + 2 * ratio},
        "logvar forgotten": {"log_w": log_w - logvar.sum(axis=1, keepdims=True) / 2},
        "sigma = exp(logvar)": [
            {"log_w": log_weights(log_p, mu, 2 * logvar, eps)},
            {"log_w": log_w + ((z**2 - wide**2) / 2).sum(axis=2)},
        ],
        "proposal forgotten": [
            {"log_w": log_p + log_normal(z).sum(axis=2)},
            {"log_w": log_p - (z**2).sum(axis=2) / 2},
        ],
        "sign of logvar": {"log_w": log_w - logvar.sum(axis=1, keepdims=True)},
        "eps divided by sigma": {"log_w": log_w + ((scaled**2 - eps**2) / 2).sum(axis=2)},
        "2 pi": [{"log_w": log_w + k * L / 2 * np.log(2 * np.pi)} for k in (-1, 1)],
        "not the log": {"log_w": np.exp(log_w)},
        "prior forgotten": {"log_w": log_w - log_normal(z).sum(axis=2)},
        "mean over the dimensions": {"log_w": log_p + ratio / L},
    }


def _finite(attempt, name, arguments, results):
    """Call a function with extreme numbers; NaN and infinity then mean that it is not stable."""
    try:
        return attempt.quiet(name, arguments, results)
    except Wrong as wrong:
        key = "not stable" if wrong.key == "not finite" else wrong.key
        raise Wrong(key, f"{name}: {HINTS.get(key, wrong.text)}") from None


def measured() -> str:
    """Return the answer to the prediction, measured over 10,000 repetitions."""

    def mean_bound(variance, samples):
        rng = np.random.default_rng(22)
        z = 0.5 + np.sqrt(variance) * rng.standard_normal((10_000, samples))
        log_w = log_normal(1, z) + log_normal(z) - log_normal(z, 0.5, np.sqrt(variance))
        return bound(log_w).mean()

    exact = log_normal(1, 0, np.sqrt(2))
    one, many, narrow_one, narrow = (mean_bound(v, k) for v in (0.5, 0.005) for k in (1, 100))
    return (
        f"log p(x) = {exact:.3f}. With the exact posterior {one:.3f} for K = 1 and {many:.3f} for "
        f"K = 100: all weights are equal. With the narrow q {narrow_one:.3f} and {narrow:.3f}: "
        "samples that would count are never drawn. A posterior that has collapsed must be widened "
        "first."
    )
