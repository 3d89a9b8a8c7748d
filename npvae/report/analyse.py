"""The analysis from end to end: load the runs, train what is missing, measure, draw, write."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numba
from joblib import Parallel, delayed
from tqdm import tqdm

from npvae.data.dataset import Dataset, load_data
from npvae.errors import UserError
from npvae.evaluation.encoded import MODELS, EncodedRun, encode_run, load_run, model_of
from npvae.evaluation.instruments import SEED, Instruments
from npvae.evaluation.measure import make_instruments, measure
from npvae.evaluation.results import Study, Trained
from npvae.evaluation.structure import Embedding, measure_picture, tsne
from npvae.files.atomic import make_directory, replacing, write_text
from npvae.kernels.threads import set_threads
from npvae.report import charts, image_grids
from npvae.report.claims import judge
from npvae.report.claims_chart import draw_claims
from npvae.report.explorer import PICTURE, explorer_page
from npvae.report.numbers import write_numbers
from npvae.report.page import write_page
from npvae.report.sentences import comparisons
from npvae.report.study_charts import draw_law, draw_trade_off
from npvae.report.text import write_report
from npvae.training.checkpoint import load_checkpoint
from npvae.training.options import Options
from npvae.training.parallel import train_missing
from npvae.training.run import Run
from npvae.training.study import directory_of, seed_trainings, study_trainings

LEAST_IMAGES = 11  # the nearest 5 of a point are looked for, on either side
Encoded = tuple[EncodedRun, Embedding]  # a given run, applied to the test images, and its picture


def analyse(request: Namespace) -> None:
    """Write plots/, numbers.csv, report.md, report.html and explorer.html into request.out.

    `request` holds the options of `analyze.py`, which explains them. Raises UserError for missing
    or unfit runs, unusable data, or an output that cannot be written.
    """
    set_threads(request.threads)
    whole = load_data(request.data_dir)
    data = _on_training_images(whole) if request.on_training_images else whole
    _check(data)
    given = _given_runs(request, data)
    plots = make_directory(request.out / "plots")
    runs = [*given.values(), *_trained(given, request, whole)]
    form = "{desc:38}{bar}{n}/{total}"
    with tqdm(total=4, desc="analysis", bar_format=form) as progress:

        def stage(name: str) -> None:
            progress.set_description_str(name)
            progress.update()

        stage("classifier and perfect match")
        instruments = make_instruments(_judged_data(data), given["kl"].options.latent_dim)
        stage(f"measuring {len(runs)} trainings")
        found = _measure_all(runs, instruments, "" if request.on_training_images else None)
        study = Study([trained for trained, _ in found], instruments.perfect_match)
        stage("pictures")
        models = [encode_run(run, data.test_images, SEED) for run in given.values()]
        embeddings = [embedding for _, embedding in found[: len(given)]]
        _draw_models(models, embeddings, data, plots)
        stage("report")
        _write(study, instruments, list(zip(models, embeddings, strict=True)), request)
    print(f"{request.out / 'report.md'} and {request.out / 'report.html'} are written")


def _write(
    study: Study, instruments: Instruments, encoded: Sequence[Encoded], request: Namespace
) -> None:
    """Draw what was measured, and write the report, its numbers and the explorer."""
    out, found = request.out, comparisons(study)
    judged = {name: judge(c, instruments.baselines) for name, c in found.items()}
    first = next(iter(found.values()))
    draw_law(first, out / "plots")
    draw_claims(judged, out / "plots")
    if not set(study.settings) <= set(MODELS) or len(study.epochs) > 1:
        draw_trade_off(study, out / "plots")
    with replacing(out / "plots" / "explorer.png", "wb") as file:
        file.write(PICTURE.read_bytes())
    models = [model for model, _ in encoded]
    report = write_report(study, instruments, models, judged, not request.on_training_images)
    write_text(out / "report.md", report)
    write_text(out / "report.html", write_page(report, out))
    write_numbers(study, instruments, out / "numbers.csv")
    if request.seeds > 1:
        option = "--study " if request.study else ""
        table = study.spread_table(f"python analyze.py {option}--seeds {request.seeds}")
        write_text(out / "seed_spread.csv", table)
    # The explorer shows the two models of the experiment, and the report's first numbers.
    pair = [(model, embedding) for model, embedding in encoded if model.key in ("kl", "ws")]
    page = explorer_page(*zip(*pair, strict=True), first, instruments.data)
    write_text(out / "explorer.html", page)


def _given_runs(request: Namespace, data: Dataset) -> dict[str, Run]:
    """Load the runs that are compared, by model: KL, WS, and SW and AE if they are there."""
    runs = {"kl": load_run(request.kl, "kl", data), "ws": load_run(request.ws, "ws", data)}
    for key, kind in (("sw", "sw"), ("ae", "kl")):
        directory = getattr(request, key)
        if (directory / "checkpoint.npz").exists():
            runs[key] = load_run(directory, kind, data)
    for key, run in runs.items():
        found = model_of(run.options)
        if found == key:
            continue
        what = f"{MODELS[found]} run" if key != "ae" else "KL run"
        directory, weight = getattr(request, key), run.options.weight
        raise UserError(
            f"{directory}: holds a {what} of weight {weight:g}, not what --{key} takes; a plain"
            " autoencoder is trained with --beta 0, and no other run is"
        )
    for key, run in runs.items():  # one that was stopped counts as one of the epochs it has done
        run.options = replace(run.options, epochs=run.epoch)
        n, m = runs["kl"].options.latent_dim, run.options.latent_dim
        if n != m:
            raise UserError(
                f"{request.kl} has {n} latent dimensions, {getattr(request, key)} has {m}; compare"
                " runs with equally many"
            )
    return runs


def _trained(given: dict[str, Run], request: Namespace, data: Dataset) -> list[Run]:
    """Return the trainings beside the given ones, training or resuming what is not there."""
    options = [run.options for run in given.values()]
    if request.study:
        wanted = study_trainings(request.seeds)
    else:
        wanted = seed_trainings(options, request.seeds)
    wanted = [o for o in wanted if o not in options]
    if not wanted:
        return []
    directory = request.kl.parent / "study"
    paths = {directory / directory_of(o): o for o in wanted}
    # A training of more epochs begins where a given run ends, unless that was stopped early.
    where = {key: getattr(request, key) for key in given}
    ended = {where[k]: r.options for k, r in given.items() if _as_saved(where[k]) == r.options}
    found = train_missing(ended | paths, request.data_dir, data, request.dask)
    return [found[path] for path in paths]


def _as_saved(directory: Path) -> Options:
    """Return the options in a run's checkpoint, with the epochs that were asked for."""
    return load_checkpoint(directory / "checkpoint.npz").options


