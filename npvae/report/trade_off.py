"""The trade-off in the report: reconstruction, match to the prior and samples over the weights.

The weights are chosen on held-out training images and judged on the test images. Setting b beats
setting a if it is better both in reconstruction (SSE with z sampled) and in samples from the prior
(Fréchet distance). With the lead d of b in one number and its 95 % interval d ± h,

    p of one number     2 (1 − Φ(1.96 d / h)), and 1 unless d > 0
    p of the pair       the larger of the two
    corrected           Holm over all pairs: the k-th smallest of m is multiplied by m − k + 1, and
                        none is below the one before

The pair counts if the corrected p is below 0.05: the rule of the claims, for many at once.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from scipy import stats

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import Setting
from npvae.evaluation.intervals import LEVEL, Interval
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Study, Trained
from npvae.report.charts import (
    DARK,
    MODEL_COLOURS,
    MODEL_MARKERS,
    NARROW,
    PERFECT,
    STYLE,
    mark,
    new_figure,
    plain_ticks,
    save,
)
from npvae.report.claims import label, lead, value_of, winner_of
from npvae.report.markdown import folded, table
from npvae.training.kinds import KINDS

SWEPT = "kl", "ws"  # the kinds of run whose weights are compared
BOTH = "sse_z", "frechet"  # in which one setting must beat another
LOOKS = {
    "hollow: not settled": {"color": DARK, "marker": "o", "ls": "none", "markerfacecolor": "white"},
    "z = μ, not sampled": {"color": DARK, "linestyle": ":"},
    "reference setting": {"marker": "o", "markersize": 13, "linestyle": "none",
                          "markerfacecolor": "none", "markeredgecolor": DARK},
    "perfect match": PERFECT,
}  # fmt: skip


def of_kind(study: Study, kind: str) -> dict[Setting, list[Trained]]:
    """Return one model's settings of the sweep, with their trainings."""
    return {key: found for key, found in study.sweep.items() if key.model == kind}


def best_of(settings: dict[Setting, list[Trained]]) -> Setting:
    """Return the setting with the best samples on the held-out training images."""
    return min(settings, key=lambda key: np.mean([t.held_out for t in settings[key]]))


def p_value(gap: Interval | None) -> float:
    """Return how often chance alone gives a lead so far from 0; 1 for one that is not above 0."""
    if gap is None or gap.mean <= 0 or np.isnan(gap.half):
        return 1.0
    deviations = gap.mean / gap.half * stats.norm.ppf((1 + LEVEL) / 2) if gap.half else np.inf
    return float(2 * stats.norm.sf(deviations))


def holm(p: Sequence[float]) -> np.ndarray:
    """Correct p-values for their number.

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    order = np.argsort(p)
    scaled = np.asarray(p, float)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return corrected


def beaten(study: Study, c: Comparison) -> tuple[list[tuple[Setting, Setting]], int]:
    """Return the pairs (b, a) of two models' settings where b beats a, of how many."""
    kl, ws = (of_kind(study, kind) for kind in SWEPT)
    pairs = [pair for a in kl for b in ws for pair in ((a, b), (b, a))]
    p = [max(p_value(lead(c, key, b, a)) for key in BOTH) for b, a in pairs]
    found = [pair for pair, corrected in zip(pairs, holm(p), strict=True) if corrected < 1 - LEVEL]
    return found, len(pairs)


def weights_sentence(study: Study) -> str:
    """Return a sentence on the best weights of each model, and on which settings are beaten."""
    c = study.comparisons[min(study.comparisons)]
    if not study.sweep:
        return "The weights were not varied: that takes `python analyze.py --sweep`."
    if "frechet" not in c.perfect_match:
        return "Which weight samples best is not known: the data has no labels to judge samples by."
    best = [best_of(of_kind(study, kind)) for kind in SWEPT]
    verdicts = []
    for key, verb in (("frechet", "samples from the prior"), ("sse_z", "reconstructs")):
        winner = winner_of(c, key, *best)
        words = f"{label(winner)} {verb} better" if winner else f"neither clearly {verb} better"
        numbers = " and ".join(value_of(c, setting, key) for setting in best)
        verdicts.append(f"{words} ({BY_KEY[key].name}: {numbers})")
    found, tested = beaten(study, c)
    losers = ", ".join(dict.fromkeys(a.label for _, a in found)) or "none"
    return (
        f"Of {' and '.join(map(label, best))}, which sample best on held-out training images,"
        f" {', and '.join(verdicts)}. Beaten in both by a setting of the other model: {losers}"
        f" (Holm's correction for {tested} pairs)."
    )


