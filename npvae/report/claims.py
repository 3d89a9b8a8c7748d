"""The claims of the reference report, each with a rule that decides it from the measured numbers.

A claim asks for one or more numbers. For each there is a margin, which is above 0 if the number
speaks for the claim: the lead of one model over another, or the distance from a threshold.

    a number    holds if the 95 % interval of its margin lies wholly above 0, does not hold if
                wholly below, and is not decided otherwise, or where there is no interval
    a claim     holds if it holds for each number; is mixed if it holds for some and does not hold
                for others; else does not hold if it fails for one; else is not decided

Claims of the reference report that say the same of the same numbers are one claim here.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import MODELS
from npvae.evaluation.intervals import Interval
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.metrics import BY_KEY
from npvae.report.markdown import number, shown, shown_interval

HOLDS, FAILS, MIXED, OPEN = "holds", "does not hold", "mixed", "not decided"
VERDICTS = HOLDS, FAILS, MIXED, OPEN
Baselines = dict[str, dict[str, float]]  # what simple things score: by their name, then by metric


@dataclass(frozen=True)
class Part:
    """A number that a claim asks for: its name, what was measured, and its margin."""

    name: str
    evidence: str
    margin: Interval | None

    @property
    def verdict(self) -> str:
        """Return whether the claim holds for this number."""
        if self.margin is None:
            return OPEN
        return HOLDS if self.margin.low > 0 else FAILS if self.margin.high < 0 else OPEN


@dataclass(frozen=True)
class Verdict:
    """A claim, the rule that decides it, and what was measured for it."""

    claim: str
    rule: str
    parts: list[Part]

    @property
    def verdict(self) -> str:
        """Return the outcome: one of VERDICTS."""
        found = {part.verdict for part in self.parts}
        if found == {HOLDS}:
            return HOLDS
        if FAILS in found:
            return MIXED if HOLDS in found else FAILS
        return OPEN

    @property
    def words(self) -> str:
        """Return the outcome, and where the numbers disagree, which say what."""
        said = {v: [p.name for p in self.parts if p.verdict == v] for v in (HOLDS, FAILS, OPEN)}
        if sum(map(bool, said.values())) < 2:
            return f"**{self.verdict}**"
        lists = [f"{verdict}: {', '.join(names)}" for verdict, names in said.items() if names]
        return f"**{self.verdict}** ({'; '.join(lists)})"


Ruling = tuple[str, list[Part]]  # the rule and the numbers


def value_of(c: Comparison, model: str, key: str) -> str:
    """Return a number with its interval and unit as the report shows it, such as "90 ± 1 %"."""
    value, interval, unit = c.value(model, key), c.interval(model, key), BY_KEY[key].unit
    text = shown(value, interval.half if interval else None)
    return f"{text} {unit}" if unit and value is not None else text


def each(c: Comparison, key: str) -> str:
    """List a number of all models of MODELS, such as "KL 3 ± 1, WS 2 ± 1"."""
    return ", ".join(f"{label(m)} {value_of(c, m, key)}" for m in MODELS if m in c.measured)


def label(model: str) -> str:
    """Return what the report calls a model; the controls' keys are what they are called."""
    return MODELS[model].label if model in MODELS else model


def lead(c: Comparison, key: str, a: str, b: str) -> Interval | None:
    """Return by how much model a is better than model b in `key`, by its "better" in metrics.py.

    Where a value is the best, it is by how much a is nearer to it.
    """
    better = BY_KEY[key].better
    if better == "higher":
        return c.difference(key, a, b)
    if better != "lower":
        c = derived(c, key, lambda found: abs(found[key] - float(better)))
    return c.difference(key, b, a)


def better(c: Comparison, key: str, a: str, b: str) -> str | None:
    """Return which of two models is better in `key`, or None if the interval contains 0."""
    gap = lead(c, key, a, b)
    if gap is None:
        return None
    return a if gap.low > 0 else b if gap.high < 0 else None


def derived(c: Comparison, key: str, change: Callable[[Mapping[str, Any]], Any]) -> Comparison:
    """Return the comparison with a number made from others: of values, and of their replicates."""

    def extended(found: dict[str, Any]) -> dict[str, Any]:
        with suppress(KeyError):
            return found | {key: change(found)}
        return {name: value for name, value in found.items() if name != key}

    return replace(c, measured={
        model: [Measurement(extended(m.values), extended(m.replicates)) for m in runs]
        for model, runs in c.measured.items()
    })  # fmt: skip


def _better(c: Comparison, _: Baselines, a: str, b: str, *keys: str) -> Ruling:
    """Decide whether model a is better than model b in each number."""
    sides: dict[str, list[str]] = {}
    for key in keys:
        better = BY_KEY[key].better
        side = better if better in ("lower", "higher") else f"nearer to {better}"
        sides.setdefault(side, []).append(BY_KEY[key].name)
    words = "; ".join(f"{side} in {', '.join(names)}" for side, names in sides.items())
    rule = f"{label(a)} against {label(b)}: {words}"
    return rule, [_pair(c, key, a, b, lead(c, key, a, b)) for key in keys]


def _more(c: Comparison, _: Baselines, a: str, b: str, key: str) -> Ruling:
    """Decide whether a number of model a is above that of model b, be that good or bad."""
    rule = f"{label(a)} against {label(b)}: higher in {BY_KEY[key].name}"
    return rule, [_pair(c, key, a, b, c.difference(key, a, b))]


