"""The claims of the reference report, each with a rule that decides it from the measured numbers.

A claim asks for one or more numbers. For each there is a margin, which is above 0 if the number
speaks for the claim: the lead of one model over another, or the distance from a threshold.

    a number    holds if the 95 % interval of its margin lies wholly above 0, does not hold if
                wholly below, and is not decided otherwise, or where there is no interval
    a claim     holds if it holds for each number; is mixed if it holds for some and does not hold
                for others; else does not hold if it fails for one; else is not decided

Claims of the reference report that say the same of the same numbers are one claim here.
"""

from dataclasses import dataclass

import numpy as np

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import MODELS, Key, Setting
from npvae.evaluation.intervals import Interval
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


def value_of(c: Comparison, model: Key, key: str) -> str:
    """Return a number with its interval and unit as the report shows it, such as "90 ± 1 %"."""
    value, interval, unit = c.value(model, key), c.interval(model, key), BY_KEY[key].unit
    text = shown(value, interval.half if interval else None)
    return f"{text} {unit}" if unit and value is not None else text


def values_of_all(c: Comparison, key: str) -> str:
    """List a number of all models of MODELS, such as "KL 3 ± 1, WS 2 ± 1"."""
    return ", ".join(f"{label(m)} {value_of(c, m, key)}" for m in MODELS if m in c.measured)


def label(model: Key) -> str:
    """Return what the report calls a model, a control or a weight of the sweep."""
    return model.label if isinstance(model, Setting) else MODELS[model]


def lead(c: Comparison, key: str, a: Key, b: Key) -> Interval | None:
    """Return by how much model a is better than model b in `key`, by its goal in metrics.py.

    Where a value is the best, it is by how much a is nearer to it.
    """
    goal = BY_KEY[key].goal
    if goal == "higher":
        return c.difference(key, a, b)
    if goal != "lower":
        c = c.with_number(key, lambda found: abs(found[key] - float(goal)))
    return c.difference(key, b, a)


def winner_of(c: Comparison, key: str, a: Key = "ws", b: Key = "kl") -> Key | None:
    """Return which of two models is better in `key`, or None if the interval contains 0."""
    gap = lead(c, key, a, b)
    if gap is None:
        return None
    return a if gap.low > 0 else b if gap.high < 0 else None


def decide(
    c: Comparison, baselines: Baselines, model: str, key: str, against: str | tuple[float, float]
) -> tuple[str, Part]:
    """Return the rule for one number of a model, and what was measured for it.

    `against` is another model, which must be worse, or with ">" before it lower, be that good or
    bad; "fade", a fade between the model's decoded ends, which must be higher; a range; or a
    baseline, which must be lower. Pictures have no baselines of their own: their numbers are held
    against those in pixels.
    """
    metric, measured = BY_KEY[key], f"{label(model)} {value_of(c, model, key)}"
    if isinstance(against, str) and (other := against.removeprefix(">")) in MODELS:
        goal = metric.goal
        side = goal if goal in ("lower", "higher") else f"nearer to {goal}"
        gap, margin = c.difference(key, other, model), lead(c, key, model, other)
        if against != other:
            side, margin = "higher", c.difference(key, model, other)
        measured = f"{label(other)} {value_of(c, other, key)}, {measured}"
        measured += "" if gap is None else f", difference {shown_interval(gap)}"
        return f"{metric.name} {side} than {label(other)}", Part(metric.name, measured, margin)
    if against == "fade":
        fade, saved = (c.with_number(key, of) for of in (
            lambda found: found[f"fade_{key}"], lambda found: found[f"fade_{key}"] - found[key]
        ))  # fmt: skip
        measured += f", fade {value_of(fade, model, key)}"
        words = "lower than of a fade between its decoded ends"
        return f"{metric.name} {words}", Part(metric.name, measured, saved.interval(model, key))
    least, most = against if isinstance(against, tuple) else (None, np.inf)
    words = f"from {least} to {most}" if most < np.inf else f"above {least}"
    words += " (chosen by us)"
    if isinstance(against, str):
        least = baselines.get(against, {}).get(key.removeprefix("tsne_"))
        words = f"above that of {against}" + ("" if least is None else f", {number(least)}")
    margin = None
    if (found := c.interval(model, key)) is not None and least is not None:
        inside = min(found.mean - least, most - found.mean)
        margin = Interval(inside, inside - found.half, inside + found.half)
    return f"{metric.name} {words}", Part(metric.name, measured, margin)


_CLAIMS = [  # the claim, whose numbers decide it, and which, held against what
    ("KL's reconstruction errors peak near 30", "kl", {(25, 35): "sse_mu_mode sse_z_mode"}),
    ("WS's reconstruction errors peak near 20", "ws", {(15, 25): "sse_mu_mode sse_z_mode"}),
    ("WS has the lower reconstruction error", "ws", {"kl": "sse_mu sse_z"}),
    ("WS has the more even reconstruction error", "ws", {"kl": "sse_mu_spread sse_z_spread"}),
    ("KL's codes are centred, WS's less so", "kl", {"ws": "centre"}),
    ("KL's codes are closer to a Gaussian, WS's more complex", "kl",
     {"ws": "mardia_skewness mardia_kurtosis eigen_least eigen_most"}),
    ("WS's codes vary more than KL's", "ws", {">kl": "width"}),
    ("KL holds its codes closer to the prior", "kl", {"ws": "w1_sliced"}),
    ("KL's reconstructions are blurred", "kl", {(0.25, np.inf): "blur"}),
    ("WS's reconstructions are sharper", "ws", {"kl": "blur"}),
    ("KL interpolates smoothly", "kl", {"fade": "path jumpy"}),
    ("WS interpolates smoothly", "ws", {"fade": "path jumpy"}),
    ("WS interpolates more smoothly", "ws", {"kl": "path jump jumpy"}),
    ("WS's interpolations are more coherent", "ws", {"kl": "off_data confidence"}),
    ("KL's digits form separate clusters", "kl",
     {(0.25, np.inf): "tsne_silhouette", "pixels": "silhouette"}),
    ("WS's clusters lie further apart", "ws", {"kl": "tsne_silhouette silhouette"}),
    ("KL keeps similar images close, which helps to classify them", "kl",
     {"pixels": "tsne_knn knn"}),
    ("WS's codes are the richer representation", "ws", {"kl": "knn probe"}),
    ("KL's strictness limits what it can express", "ae", {"kl": "sse_mu bce_mu"}),
    ("WS generalises better: lower test error", "ws", {"kl": "bce_mu bce_z"}),
    ("WS generalises better: smaller gap to training images", "ws", {"kl": "gap_bce_mu"}),
    ("WS generalises better: higher likelihood of test images", "ws",
     {"kl": "bound_prior bound_gauss bound_mix"}),
]  # fmt: skip


def judge(c: Comparison, baselines: Baselines) -> list[Verdict]:
    """Decide every claim."""
    verdicts = []
    for claim, model, numbers in _CLAIMS:
        found = [
            decide(c, baselines, model, key, against)
            for against, keys in numbers.items()
            for key in keys.split()
        ]
        rule = f"{label(model)}: {', '.join(words for words, _ in found)}"
        verdicts.append(Verdict(claim, rule, [part for _, part in found]))
    return verdicts
