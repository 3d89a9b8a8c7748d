"""The claims of the reference report, each with a rule that decides it from the measured numbers.

A claim asks for one or more numbers. A rule gives each a margin, which is above 0 if the number
speaks for the claim: the lead of one model over another, or the distance from a threshold. What
follows from the margins is told where the claims are printed, in report.template.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from npvae.evaluation.encoded import MODELS
from npvae.evaluation.intervals import Interval
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Comparison
from npvae.report.markdown import shown

HOLDS, FAILS, MIXED, OPEN = VERDICTS = "holds", "does not hold", "mixed", "not decided"
BORDERLINE = 1.3  # half widths: a margin below this would soon be on the other side
UNKNOWN = "one training: its chance is not known"


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
    def borderline(self) -> list[str]:
        """Return the names of the numbers that decide, but only just."""
        decided = [part for part in self.parts if part.verdict != OPEN]
        return [p.name for p in decided if abs(p.margin.mean) < BORDERLINE * p.margin.half]

    @property
    def words(self) -> str:
        """Return the outcome, which numbers say what if they disagree, and which only just."""
        said = {"borderline": self.borderline}
        if len({part.verdict for part in self.parts}) > 1:
            decided = {v: [p.name for p in self.parts if p.verdict == v] for v in VERDICTS}
            said = decided | said
        notes = [f"{word}: {', '.join(names)}" for word, names in said.items() if names]
        return f"**{self.verdict}**" + (f" ({'; '.join(notes)})" if notes else "")


def value_of(c: Comparison, setting: str, key: str) -> str:
    """Return a number with its interval and unit as the report shows it, such as "90 ± 1 %"."""
    value, interval, unit = c.value(setting, key), c.interval(setting, key), BY_KEY[key].unit
    text = shown(value, interval.half if interval else None)
    return f"{text} {unit}" if unit and value is not None else text


def lead(c: Comparison, key: str, a: str, b: str) -> Interval | None:
    """Return by how much setting a is better than setting b in `key`, by its goal in metrics.py.

    Where a value is the best, it is by how much a is nearer to it.
    """
    goal = BY_KEY[key].goal
    if goal == "higher":
        return c.difference(key, a, b)
    if goal != "lower":
        c = c.derived(key, lambda found: abs(found[key] - float(goal)))
    return c.difference(key, b, a)


# A rule takes a model and one of its numbers. It returns its words, the models that it looks at,
# and the margin.
Ruled = tuple[str, list[str], Interval | None]
Rule = Callable[[Comparison, str, str], Ruled]


def better_than(other: str) -> Rule:
    """Return the rule that a model is better than another in a number."""

    def rule(c: Comparison, model: str, key: str) -> Ruled:
        goal = BY_KEY[key].goal
        side = goal if goal in ("lower", "higher") else f"nearer to {goal}"
        return f"{side} than {MODELS[other]}", [other, model], lead(c, key, model, other)

    return rule


def higher_than(other: str) -> Rule:
    """Return the rule that a number of a model is higher than another's, be that good or bad."""

    def rule(c: Comparison, model: str, key: str) -> Ruled:
        return f"higher than {MODELS[other]}", [other, model], c.difference(key, model, other)

    return rule


def within(least: float, most: float) -> Rule:
    """Return the rule that a number lies in a range, which we chose."""

    def rule(c: Comparison, model: str, key: str) -> Ruled:
        inside = c.derived(key, lambda found: np.minimum(found[key] - least, most - found[key]))
        return f"from {least} to {most} (chosen by us)", [model], inside.interval(model, key)

    return rule


def above_pixels(c: Comparison, model: str, key: str) -> Ruled:
    """Ask for a number of a model to be higher than the pixels of the images score themselves."""
    least = c.baselines.get("pixels", {}).get(key)
    gain = c.derived(key, lambda found: found[key] - least)
    return f"above that of pixels, {shown(least)}", [model], gain.interval(model, key)


def below_a_fade(c: Comparison, model: str, key: str) -> Ruled:
    """Ask for a number to be lower than that of a fade between the model's decoded ends."""
    saved = c.derived(key, lambda found: found[f"fade_{key}"] - found[key])
    return "lower than of a fade between its decoded ends", [model], saved.interval(model, key)


CLAIMS = [  # the claim, whose numbers decide it, which, and by what rule
    ("KL's reconstruction errors peak near 30", "kl", ["sse_z_mode"], within(25, 35)),
    ("WS's reconstruction errors peak near 20", "ws", ["sse_z_mode"], within(15, 25)),
    ("WS has the lower reconstruction error", "ws", ["sse_mu", "sse_z"], better_than("kl")),
    ("KL's codes are closer to a Gaussian", "kl", ["shape"], better_than("ws")),
    ("WS's codes vary more than KL's", "ws", ["width"], higher_than("kl")),
    ("KL holds its codes closer to the prior", "kl", ["scale", "w1_sliced"], better_than("ws")),
    ("WS's reconstructions are sharper", "ws", ["blur"], better_than("kl")),
    ("KL interpolates smoothly", "kl", ["path"], below_a_fade),
    ("WS interpolates more smoothly", "ws", ["path"], better_than("kl")),
    ("WS's clusters lie further apart", "ws", ["tsne_silhouette"], better_than("kl")),
    ("KL's codes help to classify images", "kl", ["knn"], above_pixels),
    ("WS's codes are the richer representation", "ws", ["knn"], better_than("kl")),
    ("KL's strictness limits what it can express", "ae", ["sse_mu", "bce_mu"], better_than("kl")),
    ("WS generalises better", "ws", ["gap_bce_mu", "bound_prior", "bound_mix"], better_than("kl")),
]  # fmt: skip


def judge(c: Comparison) -> list[Verdict]:
    """Decide every claim."""
    verdicts = []
    for claim, model, keys, rule in CLAIMS:
        words, parts = [], []
        for key in keys:
            said, models, margin = rule(c, model, key)
            evidence = ", ".join(f"{MODELS[m]} {value_of(c, m, key)}" for m in models)
            if not c.chance_known(key, *models):
                margin, evidence = None, f"{evidence} ({UNKNOWN})"
            elif margin is not None:
                evidence += f", margin {shown(margin.mean, margin.half)}"
            words.append(f"{BY_KEY[key].name} {said}")
            parts.append(Part(BY_KEY[key].name, evidence, margin))
        verdicts.append(Verdict(claim, f"{MODELS[model]}: {', '.join(words)}", parts))
    return verdicts
