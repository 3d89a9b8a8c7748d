"""The analysis from end to end: load the runs, train what is missing, measure, draw, write."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from npvae.data.dataset import Dataset, load_data
from npvae.errors import UserError
from npvae.evaluation.calibration import calibrate
from npvae.evaluation.encoded import EncodedRun, encode_run, load_run, model_of
from npvae.evaluation.instruments import SEED, Instruments
from npvae.evaluation.measure import make_instruments, measure
from npvae.evaluation.results import Study, Trained, measure_point
from npvae.evaluation.structure import Embedding, measure_picture, tsne
from npvae.files.atomic import make_directory, replacing, write_text
from npvae.kernels.threads import set_threads
from npvae.report import charts, image_grids
from npvae.report.answer import draw_answer
from npvae.report.budgets import draw_budgets
from npvae.report.claims_chart import draw_claims
from npvae.report.explorer import PICTURE, explorer_page
from npvae.report.numbers import write_numbers
from npvae.report.page import write_page
from npvae.report.text import verdicts, write_report
from npvae.report.trade_off import draw_trade_off
from npvae.training.checkpoint import load_checkpoint
from npvae.training.options import Options
from npvae.training.parallel import train_missing
from npvae.training.run import Run
from npvae.training.study import (
    directory_of,
    held_out_rows,
    is_settled,
    longer_trainings,
    other_trainings,
    sweep_trainings,
)
from npvae.training.train import use_threads

LEAST_IMAGES = 11  # the nearest 5 of a point are looked for, on either side


def analyse(request: Namespace) -> None:
    """Write plots/, numbers.csv, report.md, report.html and explorer.html into request.out.

    `request` holds the options of `analyze.py`, which explains them. Raises UserError for missing
    or unfit runs, unusable data, or an output that cannot be written.
    """
    use_threads(request.threads)
    whole = load_data(request.data_dir)
    data = _on_training_images(whole) if request.on_training_images else whole
    _check(data)
    given = _given_runs(request, data)
    plots = make_directory(request.out / "plots")
    compared, swept = _trainings(given, request, whole)
    form = "{desc:38}{bar}{n}/{total}"
    with tqdm(total=5 if request.controls else 4, desc="analysis", bar_format=form) as progress:

        def stage(name: str) -> None:
            progress.set_description_str(name)
            progress.update()

        stage("classifier and perfect match")
        instruments = make_instruments(data, latent=given["kl"].options.latent_dim)
        stage(f"measuring {len(compared) + len(swept)} trainings")
        found = _measure_all(compared, swept, instruments)
        study = Study([trained for trained, _ in found], instruments.perfect_match)
        calibration = []
        if request.controls:
            stage("the critic on known distances")
            calibration = calibrate(SEED)
            charts.draw_calibration(calibration, plots)
        stage("pictures")
        models = [encode_run(run, data.test_images, SEED) for run in given.values()]
        embeddings = [embedding for _, embedding in found[: len(given)]]
        _draw_models(models, embeddings, data, plots)
        stage("report")
        _draw_study(study, instruments, plots)
        report = write_report(study, instruments, models, calibration)
        write_text(request.out / "report.md", report)
        write_text(request.out / "report.html", write_page(report, request.out))
        write_numbers(study, instruments, models, calibration, request.out / "numbers.csv")
        first = study.comparisons[min(study.comparisons)]
        if request.seeds > 1:
            table = first.spread_table(f"python analyze.py --seeds {request.seeds}")
            write_text(request.out / "seed_spread.csv", table)
        # The explorer shows the two models of the experiment, and the report's first numbers.
        page = explorer_page(models[:2], embeddings[:2], first, data)
        write_text(request.out / "explorer.html", page)
    print(f"{request.out / 'report.md'} and {request.out / 'report.html'} are written")


def _given_runs(request: Namespace, data: Dataset) -> dict[str, Run]:
    """Load the runs that are compared, by model: KL, WS and, if there is one, the autoencoder."""
    runs = {"kl": load_run(request.kl, "kl", data), "ws": load_run(request.ws, "ws", data)}
    if (request.ae / "checkpoint.npz").exists():
        runs["ae"] = load_run(request.ae, "kl", data)
        if model_of(runs["ae"].options) != "ae":
            raise UserError(
                f"{request.ae}: holds a KL run with --beta {runs['ae'].options.beta:g}, not a plain"
                " autoencoder; train it with --beta 0, or name another directory with --ae"
            )
    for run in runs.values():  # one that was stopped counts as one of the epochs that it has done
        run.options = replace(run.options, epochs=run.epoch)
    first = runs["kl"].options
    for key, directory in (("ws", request.ws), ("ae", request.ae)):
        other = runs[key].options if key in runs else first
        for name, what in (("latent_dim", "latent dimensions"), ("epochs", "epochs")):
            n, m = getattr(first, name), getattr(other, name)
            if n != m:
                raise UserError(
                    f"{request.kl} has {n} {what}, {directory} has {m}; compare runs with equally"
                    " many"
                )
    return runs


def _trainings(
    given: dict[str, Run], request: Namespace, data: Dataset
) -> tuple[list[Run], list[Run]]:
    """Return the runs that are compared, the given ones first, and those of the sweep.

    Trains what is missing.
    """
    options = [run.options for run in given.values()]
    others = other_trainings(options, request.seeds, request.budgets, request.controls)
    images = len(data.train_images)
    swept = sweep_trainings(options, images, request.seeds) if request.sweep else []
    found = _train([*others, *swept], given, request, data)
    while request.budgets:
        longer = longer_trainings(options, request.seeds, [*given.values(), *found])
        if not longer:
            break
        others += longer
        found = _train([*others, *swept], given, request, data)
    return [*given.values(), *found[: len(others)]], found[len(others) :]


def _train(
    wanted: list[Options], given: dict[str, Run], request: Namespace, data: Dataset
) -> list[Run]:
    """Return the study's runs, training or resuming those that are not there."""
    if not wanted:
        return []
    directory = request.kl.parent / "study"
    paths = {directory / directory_of(options): options for options in wanted}
    # A training of more epochs begins where a given run ends, unless that was stopped early.
    where = {"kl": request.kl, "ws": request.ws, "ae": request.ae}
    ended = {where[k]: r.options for k, r in given.items() if _as_saved(where[k]) == r.options}
    found = train_missing(ended | paths, request.data_dir, data, request.dask)
    return [found[path] for path in paths]


