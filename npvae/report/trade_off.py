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
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox
from scipy import stats

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.intervals import LEVEL, Interval
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.study import Study, Trained
from npvae.report.charts import DARK, NARROW, PERFECT, STYLE, mark, new_figure, plain_ticks, save
from npvae.report.claims import better, lead, value_of
from npvae.report.markdown import folded, table
from npvae.training.runs import RUNS, RunKind

BOTH = "sse_z", "frechet"  # in which one setting must beat another
PLACES = [
    (x, y) for d in (11, 18) for x, y in ((d, d), (-d, -d), (d, -d), (-d, d), (0, d), (0, -d))
]
LOOKS = {
    "hollow: not settled": {"color": DARK, "marker": "o", "ls": "none", "markerfacecolor": "white"},
    "z = μ, not sampled": {"color": DARK, "linestyle": ":"},
    "reference setting": {"marker": "o", "markersize": 13, "linestyle": "none",
                          "markerfacecolor": "none", "markeredgecolor": DARK},
    "perfect match": PERFECT,
}  # fmt: skip


class Setting(NamedTuple):
    """One weight of one model's regulariser, and its trainings."""

    kind: RunKind
    weight: float
    trained: list[Trained]

    @property
    def name(self) -> str:
        """Return its model and weight, such as "WS at λ = 3": its key in a comparison."""
        return f"{self.kind.label} at {self.kind.symbol} = {self.weight:g}"

    @property
    def settled(self) -> bool:
        """Tell whether all its trainings have settled."""
        return all(t.settled for t in self.trained)


def settings_of(study: Study) -> list[Setting]:
    """Return the settings of the sweep, by model and weight."""
    return [
        Setting(kind, weight, trained)
        for kind in RUNS.values()
        for weight, trained in study.sweep(kind.key).items()
    ]


def compare_settings(settings: Sequence[Setting], perfect_match: dict[str, float]) -> Comparison:
    """Compare settings, by their names, on the test images."""
    measured = {s.name: [t.measurement for t in s.trained] for s in settings}
    return Comparison(measured, perfect_match)


def best_of(settings: Sequence[Setting], kind: RunKind) -> Setting | None:
    """Return the model's setting with the best samples on the held-out training images.

    None if no setting of the model was judged there.
    """
    own = [s for s in settings if s.kind is kind]
    c = Comparison({s.name: [t.held_out for t in s.trained] for s in own}, {})
    judged = [s for s in own if c.value(s.name, "frechet") is not None]
    return min(judged, key=lambda s: c.value(s.name, "frechet"), default=None)


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


def beaten(settings: Sequence[Setting], c: Comparison) -> tuple[list[tuple[str, str]], int]:
    """Return the pairs of names (b, a) of two models' settings where b beats a, of how many."""
    pairs = [(b.name, a.name) for b in settings for a in settings if a.kind is not b.kind]
    p = [max(p_value(lead(c, key, b, a)) for key in BOTH) for b, a in pairs]
    found = [pair for pair, corrected in zip(pairs, holm(p), strict=True) if corrected < 1 - LEVEL]
    return found, len(pairs)


def weights_sentence(study: Study, perfect_match: dict[str, float]) -> str:
    """Return a sentence on the best weights of each model, and on which settings are beaten."""
    settings = settings_of(study)
    best = [best_of(settings, kind) for kind in RUNS.values()]
    if not settings:
        return "The weights were not varied: that takes `python analyze.py --sweep`."
    if None in best:
        return "Which weight samples best is not known: the data has no labels to judge samples by."
    c, names = compare_settings(settings, perfect_match), [s.name for s in best]
    verdicts = []
    for key, verb in (("frechet", "samples from the prior"), ("sse_z", "reconstructs")):
        winner = better(c, key, *names)
        who = f"{winner} {verb} better" if winner else f"neither clearly {verb} better"
        numbers = " and ".join(value_of(c, name, key) for name in names)
        verdicts.append(f"{who} ({BY_KEY[key].name}: {numbers})")
    found, tested = beaten(settings, c)
    losers = {a for _, a in found}
    counts = [
        f"{sum(s.name in losers for s in settings if s.kind is kind)} of the"
        f" {sum(s.kind is kind for s in settings)} {kind.label} settings"
        for kind in RUNS.values()
    ]
    return (
        f"Of {' and '.join(names)}, which sample best on held-out training images,"
        f" {', and '.join(verdicts)}; {' and '.join(counts)} are beaten in both by a setting of the"
        f" other model (Holm's correction for {tested} pairs)."
    )


