"""The report's answer: five sentences, one picture, and what is due to what.

The controls are the plain autoencoder, which nothing regularises, and both models with the
posterior's σ held at the same value, so that only the regulariser differs. The rule for a benefit
of the Wasserstein distance itself, in one measure:

    WS is better than the plain autoencoder, and at each held σ better than KL,
    where "better" means that the 95 % interval of the difference excludes 0
"""

from pathlib import Path

import matplotlib

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import MODELS, Key, Setting
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Study
from npvae.report.charts import NARROW, PERFECT, STYLE, mark, new_figure, plain_ticks, save
from npvae.report.claims import label, lead, values_of_all, winner_of
from npvae.report.markdown import shown_interval
from npvae.report.trade_off import weights_sentence
from npvae.training.study import SIGMAS

PICTURED = "sse_z", "w1_sliced", "frechet", "frechet_mix"
BENEFITS = "sse_z", "frechet", "frechet_mix", "bound_mix"  # in which the distance may show one


def budget(study: Study, epochs: int) -> str:
    """Name a budget, such as "35 epochs", or "140 (KL, AE) and 560 (WS) epochs"."""
    models: dict[int, list[str]] = {}
    for model in filter(study.stations[epochs].__contains__, MODELS):
        models.setdefault(study.epochs_of(model, epochs), []).append(label(model))
    if len(models) == 1:
        return f"{epochs} epochs"
    return " and ".join(f"{n} ({', '.join(models[n])})" for n in sorted(models)) + " epochs"


def samples_key(c: Comparison) -> str:
    """Return the number that tells best how well the prior is met: without labels, of the codes."""
    return "w1_sliced" if c.value("kl", "frechet") is None else "frechet"


def has_controls(c: Comparison) -> bool:
    """Tell whether all controls were trained."""
    return {"ae", *(Setting(m, s) for m in ("kl", "ws") for s in SIGMAS)} <= c.measured.keys()


def leads(c: Comparison) -> dict[str, list[str]]:
    """Return in which of BENEFITS WS is better than KL at each held σ, than AE, and than both."""
    pairs = [(Setting("ws", s), Setting("kl", s)) for s in SIGMAS]
    over_kl = [k for k in BENEFITS if all(winner_of(c, k, a, b) == a for a, b in pairs)]
    over_ae = [k for k in BENEFITS if winner_of(c, k, "ws", "ae") == "ws"]
    return {"kl": over_kl, "ae": over_ae, "both": [k for k in over_kl if k in over_ae]}


def winner_words(c: Comparison, key: str, verb: str) -> str:
    """Return which is better in `key`, and the numbers: "WS reconstructs better (KL 3, WS 2)"."""
    winner = winner_of(c, key)
    words = f"{label(winner)} {verb} better" if winner else f"neither clearly {verb} better"
    return f"{words} ({values_of_all(c, key)})"


def five_sentences(study: Study) -> list[str]:
    """Return the answer: on reconstruction, prior, sampler, the distance itself, and weights."""
    first, last = min(study.comparisons), max(study.comparisons)
    c, longest = study.comparisons[first], study.comparisons[last]
    key, verb = samples_key(c), "samples from it" if samples_key(c) == "frechet" else "matches it"
    prior = f"By sliced W₁, {winner_words(c, 'w1_sliced', 'matches it')}"
    sampler = "Samples are not judged: the data has no labels to train a classifier with"
    if key == "frechet":
        prior += f"; by Fréchet distance, {winner_words(c, key, 'samples from it')}"
        words = winner_words(c, "frechet_mix", "samples")
        sampler = f"From ten Gaussians fitted to training codes, {words}"
        if "ae" in c.measured:
            winner = winner_of(c, "frechet_mix", "ws", "ae")
            best = label(winner) if winner else "neither"
            sampler += f"; of WS and the plain autoencoder, {best} is clearly better"
    if last > first:
        models = [m for m in MODELS if study.at(m, last) and not study.settled(m, last)]
        unsettled = ", ".join(map(label, models))
        note = f", though {unsettled} had not settled by then" if unsettled else ""
        prior += f"; after {budget(study, last)}, {winner_words(longest, key, verb)}{note}"
    ae = "; AE is the plain autoencoder, which nothing regularises" if "ae" in c.measured else ""
    return [
        "**Reconstruction.** In squared error with z sampled,"
        f" {winner_words(c, 'sse_z', 'reconstructs')}; with z = μ,"
        f" {winner_words(c, 'sse_mu', 'does')}{ae}.",
        f"**The prior N(0, I).** {prior}.",
        f"**Another sampler.** {sampler}.",
        f"**The distance itself.** {_itself(c)}",
        f"**Other weights.** {weights_sentence(study)}",
    ]