@matplotlib.rc_context(STYLE)
def draw_trade_off(study: Study, directory: Path) -> None:
    """Write trade_off.png: what each model pays in reconstruction for its match to the prior.

    Above, error against distance to the prior; below, if the data has labels, sample quality
    against error. Each weight stands on a rail of its model, over or under the panel, where no two
    collide. The study must have a sweep.
    """
    first = min(study.comparisons)
    c, axes = study.comparisons[first], [("w1_sliced", "sse_z")]
    axes += [("sse_z", "frechet")] if "frechet" in c.perfect_match else []
    figure = new_figure(NARROW, 4.2 * len(axes) + 0.6)
    panels = figure.subplots(len(axes), 1, squeeze=False)[:, 0]
    for ax, keys in zip(panels, axes, strict=True):
        ax.set(xscale="log", yscale="log", xlabel=BY_KEY[keys[0]].name, ylabel=BY_KEY[keys[1]].name)
        for kind, rail in zip(SWEPT, (0.97, 0.03), strict=True):
            colour, settings = MODEL_COLOURS[kind], of_kind(study, kind)
            points = {s: [c.value(s, key) for key in keys] for s in settings}
            places = sorted(settings, key=points.__getitem__)  # from left to right
            for s in settings:
                x, y = (c.interval(s, key) for key in keys)
                mark(ax, points[s], kind, settled=study.settled(s, first), x=x, y=y)
                at = ((places.index(s) + 0.5) / len(places), rail)
                ax.annotate(
                    f"{s.weight:.3g}", points[s], at, textcoords="axes fraction",
                    ha="center", va="center", fontsize=9, color=colour,
                    arrowprops={"arrowstyle": "-", "color": colour, "alpha": 0.4},
                )  # fmt: skip
                if s.weight == study.at(kind, first)[0].weight:
                    ax.plot(*points[s], **LOOKS["reference setting"])
            ax.plot(*zip(*points.values(), strict=True), color=colour)
            if keys[1] == "sse_z":
                at_mu = [[c.value(s, key) for s in settings] for key in (keys[0], "sse_mu")]
                ax.plot(*at_mu, ":", color=colour)
        ax.margins(0.14, 0.3)
        for line, key in ((ax.axvline, keys[0]), (ax.axhline, keys[1])):
            if key in c.perfect_match:
                line(c.perfect_match[key], **PERFECT)
        plain_ticks(ax.xaxis)
        plain_ticks(ax.yaxis)
    for kind in SWEPT:
        look = {"color": MODEL_COLOURS[kind], "marker": MODEL_MARKERS[kind]}
        name = f"{KINDS[kind].label}, weight {KINDS[kind].symbol}"
        panels[0].plot([], [], label=name, **look)
    for name, look in LOOKS.items():
        panels[0].plot([], [], label=name, **look)
    figure.suptitle(f"the weights of the regularisers, {first} epochs", fontsize=12)
    figure.legend(loc="outside lower center", ncols=2, fontsize=10)
    save(figure, directory / "trade_off.png")


def trade_off_text(study: Study) -> str:
    """Return the picture of the trade-off and its numbers, in Markdown."""
    if not study.sweep:
        return weights_sentence(study)
    first = min(study.comparisons)
    c, keys = study.comparisons[first], ("sse_mu", "sse_z", "w1_sliced", "frechet")
    rows = [[s.label, *(value_of(c, s, key) for key in keys)] for s in study.sweep]
    head = ["setting", *(BY_KEY[key].name for key in keys)]
    unsettled = "; ".join(s.label for s in study.sweep if not study.settled(s, first)) or "none"
    return f"""A small weight leaves the codes where reconstruction wants them, a large one pulls
them to the prior. Each setting was trained {c.seeds} times for {first} epochs, on the training
images that were not held out. Not settled: {unsettled}.

![Reconstruction, match to the prior and sample quality over the weights](plots/trade_off.png)

{folded("The settings in numbers", table(head, rows, text_columns=1))}"""