def _measure_all(
    runs: Sequence[Run], instruments: Instruments, data: str | None
) -> list[tuple[Trained, Embedding]]:
    """Measure all runs, each in a process of its own; see `_measure_alone`."""
    work = [delayed(_measure_alone)(run, instruments, data) for run in runs]
    return list(Parallel(min(len(work), numba.config.NUMBA_NUM_THREADS))(work))


def _measure_alone(
    run: Run, instruments: Instruments, data: str | None
) -> tuple[Trained, Embedding]:
    """Measure one run and its t-SNE picture on one thread, in a process of its own.

    `data` takes the place of the data's fingerprint: an empty one fits no shipped spread.
    """
    set_threads(1)
    model = encode_run(run, instruments.data.test_images, SEED)
    found, embedding = measure(model, instruments), tsne(model.mu, SEED)
    measure_picture(found, embedding, instruments.data.test_labels)
    fingerprint = run.fingerprint if data is None else data
    return Trained(run.options, found.values["seconds"], found, fingerprint), embedding


def _judged_data(data: Dataset) -> Dataset:
    """Return the data, without its labels if these are all equal: they tell nothing apart."""
    labels = data.train_labels
    if labels is None or (labels != labels[0]).any():
        return data
    return replace(data, train_labels=None, test_labels=None)


def _draw_models(
    models: list[EncodedRun], embeddings: list[Embedding], data: Dataset, plots: Path
) -> None:
    """Draw what each of the given runs makes of the test images."""
    images, labels = data.test_images, data.test_labels
    image_grids.draw_first(models, images, labels, plots)
    image_grids.draw_tsne(models, embeddings, labels, plots)
    image_grids.draw_reconstructions(models, images, labels, plots)
    image_grids.draw_interpolations(models, images, labels, plots)
    image_grids.draw_samples(models, plots, SEED)
    charts.draw_errors(models, plots)
    charts.draw_latents(models, plots)
    charts.draw_training(models, plots)


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