def _itself(c: Comparison) -> str:
    if not has_controls(c):
        return (
            "Whether a benefit is due to the Wasserstein distance itself is not known: that takes"
            " the controls, `python analyze.py --controls`."
        )
    names = {
        against: ", ".join(BY_KEY[key].name for key in keys) or "no measure"
        for against, keys in leads(c).items()
    }
    shows = f"show a benefit of the Wasserstein distance itself, in {names['both']}"
    if not leads(c)["both"]:
        shows = "do not show a benefit of the Wasserstein distance itself"
    return (
        f"With σ held at {' and '.join(map(str, SIGMAS))} in both, WS is better than KL in"
        f" {names['kl']}; it is better than the plain autoencoder in {names['ae']}: at these"
        f" weights, the data {shows}."
    )


def due_to(study: Study) -> str:
    """Return the paragraph on what is due to the noise, the critic, the sampler, the budget."""
    first, last = min(study.comparisons), max(study.comparisons)
    c, longest = study.comparisons[first], study.comparisons[last]
    key = samples_key(c)

    def changes(a: Key, b: Key) -> str:
        """Say by how much two numbers change from model a to model b."""
        error, other = (shown_interval(c.difference(k, b, a)) for k in ("sse_z", key))
        return f"it changes the squared error by {error} and the {BY_KEY[key].name} by {other}"

    def gain(a: Key, b: Key) -> str:
        return shown_interval(lead(c, "sse_z", a, b))

    text = (
        f"**The noise.** With z sampled, WS leads KL by {gain('ws', 'kl')} in squared error;"
        f" decoding z instead of μ costs KL {shown_interval(c.interval('kl', 'noise'))}."
    )
    if has_controls(c):
        kept = Setting("kl", SIGMAS[-1])
        text += f" Trained with σ held at {SIGMAS[-1]}, KL gains {gain(kept, 'kl')}."
    if "ae" in c.measured:
        text += f" **The critic.** Added to a plain autoencoder, {changes('ae', 'ws')}."
    if has_controls(c):
        swaps = [f"with σ = {s}, {changes(Setting('kl', s), Setting('ws', s))}" for s in SIGMAS]
        text += f" In the place of the KL divergence, {'; '.join(swaps)}."
    if key == "frechet":
        text += (
            f" **The sampler.** From N(0, I) the Fréchet distance is {values_of_all(c, key)}; from"
            f" ten Gaussians {values_of_all(c, 'frechet_mix')}."
        )
    if last > first:
        text += (
            f" **The budget.** With {budget(study, last)} instead of {first}, the"
            f" {BY_KEY[key].name} is {values_of_all(longest, key)}, the squared error"
            f" {values_of_all(longest, 'sse_z')}."
        )
    return text


@matplotlib.rc_context(STYLE)
def draw_answer(study: Study, directory: Path) -> None:
    """Write answer.png: the numbers of PICTURED for all models and controls, with intervals.

    A row for each model at the shortest and at the longest training, then those with σ held.
    """
    budgets = min(study.comparisons), max(study.comparisons)
    c, rows = study.comparisons[budgets[0]], {}  # from a row's label to its model, epochs and key
    for m in filter(c.measured.__contains__, MODELS):
        rows |= {f"{label(m)}, {study.epochs_of(m, e)} epochs": (m, e, m) for e in budgets}
    controls = [Setting(m, s) for s in SIGMAS for m in ("kl", "ws")]
    rows |= {s.label: (s.model, budgets[0], s) for s in controls if s in c.measured}
    keys = [key for key in PICTURED if c.value("kl", key) is not None]
    figure = new_figure(NARROW, len(keys) // 2 * (0.9 + 0.26 * len(rows)) + 0.6)
    for ax, key in zip(figure.subplots(len(keys) // 2, 2, sharey=True).ravel(), keys, strict=True):
        for y, (model, epochs, row) in enumerate(rows.values()):
            of, done = study.comparisons[epochs], study.settled(row, epochs)
            at, x = (of.value(row, key), y), of.interval(row, key)
            mark(ax, at, model, settled=done, x=x)
        if key in c.perfect_match:
            ax.axvline(c.perfect_match[key], **PERFECT)
        if key != "sse_z":
            ax.set_xscale("log")
            plain_ticks(ax.xaxis, few=True)
        ax.set_title(BY_KEY[key].name.replace("Fréchet distance", "Fréchet"), fontsize=11)
        ax.set_yticks(range(len(rows)), rows)
        ax.set_ylim(len(rows) - 0.5, -0.5)
    note = "lower is better; bars: 95 % intervals; line: a perfect match;\nhollow: not settled"
    figure.supxlabel(note, fontsize=10)
    save(figure, directory / "answer.png")
