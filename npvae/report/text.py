"""The written report: report.template.md, with what was measured in the places of its names.

All figures are computed, and so are the sentences that depend on them: other runs, another text.
"""

from collections.abc import Sequence
from pathlib import Path

from npvae.data.dataset import Dataset
from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import MODELS, EncodedRun
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.intervals import RESAMPLES
from npvae.evaluation.latent import by_dimension
from npvae.evaluation.metrics import BY_KEY, METRICS
from npvae.evaluation.results import Study
from npvae.report.answer import budget, due_to, five_sentences, has_controls
from npvae.report.budgets import budgets_text
from npvae.report.claims import VERDICTS, Verdict, judge, label, value_of, values_of_all
from npvae.report.markdown import folded, number, plain, shown_interval, table
from npvae.report.trade_off import trade_off_text
from npvae.training.run import Run
from npvae.training.study import ERROR_LIMIT, REGULARISER_LIMIT

TEMPLATE = Path(__file__).with_name("report.template.md")
DIMENSIONS = 16  # at most so many are tabulated
GRIDS = {  # pictures of each model, beside one another
    "reconstruction": "originals above reconstructions",
    "error": "histogram of the squared error per image",
    "latent_dist": "densities of z, of μ and of the prior",
    "interpol": "decoded points between two codes",
    "tsne": "t-SNE of μ, coloured by class",
    "samples": "decoded draws from the prior",
}


def write_report(
    study: Study, instruments: Instruments, models: Sequence[EncodedRun], calibration: Sequence
) -> str:
    """Return the report as Markdown with pictures from `plots/`.

    `models` are the runs that are pictured. `calibration` is what the critic estimated where W₁ is
    known; it may be empty.
    """
    runs = {model.key: model.run for model in models}
    c, judged = study.comparisons[min(study.comparisons)], verdicts(study, instruments)
    fields = {key: values_of_all(c, key) for key in ("blur", "width", "jumpy", "w1_low", "w1_high")}
    if c.value("kl", "jumpy") is None:
        fields["jumpy"] = "not measured, because the data has no labels"
    bounds = "bound_prior", "bound_gauss", "bound_mix"
    fields |= {key: shown_interval(c.difference(key)) for key in bounds}
    fields |= {name: _grid(name, what, runs) for name, what in GRIDS.items()}
    return TEMPLATE.read_text(encoding="utf-8").format(
        **fields,
        sentences="\n".join(f"{n}. {s}" for n, s in enumerate(five_sentences(study), 1)),
        basis=basis(study, instruments.data),
        due_to=due_to(study),
        claims_found=_claims_found(judged),
        claims=_claims(judged),
        budgets=budgets_text(study),
        trade_off=trade_off_text(study),
        critic_w1=value_of(c, "ws", "critic_w1"),
        calibration=_calibration(calibration),
        entropy=number(study.perfect_match["bce_mu"]),
        classifier=_classifier(instruments),
        resamples=RESAMPLES,
        error_limit=f"{100 * ERROR_LIMIT:g}",
        regulariser_limit=f"{100 * REGULARISER_LIMIT:g}",
        sample="**This is a sample of the data.**\n\n" if instruments.data.is_sample else "",
        method=_method(runs, instruments.data),
        numbers="\n\n".join(
            folded(f"All numbers, {budget(study, e)}", _numbers(study.comparisons[e], instruments))
            for e in sorted({min(study.comparisons), max(study.comparisons)})
        ),
        dimensions=folded("By latent dimension", _dimensions(models)),
        definitions=folded(
            "Definitions",
            table(["number", "unit", "better", "what it is"],
                  [[m.name, m.unit, m.goal, m.meaning] for m in METRICS]),
        ),
    )  # fmt: skip


def verdicts(study: Study, instruments: Instruments) -> dict[str, list[Verdict]]:
    """Return the verdicts at the shortest and at the longest training, by `budget`."""
    return {
        budget(study, epochs): judge(study.comparisons[epochs], instruments.baselines)
        for epochs in sorted({min(study.comparisons), max(study.comparisons)})
    }


