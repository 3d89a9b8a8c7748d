"""The analysis from end to end: load two runs, measure, draw, write the report."""

from dataclasses import dataclass, replace
from pathlib import Path

import numba
from joblib import Parallel, delayed
from tqdm import tqdm

from npvae.data.dataset import Dataset, load_data
from npvae.errors import UserError
from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import Trained, apply, load_run
from npvae.evaluation.measure import SEED, Bench, Measurement, make_bench, measure
from npvae.evaluation.structure import trustworthiness
from npvae.evaluation.sweep import sweep
from npvae.files.atomic import make_directory, write_text
from npvae.kernels.jit import set_threads
from npvae.report import charts as pictures
from npvae.report import image_grids
from npvae.report.page import write_page
from npvae.report.text import write_report
from npvae.report.trade_off import draw_trade_off
from npvae.training.checkpoint import Run
from npvae.training.parallel import train_missing
from npvae.training.train import use_threads

LEAST_IMAGES = 11  # trustworthiness looks at 5 neighbours and needs more than twice as many points
TRUST_SIZE = 3_000  # points whose neighbourhoods are compared; the cost grows with the square


@dataclass(frozen=True)
class Request:
    """What the user asked `analyze.py` for."""

    kl: Path
    ws: Path
    out: Path
    data_dir: Path | None
    threads: int | None
    on_training_images: bool
    seeds: int
    sweep: bool


def analyse(request: Request) -> None:
    """Write plots/, report.md and report.html into request.out.

    Raises UserError for missing or unfit runs, unusable data, or an output that cannot be written.
    """
    use_threads(request.threads)
    data = load_data(request.data_dir)
    if request.on_training_images:
        data = _on_training_images(data)
    _check(data)
    runs = {"kl": load_run(request.kl, "kl", data), "ws": load_run(request.ws, "ws", data)}
    latent = runs["kl"].options.latent_dim
    if latent != runs["ws"].options.latent_dim:
        raise UserError(
            f"{request.kl} has {latent} latent dimensions, {request.ws} has"
            f" {runs['ws'].options.latent_dim}; compare runs of one size"
        )
    plots = make_directory(request.out / "plots")
    with tqdm(total=6, desc="analysis", bar_format="{desc:38}{bar}{n}/{total}") as progress:

        def stage(name: str) -> None:
            progress.set_description_str(name)
            progress.update()

        stage("classifier and floors")
        bench = make_bench(data, latent)
        stage("codes and reconstructions")
        models = [apply(run, data.test_images, SEED) for run in runs.values()]
        stage("measuring")
        measured = {model.key: [measure(model, bench)] for model in models}
        stage("t-SNE and pictures")
        _draw(models, measured, data, plots)
        stage(f"{request.seeds} seeds" if request.seeds > 1 else "one seed")
        for name, run in runs.items():
            measured[name] += _other_seeds(run, request, bench)
        stage("trade-off" if request.sweep else "report")
        points = []
        if request.sweep:
            points = sweep(runs, bench, request.kl.parent / "sweep", request.data_dir)
            draw_trade_off(
                points,
                plots,
                distance_floor=bench.floors["w1_sliced"],
                frechet_floor=bench.floors.get("frechet"),
            )
    report = write_report(runs, bench, Comparison(**measured, floors=bench.floors), points)
    write_text(request.out / "report.md", report)
    write_text(request.out / "report.html", write_page(report, request.out))
    print(f"{request.out / 'report.md'} and {request.out / 'report.html'} are written")


def _check(data: Dataset) -> None:
    """Raise UserError unless there is something to compare in the test images."""
    images = data.test_images
    if len(images) < LEAST_IMAGES:
        raise UserError(
            f"{data.name}: comparing takes at least {LEAST_IMAGES} test images, not {len(images)}"
        )
    if (images == images[0]).all() or (images == images[:, :1]).all():
        raise UserError(
            f"{data.name}: all test images are alike, or each is of one grey, and no measure tells"
            " models apart on them; give other images with --data-dir"
        )


def _draw(
    models: list[Trained], measured: dict[str, list[Measurement]], data: Dataset, plots: Path
) -> None:
    images, labels = data.test_images, data.test_labels
    embeddings = Parallel(2)(delayed(image_grids.tsne)(model.mu, SEED) for model in models)
    for model, embedding in zip(models, embeddings, strict=True):
        index, points = embedding.index[:TRUST_SIZE], embedding.points[:TRUST_SIZE]
        value = trustworthiness(model.mu[index], points)
        measured[model.key][0].values["trustworthiness"] = value
    image_grids.draw_tsne(models, embeddings, labels, plots)
    image_grids.draw_reconstructions(models, images, labels, plots)
    image_grids.draw_interpolations(models, images, labels, plots)
    image_grids.draw_samples(models, plots, SEED)
    pictures.draw_errors(models, plots)
    pictures.draw_latents(models, plots)
    pictures.draw_correlations(models, plots)
    pictures.draw_training(models, plots)


def _other_seeds(run: Run, request: Request, bench: Bench) -> list[Measurement]:
    """Measure the runs that differ from `run` in the seed alone, training what is missing."""
    own = run.options.seed
    seeds = [seed for seed in range(request.seeds + 1) if seed != own][: request.seeds - 1]
    directory = request.kl.parent / "seeds"
    wanted = {
        directory / f"{run.options.run}-{seed}": replace(run.options, seed=seed) for seed in seeds
    }
    others = train_missing(wanted, request.data_dir, run.data)
    work = (delayed(_measure_alone)(others[path], bench) for path in wanted)
    processes = min(len(wanted), numba.config.NUMBA_NUM_THREADS) or 1
    return list(Parallel(processes)(work))


def _measure_alone(run: Run, bench: Bench) -> Measurement:
    """Measure one run in a process of its own, on one thread."""
    set_threads(1)
    return measure(apply(run, bench.data.test_images, SEED), bench)


def _on_training_images(data: Dataset) -> Dataset:
    n = len(data.test_images)
    labels = None if data.train_labels is None else data.train_labels[:n]
    return replace(
        data,
        test_images=data.train_images[:n],
        test_labels=labels,
        name=f"{data.name}; measured on {n:,} training images",
    )
