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
from npvae.evaluation.structure import Embedding
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
from npvae.report.text import Written, write_report
from npvae.training.checkpoint import load_checkpoint
from npvae.training.options import Options
from npvae.training.parallel import finished, train_missing
from npvae.training.run import Run
from npvae.training.study import directory_of, seed_trainings, study_trainings

LEAST_IMAGES = 11  # the nearest 5 of a point are looked for, on either side
KINDS_OF_RUN = {"kl": "kl", "ws": "ws", "sw": "sw", "ae": "kl"}  # by the option of analyze.py
Measured = tuple[Trained, EncodedRun, Embedding]


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
    make_directory(request.out / "plots")
    others = _others(given, request, whole)
    runs = [*given.values(), *(run for run in others if run is not None)]
    form = "{desc:38}{bar}{n}/{total}"
    with tqdm(total=3, desc="classifier and perfect match", bar_format=form) as progress:

        def stage(name: str) -> None:
            progress.set_description_str(name)
            progress.update()

        instruments = make_instruments(data, given["kl"].options.latent_dim)
        stage(f"measuring {len(runs)} trainings")
        measured = _measure_all(runs, len(given), instruments, not request.on_training_images)
        stage("pictures and report")
        study = Study([trained for trained, *_ in measured], instruments.perfect_match)
        pictured = [(model, embedding) for _, model, embedding in measured[: len(given)]]
        _write(study, instruments, pictured, request, missing=others.count(None))
        progress.update()
    print(f"{request.out / 'report.md'} and {request.out / 'report.html'} are written")


def _given_runs(request: Namespace, data: Dataset) -> dict[str, Run]:
    """Load the runs that are compared, by model: KL, WS, and SW and AE if they are there."""
    runs = {}
    for key, kind in KINDS_OF_RUN.items():
        directory = getattr(request, key)
        if key in ("sw", "ae") and not (directory / "checkpoint.npz").exists():
            continue
        run = runs[key] = load_run(directory, kind, data)
        # One that was stopped counts as one of the epochs it has done.
        run.options = replace(run.options, epochs=run.epoch)
        found = model_of(run.options)
        if found != key:
            what = "plain autoencoder" if found == "ae" else f"{MODELS[found]} model"
            raise UserError(
                f"{directory}: holds a {what}, trained with weight {run.options.weight:g}, not what"
                f" --{key} takes; a plain autoencoder is trained with run_kl.py --beta 0"
            )
        n, m = runs["kl"].options.latent_dim, run.options.latent_dim
        if n != m:
            raise UserError(
                f"{request.kl} has {n} latent dimensions, {directory} has {m}; compare runs with"
                " equally many"
            )
    return runs


def _others(given: dict[str, Run], request: Namespace, data: Dataset) -> list[Run | None]:
    """Return the trainings beside the given ones, trained now if they are not there.

    With --as-it-is nothing is trained, and a training that is not finished is None.
    """
    options = [run.options for run in given.values()]
    wanted = seed_trainings(options, request.seeds)
    if request.study:
        wanted = study_trainings(request.seeds)
    directory = request.kl.parent / "study"
    paths = {directory / directory_of(o): o for o in wanted if o not in options}
    if request.as_it_is:
        return [finished(path, o, data) for path, o in paths.items()]
    if not paths:
        return []
    # A training of more epochs begins where a given run ends, unless that was stopped early.
    where = {getattr(request, key): run.options for key, run in given.items()}
    ended = {path: o for path, o in where.items() if _as_asked(path) == o}
    found = train_missing(ended | paths, request.data_dir, data, request.dask)
    return [found[path] for path in paths]


def _as_asked(directory: Path) -> Options:
    """Return the options in a run's checkpoint, with the epochs that were asked for."""
    return load_checkpoint(directory / "checkpoint.npz").options


def _measure_all(
    runs: Sequence[Run], given: int, instruments: Instruments, unseen: bool
) -> list[Measured]:
    """Measure all runs, each in a process of its own, and keep the codes of the first ones."""
    work = [delayed(_measure_alone)(run, n < given, instruments, unseen)
            for n, run in enumerate(runs)]  # fmt: skip
    return list(Parallel(min(len(work), numba.config.NUMBA_NUM_THREADS))(work))


def _measure_alone(run: Run, keep: bool, instruments: Instruments, unseen: bool) -> Measured:
    """Measure one run on one thread, in a process of its own."""
    set_threads(1)
    model = encode_run(run, instruments.data.test_images, SEED)
    found, embedding = measure(model, instruments)
    # On images that the training saw no shipped spread holds: they are other data.
    trained = Trained(run.options, found, run.fingerprint if unseen else "")
    return trained, model if keep else None, embedding


def _write(
    study: Study,
    instruments: Instruments,
    pictured: Sequence[tuple[EncodedRun, Embedding]],
    request: Namespace,
    missing: int,
) -> None:
    """Draw what was measured, and write the report, its numbers and the explorer."""
    out, found = request.out, comparisons(study)
    models, embeddings = zip(*pictured, strict=True)
    judged = {name: judge(c, instruments.baselines) for name, c in found.items()}
    _draw_models(models, embeddings, instruments.data, out / "plots")
    first = next(iter(found.values()))
    draw_law(first, out / "plots")
    draw_claims(judged, out / "plots")
    if not set(study.settings) <= set(MODELS) or len(study.epochs) > 1:
        draw_trade_off(study, out / "plots")
    with replacing(out / "plots" / "explorer.png", "wb") as file:
        file.write(PICTURE.read_bytes())
    unseen, keys = not request.on_training_images, [model.key for model in models]
    report = write_report(Written(study, found, judged, instruments, keys, unseen, missing))
    write_text(out / "report.md", report)
    write_text(out / "report.html", write_page(report, out))
    write_numbers(study, instruments, out / "numbers.csv")
    if request.seeds > 1:
        option = "--study " if request.study else ""
        table = study.spread_table(f"python analyze.py {option}--seeds {request.seeds}")
        write_text(out / "seed_spread.csv", table)
    # The explorer shows the models that are pulled, and the report's first numbers.
    kept = [pair for pair in pictured if pair[0].key != "ae"]
    page = explorer_page(*zip(*kept, strict=True), first, instruments.data)
    write_text(out / "explorer.html", page)


def _draw_models(
    models: Sequence[EncodedRun], embeddings: Sequence[Embedding], data: Dataset, plots: Path
) -> None:
    """Draw what each of the given runs makes of the test images."""
    images, labels = data.test_images, data.test_labels
    image_grids.draw_first(models, images, labels, plots)
    image_grids.draw_tsne(models, embeddings, labels, plots)
    image_grids.draw_reconstructions(models, images, labels, plots)
    image_grids.draw_interpolations(models, images, labels, plots)
    image_grids.draw_samples(models, plots)
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
