"""The written report: Markdown made from the measured numbers; it opens with the answer.

All figures are computed, and so are the sentences that depend on them: other runs, another text.
"""

from collections.abc import Sequence

from npvae.data.dataset import Dataset
from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import MODELS
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.metrics import BY_KEY, METRICS
from npvae.evaluation.study import Study
from npvae.report.answer import budget, due_to, five_sentences
from npvae.report.budgets import budgets_text
from npvae.report.claims import VERDICTS, Verdict, each, judge, label, value_of
from npvae.report.markdown import folded, number, plain, shown_interval, table
from npvae.report.rulers import basis, rulers_text
from npvae.report.trade_off import trade_off_text
from npvae.training.checkpoint import Run

DIMENSIONS = 16  # at most so many are tabulated


def write_report(
    study: Study,
    instruments: Instruments,
    comparisons: dict[int, Comparison],
    runs: dict[str, Run],
    calibration: Sequence,
) -> str:
    """Return the report as Markdown with pictures from `plots/`.

    `comparisons` are of "kl", "ws" and perhaps "ae", by the epochs of their trainings: the least
    are those of the given runs. `runs`, by the same keys, are pictured. `calibration` is what the
    critic estimated where W₁ is known; it may be empty.
    """
    c = comparisons[min(comparisons)]
    sentences = [f"{n}. {text}" for n, text in enumerate(five_sentences(study, comparisons), 1)]
    parts = [
        "# A VAE with KL or Wasserstein regularisation: what was found",
        "## The answer",
        "\n".join(sentences),
        "![Error, match to the prior and samples of models and controls](plots/answer.png)",
        basis(study, instruments.data, comparisons),
        f"## What is due to what\n\n{due_to(study, comparisons)}",
        _claims(verdicts(study, comparisons, instruments)),
        budgets_text(study, comparisons),
        trade_off_text(study, instruments.perfect_match),
        _pictures(c, runs),
        rulers_text(c, instruments, calibration),
        _method(runs, instruments.data),
        _tables(study, comparisons, instruments),
    ]
    return "\n\n".join(parts) + "\n"


def verdicts(
    study: Study, comparisons: dict[int, Comparison], instruments: Instruments
) -> dict[str, list[Verdict]]:
    """Return the verdicts at the shortest and at the longest training, by `budget`."""
    return {
        budget(study, epochs): judge(comparisons[epochs], instruments.baselines)
        for epochs in sorted({min(comparisons), max(comparisons)})
    }


def _claims(judged: dict[str, list[Verdict]]) -> str:
    claims = list(zip(*judged.values(), strict=True))  # each with its verdict at every budget
    counts = [
        f"at {budget} "
        + ", ".join(f"{name}: {sum(v.verdict == name for v in found)}" for name in VERDICTS)
        for budget, found in judged.items()
    ]
    text = f"There are {len(claims)} claims; {'; '.join(counts)}. "
    moved = [v for v in claims if v[0].verdict != v[-1].verdict]
    if moved:
        names = [f"“{a.claim}” ({a.verdict} → {b.verdict})" for a, b in moved]
        text += f"The longer training changes: {', '.join(names)}. "
    elif len(judged) > 1:
        text += "The longer training changes no verdict. "
    head = ["claim", "rule"]
    for name in judged:
        head += [f"measured, {name}", "verdict"]
    rows = []
    for found in claims:
        cells = [found[0].claim, found[0].rule]
        for v in found:
            cells += ["; ".join(f"{p.name}: {p.evidence}" for p in v.parts), v.words]
        rows.append(cells)
    return f"""## The claims of the reference report

{text}A claim holds if the 95 % interval of each number that it asks for lies on its side of the
threshold; it is mixed if it holds for some numbers and does not hold for others. Thresholds come
from a baseline, or are marked as chosen by us. Claims that repeat one another are merged.

![The numbers of each claim, their intervals, and the verdict](plots/claims.png)

{folded("The claims with their rules and numbers", table(head, rows))}"""


