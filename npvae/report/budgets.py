"""The budget study in the report: what a longer training changes, by epochs and by seconds."""

from pathlib import Path

import matplotlib

from npvae.evaluation.encoded import MODELS
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Study
from npvae.report.answer import samples_key
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
from npvae.report.claims import label, value_of

PANELS = [  # a title, what is drawn with its intervals, and what is drawn dotted
    ("SSE: z sampled, and z = μ (dotted)", "sse_z", "sse_mu"),
    ("BCE (z = μ): test, and training (dotted)", "bce_mu", "bce_train"),
    ("sliced W₁ to the prior", "w1_sliced", None),
    ("Fréchet distance (prior)", "frechet", None),
]


def stations(study: Study, model: str) -> list[int]:
    """Return after how many epochs a model was measured, ascending; none if it was not trained."""
    return sorted({study.epochs_of(model, e) for e in study.stations if study.at(model, e)})


@matplotlib.rc_context(STYLE)
def draw_budgets(study: Study, directory: Path) -> None:
    """Write budgets.png: error, match to the prior and samples against epochs and seconds."""
    first = study.comparisons[min(study.comparisons)]
    panels = [p for p in PANELS if first.value("kl", p[1]) is not None]
    models = {m: found for m in MODELS if (found := stations(study, m))}
    figure = new_figure(NARROW, 2.3 * len(panels) + 1.0)
    grid = figure.subplots(len(panels), 2, sharey="row", sharex="col")
    for (title, key, dotted), row in zip(panels, grid, strict=True):
        for model, epochs in models.items():
            colour = MODEL_COLOURS[model]
            found = [study.comparisons[e] for e in epochs]
            costs = [study.seconds(model, e) for e in epochs]
            for ax, places in zip(row, (epochs, costs), strict=True):
                ax.plot(places, [c.value(model, key) for c in found], color=colour)
                if dotted:
                    also = [c.value(model, dotted) for c in found]
                    ax.plot(places, also, ":", color=colour)
                for x, e, c in zip(places, epochs, found, strict=True):
                    at, done = (x, c.value(model, key)), study.settled(model, e)
                    mark(ax, at, model, settled=done, y=c.interval(model, key))
        row[0].set_title(title, fontsize=11, loc="left")
        if dotted is None:
            for ax in row:
                ax.axhline(first.perfect_match[key], **PERFECT)
            row[0].set_yscale("log")
            plain_ticks(row[0].yaxis)
    for ax, name in zip(grid[-1], ("epochs", "seconds of training"), strict=True):
        ax.set(xlabel=name, xscale="log")
        plain_ticks(ax.xaxis, few=True)
    grid[-1, 0].set_xticks([*study.stations], map(str, study.stations))
    for model in models:
        look = {"color": MODEL_COLOURS[model], "marker": MODEL_MARKERS[model]}
        grid[0, 0].plot([], [], label=MODELS[model], **look)
    grid[0, 0].plot([], [], "o", color=DARK, markerfacecolor="white", label="hollow: not settled")
    grid[0, 0].plot([], [], **PERFECT, label="perfect match")
    figure.legend(loc="outside lower center", ncols=3, fontsize=10)
    save(figure, directory / "budgets.png")


def budgets_text(study: Study) -> str:
    """Say when each model has settled and what KL reaches at WS's cost, and show the picture."""
    words = []
    for model in filter(lambda m: stations(study, m), MODELS):
        epochs = stations(study, model)
        unsettled = [e for e in epochs if not study.settled(model, e)]
        settled = [e for e in epochs if e > max(unsettled, default=0)]
        words.append(f"{label(model)} " + (
            f"has settled at {settled[0]} epochs" if settled else f"has not settled at {epochs[-1]}"
        ))  # fmt: skip
    first, cost = min(study.stations), study.seconds("ws", min(study.stations))
    affordable = [e for e in stations(study, "kl") if study.seconds("kl", e) <= cost]
    text, c = f"By the rule below, {', '.join(words)}.", study.comparisons
    if affordable:
        most = affordable[-1]
        numbers = " and ".join(
            f"{BY_KEY[k].name} {value_of(c[most], 'kl', k)} against {value_of(c[first], 'ws', k)}"
            for k in dict.fromkeys(("sse_z", samples_key(c[first])))
        )
        text += (
            f" At no higher cost, KL after {most} epochs ({study.seconds('kl', most):.0f} s)"
            f" against WS after {first} ({cost:.0f} s): {numbers}."
        )
    if len(study.stations) > 1:
        text += "\n\n![Error, match to the prior, samples by epochs and seconds](plots/budgets.png)"
    return text
