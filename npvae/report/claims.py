"""The claims of the reference report, each with a rule that decides it from the measured numbers.

A comparing claim "WS is lower in x" holds if the 95 % interval of KL's x minus WS's x lies wholly
above 0, does not hold if wholly below, and is not decided otherwise, or where there is no interval.
A claim about several numbers holds if it holds for each, and fails if it fails for one.
A claim about a size holds if the number lies inside the stated range.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.metrics import BY_KEY
from npvae.report.markdown import number
from npvae.training.runs import RUNS

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decided by these data"


@dataclass(frozen=True)
class Verdict:
    """A claim, the rule that decides it, what was measured, and the outcome."""

    section: str
    claim: str
    rule: str
    evidence: str
    verdict: str


Ruling = tuple[str, str, str]  # the rule, what was measured, the verdict


def _all(outcomes: Sequence[str]) -> str:
    """Return the verdict on a claim about several numbers from the outcome for each."""
    if FAILS in outcomes:
        return FAILS
    return HOLDS if set(outcomes) == {HOLDS} else OPEN


def _lower(c: Comparison, label: str, *keys: str) -> Ruling:
    """Decide whether the model `label`, "KL" or "WS", is lower in each of `keys`."""
    names = ", ".join(BY_KEY[key].name for key in keys)
    evidence, outcomes = zip(*(_is_lower(c, key, label) for key in keys), strict=True)
    return f"{label} lower in: {names}", "; ".join(evidence), _all(outcomes)


def _is_lower(c: Comparison, key: str, label: str) -> tuple[str, str]:
    """Return what was measured, and whether the model `label` is lower in it."""
    name, kl, ws, gap = BY_KEY[key].name, c.value("kl", key), c.value("ws", key), c.difference(key)
    if kl is None or ws is None:
        return f"{name}: not measured", OPEN
    numbers = f"{name}: KL {number(kl)}, WS {number(ws)}"
    if gap is None:
        return f"{numbers} (one run each: no interval)", OPEN
    low, high = (gap.low, gap.high) if label == "WS" else (-gap.high, -gap.low)
    outcome = HOLDS if low > 0 else FAILS if high < 0 else OPEN
    return f"{numbers}, KL − WS from {number(gap.low)} to {number(gap.high)}", outcome


def _within(c: Comparison, run: str, ranges: dict[str, tuple[float, float]]) -> Ruling:
    """Decide whether each number of the run `run` lies in its range."""
    texts = [f"{BY_KEY[k].name} from {a:g} to {b:g}" for k, (a, b) in ranges.items()]
    outcomes, evidence = [], []
    for key, (least, most) in ranges.items():
        value = c.value(run, key)
        if value is None:
            outcomes.append(OPEN)
            continue
        outcomes.append(HOLDS if least <= value <= most else FAILS)
        evidence.append(f"{BY_KEY[key].name}: {number(value)}")
    rule = f"{RUNS[run].label}: " + ", ".join(texts)
    return rule, "; ".join(evidence) or "not measured", _all(outcomes)


NEAR_30 = {"sse_mu_mode": (25, 35), "sse_z_mode": (25, 35)}
NEAR_20 = {"sse_mu_mode": (15, 25), "sse_z_mode": (15, 25)}
GAUSSIAN = {"centre": (0, 0.1), "width": (0.9, 1.1), "skewness": (0, 0.25), "kurtosis": (0, 0.5)}

_CLAIMS = [  # section, claim, and what decides it, with its arguments
    ("Results", "KL's reconstruction errors peak near 30", _within, "kl", NEAR_30),
    ("Results", "KL's errors vary much from image to image, WS's less",
     _lower, "WS", "sse_mu_spread", "sse_z_spread"),
    ("Results", "WS's reconstruction errors peak near 20", _within, "ws", NEAR_20),
    ("Results", "WS reconstructs better", _lower, "WS", "sse_mu", "sse_z"),
    ("Results", "KL's codes are centred and Gaussian", _within, "kl", GAUSSIAN),
    ("Results", "WS's codes are less centred than KL's", _lower, "KL", "centre"),
    ("Results", "WS's codes vary more than KL's", _lower, "KL", "width"),
    ("Results", "KL's reconstructions are good, but blurred",
     _within, "kl", {"sharpness_mu": (0, 0.95)}),
    ("Results", "WS's reconstructions are sharper", _lower, "KL", "sharpness_mu"),
    ("Results", "KL interpolates smoothly: no jump of twice the mean step",
     _within, "kl", {"jump": (1, 2)}),
    ("Results", "WS interpolates smoothly: no jump of twice the mean step",
     _within, "ws", {"jump": (1, 2)}),
    ("Results", "WS's interpolations are the more coherent ones",
     _lower, "KL", "confidence", "confidence_least"),
    ("Results", "KL's digits form separate clusters", _within, "kl", {"silhouette": (0.25, 1)}),
    ("Results", "KL keeps similar images close, which helps to classify them",
     _within, "kl", {"knn": (95, 100)}),
    ("Results", "KL's strictness limits what it can express",
     _lower, "WS", "sse_mu", "bce_mu"),
    ("Results", "WS's clusters lie further apart", _lower, "KL", "silhouette"),
    ("Results", "WS's codes are the richer representation", _lower, "KL", "knn", "probe"),
    ("Discussion", "WS has the lower and the more even reconstruction error",
     _lower, "WS", "sse_mu", "sse_z", "sse_mu_spread", "sse_z_spread"),
    ("Discussion", "KL holds its codes closer to the prior",
     _lower, "KL", "w1_exact", "w1_sliced", "mmd"),
    ("Discussion", "WS has the more complex latent structure",
     _lower, "KL", "correlation", "skewness", "kurtosis"),
    ("Discussion", "WS generalises better to unseen images", _lower, "WS", "gap_bce_mu"),
    ("Discussion", "WS interpolates more smoothly", _lower, "WS", "path", "jump"),
    ("Conclusion", "WS improves the reconstructions", _lower, "WS", "sse_mu", "sse_z"),
    ("Conclusion", "WS makes interpolations smoother", _lower, "WS", "path", "jump"),
]  # fmt: skip


def judge(comparison: Comparison) -> list[Verdict]:
    """Decide every claim."""
    return [
        Verdict(section, claim, *decide(comparison, *arguments))
        for section, claim, decide, *arguments in _CLAIMS
    ]
