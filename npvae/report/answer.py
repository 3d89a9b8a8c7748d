"""The report's answer: five sentences, one picture, and what is due to what.

The controls are the plain autoencoder, which nothing regularises, and both models with the
posterior's σ held at the same value, so that only the regulariser differs. The rule for a benefit
of the Wasserstein distance itself, in one measure:

    WS is better than the plain autoencoder, and at each held σ better than KL,
    where "better" means that the 95 % interval of the difference excludes 0
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import MODELS
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.study import Study
from npvae.report.charts import NARROW, PERFECT, STYLE, mark, new_figure, plain_ticks, save
from npvae.report.claims import better, derived, each, label, lead
from npvae.report.markdown import number, shown_interval
from npvae.report.trade_off import weights_sentence

PICTURED = "sse_z", "w1_sliced", "frechet", "frechet_mix"
BENEFITS = "sse_z", "frechet", "frechet_mix", "bound_mix"  # in which the distance may show one
MISSING = "that takes the controls, `python analyze.py --controls`"


def held(model: str, sigma: float) -> str:
    """Return the key, in `with_controls`, of a model with its posterior's σ held."""
    return f"{label(model)}, σ = {sigma:g}"


def sigmas(study: Study) -> list[float]:
    """Return the values at which σ was held for both models, the largest first."""
    found = {t.options.sigma for t in study.trained} - {None}
    return sorted((s for s in found if study.held("kl", s) and study.held("ws", s)), reverse=True)


def with_controls(study: Study, c: Comparison) -> Comparison:
    """Return the comparison with the trainings whose σ was held as further models."""
    controls = {
        held(model, sigma): [t.measurement for t in study.held(model, sigma)]
        for sigma in sigmas(study)
        for model in ("kl", "ws")
    }
    return replace(c, measured=c.measured | controls)


def with_noise(c: Comparison) -> Comparison:
    """Return the comparison with a number more: the squared error that decoding z adds to μ's."""
    return derived(c, "noise", lambda found: found["sse_z"] - found["sse_mu"])


def settled(study: Study, model: str, epochs: int) -> bool:
    """Tell whether all trainings of a model with so many epochs have settled."""
    found = study.at(model, epochs)
    return bool(found) and all(t.settled for t in found)


def budget(study: Study, epochs: int) -> str:
    """Name a budget, such as "35 epochs", or "140 (KL, AE) and 560 (WS) epochs"."""
    models: dict[int, list[str]] = {}
    for model in study.reference:
        if study.at(model, epochs):
            models.setdefault(study.epochs_of(model, epochs), []).append(label(model))
    if len(models) == 1:
        return f"{epochs} epochs"
    return " and ".join(f"{n} ({', '.join(models[n])})" for n in sorted(models)) + " epochs"


def samples_key(c: Comparison) -> str:
    """Return the number that tells best how well the prior is met: without labels, of the codes."""
    return "w1_sliced" if c.value("kl", "frechet") is None else "frechet"


def leads(c: Comparison, values: Sequence[float]) -> dict[str, list[str]]:
    """Return in which of BENEFITS WS is better than KL at each held σ, than AE, and than both.

    `c` is that of `with_controls`, `values` are the held σ; there is at least one.
    """
    pairs = [(held("ws", s), held("kl", s)) for s in values]
    over_kl = [k for k in BENEFITS if all(better(c, k, a, b) == a for a, b in pairs)]
    over_ae = [k for k in BENEFITS if better(c, k, "ws", "ae") == "ws"]
    return {"kl": over_kl, "ae": over_ae, "both": [k for k in over_kl if k in over_ae]}


def who(c: Comparison, key: str, verb: str) -> str:
    """Return who is better in `key`, such as "WS reconstructs better"."""
    if c.difference(key) is None:
        return f"which model {verb} better is not known"
    best = better(c, key, "ws", "kl")
    return f"{label(best)} {verb} better" if best else f"neither model clearly {verb} better"