def _pair(c: Comparison, key: str, a: str, b: str, margin: Interval | None) -> Part:
    numbers = f"{label(b)} {value_of(c, b, key)}, {label(a)} {value_of(c, a, key)}"
    if (gap := c.difference(key, b, a)) is not None:
        numbers += f", difference {shown_interval(gap)}"
    return Part(BY_KEY[key].name, numbers, margin)


def _meets(
    c: Comparison, baselines: Baselines, model: str, limits: dict[str, tuple | float | str]
) -> Ruling:
    """Decide whether each number lies in a range, above a value, or above what a baseline scores.

    Pictures have no baselines of their own: their numbers are held against those in pixels.
    """
    rules, parts = [], []
    for key, limit in limits.items():
        least, most = limit if isinstance(limit, tuple) else (limit, np.inf)
        words = f"from {least:g} to {most:g}" if most < np.inf else f"above {limit}"
        words += " (chosen by us)"
        if isinstance(limit, str):
            least = baselines.get(limit, {}).get(key.removeprefix("tsne_"))
            words = f"above that of {limit}" + ("" if least is None else f", {number(least)}")
        margin = None
        if (found := c.interval(model, key)) is not None and least is not None:
            inside = min(found.mean - least, most - found.mean)
            margin = Interval(inside, inside - found.half, inside + found.half)
        rules.append(f"{BY_KEY[key].name} {words}")
        parts.append(_one(c, model, key, "", margin))
    return f"{label(model)}: {', '.join(rules)}", parts


def _beats_fade(c: Comparison, _: Baselines, model: str, *keys: str) -> Ruling:
    """Decide whether a model's paths are better than fades between their decoded ends."""
    parts = []
    for key in keys:
        fades = derived(c, key, lambda found, key=key: found[f"fade_{key}"])
        saved = derived(c, key, lambda found, key=key: found[f"fade_{key}"] - found[key])
        versus = f", fade {value_of(fades, model, key)}"
        parts.append(_one(c, model, key, versus, saved.interval(model, key)))
    names = ", ".join(part.name for part in parts)
    return f"{label(model)} lower than a fade between its decoded ends: {names}", parts


def _one(c: Comparison, model: str, key: str, versus: str, margin: Interval | None) -> Part:
    return Part(BY_KEY[key].name, f"{label(model)} {value_of(c, model, key)}{versus}", margin)


_CLAIMS = [  # the claim, and what decides it, with its arguments
    ("KL's reconstruction errors peak near 30",
     _meets, "kl", {"sse_mu_mode": (25, 35), "sse_z_mode": (25, 35)}),
    ("WS's reconstruction errors peak near 20",
     _meets, "ws", {"sse_mu_mode": (15, 25), "sse_z_mode": (15, 25)}),
    ("WS has the lower reconstruction error", _better, "ws", "kl", "sse_mu", "sse_z"),
    ("WS has the more even reconstruction error",
     _better, "ws", "kl", "sse_mu_spread", "sse_z_spread"),
    ("KL's codes are centred, WS's less so", _better, "kl", "ws", "centre"),
    ("KL's codes are closer to a Gaussian, WS's more complex",
     _better, "kl", "ws", "mardia_skewness", "mardia_kurtosis", "eigen_least", "eigen_most"),
    ("WS's codes vary more than KL's", _more, "ws", "kl", "width"),
    ("KL holds its codes closer to the prior", _better, "kl", "ws", "w1_sliced"),
    ("KL's reconstructions are blurred", _meets, "kl", {"blur": 0.25}),
    ("WS's reconstructions are sharper", _better, "ws", "kl", "blur"),
    ("KL interpolates smoothly", _beats_fade, "kl", "path", "jumpy"),
    ("WS interpolates smoothly", _beats_fade, "ws", "path", "jumpy"),
    ("WS interpolates more smoothly", _better, "ws", "kl", "path", "jump", "jumpy"),
    ("WS's interpolations are more coherent", _better, "ws", "kl", "off_data", "confidence"),
    ("KL's digits form separate clusters", _meets, "kl",
     {"tsne_silhouette": 0.25, "silhouette": "pixels"}),
    ("WS's clusters lie further apart", _better, "ws", "kl", "tsne_silhouette", "silhouette"),
    ("KL keeps similar images close, which helps to classify them", _meets, "kl",
     {"tsne_knn": "pixels", "knn": "pixels"}),
    ("WS's codes are the richer representation", _better, "ws", "kl", "knn", "probe"),
    ("KL's strictness limits what it can express", _better, "ae", "kl", "sse_mu", "bce_mu"),
    ("WS generalises better: lower test error", _better, "ws", "kl", "bce_mu", "bce_z"),
    ("WS generalises better: smaller gap to training images", _better, "ws", "kl", "gap_bce_mu"),
    ("WS generalises better: higher likelihood of test images",
     _better, "ws", "kl", "bound_prior", "bound_gauss", "bound_mix"),
]  # fmt: skip


def judge(comparison: Comparison, baselines: Baselines) -> list[Verdict]:
    """Decide every claim."""
    return [
        Verdict(claim, *decide(comparison, baselines, *arguments))
        for claim, decide, *arguments in _CLAIMS
    ]
