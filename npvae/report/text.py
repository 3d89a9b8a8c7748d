"""The written report: report.template.md, with what was measured in the places of its names.

In the template a line that begins with a model's name is left out where there is no such model,
and a picture whose name ends in * stands for one of each model, beside one another. The sentences
that depend on the outcome are made in sentences.py, the verdicts in claims.py.
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
from npvae.report import sentences
from npvae.report.claims import Verdict, value_of
from npvae.report.markdown import folded, number, plain, shown, table
from npvae.training.kinds import KINDS
from npvae.training.options import Options

TEMPLATE = Path(__file__).with_name("report.template.md")
OPENING = {  # the columns of the first table
    "sse_mu": "error of copies", "frechet": "distance of inventions", "scale": "scale",
    "shape": "shape", "information": "information", "seconds": "time",
}  # fmt: skip
TRADE_OFF = "scale", "shape", "sse_mu", "sse_z", "frechet", "frechet_mix", "seconds"


def write_report(
    study: Study,
    found: dict[str, Comparison],
    judged: dict[str, list[Verdict]],
    data: Dataset,
    missing: int = 0,
    pictured: Sequence[str] | None = None,
) -> str:
    """Return the report as Markdown with pictures from `plots/`.

    `found` and `judged` are by the length of training. `missing` tells how many trainings of the
    study are not finished, and `pictured` which models have pictures of their own: all if it is
    None.
    """
    c, best = next(iter(found.values())), sentences.who_is_best
    models = c.models
    labelled = "classifier" in c.baselines
    alike = "noise", "information", "fitted"
    return _template(models, models if pictured is None else pictured).format(
        **{name: getattr(sentences, name)(c) for name in alike},
        sample="**This is a sample of the data.**\n\n" if data.is_sample else "",
        differing=sentences.differing(study),
        copies=best(c, "sse_mu", "copies"),
        invents=best(c, "frechet", "invents") if labelled else sentences.no_classifier(data),
        scale=best(c, "scale", "fits the prior's scale"),
        shape=best(c, "shape", "fits the prior's shape"),
        basis=sentences.basis(found, data, missing),
        opening=_opening(c),
        trade_off=_trade_off(study),
        claims_found=sentences.claims_found(judged),
        claims=folded("The claims with their rules and numbers", _claims(judged)),
        entropy=number(c.baselines["perfect match"]["bce_mu"]),
        accuracy=number(c.baselines["classifier"]["accuracy"]) if labelled else "–",
        resamples=RESAMPLES,
        method=folded("The options of each training", _method(study, models, data)),
        numbers="\n\n".join(
            folded(f"All numbers, {name}", _numbers(one)) for name, one in found.items()
        ),
        definitions=folded("Definitions", _definitions()),
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


def _opening(c: Comparison) -> str:
    """Return the table of the first screen, and what its columns are."""
    keys = [k for k in OPENING if any(c.value(m, k) is not None for m in c.models)]
    rows = [[f"**{MODELS[m]}**", *(value_of(c, m, key) for key in keys)] for m in c.models]
    said = "Error of copies: the squared differences of all pixels, added."
    if "frechet" in keys:
        said += (
            " Distance of inventions: the Fréchet distance between inventions and test images, in"
            " what a small classifier sees of them; two sets of real images have"
            f" {number(c.baselines['perfect match']['frechet'])}."
        )
    return f"{table(['model', *(OPENING[k] for k in keys)], rows)}\n\n{said} Less is better."


def _trade_off(study: Study) -> str:
    """Return the picture of all settings and its table; without other settings how to get them."""
    if not study.has_trade_off:
        return (
            "Only one weight of each model was trained. `python analyze.py --study` trains others,"
            " for 35 and for 140 epochs, and shows copies against the distance to the prior."
        )
    rows = []
    for epochs in study.epochs:
        c = study.comparison(epochs)
        for s, measured in c.measured.items():
            words = setting_words(study.settings[s]), str(epochs), str(len(measured))
            rows.append([*words, *(value_of(c, s, key) for key in TRADE_OFF)])
    head = ["setting", "epochs", "trainings", *(BY_KEY[key].name for key in TRADE_OFF)]
    return (
        "Each point is a setting: a model and the weight of its pull, written beside it (β for KL,"
        " λ for WS and SW). Those at an equal distance from the prior stand above one another, so"
        " that you can compare their copies fairly.\n\n"
        "![Error of copies and quality of inventions against the distance to the prior]"
        f"(plots/trade_off.png)\n\n{folded('All settings in numbers', table(head, rows))}"
    )


def _claims(judged: dict[str, list[Verdict]]) -> str:
    head, rows = ["claim", "rule"], []
    for name in judged:
        head += [f"measured, {name}", "verdict"]
    for found in zip(*judged.values(), strict=True):
        rows.append([found[0].claim, found[0].rule])
        for v in found:
            rows[-1] += ["; ".join(f"{p.name}: {p.evidence}" for p in v.parts), v.words]
    return table(head, rows)


def _method(study: Study, models: list[str], data: Dataset) -> str:
    """Return the table of what was trained: each model has a column of its own options."""
    others = {name for kind in KINDS.values() for name in kind.options}
    rows = []
    for name in (f.name for f in fields(Options) if f.name != "kind"):
        row = [name.replace("_", " ")]
        for o in (study.settings[m] for m in models):
            unused = name in others and name not in KINDS[o.kind].options
            row.append("–" if unused or getattr(o, name) is None else str(getattr(o, name)))
        rows.append(row)
    body = table(["option", *(MODELS[m] for m in models)], rows)
    return f"Data: {plain(data.name)}\n\n{body}"


def _numbers(c: Comparison) -> str:
    """Return the table of all numbers with their intervals, and of what simple things score."""
    rows = []
    for key in BY_KEY:
        if any(c.value(model, key) is not None for model in c.models):
            values = [value_of(c, model, key) for model in c.models]
            simple = [f"{name} {number(v[key])}" for name, v in c.baselines.items() if key in v]
            gap = c.difference(key)
            words = "–" if gap is None else shown(gap.mean, gap.half)
            rows.append([BY_KEY[key].name, *values, words, ", ".join(simple)])
    return table(["number", *(MODELS[m] for m in c.models), "KL − WS", "for scale"], rows)


def _definitions() -> str:
    rows = [[m.name, m.unit, m.goal, m.meaning] for m in BY_KEY.values()]
    return table(["number", "unit", "better", "what it is"], rows)