def five_sentences(study: Study, comparisons: dict[int, Comparison]) -> list[str]:
    """Return the answer: on reconstruction, prior, sampler, the distance itself, and weights."""
    first, last = min(comparisons), max(comparisons)
    c = with_controls(study, comparisons[first])
    prior = (
        f"{who(c, 'w1_sliced', 'matches the prior')} (sliced W₁: {each(c, 'w1_sliced')}; a perfect"
        f" match {number(c.perfect_match['w1_sliced'])})"
    )
    sampler = "Samples are not judged: the data has no labels to train a classifier with."
    judged = samples_key(c) == "frechet"
    if judged:
        prior += f", and {who(c, 'frechet', 'samples from it')} (Fréchet: {each(c, 'frechet')})"
        sampler = (
            f"From ten Gaussians fitted to training codes, {who(c, 'frechet_mix', 'samples')}"
            f" (Fréchet: {each(c, 'frechet_mix')}){_against_autoencoder(c)}."
        )
    if last > first:
        loose = [label(m) for m in c.measured if m in MODELS and not settled(study, m, last)]
        note = f", though {' and '.join(loose)} had not settled by then" if loose else ""
        key, verb = ("frechet", "samples") if judged else ("w1_sliced", "matches it")
        late = comparisons[last]
        prior += f"; after {budget(study, last)}, {who(late, key, verb)} ({each(late, key)}){note}"
    ae = "; AE is the plain autoencoder, which nothing regularises" if "ae" in c.measured else ""
    return [
        f"**Reconstruction.** With z sampled, {who(c, 'sse_z', 'reconstructs')} (squared error:"
        f" {each(c, 'sse_z')}); with z = μ, {who(c, 'sse_mu', 'does')} ({each(c, 'sse_mu')}){ae}.",
        f"**The prior N(0, I).** {prior}.",
        f"**Another sampler.** {sampler}",
        f"**The distance itself.** {_itself(c, sigmas(study))}",
        f"**Other weights.** {weights_sentence(study, c.perfect_match)}",
    ]


def _against_autoencoder(c: Comparison) -> str:
    if "ae" not in c.measured:
        return f"; whether a plain autoencoder does as well is not known: {MISSING}"
    return {
        "ws": ", and WS is better than the plain autoencoder, too",
        "ae": ", but the plain autoencoder, which has no critic, is better than WS",
        None: ", and WS is not clearly better than the plain autoencoder, which has no critic",
    }[better(c, "frechet_mix", "ws", "ae")]


def _itself(c: Comparison, values: Sequence[float]) -> str:
    if "ae" not in c.measured or not values:
        return (
            f"Whether a benefit is due to the Wasserstein distance itself is not known: {MISSING}."
        )
    names = {
        against: ", ".join(BY_KEY[key].name for key in keys) or "no measure"
        for against, keys in leads(c, values).items()
    }
    shows = "do not show a benefit of the Wasserstein distance itself"
    if leads(c, values)["both"]:
        shows = f"show a benefit of the Wasserstein distance itself, in {names['both']}"
    errors = " and ".join(
        shown_interval(lead(c, "sse_z", held("ws", s), held("kl", s))) for s in values
    )
    kept = " and ".join(f"{s:g}" for s in values)
    return (
        f"With σ held at {kept} in both, WS leads KL by {errors} in squared error, and is better in"
        f" {names['kl']}; it is better than the plain autoencoder in {names['ae']}: at these"
        f" weights, the data {shows}."
    )


