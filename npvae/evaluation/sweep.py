"""The sweep: both models trained with a range of weights of their regularisers, and measured."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from npvae.evaluation.classifier.features import classify
from npvae.evaluation.distances import frechet_from_features, sliced_w1
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.measure import DRAWS, SEED, Instruments, prior_draws
from npvae.models.inference import decode
from npvae.training.checkpoint import Run
from npvae.training.parallel import train_missing
from npvae.training.runs import RUNS


@dataclass(frozen=True)
class SweepPoint:
    """One training of the sweep: a kind of run, the weight of its regulariser, how it does."""

    run: str  # the key of its kind
    weight: float  # beta or lambda
    sse_mu: float  # mean over test images of the sum of squared errors, z = mu
    sse_z: float  # the same, z sampled
    distance: float  # sliced W1 of q(z) to the prior
    frechet: float  # of decoded prior draws to the test images; NaN without labels
    is_reference: bool  # whether the weight is that of the run that the sweep starts from


def sweep(
    runs: dict[str, Run],
    instruments: Instruments,
    directory: Path,
    data_dir: Path | None,
    dask: str | None = None,
) -> list[SweepPoint]:
    """Train what is missing in `directory` and return a point for each kind of run and weight.

    The given runs, by the key of their kind, are themselves points; the others differ from them in
    the weight alone. Raises UserError if a training fails.
    """
    points = []
    for key, run in runs.items():
        option, reference = RUNS[key].weight, _weight(run)
        wanted = {
            directory / f"{key}-{weight:g}": replace(run.options, **{option: weight})
            for weight in RUNS[key].sweep
            if weight != reference
        }
        trained = [run, *train_missing(wanted, data_dir, run.data, dask).values()]
        points += [_point(r, instruments, is_reference=_weight(r) == reference) for r in trained]
    return sorted(points, key=lambda p: (p.run, p.weight))


def _weight(run: Run) -> float:
    return getattr(run.options, run.options.kind.weight)


def _point(run: Run, instruments: Instruments, is_reference: bool) -> SweepPoint:
    model = encode_run(run, instruments.data.test_images, SEED)
    shape = model.z.shape
    frechet = np.nan
    if instruments.classifier is not None:
        images = decode(model.w, prior_draws(*shape, draw=DRAWS))
        made = classify(instruments.classifier, images).features
        frechet = frechet_from_features(instruments.test_features, made)
    return SweepPoint(
        run=model.kind.key,
        weight=_weight(run),
        sse_mu=float(model.at_mu.sse.mean()),
        sse_z=float(model.at_z.sse.mean()),
        distance=sliced_w1(model.z, prior_draws(*shape, draw=0), seed=SEED),
        frechet=frechet,
        is_reference=is_reference,
    )


def best_samples(points: list[SweepPoint], run: str) -> SweepPoint:
    """Return the model's point with the best samples from the prior."""
    return min((p for p in points if p.run == run), key=lambda p: p.frechet)


def dominated(points: list[SweepPoint], run: str) -> int:
    """Count the model's points that another model's point beats or equals in both of two errors.

    These are the reconstruction error with z sampled and the Fréchet distance of samples.
    """
    own = [p for p in points if p.run == run]
    others = [p for p in points if p.run != run]
    return sum(any(q.sse_z <= p.sse_z and q.frechet <= p.frechet for q in others) for p in own)
