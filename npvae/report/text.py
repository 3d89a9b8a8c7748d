"""The written report: Markdown made from the measured numbers, in the reference report's order.

All figures are computed, and so are the sentences that depend on them: other runs, another text.
"""

from npvae.data.dataset import Dataset
from npvae.evaluation.comparison import Comparison
from npvae.evaluation.intervals import Interval
from npvae.evaluation.measure import Instruments
from npvae.evaluation.metrics import BY_KEY, METRICS
from npvae.evaluation.sweep import SweepPoint
from npvae.report.claims import FAILS, HOLDS, judge
from npvae.report.markdown import number, plain, table
from npvae.report.trade_off import trade_off_findings, trade_off_text
from npvae.training.checkpoint import Run
from npvae.training.runs import RUNS

DIMENSIONS = 16  # at most so many are tabulated


def write_report(
    runs: dict[str, Run], instruments: Instruments, c: Comparison, sweep: list[SweepPoint]
) -> str:
    """Return the report on two runs, "kl" and "ws", as Markdown with pictures from `plots/`."""
    parts = [
        "# Experiment report: a VAE with KL or Wasserstein regularisation",
        _introduction(c),
        _method(runs, instruments.data),
        "## Results",
        _results(c, instruments, sweep),
        _discussion(c),
        _claims(c),
        _conclusion(c, sweep),
    ]
    return "\n\n".join(parts) + "\n"


def _pictures(c: Comparison, name: str, what: str) -> str:
    kinds = [RUNS[run] for run in c.measured]
    cells = [f"![{what}, {kind.label}](plots/{name}_{kind.key}.png)" for kind in kinds]
    return table([kind.label for kind in kinds], [cells])


def _shown(value: float | None, interval: Interval | None) -> str:
    if value is None:
        return "–"
    if interval is None:
        return number(value)
    return f"{number(value)} ± {number((interval.high - interval.low) / 2)}"


def _numbers(c: Comparison, section: str) -> str:
    """Return the table of a section's metrics, with intervals, perfect match and definitions."""
    rows = []
    for m in (m for m in METRICS if m.section == section):
        kl, ws = c.value("kl", m.key), c.value("ws", m.key)
        if kl is None and ws is None:
            continue
        perfect = c.perfect_match.get(m.key)
        rows.append([
            m.name + (f" ({m.unit})" if m.unit else ""),
            _shown(kl, c.interval("kl", m.key)),
            _shown(ws, c.interval("ws", m.key)),
            "" if (gap := c.difference(m.key)) is None
            else f"{number(gap.low)} to {number(gap.high)}",
            "" if perfect is None else number(perfect),
            m.better,
            m.meaning,
        ])  # fmt: skip
    head = ["", "KL", "WS", "KL − WS, 95 %", "perfect match", "better", "definition"]
    return table(head, rows)


def _dimensions(c: Comparison) -> str:
    """Return the table of what each latent dimension looks like, for the runs that are pictured."""
    pictured = {run: measured[0].per_dimension for run, measured in c.measured.items()}
    rows = []
    for name, values in pictured["kl"].items():
        latent, shown = len(values), min(len(values), DIMENSIONS)
        for run, numbers in pictured.items():
            cells = [number(value) for value in numbers[name][:shown]]
            rows.append([f"{name}, {RUNS[run].label}", *cells])
    which = f"the first {DIMENSIONS} of {latent} dimensions" if latent > DIMENSIONS else "dimension"
    heading = (
        f"By {which}, for the pictured run of each model; the prior has standard deviation 1, and 0"
        " in mean, skewness, excess kurtosis and W₁:"
    )
    return heading + "\n\n" + table(["", *(f"z{i + 1}" for i in range(shown))], rows)


def _verdict(c: Comparison, key: str, verb: str) -> str:
    """Return a sentence that says which model is better in `key`, and by how much."""
    kl, ws, gap = c.value("kl", key), c.value("ws", key), c.difference(key)
    if kl is None or ws is None:
        return ""
    numbers = f"{BY_KEY[key].name}: KL {number(kl)}, WS {number(ws)}"
    if gap is None:
        return f"{numbers}; one run of each, so how surely is not known."
    if gap.low <= 0 <= gap.high:
        return f"Neither model demonstrably {verb} better ({numbers})."
    kl_is_better = (gap.low > 0) == (BY_KEY[key].better == "higher")
    return f"{'KL' if kl_is_better else 'WS'} {verb} better ({numbers})."