def _pictures(c: Comparison, runs: dict[str, Run]) -> str:
    def grid(name: str, what: str) -> str:
        cells = [f"![{what}, {label(m)}](plots/{name}_{m}.png)" for m in runs]
        return table([label(m) for m in runs], [cells])

    fades = ", ".join(
        f"{label(m)} {number(found[0].values['fade_jumpy'])}"
        for m, found in c.measured.items()
        if "fade_jumpy" in found[0].values
    )
    parts = [
        "## Pictures\n\n### Reconstructions",
        grid("reconstruction", "originals above reconstructions"),
        f"As smooth as if the originals were blurred by {each(c, 'blur')}. Each model is shown for"
        " z = μ and for z sampled from the posterior: a fair comparison needs both.",
        grid("error", "histogram of the squared error per image"),
        "### Latent distributions",
        grid("latent_dist", "densities of z, of μ and of the prior"),
        f"The standard deviation of z, 1 for the prior: {each(c, 'width')}.",
        "### Interpolation",
        grid("interpol", "decoded points between two codes"),
        f"Of the paths, so many jump by more than twice their mean step: {each(c, 'jumpy')}; of the"
        f" fades between their decoded ends: {fades} %."
        if fades
        else "Without labels there is no classifier to judge paths by.",
        "### t-SNE",
        grid("tsne", "t-SNE of μ, coloured by class"),
        "Distances between clusters in such a picture mean little; claims about it are judged in"
        " the latent space as well.",
        "### Samples",
        grid("samples", "decoded draws from the prior"),
        "The same draws from N(0, I) went through all decoders.",
        "### Training",
        "![Losses during training](plots/training_loss.png)",
        "To play with the models, open [explorer.html](explorer.html), which lies beside this"
        " report: it needs a browser and nothing else.",
        "![The explorer, here with two models of the reference experiment](plots/explorer.png)",
    ]
    return "\n\n".join(parts)


def _method(runs: dict[str, Run], data: Dataset) -> str:
    o, w = runs["kl"].options, runs["ws"].options
    pixels = data.image_shape[0] * data.image_shape[1]
    sample = (
        "**This is a sample of the data: the figures are not those of the full set.**\n\n"
        if data.is_sample
        else ""
    )
    body = table(["part", "value"], [
        ["data", plain(data.name)],
        ["encoder", f"{pixels} → {o.hidden_dim} ReLU → {2 * o.latent_dim}: means, log-variances"],
        ["latent space", f"{o.latent_dim} dimensions, prior N(0, I), z = μ + σ ε"],
        ["decoder", f"{o.latent_dim} → {o.hidden_dim} ReLU → {pixels} sigmoid"],
        ["critic (WS)", f"{w.latent_dim} → 512 ReLU → 256 ReLU → 10; score = their mean"],
        ["loss, KL", f"BCE + {o.beta:g} · KL, in nats per image"],
        ["loss, WS", f"BCE + {w.wasserstein_weight:g} · W₁, {w.critic_steps} critic updates per"
                     f" step, gradient penalty weight {w.gp_weight:g}"],
        ["loss, AE", "BCE: the plain autoencoder is a KL run of weight 0"],
        ["training", f"batch {o.batch_size}, {runs['kl'].epoch} (KL) and {runs['ws'].epoch} (WS)"
                     f" epochs, Adam, learning rate {o.lr:g} (KL), {w.lr:g} (WS),"
                     f" {w.critic_lr:g} (critic)"],
    ])  # fmt: skip
    return f"## What was trained\n\n{sample}{folded('Data, networks, losses, training', body)}"


def _tables(study: Study, comparisons: dict[int, Comparison], instruments: Instruments) -> str:
    rows = [[m.name, m.unit, m.better, m.meaning] for m in METRICS]
    parts = [
        "## Tables",
        "[numbers.csv](numbers.csv) has all of these numbers, and those of every training.",
        *(
            folded(
                f"All numbers, {budget(study, epochs)}", _numbers(comparisons[epochs], instruments)
            )
            for epochs in sorted({min(comparisons), max(comparisons)})
        ),
        folded("By latent dimension", _dimensions(comparisons[min(comparisons)])),
        folded("Definitions", table(["number", "unit", "better", "what it is"], rows)),
    ]
    return "\n\n".join(parts)


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


def _dimensions(c: Comparison) -> str:
    """Return the table of what each latent dimension looks like, for the runs that are pictured."""
    pictured = {model: measured[0].per_dimension for model, measured in c.measured.items()}
    names = list(pictured["kl"])
    latent = max((len(pictured["kl"][name]) for name in names), default=0)
    rows = [
        [f"{name}, {label(m)}", *(number(value) for value in pictured[m][name][:DIMENSIONS])]
        for name in names
        for m in pictured
    ]
    which = f"The first {DIMENSIONS} of {latent} dimensions. " if latent > DIMENSIONS else ""
    heads = [f"z{i + 1}" for i in range(min(latent, DIMENSIONS))]
    return f"{which}The axes of a latent space are arbitrary.\n\n{table(['', *heads], rows)}"