def basis(study: Study, data: Dataset) -> str:
    """Return the paragraph that says what the answer is based on, and what would add to it."""
    first, c = min(study.comparisons), study.comparisons[min(study.comparisons)]
    options = {
        "--seeds N": c.seeds > 1,
        "--budgets": len(study.comparisons) > 1,
        "--controls": has_controls(c),
        "--sweep": bool(study.sweep),
    }
    lacking = ", ".join(f"`{option}`" for option, there in options.items() if not there)
    last = max(study.comparisons)
    partly = budget(study, last) != f"{last} epochs"
    longer = " (the longest only of those that had not settled)" if partly else ""
    more = f" `python analyze.py` has more to add, with {lacking}." if lacking else ""
    return (
        f"Based on {c.seeds} training{'s' if c.seeds > 1 else ''} of each model for"
        f" {', '.join(map(str, study.comparisons))} epochs{longer}, measured on"
        f" {len(data.test_images):,} test images, which no training saw. The answer is about"
        f" {first} epochs unless it says otherwise. “Better” and “clearly” mean that the 95 %"
        f" interval of the difference excludes 0.{more}"
    )


def _claims_found(judged: dict[str, list[Verdict]]) -> str:
    """Count the verdicts at each budget, and name those that a longer training changes."""
    counts = [
        f"at {budget} "
        + ", ".join(f"{name}: {sum(v.verdict == name for v in found)}" for name in VERDICTS)
        for budget, found in judged.items()
    ]
    claims = list(zip(*judged.values(), strict=True))  # each with its verdict at every budget
    moved = [
        f"“{v[0].claim}” ({v[0].verdict} → {v[-1].verdict})"
        for v in claims
        if v[0].verdict != v[-1].verdict
    ]
    text = f"There are {len(claims)} claims; {'; '.join(counts)}."
    if len(judged) > 1:
        text += f" The longer training changes: {', '.join(moved) or 'none'}."
    return text


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
        return "The data has no labels, so there is no classifier to judge samples and paths."
    return (
        "Samples and paths are judged in the 64 last hidden units of a small classifier that"
        f" recognises {number(instruments.baselines['classifier']['accuracy'])} % of digits."
    )


def _grid(name: str, what: str, runs: dict[str, Run]) -> str:
    cells = [f"![{what}, {label(m)}](plots/{name}_{m}.png)" for m in runs]
    return table([label(m) for m in runs], [cells])


def _calibration(points: Sequence) -> str:
    errors = [100 * (point.estimate / point.truth - 1) for point in points]
    if not errors:
        return ""
    return (
        " Trained on pairs whose W₁ is known, such critics were wrong by"
        f" {number(min(errors))} to {number(max(errors))} %: the penalty is soft, so that a larger"
        " distance makes a steeper critic, and that a larger estimate.\n\n"
        "![The critic's estimate against the true distance](plots/calibration.png)"
    )


def _method(runs: dict[str, Run], data: Dataset) -> str:
    o, w = runs["kl"].options, runs["ws"].options
    pixels = data.image_shape[0] * data.image_shape[1]
    body = table(["part", "value"], [
        ["data", plain(data.name)],
        ["encoder", f"{pixels} → {o.hidden_dim} ReLU → {2 * o.latent_dim}: means, log-variances"],
        ["decoder", f"{o.latent_dim} → {o.hidden_dim} ReLU → {pixels} sigmoid"],
        ["critic (WS)", f"{w.latent_dim} → 512 ReLU → 256 ReLU → 10; score = their mean"],
        ["loss", f"BCE + {o.beta:g} · KL; BCE + {w.wasserstein_weight:g} · W₁, gradient penalty"
                 f" weight {w.gp_weight:g}; BCE alone (AE), all in nats per image"],
        ["training", f"batch {o.batch_size}, {o.epochs} epochs, Adam, learning rate {o.lr:g} (KL),"
                     f" {w.lr:g} (WS), {w.critic_lr:g} (critic, {w.critic_steps} updates a step)"],
    ])  # fmt: skip
    return folded("Data, networks, losses, training", body)


def _numbers(c: Comparison, instruments: Instruments) -> str:
    """Return the table of all numbers with their intervals, and of what simple things score."""
    models = [m for m in MODELS if m in c.measured]
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
    return table(["", *map(label, models), "KL − WS", "for scale"], rows)


def _dimensions(models: Sequence[EncodedRun]) -> str:
    """Return the table of what the first dimensions of each latent space look like."""
    rows = [
        [f"{name}, {model.label}", *map(number, values[:DIMENSIONS])]
        for model in models
        for name, values in by_dimension(model.z).items()
    ]
    heads = [f"z{i + 1}" for i in range(len(rows[0]) - 1)]
    return f"The axes of a latent space are arbitrary.\n\n{table(['', *heads], rows)}"