def due_to(study: Study, comparisons: dict[int, Comparison]) -> str:
    """Return the paragraph on what is due to the noise, the critic, the sampler, the budget."""
    first, last = min(comparisons), max(comparisons)
    c, kept = with_controls(study, comparisons[first]), sigmas(study)
    key, missing = samples_key(c), []
    noise = shown_interval(with_noise(c).interval("kl", "noise"))
    gap = shown_interval(lead(c, "sse_z", "ws", "kl"))
    text = (
        f"**The noise.** With z sampled, WS leads KL by {gap} in squared error; decoding z instead"
        f" of μ costs KL {noise}."
    )
    if kept:
        gain = shown_interval(lead(c, "sse_z", held("kl", kept[-1]), "kl"))
        text += f" Trained with σ held at {kept[-1]:g}, KL gains {gain}."
    else:
        missing.append("trainings with σ held (`--controls`), to tell the noise from the rest")
    if "ae" in c.measured:
        text += (
            " **The critic.** Added to a plain autoencoder, it changes the squared error by"
            f" {_change(c, 'sse_z', 'ae', 'ws')} and the {BY_KEY[key].name} by"
            f" {_change(c, key, 'ae', 'ws')}."
        )
    else:
        missing.append("the plain autoencoder (`--controls`), to tell what the critic adds")
    text += "".join(
        f" In the place of the KL divergence, with σ = {s:g}, it changes them by"
        f" {_change(c, 'sse_z', held('kl', s), held('ws', s))} and"
        f" {_change(c, key, held('kl', s), held('ws', s))}."
        for s in kept
    )
    if key == "frechet":
        text += (
            f" **The sampler.** From N(0, I) the Fréchet distance is {each(c, key)}; from ten"
            f" Gaussians {each(c, 'frechet_mix')}."
        )
    if last > first:
        long, epochs = comparisons[last], budget(study, last)
        text += (
            f" **The budget.** With {epochs} instead of {first}, the {BY_KEY[key].name} is"
            f" {each(long, key)}, and the squared error {each(long, 'sse_z')}."
        )
    else:
        missing.append("longer trainings (`--budgets`), to tell what the budget does")
    return text + (f" What is missing: {'; '.join(missing)}." if missing else "")


def _change(c: Comparison, key: str, a: str, b: str) -> str:
    """Return by how much a number changes from model a to model b."""
    return shown_interval(c.difference(key, b, a))


@matplotlib.rc_context(STYLE)
def draw_answer(study: Study, comparisons: dict[int, Comparison], directory: Path) -> None:
    """Write answer.png: the numbers of PICTURED for all models and controls, with intervals.

    A row for each model at the shortest and at the longest training, then those with σ held.
    """
    budgets = sorted({min(comparisons), max(comparisons)})
    c = with_controls(study, comparisons[budgets[0]])
    rows = [  # its label, its row in MODELS, its key in a comparison, and whether it has settled
        (f"{label(m)}, {e} epochs", m, m, comparisons[e], settled(study, m, e))
        for m in MODELS
        if m in c.measured
        for e in sorted({study.epochs_of(m, e) for e in budgets})
    ] + [
        (held(m, s), m, held(m, s), c, all(t.settled for t in study.held(m, s)))
        for s in sigmas(study)
        for m in ("kl", "ws")
    ]
    keys = [key for key in PICTURED if c.value("kl", key) is not None]
    figure = new_figure(NARROW, len(keys) // 2 * (0.9 + 0.26 * len(rows)) + 0.6)
    for ax, key in zip(figure.subplots(len(keys) // 2, 2, sharey=True).ravel(), keys, strict=True):
        for y, (_, model, name, of, done) in enumerate(rows):
            if (value := of.value(name, key)) is not None:
                mark(ax, (value, y), MODELS[model], settled=done, x=of.interval(name, key))
        if key in c.perfect_match:
            ax.axvline(c.perfect_match[key], **PERFECT)
        if key != "sse_z":
            ax.set_xscale("log")
            plain_ticks(ax.xaxis, few=True)
        ax.set_title(BY_KEY[key].name.replace("Fréchet distance", "Fréchet"), fontsize=11)
        ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
        ax.set_ylim(len(rows) - 0.5, -0.5)
    note = "lower is better; bars: 95 % intervals; line: a perfect match;\nhollow: not settled"
    figure.supxlabel(note, fontsize=10)
    save(figure, directory / "answer.png")