@matplotlib.rc_context(STYLE)
def draw_trade_off(study: Study, perfect_match: dict[str, float], directory: Path) -> None:
    """Write trade_off.png: what each model pays in reconstruction for its match to the prior.

    Above, error against distance to the prior; below, if the data has labels, sample quality
    against error. The study must have a sweep.
    """
    settings = settings_of(study)
    c = compare_settings(settings, perfect_match)
    judged = c.value(settings[0].name, "frechet") is not None
    axes = [("w1_sliced", "sse_z"), ("sse_z", "frechet")][: 1 + judged]
    figure = new_figure(NARROW, 4.2 * len(axes) + 0.6)
    panels = figure.subplots(len(axes), 1, squeeze=False)[:, 0]
    for ax, keys in zip(panels, axes, strict=True):
        ax.set(xscale="log", yscale="log", xlabel=BY_KEY[keys[0]].name, ylabel=BY_KEY[keys[1]].name)
        for s in settings:
            at = [c.value(s.name, key) for key in keys]
            x, y = (c.interval(s.name, key) for key in keys)
            mark(ax, at, s.kind, settled=s.settled, x=x, y=y)
            if s.weight == getattr(study.reference[s.kind.key], s.kind.weight):
                ax.plot(*at, **LOOKS["reference setting"])
        for kind in RUNS.values():
            names = [s.name for s in settings if s.kind is kind]
            ax.plot(*([c.value(n, key) for n in names] for key in keys), color=kind.colour)
            if keys[1] == "sse_z":
                at_mu = ([c.value(n, key) for n in names] for key in (keys[0], "sse_mu"))
                ax.plot(*at_mu, ":", color=kind.colour)
        ax.margins(0.14)
    panels[0].axvline(perfect_match["w1_sliced"], **PERFECT)
    if judged:
        panels[1].axhline(perfect_match["frechet"], **PERFECT)
    for ax in panels:
        plain_ticks(ax.xaxis)
        plain_ticks(ax.yaxis)
    for kind in RUNS.values():
        name = f"{kind.label}, weight {kind.symbol}"
        panels[0].plot([], [], label=name, color=kind.colour, marker=kind.marker)
    for name, look in LOOKS.items():
        panels[0].plot([], [], label=name, **look)
    figure.suptitle(f"the weights of the regularisers, {_budget(settings)} epochs", fontsize=12)
    figure.legend(loc="outside lower center", ncols=2, fontsize=10)
    figure.draw_without_rendering()
    for ax, keys in zip(panels, axes, strict=True):
        _label(ax, settings, c, keys)
    save(figure, directory / "trade_off.png")


def _label(ax: Axes, settings: Sequence[Setting], c: Comparison, keys: Sequence[str]) -> None:
    """Write each weight beside its point, at the first of PLACES where nothing else stands."""
    points = [[c.value(s.name, key) for key in keys] for s in settings]
    taken = [Bbox.from_bounds(x - 9, y - 9, 18, 18) for x, y in ax.transData.transform(points)]
    for setting, at in zip(settings, points, strict=True):
        for n, interval in enumerate(c.interval(setting.name, key) for key in keys):
            if interval is not None:  # its bar is taken, too
                ends = np.tile(at, (2, 1))
                ends[:, n] = np.maximum(interval[1:], ax.viewLim.min[n])
                taken.append(Bbox(ax.transData.transform(ends)).padded(3))
    for setting, at in zip(settings, points, strict=True):
        for place in PLACES:
            text = ax.annotate(
                f"{setting.weight:.3g}", at, place, textcoords="offset points", ha="center",
                va="center", fontsize=9, color=setting.kind.colour,
            )  # fmt: skip
            box = text.get_window_extent()
            if place is PLACES[-1] or not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()


def _budget(settings: Sequence[Setting]) -> str:
    return " and ".join(map(str, sorted({t.options.epochs for s in settings for t in s.trained})))


def trade_off_text(study: Study, perfect_match: dict[str, float]) -> str:
    """Return the report's section on the trade-off, in Markdown. The sentence is in the answer."""
    settings = settings_of(study)
    if not settings:
        return f"## The trade-off\n\n{weights_sentence(study, perfect_match)}"
    c = compare_settings(settings, perfect_match)
    keys = "sse_mu", "sse_z", "w1_sliced", "frechet"
    rows = [[s.name, *(value_of(c, s.name, key) for key in keys)] for s in settings]
    head = ["setting", *(BY_KEY[key].name for key in keys)]
    loose = "; ".join(s.name for s in settings if not s.settled)
    return f"""## The trade-off

A small weight leaves the codes where reconstruction wants them, a large one pulls them to the
prior. Each setting was trained {c.seeds} times for {_budget(settings)} epochs, on the training
images that were not held out. {f"Not settled: {loose}." if loose else "All have settled."}

![Reconstruction, match to the prior and sample quality over the weights](plots/trade_off.png)

{folded("The settings in numbers", table(head, rows, text_columns=1))}"""
