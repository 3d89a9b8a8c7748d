"""What the report's numbers rest on: the trainings, the intervals, and the rulers themselves."""

from collections.abc import Iterable, Sequence

from npvae.data.dataset import Dataset
from npvae.evaluation.comparison import Comparison, shipped_spread
from npvae.evaluation.encoded import MODELS
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.intervals import RESAMPLES
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.settled import LIMITS
from npvae.evaluation.study import Study
from npvae.report.answer import sigmas
from npvae.report.claims import better, each, label, lead, value_of
from npvae.report.markdown import number, shown_interval


def basis(study: Study, data: Dataset, comparisons: dict[int, Comparison]) -> str:
    """Return the paragraph that says what the answer is based on, and what would add to it."""
    first, c = min(comparisons), comparisons[min(comparisons)]
    options = {
        "--seeds N": c.seeds > 1,
        "--budgets": len(comparisons) > 1,
        "--controls": "ae" in c.measured and bool(sigmas(study)),
        "--sweep": bool(study.sweep("kl") or study.sweep("ws")),
    }
    lacking = ", ".join(f"`{option}`" for option, there in options.items() if not there)
    more = f" `python analyze.py` has more to add, with {lacking}." if lacking else ""
    partly = {e for e in comparisons if any(study.epochs_of(m, e) < e for m in c.measured)}
    longer = f", and of those that had not settled for {_list(partly)}" if partly else ""
    return (
        f"Based on {c.seeds} training{'s' if c.seeds > 1 else ''} of each model for"
        f" {_list(comparisons.keys() - partly)} epochs{longer}, measured on"
        f" {len(data.test_images):,} test images, which no training saw. The answer is about"
        f" {first} epochs unless it says otherwise. “Better” and “clearly” mean that the 95 %"
        f" interval of the difference excludes 0. {spread(c)}{more}"
    )


def _list(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def spread(c: Comparison) -> str:
    """Say where the intervals' part for another training comes from."""
    text = "The intervals contain what other test images would change"
    if c.seeds > 1:
        return f"{text}, and what another training would, from the spread over {c.seeds} seeds."
    if c.has_training_spread("kl", "sse_mu"):
        seeds = shipped_spread()["kl", "sse_mu"].seeds
        return (
            f"{text}, and what another training would, from the spread over {seeds} seeds of the"
            " reference experiment, which comes with npvae."
        )
    return f"{text}, but not what another training would: that takes `--seeds N`."


def rulers_text(c: Comparison, instruments: Instruments, calibration: Sequence) -> str:
    """Return the section on the measures themselves."""
    parts = [
        "## The rulers",
        _distance(c, calibration),
        f"**Likelihood.** With the prior N(0, I), {_leads(c, 'bound_prior')}; with one Gaussian"
        f" fitted to training codes as the prior, {_leads(c, 'bound_gauss')}; with ten,"
        f" {_leads(c, 'bound_mix')} (lower bounds of log p(x), in nats). The pixels are grey, and"
        " the model's Bernoulli is meant for black and white ones: such a score compares these"
        " models and is no likelihood of binary data.",
        f"**Floors.** Grey pixels cost {number(instruments.entropy)} nats even if predicted"
        f" exactly: no BCE can be lower. {_features(instruments)} A “perfect match” compares two"
        " draws of the prior, or training images with test images.",
        _baselines(c, instruments),
        f"**Intervals.** Each number was computed on {RESAMPLES} bootstrap samples of the test"
        " images, the same for all models. The interval from their spread and Student's interval"
        " over the trainings are added in squares. A single training takes the spread over seeds of"
        " the reference experiment, where that applies. A difference that is certain may still be"
        " small: read its size.",
        "**Settled.** A training has settled if its second half changed the test error by no more"
        f" than {100 * LIMITS['error']:g} %, and the regulariser by no more than"
        f" {100 * LIMITS['regulariser']:g} %. Both are means over a tenth of the epochs.",
    ]
    return "\n\n".join(part for part in parts if part)


def _leads(c: Comparison, key: str) -> str:
    best = better(c, key, "ws", "kl")
    if best is None:
        return f"neither clearly leads (KL − WS {shown_interval(c.difference(key))})"
    other = "ws" if best == "kl" else "kl"
    return f"{label(best)} leads by {shown_interval(lead(c, key, best, other))}"


def _distance(c: Comparison, calibration: Sequence) -> str:
    text = "**The Wasserstein distance.** The report leads with sliced W₁, which needs no critic."
    if c.value("kl", "w1_low") is not None:
        bounds = "; ".join(
            f"{label(m)} {value_of(c, m, 'w1_low')} to {value_of(c, m, 'w1_high')}"
            for m in MODELS
            if m in c.measured
        )
        text += (
            f" W₁ itself lies between a lower and an upper bound: {bounds}. The critic's own"
            f" estimate for WS is {value_of(c, 'ws', 'critic_w1')}."
        )
    errors = [100 * (point.estimate / point.truth - 1) for point in calibration if point.truth]
    if not errors:
        return text
    return f"""{text} Trained on pairs whose W₁ is known, such critics were wrong by
{number(min(errors))} to {number(max(errors))} %: the penalty is soft, so that a larger distance
makes a steeper critic, and that a larger estimate.

![The critic's estimate against the true distance](plots/calibration.png)"""


def _features(instruments: Instruments) -> str:
    if instruments.classifier_accuracy is None:
        return "The data has no labels, so there is no classifier to judge samples and paths."
    return (
        "Samples and paths are judged in the 64 last hidden units of a small classifier that"
        f" recognises {number(100 * instruments.classifier_accuracy)} % of the test digits."
    )


def _baselines(c: Comparison, instruments: Instruments) -> str:
    """Say what simple things score beside the models."""
    lines = []
    for key in ("knn", "probe", "silhouette"):
        scores = [
            f"{name} {number(v[key])}" for name, v in instruments.baselines.items() if key in v
        ]
        if scores and c.value("kl", key) is not None:
            lines.append(f"{BY_KEY[key].name}: {each(c, key)}, {', '.join(scores)}")
    return f"**Baselines.** {'; '.join(lines)}." if lines else ""
