"""The written report: report.template.md, with what was measured in the places of its names.

In the template a line that begins with a model's name is left out where there is no such model,
and a picture whose name ends in * stands for one of each model, beside one another. The sentences
that depend on the outcome are made by functions below, the verdicts in claims.py.
"""

import re
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import MODELS, setting_words
from npvae.evaluation.intervals import RESAMPLES
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Comparison, Study
from npvae.report.claims import VERDICTS, Verdict, lead, value_of
from npvae.report.markdown import number, plain, shown, table
from npvae.training.kinds import KINDS
from npvae.training.options import Options

TEMPLATE = Path(__file__).with_name("report.template.md")
OPENING = {  # the columns of the first table
    "sse_mu": "error of copies", "frechet": "distance of inventions", "scale": "scale",
    "shape": "shape", "information": "information", "seconds": "time",
}  # fmt: skip
TRADE_OFF = "scale", "shape", "sse_mu", "sse_z", "frechet", "frechet_mix", "seconds"
OF_SOME_KINDS = set().union(*(kind.options for kind in KINDS.values()))  # such options
NO_CLASSIFIER = (
    "It was not judged: a classifier does that, and it learns from labels of at least two classes."
    " Give such images with `--data-dir`."
)
UNFINISHED = "**Of the trainings asked for, {} are not finished, and not shown.** "


def write_report(
    study: Study,
    found: dict[str, Comparison],
    judged: dict[str, list[Verdict]],
    data: Dataset,
    missing: int,
    pictured: Sequence[str],
) -> str:
    """Return the report as Markdown with pictures from `plots/`.

    `found` and `judged` are by the length of training. `missing` tells how many trainings of the
    study are not finished, and `pictured` which models have pictures of their own.
    """
    c, best = next(iter(found.values())), who_is_best
    labelled = "classifier" in c.baselines
    perfect = c.baselines["perfect match"]
    opening = [[f"**{MODELS[m]}**", *(value_of(c, m, key) for key in OPENING)] for m in c.models]
    outcomes = [
        [name, *(str([v.verdict for v in verdicts].count(word)) for word in VERDICTS)]
        for name, verdicts in judged.items()
    ]
    definitions = [[m.name, m.unit, m.goal, m.meaning] for m in BY_KEY.values()]
    return _template(c.models, pictured).format(
        sample="**This is a sample of the data.**\n\n" if data.is_sample else "",
        differing=differing(study),
        copies=best(c, "sse_mu", "copies"),
        quiet=number(c.value("kl", "sse_mu")),
        noisy=number(c.value("kl", "sse_z")),
        invents=best(c, "frechet", "invents") if labelled else NO_CLASSIFIER,
        scale=best(c, "scale", "matches the prior's scale"),
        shape=best(c, "shape", "matches the prior's shape"),
        information=shown(c.value("kl", "information")),
        one_gaussian=best(c, "frechet_gauss", "invents"),
        ten_gaussians=best(c, "frechet_mix", "invents"),
        in_pixels=best(c, "pca_mix", "invents"),
        trainings=" or ".join(sorted({str(len(c.measured[m])) for m in c.models})),
        length=next(iter(found)),
        images=f"{len(data.test_images):,}",
        unfinished=UNFINISHED.format(missing) if missing else "",
        opening=table(["model", *OPENING.values()], opening),
        floor=shown(perfect.get("frechet")),
        trade_off=_trade_off(study),
        outcomes=table(["training", *VERDICTS], outcomes),
        claims=_claims(judged),
        entropy=number(perfect["bce_mu"]),
        accuracy=number(c.baselines["classifier"]["accuracy"]) if labelled else "–",
        resamples=RESAMPLES,
        data=plain(data.name),
        method=_method(study, c.models),
        numbers="\n\n".join(f"{name}:\n\n{_numbers(one)}" for name, one in found.items()),
        definitions=table(["number", "unit", "better", "what it is"], definitions),
    )


def _template(models: list[str], pictured: Sequence[str]) -> str:
    """Return the template for these models and pictures; see the head of this module."""
    absent = tuple(f"- **{MODELS[m]}**" for m in MODELS if m not in models)
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines(keepends=True)

    def of_each(match: re.Match) -> str:
        cells = [f"![{match[1]}, {MODELS[m]}]({match[2]}{m}.png)" for m in pictured]
        return table([MODELS[m] for m in pictured], [cells])

    text = "".join(line for line in lines if not line.startswith(absent))
    return re.sub(r"!\[(.*)\]\((.*)\*\.png\)", of_each, text)