def _introduction(c: Comparison) -> str:
    basis = (
        f"Intervals are Student's over {c.seeds} seeds, each a training of its own."
        if c.seeds > 1
        else "Intervals are bootstraps over the test images for one training of each model; where a"
        " number has none, `python analyze.py --seeds 5` gives it one."
    )
    return f"""## Introduction

The same variational autoencoder was trained twice: with the KL divergence to the prior as the
regulariser of its latent space (**KL**), and with a critic's estimate of the Wasserstein distance
instead (**WS**). This report measures in what they differ, by how much, and how surely. {basis}

{_verdict(c, "sse_z", "reconstructs")} {_verdict(c, "frechet", "samples from the prior")}
Read on for why, and for what changes with the weights of the regularisers. To play with both models
yourself, open [explorer.html](explorer.html), which lies beside this report: it needs a browser and
nothing else.

![The explorer, here with two models of the reference experiment](plots/explorer.png)"""


def _method(runs: dict[str, Run], data: Dataset) -> str:
    o, w = runs["kl"].options, runs["ws"].options
    rows, columns = data.image_shape
    pixels = rows * columns
    sample = (
        "\n\n**This is a sample of the data: the figures are not those of the full set.**"
        if data.is_sample
        else ""
    )
    return f"""## Method

{table(["part", "value"], [
    ["data", plain(data.name)],
    ["encoder", f"{pixels} → {o.hidden_dim} ReLU → {2 * o.latent_dim}: means and log-variances"],
    ["latent space", f"{o.latent_dim} dimensions, prior N(0, I), z = μ + σ ε"],
    ["decoder", f"{o.latent_dim} → {o.hidden_dim} ReLU → {pixels} sigmoid"],
    ["critic (WS)", f"{w.latent_dim} → 512 ReLU → 256 ReLU → 10; score = their mean"],
    ["loss, KL", f"BCE + {o.beta:g} · KL, in nats per image"],
    ["loss, WS", f"BCE + {w.wasserstein_weight:g} · W₁, {w.critic_steps} critic updates per step,"
                 f" gradient penalty weight {w.gp_weight:g}"],
    ["training", f"batch {o.batch_size}, {runs['kl'].epoch} (KL) and {runs['ws'].epoch} (WS)"
                 f" epochs, Adam, learning rate {o.lr:g} (KL), {w.lr:g} (WS),"
                 f" {w.critic_lr:g} (critic)"],
])}{sample}

Everything below is measured on the {len(data.test_images):,} test images, which no training saw.
A reconstruction is given for z = μ and for z sampled from the posterior: the second contains the
encoder's noise, the first does not, and a fair comparison needs both.

![Losses during training](plots/training_loss.png)"""  # fmt: skip


def _results(c: Comparison, instruments: Instruments, sweep: list[SweepPoint]) -> str:
    accuracy = instruments.classifier_accuracy
    features = (
        f"The features are the 64 last hidden units of a small classifier, trained with this"
        f" project's own layers, that recognises {100 * accuracy:.1f} % of the test digits."
        if accuracy is not None
        else "The data has no labels, so there is no classifier and no such number."
    )
    parts = [
        "### Reconstruction error",
        _pictures(c, "error", "histogram of the squared error per image"),
        f"The test images' own entropy is {number(instruments.entropy)} nats: grey pixels cost that"
        " much even if they are predicted exactly, so no BCE can be lower.",
        _numbers(c, "reconstruction"),
        "### Latent distributions",
        _pictures(c, "latent_dist", "densities of z, of μ and of the prior"),
        "“Perfect match” is the same statistic between two samples of the prior itself, of the same"
        " size: what a perfect encoder would score.",
        _numbers(c, "latent"),
        _dimensions(c),
        _pictures(c, "correlation", "correlations between the dimensions of z"),
        "### Reconstructions",
        _pictures(c, "reconstruction", "originals above reconstructions"),
        "### Interpolation",
        _pictures(c, "interpol", "decoded points between two codes"),
        features + _fades(instruments.fade),
        _numbers(c, "interpolation"),
        "### Latent space visualisation (t-SNE)",
        _pictures(c, "tsne", "t-SNE of μ, coloured by digit"),
        "Distances between clusters in a t-SNE picture mean little; the silhouette and the"
        " classification rates below are taken in the latent space itself.",
        _numbers(c, "structure"),
        "### Samples",
        _pictures(c, "samples", "decoded draws from the prior"),
        "The same draws went through both decoders. The rows “refitted” draw from a Gaussian with"
        " the mean and covariance of the codes instead of N(0, I): what improves then was the fault"
        " of the match to the prior, the rest is the decoder's. “Perfect match” compares training"
        " with test images.",
        _numbers(c, "samples"),
        "### Likelihood",
        "Bounds of log p(x). The pixels are grey and the model's Bernoulli is meant for black and"
        " white ones, so this is a score, comparable between these two models only, and not a"
        " likelihood of binary data.",
        _numbers(c, "likelihood"),
        trade_off_text(sweep),
    ]
    return "\n\n".join(part for part in parts if part)


