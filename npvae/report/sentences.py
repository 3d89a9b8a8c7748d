"""The sentences of the report that depend on what was measured, each made by a function.

All other words stand in report.template.md. "Clearly" is said only where the 95 % interval of a
difference excludes 0, and where it is known what another training would change.
"""

from collections.abc import Sequence
from dataclasses import fields

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import MODELS
from npvae.evaluation.results import Comparison, Study
from npvae.report.claims import OPEN, UNKNOWN, VERDICTS, Verdict, lead
from npvae.report.markdown import number
from npvae.training.options import Options

QUESTION = {  # options that may differ: they are what is compared, or belong to one kind only
    "kind", "beta", "wasserstein_weight", "seed",
    "critic_steps", "critic_lr", "gp_weight", "directions",
}  # fmt: skip
ASKED = "sse_mu", "frechet", "scale", "shape", "frechet_gauss", "frechet_mix"  # who is best in


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


def listed(models: Sequence[str]) -> str:
    """Return the models' labels as "KL", "KL and WS", or "KL, WS and SW"."""
    *most, last = [MODELS[m] for m in models]
    return f"{', '.join(most)} and {last}" if most else last


def who_is_best(c: Comparison, key: str, verb: str) -> str:
    """Return a sentence such as "KL invents clearly best." on a number of which less is better.

    "In these runs" it says where it is not known what another training would change.
    """
    found = [m for m in c.models if c.value(m, key) is not None]
    if not found:
        return f"Which model {verb} best was not measured."
    best = min(found, key=lambda m: c.value(m, key))
    if not c.chance_known(key, *found):
        return f"{MODELS[best]} {verb} best in these runs."
    tied = [m for m in found if m == best or not lead(c, key, best, m).low > 0]
    if len(tied) == 1:
        return f"{MODELS[best]} {verb} clearly best."
    return f"{MODELS[best]} {verb} best, but no difference between {listed(tied)} is certain."


def no_classifier(data: Dataset) -> str:
    """Say why inventions are not judged by a classifier, and what would be needed."""
    why = "all of these are equal. Give images of at least two classes"
    if data.train_labels is None:
        why = "these images have none. Give images with labels (--data-dir)"
    return (
        f"A classifier has to judge inventions, and it learns from labels: {why} to have inventions"
        " judged. The distance in pixels needs no labels."
    )


def noise(c: Comparison) -> str:
    """Say how much of KL's error is the noise that it adds to its codes."""
    quiet, noisy = c.value("kl", "sse_mu"), c.value("kl", "sse_z")
    share = 100 * (noisy - quiet) / noisy if noisy else 0.0
    return (
        f"Of KL's error with a noisy code, {number(share)} % is due to that noise: without it the"
        f" error is {number(quiet)}, with it {number(noisy)}."
    )


def information(c: Comparison) -> str:
    """Say what KL's codes tell of their images, and why it is not said of the others."""
    value = c.value("kl", "information")
    if value is None:
        return "It was not measured: the noise of KL's codes is too small, or they lie in a plane."
    rest = listed([m for m in c.models if m != "kl"])
    return (
        f"KL's codes tell at most {number(value)} nats about their images. The codes of {rest}"
        " have next to no noise, and then this number means nothing."
    )


def fitted(c: Comparison) -> str:
    """Say who is best once the draws follow the codes: scale repaired, then shape as well."""
    if c.value("kl", "frechet_gauss") is None:
        return who_is_best(c, "pca_mix", "invents (ten Gaussians, in pixels)")
    one, ten = (who_is_best(c, f"frechet_{fit}", "invents") for fit in ("gauss", "mix"))
    return f"With one Gaussian: {one} With ten: {ten}"


def differing(study: Study) -> str:
    """Warn of options that differ between the given runs and are not the question; else empty."""
    given = {m: study.settings[m] for m in MODELS if m in study.settings}
    found = []
    for name in (f.name for f in fields(Options) if f.name not in QUESTION):
        values = {m: getattr(o, name) for m, o in given.items()}
        if len(set(values.values())) > 1:
            told = ", ".join(f"{MODELS[m]} {'–' if v is None else v}" for m, v in values.items())
            found.append(f"{name.replace('_', ' ')} ({told})")
    if not found:
        return ""
    return (
        f"**The runs differ in more than the question: {'; '.join(found)}.** A difference that is"
        " told below may come from that.\n\n"
    )


def basis(found: dict[str, Comparison], data: Dataset, missing: int) -> str:
    """Say how many trainings and images are behind the answer."""
    name, c = next(iter(found.items()))
    seeds = sorted({len(c.measured[m]) for m in c.models})
    count = "once" if seeds == [1] else f"{' or '.join(map(str, seeds))} times"
    text = (
        f"Each model was trained {count} ({name}), and measured on {len(data.test_images):,} test"
        " images, which no training saw."
    )
    if not all(c.chance_known(key, m) for key in ASKED for m in c.models if c.value(m, key)):
        text += f" “In these runs” means: {UNKNOWN}. `python analyze.py --seeds 3` trains more."
    if missing:
        text += f" **Of the trainings asked for, {missing} are not finished, and not shown.**"
    return text


def claims_found(judged: dict[str, list[Verdict]]) -> str:
    """Count the verdicts at each length, and name those that longer training turns."""
    counts = []
    for length, found in judged.items():
        outcomes = [v.verdict for v in found]
        told = ", ".join(f"{outcomes.count(verdict)} {verdict}" for verdict in VERDICTS)
        counts.append(f"{length}: {told}")
    text = f"Of {len(found)} claims, {'; '.join(counts)}."
    if len(judged) == 1:
        return text
    moved = [
        f"“{early.claim}” ({early.verdict} → {late.verdict})"
        for early, late in zip(*judged.values(), strict=True)
        if late.verdict not in (early.verdict, OPEN)
    ]
    return f"{text} Longer training decides otherwise: {', '.join(moved) or 'none'}."