def _as_saved(directory: Path) -> Options:
    """Return the options in a run's checkpoint, with the epochs that were asked for."""
    return load_checkpoint(directory / "checkpoint.npz").options


def _measure_all(
    compared: list[Run], swept: list[Run], instruments: Instruments
) -> list[tuple[Trained, Embedding | None]]:
    """Measure all runs, each in a process of its own."""
    train_images = instruments.data.train_images
    held_out = train_images[held_out_rows(compared[0].options, len(train_images))]
    work = [delayed(_measure_alone)(run, instruments, None) for run in compared]
    work += [delayed(_measure_alone)(run, instruments, held_out) for run in swept]
    return list(Parallel(min(len(work), numba.config.NUMBA_NUM_THREADS))(work))


def _measure_alone(
    run: Run, instruments: Instruments, held_out: np.ndarray | None
) -> tuple[Trained, Embedding | None]:
    """Measure one run and its t-SNE picture on one thread, in a process of its own.

    A run of the sweep, from which training images were held out, has no picture.
    """
    set_threads(1)
    model, chosen_by, embedding = encode_run(run, instruments.data.test_images, SEED), None, None
    if held_out is not None:
        found, chosen_by = measure_point(model, instruments, held_out)
    else:
        found, embedding = measure(model, instruments), tsne(model.mu, SEED)
        measure_picture(found, embedding, instruments.data.test_labels)
    seconds = sum(row["seconds"] for row in run.history)
    return Trained(run.options, seconds, is_settled(run), found, chosen_by), embedding


def _draw_models(
    models: list[EncodedRun], embeddings: list[Embedding], data: Dataset, plots: Path
) -> None:
    """Draw what each of the given runs makes of the test images."""
    images, labels = data.test_images, data.test_labels
    image_grids.draw_tsne(models, embeddings, labels, plots)
    image_grids.draw_reconstructions(models, images, labels, plots)
    image_grids.draw_interpolations(models, images, labels, plots)
    image_grids.draw_samples(models, plots, SEED)
    charts.draw_errors(models, plots)
    charts.draw_latents(models, plots)
    charts.draw_training(models, plots)


def _draw_study(study: Study, instruments: Instruments, plots: Path) -> None:
    """Draw what was measured of all trainings; put the picture of the explorer beside it."""
    draw_answer(study, plots)
    draw_claims(verdicts(study, instruments), plots)
    if len(study.comparisons) > 1:
        draw_budgets(study, plots)
    if study.sweep:
        draw_trade_off(study, plots)
    with replacing(plots / "explorer.png", "wb") as file:
        file.write(PICTURE.read_bytes())


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
