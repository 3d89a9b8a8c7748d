"""The budget study in the report: what a longer training changes, by epochs and by seconds."""

from pathlib import Path

import matplotlib
import numpy as np

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import MODELS
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.study import Study
from npvae.report.answer import samples_key, settled
from npvae.report.charts import DARK, NARROW, PERFECT, STYLE, mark, new_figure, plain_ticks, save
from npvae.report.claims import derived, label, value_of

PANELS = [  # a title, what is drawn with its intervals, and what is drawn dotted
    ("SSE: z sampled, and z = μ (dotted)", "sse_z", "sse_mu"),
    ("BCE (z = μ): test, and training (dotted)", "bce_mu", "bce_train"),
    ("sliced W₁ to the prior", "w1_sliced", None),
    ("Fréchet distance (prior)", "frechet", None),
]


def seconds(study: Study, model: str, epochs: int) -> float:
    """Return how long trainings of a model with so many epochs took, mean over the seeds."""
    return float(np.mean([t.seconds for t in study.at(model, epochs)]))


@matplotlib.rc_context(STYLE)
def draw_budgets(study: Study, comparisons: dict[int, Comparison], directory: Path) -> None:
    """Write budgets.png: error, match to the prior and samples against epochs and seconds."""
    perfect = comparisons[min(comparisons)].perfect_match
    panels = [p for p in PANELS if comparisons[min(comparisons)].value("kl", p[1]) is not None]
    figure = new_figure(NARROW, 2.3 * len(panels) + 1.0)
    grid = figure.subplots(len(panels), 2, sharey="row", sharex="col")
    for (title, key, dotted), row in zip(panels, grid, strict=True):
        for model, kind in MODELS.items():
            found = {e: comparisons[e] for e in _stations(study, model, comparisons)}
            costs = [seconds(study, model, e) for e in found]
            for ax, places in zip(row, (list(found), costs), strict=True):
                ax.plot(places, [c.value(model, key) for c in found.values()], color=kind.colour)
                if dotted:
                    also = [with_training_error(c).value(model, dotted) for c in found.values()]
                    ax.plot(places, also, ":", color=kind.colour)
                for x, (e, c) in zip(places, found.items(), strict=True):
                    at, done = (x, c.value(model, key)), settled(study, model, e)
                    mark(ax, at, kind, settled=done, y=c.interval(model, key))
        row[0].set_title(title, fontsize=11, loc="left")
        if dotted is None:
            for ax in row:
                ax.axhline(perfect[key], **PERFECT)
            row[0].set_yscale("log")
            plain_ticks(row[0].yaxis)
    for ax, name in zip(grid[-1], ("epochs", "seconds of training"), strict=True):
        ax.set(xlabel=name, xscale="log")
        plain_ticks(ax.xaxis, few=True)
    grid[-1, 0].set_xticks(sorted(comparisons), map(str, sorted(comparisons)))
    for kind in (MODELS[m] for m in MODELS if _stations(study, m, comparisons)):
        grid[0, 0].plot([], [], color=kind.colour, marker=kind.marker, label=kind.label)
    grid[0, 0].plot([], [], "o", color=DARK, markerfacecolor="white", label="hollow: not settled")
    grid[0, 0].plot([], [], **PERFECT, label="perfect match")
    figure.legend(loc="outside lower center", ncols=3, fontsize=10)
    save(figure, directory / "budgets.png")


def with_training_error(c: Comparison) -> Comparison:
    """Return the comparison with a number more: the BCE of training images, z = μ."""
    return derived(c, "bce_train", lambda found: found["bce_mu"] - found["gap_bce_mu"])


def budgets_text(study: Study, comparisons: dict[int, Comparison]) -> str:
    """Return the report's section on budgets, in Markdown."""
    settling = [
        f"{label(m)} {_first_settled(study, m, stations)}"
        for m in MODELS
        if (stations := _stations(study, m, comparisons))
    ]
    text = f"## Budgets\n\nBy the rule below, {', '.join(settling)}."
    if len(comparisons) == 1:
        return f"{text} `python analyze.py --budgets` adds longer trainings."
    return f"""{text} {_equal_cost(study, comparisons)}

![Error, match to the prior and sample quality by epochs and by seconds](plots/budgets.png)"""


def _stations(study: Study, model: str, comparisons: dict[int, Comparison]) -> list[int]:
    """Return after how many epochs a model was measured, ascending."""
    return sorted({study.epochs_of(model, e) for e in comparisons if study.at(model, e)})


def _first_settled(study: Study, model: str, budgets: list[int]) -> str:
    """Say from which budget on a model has settled."""
    loose = [e for e in budgets if not settled(study, model, e)]
    later = [e for e in budgets if e > max(loose, default=0)]
    return f"has settled at {later[0]} epochs" if later else f"has not settled at {budgets[-1]}"


def _equal_cost(study: Study, comparisons: dict[int, Comparison]) -> str:
    """Compare WS at the first budget with the longest KL training that cost no more."""
    first = min(comparisons)
    cost = seconds(study, "ws", first)
    text = (
        f"{first} epochs took {seconds(study, 'kl', first):.0f} s for KL and {cost:.0f} s for WS."
    )
    stations = _stations(study, "kl", comparisons)
    most = max((e for e in stations if seconds(study, "kl", e) <= cost), default=None)
    if most is None:
        return text
    keys = dict.fromkeys(("sse_z", samples_key(comparisons[first])))
    numbers = " and ".join(
        f"{BY_KEY[k].name} {value_of(comparisons[most], 'kl', k)} against"
        f" {value_of(comparisons[first], 'ws', k)}"
        for k in keys
    )
    return (
        f"{text} KL after {most} epochs ({seconds(study, 'kl', most):.0f} s) against WS after"
        f" {first}: {numbers}."
    )