def _fades(fade: dict[str, float] | None) -> str:
    if fade is None:
        return ""
    return (
        " For scale, fading one image into the other pixel by pixel: path length"
        f" {number(fade['path'])}, largest jump {number(fade['jump'])}, confidence"
        f" {number(fade['confidence'])}. A fade is nearly straight in this feature space too, so a"
        " short path alone does not make a good interpolation."
    )


def _discussion(c: Comparison) -> str:
    kl_mu, kl_z = c.value("kl", "sse_mu"), c.value("kl", "sse_z")
    ws_mu, ws_z = c.value("ws", "sse_mu"), c.value("ws", "sse_z")
    noise, gap = kl_z - kl_mu, kl_z - ws_z
    share = (
        "" if gap <= 0 else f", {100 * noise / gap:.0f} % of the {number(gap)} between the models"
    )
    sigma_kl, sigma_ws = c.value("kl", "mean_sigma"), c.value("ws", "mean_sigma")
    collapsed = (
        "has collapsed to almost a point" if sigma_ws < 0.1 * sigma_kl else "has not collapsed here"
    )
    iwae, wide = c.value("ws", "iwae_256"), c.value("ws", "wide_256")
    return f"""## Discussion

Two facts explain most of the differences.

**The KL model decodes noise.** Its loss rewards a wide posterior: the mean σ is {number(sigma_kl)}.
The code that reaches the decoder is μ plus that much noise, and it costs: SSE {number(kl_mu)} at
z = μ, {number(kl_z)} with z sampled. That difference of {number(noise)} is the price of the
noise{share}. For WS the two are {number(ws_mu)} and {number(ws_z)}.

**The WS model's posterior {collapsed}.** Its mean σ is {number(sigma_ws)}. The Wasserstein distance
is taken between *all* codes together and the prior; it does not ask single posteriors to be wide,
while the reconstruction error asks them to be narrow. The encoder becomes deterministic, and the
decoder is asked only about the exact codes of training images, never about their surroundings.
Judged by its own posterior, the WS model's likelihood bound is {number(iwae)} nats; with a widened
proposal, which judges the decoder, it is {number(wide)}
({BY_KEY["wide_256"].name} for KL: {number(c.value("kl", "wide_256"))}).

{_verdict(c, "w1_exact", "matches the prior")}
{_verdict(c, "wide_256", "explains unseen images")}"""


def _claims(c: Comparison) -> str:
    verdicts = judge(c)
    rows = [[v.section, v.claim, v.evidence, v.rule, f"**{v.verdict}**"] for v in verdicts]
    outcomes = [v.verdict for v in verdicts]
    return f"""## The reference report's claims

Each claim is decided by the rule beside it. A rule “X lower in ...” holds if the 95 % interval of
the difference excludes 0 on that side for every number named, and does not hold if it does so on
the other side for one of them. Of {len(verdicts)} claims {outcomes.count(HOLDS)} hold,
{outcomes.count(FAILS)} do not, and {len(verdicts) - outcomes.count(HOLDS) - outcomes.count(FAILS)}
are not decided by these data.

{table(["section", "claim", "measured", "rule", "verdict"], rows)}"""


def _conclusion(c: Comparison, sweep: list[SweepPoint]) -> str:
    sentences = [
        _verdict(c, "sse_mu", "reconstructs (z = μ)"),
        _verdict(c, "sse_z", "reconstructs (z sampled)"),
        _verdict(c, "frechet", "samples from the prior"),
        _verdict(c, "frechet_refit", "samples from a refitted Gaussian"),
        _verdict(c, "path", "interpolates (the straighter way)"),
        _verdict(c, "jump", "interpolates (the more even steps)"),
        _verdict(c, "knn", "keeps digits apart"),
    ]
    text = "\n".join(f"- {s}" for s in sentences if s)
    others = "\n\nOver the weights tried (one training each):\n\n" if sweep else ""
    others += "\n".join(f"- {s}" for s in trade_off_findings(sweep))
    sure = (
        f"over {c.seeds} seeds" if c.seeds > 1 else "over the test images, for one training of each"
    )
    return f"""## Conclusion

At the settings compared here ({sure}; “better” means that the 95 % interval of the difference
excludes 0):

{text}{others}"""
