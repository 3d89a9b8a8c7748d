"""The written report: report.template.md, with what was measured in the places of its names.

The sentences that depend on the outcome are made in sentences.py, the verdicts in claims.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import MODELS, setting_words
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.intervals import RESAMPLES
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Comparison, Study
from npvae.report import sentences
from npvae.report.claims import Verdict, value_of
from npvae.report.markdown import folded, number, plain, shown_interval, table
from npvae.training.kinds import KINDS
from npvae.training.options import Options

TEMPLATE = Path(__file__).with_name("report.template.md")
GRIDS = {  # pictures of each model, beside one another
    "reconstruction": "originals above reconstructions",
    "error": "histogram of the squared error per image",
    "latent_dist": "densities of z, of μ and of the prior",
    "interpol": "decoded points between two codes",
    "tsne": "t-SNE of μ, coloured by class",
    "samples": "decoded draws from the prior",
}
PULLS = {
    "kl": "an extra cost for the codes of each image: their KL divergence from the prior",
    "ws": "the Wasserstein distance of all codes to the prior. A further network, the *critic*,"
    " estimates it",
    "sw": "the same distance, *sliced*: it is measured along random lines, without a critic",
    "ae": "nothing: a plain autoencoder, to compare with",
}
OPENING = {
    "sse_mu": "error of copies",
    "frechet": "distance of inventions",
    "scale": "scale",
    "shape": "shape",
    "information": "information",
    "seconds": "time",
}
TRADE_OFF = "scale", "shape", "sse_mu", "sse_z", "frechet", "frechet_mix", "seconds"


@dataclass(frozen=True)
class Written:
    """What a report is written from."""

    study: Study
    found: dict[str, Comparison]  # by the length of training
    judged: dict[str, list[Verdict]]  # in the same way
    instruments: Instruments
    pictured: Sequence[str]  # the models of which there are pictures
    unseen: bool = True  # whether no training saw the images that were measured
    missing: int = 0  # trainings of the study that are not finished


def write_report(of: Written) -> str:
    """Return the report as Markdown with pictures from `plots/`."""
    c, data = next(iter(of.found.values())), of.instruments.data
    models, best = sentences.models_of(c), sentences.who_is_best
    labelled = of.instruments.classifier is not None
    alike = "noise", "information", "fitted", "times"
    return TEMPLATE.read_text(encoding="utf-8").format(
        **{name: getattr(sentences, name)(c) for name in alike},
        **{name: _grid(name, what, of.pictured) for name, what in GRIDS.items()},
        sample="**This is a sample of the data.**\n\n" if data.is_sample else "",
        differing=sentences.differing(of.study),
        models="\n".join(f"- **{MODELS[m]}**: {PULLS[m]}" for m in models),
        copies=best(c, "sse_mu", "copies"),
        invents=best(c, "frechet", "invents") if labelled else sentences.no_classifier(data),
        scale=best(c, "scale", "fits the prior's scale"),
        shape=best(c, "shape", "fits the prior's shape"),
        basis=sentences.basis(of.found, data, of.unseen, of.missing),
        opening=_opening(c),
        trade_off=_trade_off(of.study),
        claims_found=sentences.claims_found(of.judged),
        claims=_claims(of.judged),
        entropy=number(of.study.perfect_match["bce_mu"]),
        classifier=_classifier(of.instruments),
        resamples=RESAMPLES,
        method=_method({m: of.study.settings[m] for m in models}, data),
        numbers="\n\n".join(
            folded(f"All numbers, {name}", _numbers(one, of.instruments))
            for name, one in of.found.items()
        ),
        definitions=folded(
            "Definitions",
            table(["number", "unit", "better", "what it is"],
                  [[m.name, m.unit, m.goal, m.meaning] for m in BY_KEY.values()]),
        ),
    )  # fmt: skip


def _opening(c: Comparison) -> str:
    """Return the table of the first screen, and what its columns are."""
    models = sentences.models_of(c)
    keys = [k for k in OPENING if any(c.value(m, k) is not None for m in models)]
    rows = [[f"**{MODELS[m]}**", *(value_of(c, m, key) for key in keys)] for m in models]
    said = "Error of copies: the squared differences of all pixels, added."
    if "frechet" in keys:
        said += (
            " Distance of inventions: the Fréchet distance between inventions and test images, in"
            " what a small classifier sees of them; two sets of real images have"
            f" {number(c.perfect_match['frechet'])}."
        )
    return f"{table(['model', *(OPENING[k] for k in keys)], rows)}\n\n{said} Less is better."


def _trade_off(study: Study) -> str:
    """Return the picture of all settings and its table; without other settings how to get them."""
    if set(study.settings) <= set(MODELS) and len(study.epochs) == 1:
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
    return folded("The claims with their rules and numbers", table(head, rows))


def _classifier(instruments: Instruments) -> str:
    if "classifier" not in instruments.baselines:
        return sentences.no_classifier(instruments.data)
    return (
        "Inventions and paths are judged in the 64 last hidden units of a small classifier that"
        f" recognises {number(instruments.baselines['classifier']['accuracy'])} % of digits."
    )


def _grid(name: str, what: str, models: Sequence[str]) -> str:
    cells = [f"![{what}, {MODELS[m]}](plots/{name}_{m}.png)" for m in models]
    return table([MODELS[m] for m in models], [cells])


def _method(given: dict[str, Options], data: Dataset) -> str:
    """Return the table of what was trained: each model has a column of its own options."""
    others = {name for kind in KINDS.values() for name in kind.options}
    rows = []
    for name in (f.name for f in fields(Options) if f.name != "kind"):
        row = [name.replace("_", " ")]
        for o in given.values():
            value = getattr(o, name)
            unused = name in others and name not in KINDS[o.kind].options
            row.append("–" if unused or value is None else str(value))
        rows.append(row)
    body = table(["option", *(MODELS[m] for m in given)], rows)
    return folded("The options of each training", f"Data: {plain(data.name)}\n\n{body}")


def _numbers(c: Comparison, instruments: Instruments) -> str:
    """Return the table of all numbers with their intervals, and of what simple things score."""
    models = sentences.models_of(c)
    simple = instruments.baselines | {"perfect match": c.perfect_match}
    rows = [
        [
            BY_KEY[key].name,
            *(value_of(c, model, key) for model in models),
            shown_interval(c.difference(key)),
            ", ".join(f"{name} {number(v[key])}" for name, v in simple.items() if key in v),
        ]
        for key in BY_KEY
        if any(c.value(model, key) is not None for model in models)
    ]
    return table(["number", *(MODELS[m] for m in models), "KL − WS", "for scale"], rows)