def _trade_off(study: Study) -> str:
    """Return the table of all settings, at each length of training."""
    rows = []
    for epochs in study.epochs:
        c = study.comparison(epochs)
        for s, measured in c.measured.items():
            words = setting_words(study.settings[s]), str(epochs), str(len(measured))
            rows.append([*words, *(value_of(c, s, key) for key in TRADE_OFF)])
    return table(["setting", "epochs", "trainings", *(BY_KEY[key].name for key in TRADE_OFF)], rows)


def _claims(judged: dict[str, list[Verdict]]) -> str:
    head, rows = ["claim", "rule"], []
    for name in judged:
        head += [f"measured, {name}", "verdict"]
    for found in zip(*judged.values(), strict=True):
        rows.append([found[0].claim, found[0].rule])
        for v in found:
            rows[-1] += ["; ".join(f"{p.name}: {p.evidence}" for p in v.parts), v.words]
    return table(head, rows)


def _method(study: Study, models: list[str]) -> str:
    """Return the table of what was trained: each model has a column of its own options."""
    rows = []
    for name in (f.name for f in fields(Options) if f.name != "kind"):
        row = [name.replace("_", " ")]
        for o in (study.settings[m] for m in models):
            unused = name in OF_SOME_KINDS and name not in KINDS[o.kind].options
            row.append("–" if unused or getattr(o, name) is None else str(getattr(o, name)))
        rows.append(row)
    return table(["option", *(MODELS[m] for m in models)], rows)


def _numbers(c: Comparison) -> str:
    """Return the table of all numbers with their intervals, and of what simple things score."""
    rows = []
    for key, metric in BY_KEY.items():
        values = [value_of(c, model, key) for model in c.models]
        simple = [f"{name} {number(v[key])}" for name, v in c.baselines.items() if key in v]
        gap = c.difference(key)
        words = "–" if gap is None else shown(gap.mean, gap.half)
        rows.append([metric.name, *values, words, ", ".join(simple)])
    return table(["number", *(MODELS[m] for m in c.models), "KL − WS", "for scale"], rows)


def comparisons(study: Study) -> dict[str, Comparison]:
    """Return the comparisons at the shortest and the longest training, by words for these.

    All models are there at the shortest, at the longest KL and WS at least. If the given runs have
    unlike epochs and no length in common, each stands with its own.
    """
    models = study.comparison(None).models
    shared = [e for e in study.epochs if all(study.at(m, e) for m in models)]
    if not shared:
        return {"each its own epochs": study.comparison(None)}
    longest = max(e for e in study.epochs if study.at("kl", e) and study.at("ws", e))
    return {f"{e} epochs": study.comparison(e) for e in sorted({shared[0], longest})}


def who_is_best(c: Comparison, key: str, verb: str) -> str:
    """Return a sentence such as "KL invents clearly best." on a number of which less is better.

    "In these runs" it says where it is not known what another training would change.
    """
    found = [m for m in c.models if c.value(m, key) is not None]
    if not found:
        return f"It was not measured which model {verb} best."
    best = min(found, key=lambda m: c.value(m, key))
    if not c.chance_known(key, *found):
        return f"{MODELS[best]} {verb} best in these runs."
    unsure = [MODELS[m] for m in found if m != best and not lead(c, key, best, m).low > 0]
    if not unsure:
        return f"{MODELS[best]} {verb} clearly best."
    return f"{MODELS[best]} {verb} best, but its lead over {' and '.join(unsure)} is not certain."


def differing(study: Study) -> str:
    """Warn of options that differ between the given runs and are not the question; else empty."""
    given = [study.settings[m] for m in MODELS if m in study.settings]
    names = [f.name for f in fields(Options) if f.name not in {"kind", "seed"} | OF_SOME_KINDS]
    found = [name.replace("_", " ") for name in names if len({getattr(o, name) for o in given}) > 1]
    if not found:
        return ""
    return (
        f"**The runs differ in more than the question: in {', '.join(found)}; see “What was"
        " trained”.** A difference that is told below may come from that.\n\n"
    )
