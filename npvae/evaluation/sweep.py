"""The trade-off: both models over a range of regularisation weights, and what each weight buys."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from npvae.evaluation.classifier.features import features
from npvae.evaluation.distances import frechet_from_features, sliced_w1
from npvae.evaluation.encoded import apply
from npvae.evaluation.measure import DRAWS, SEED, Bench, prior_draws
from npvae.models.inference import decode
from npvae.report.claims import number
from npvae.report.trade_off import SweepPoint
from npvae.training.checkpoint import Run
from npvae.training.parallel import train_missing

WEIGHTS = {
    "kl": ("beta", (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)),
    "ws": ("wasserstein_weight", (0.03, 0.1736, 1.0, 3.0, 10.0, 30.0)),
}

NAMES = {"kl": "KL, β", "ws": "WS, λ"}


def sweep(
    runs: dict[str, Run], bench: Bench, directory: Path, data_dir: Path | None
) -> list[SweepPoint]:
    """Train what is missing in `directory` and return a point for each model and weight.

    The runs "kl" and "ws" are themselves points; the others differ from them in the weight alone.
    """
    trained = list(runs.values())
    for name, run in runs.items():
        option, weights = WEIGHTS[name]
        wanted = {
            directory / f"{name}-{weight:g}": replace(run.options, **{option: weight})
            for weight in weights
            if weight != getattr(run.options, option)
        }
        trained += train_missing(wanted, data_dir, run.data).values()
    reference = {name: getattr(run.options, WEIGHTS[name][0]) for name, run in runs.items()}
    points = [_point(run, bench, reference) for run in trained]
    return sorted(points, key=lambda p: (p.run, p.weight))


def _point(run: Run, bench: Bench, reference: dict[str, float]) -> SweepPoint:
    name = run.options.run
    weight = getattr(run.options, WEIGHTS[name][0])
    model = apply(run, bench.data.test_images, SEED)
    shape = model.z.shape
    frechet = np.nan
    if bench.classifier is not None:
        samples = decode(model.w, prior_draws(*shape, draw=DRAWS))
        frechet = frechet_from_features(bench.test_features, features(bench.classifier, samples))
    return SweepPoint(
        run=name,
        weight=weight,
        sse_mu=float(model.at_mu.sse.mean()),
        sse_z=float(model.at_z.sse.mean()),
        distance=sliced_w1(model.z, prior_draws(*shape, draw=0), seed=SEED),
        frechet=float(frechet),
        is_reference=weight == reference[name],
    )


def best_samples(points: list[SweepPoint], run: str) -> SweepPoint:
    """Return the model's point with the best samples from the prior."""
    return min((p for p in points if p.run == run), key=lambda p: p.frechet)


def dominated(points: list[SweepPoint], run: str) -> int:
    """Count the model's points that some point of the other model beats or equals in both the
    reconstruction error with z sampled and the Fréchet distance of samples.
    """
    own = [p for p in points if p.run == run]
    others = [p for p in points if p.run != run]
    return sum(any(q.sse_z <= p.sse_z and q.frechet <= p.frechet for q in others) for p in own)


def sweep_text(points: list[SweepPoint]) -> str:
    """Return the report's section on the trade-off, in Markdown; empty without points."""
    if not points:
        return ""
    rows = "\n".join(
        f"| {NAMES[p.run]} = {p.weight:g}{' (reference)' if p.is_reference else ''} |"
        f" {number(p.sse_mu)} | {number(p.sse_z)} | {number(p.distance)} |"
        f" {number(p.frechet) if np.isfinite(p.frechet) else '–'} |"
        for p in points
    )
    return f"""### The trade-off

![Reconstruction, distance to the prior and sample quality over the weights](plots/trade_off.png)

| setting | SSE, z = μ | SSE, z sampled | sliced W₁ to the prior | Fréchet distance, prior |
| --- | --- | --- | --- | --- |
{rows}

A small weight leaves the codes where reconstruction wants them, a large one pulls them to the
prior. {" ".join(["One training each.", *sweep_findings(points)])}"""


def sweep_findings(points: list[SweepPoint]) -> list[str]:
    """Return in sentences which weights sample best, and which model is the better choice.

    Empty without points, or without the labels that judging samples takes.
    """
    if not points or not np.isfinite([p.frechet for p in points]).all():
        return []
    sentences = [
        f"The best samples come with {NAMES[run]} = {best.weight:g}: Fréchet distance"
        f" {number(best.frechet)}, at SSE {number(best.sse_z)} (z sampled)."
        for run, best in ((run, best_samples(points, run)) for run in NAMES)
    ]
    counts = [
        f"{dominated(points, run)} of the {sum(p.run == run for p in points)} {NAMES[run][:2]}"
        " settings are matched or beaten in both reconstruction (SSE, z sampled) and samples by a"
        " setting of the other model."
        for run in NAMES
    ]
    return sentences + counts
