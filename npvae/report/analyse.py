"""The analysis from end to end: load two runs, measure, draw, write the report."""

from dataclasses import dataclass, replace
from pathlib import Path

import numba
from joblib import Parallel, delayed
from tqdm import tqdm

from npvae.data.dataset import Dataset, load_data
from npvae.errors import UserError
from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import encode_run, load_run
from npvae.evaluation.measure import SEED, Instruments, Measurement, make_instruments, measure
from npvae.evaluation.structure import trustworthiness, tsne
from npvae.evaluation.sweep import sweep
from npvae.files.atomic import make_directory, replacing, write_text
from npvae.kernels.threads import set_threads
from npvae.report import charts, image_grids
from npvae.report.explorer import PICTURE, explorer_page
from npvae.report.page import write_page
from npvae.report.text import write_report
from npvae.report.trade_off import draw_trade_off
from npvae.training.checkpoint import Run
from npvae.training.parallel import train_missing
from npvae.training.train import use_threads

LEAST_IMAGES = 11  # trustworthiness looks at 5 neighbours and needs more than twice as many points


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
    dask: str | None


def analyse(request: Request) -> None:
    """Write plots/, report.md, report.html and explorer.html into request.out.

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

        stage("classifier and perfect match")
        instruments = make_instruments(data, latent)
        stage("codes and reconstructions")
        models = [encode_run(run, data.test_images, SEED) for run in runs.values()]
        stage("measuring")
        measured = {model.kind.key: [measure(model, instruments)] for model in models}
        stage("t-SNE and pictures")
        embeddings = Parallel(2)(delayed(tsne)(model.mu, SEED) for model in models)
        for model, embedding in zip(models, embeddings, strict=True):
            trusted = trustworthiness(model.mu, embedding)
            measured[model.kind.key][0].values["trustworthiness"] = trusted
        images, labels = data.test_images, data.test_labels
        image_grids.draw_tsne(models, embeddings, labels, plots)
        image_grids.draw_reconstructions(models, images, labels, plots)
        image_grids.draw_interpolations(models, images, labels, plots)
        image_grids.draw_samples(models, plots, SEED)
        charts.draw_errors(models, plots)
        charts.draw_latents(models, plots)
        charts.draw_correlations(models, plots)
        charts.draw_training(models, plots)
        stage(f"{request.seeds} seeds" if request.seeds > 1 else "one seed")
        for key, run in runs.items():
            measured[key] += _other_seeds(run, request, instruments)
        stage("trade-off" if request.sweep else "report")
        points = []
        if request.sweep:
            where = request.kl.parent / "sweep"
            points = sweep(runs, instruments, where, request.data_dir, request.dask)
            draw_trade_off(points, instruments.perfect_match, plots)
    comparison = Comparison(measured, instruments.perfect_match)
    with replacing(plots / "explorer.png", "wb") as file:
        file.write(PICTURE.read_bytes())
    report = write_report(runs, instruments, comparison, points)
    write_text(request.out / "report.md", report)
    write_text(request.out / "report.html", write_page(report, request.out))
    explorer = explorer_page(models, embeddings, comparison, data)
    write_text(request.out / "explorer.html", explorer)
    print(f"{request.out / 'report.md'} and {request.out / 'report.html'} are written")


def _check(data: Dataset) -> None:
    """Raise UserError unless there is something to compare in the images."""
    for part, images in (("test", data.test_images), ("training", data.train_images)):
        if len(images) < LEAST_IMAGES:
            raise UserError(
                f"{data.name}: comparing takes at least {LEAST_IMAGES} {part} images, not"
                f" {len(images)}"
            )
    images = data.test_images
    if (images == images[0]).all() or (images == images[:, :1]).all():
        raise UserError(
            f"{data.name}: all test images are alike, or each is of one grey, and no measure tells"
            " models apart on them; give other images with --data-dir"
        )


def _other_seeds(run: Run, request: Request, instruments: Instruments) -> list[Measurement]:
    """Measure the runs that differ from `run` in the seed alone, training what is missing."""
    own = run.options.seed
    seeds = [seed for seed in range(request.seeds + 1) if seed != own][: request.seeds - 1]
    directory = request.kl.parent / "seeds"
    wanted = {
        directory / f"{run.options.run}-{seed}": replace(run.options, seed=seed) for seed in seeds
    }
    others = train_missing(wanted, request.data_dir, run.data, request.dask)
    work = (delayed(_measure_alone)(others[path], instruments) for path in wanted)
    processes = min(len(wanted), numba.config.NUMBA_NUM_THREADS) or 1
    return list(Parallel(processes)(work))


def _measure_alone(run: Run, instruments: Instruments) -> Measurement:
    """Measure one run in a process of its own, on one thread."""
    set_threads(1)
    return measure(encode_run(run, instruments.data.test_images, SEED), instruments)


def _on_training_images(data: Dataset) -> Dataset:
    """Put training images in the place of the test images, as many as there are of these."""
    n = len(data.test_images)
    labels = None if data.train_labels is None else data.train_labels[:n]
    return replace(
        data,
        test_images=data.train_images[:n],
        test_labels=labels,
        name=f"{data.name}; measured on {n:,} training images",
    )
