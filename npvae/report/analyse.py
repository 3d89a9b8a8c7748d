"""The analysis from end to end: load the runs, train what is missing, measure, draw, write."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numba
from joblib import Parallel, delayed
from tqdm import tqdm

from npvae.data.dataset import Dataset, load_data
from npvae.errors import UserError
from npvae.evaluation.encoded import MODELS, EncodedRun, encode_run, model_of
from npvae.evaluation.instruments import SEED, Instruments
from npvae.evaluation.intervals import Measurement
from npvae.evaluation.measure import make_instruments, measure
from npvae.evaluation.results import Study, Trained
from npvae.evaluation.structure import Embedding, measure_map
from npvae.files import make_directory, write_text
from npvae.kernels.threads import set_threads
from npvae.models.inference import encode
from npvae.report import charts, image_grids
from npvae.report.claims import judge
from npvae.report.explorer import explorer_page
from npvae.report.numbers import write_numbers
from npvae.report.page import write_page
from npvae.report.text import comparisons, write_report
from npvae.training.checkpoint import load_checkpoint
from npvae.training.options import Options
from npvae.training.parallel import finished, train_missing
from npvae.training.run import Run, check_data
from npvae.training.study import directory_of, seed_trainings, study_trainings

LEAST_IMAGES = 11  # the nearest 5 of a point are looked for, on either side
Measured = tuple[Trained, EncodedRun | None, Measurement, Embedding]


def analyse(request: Namespace) -> None:
    """Write plots/, numbers.csv, report.md, report.html and explorer.html into request.out.

    `request` holds the options of `analyze.py`, which explains them. Raises UserError for missing
    or unfit runs, unusable data, or an output that cannot be written.
    """
    set_threads(request.threads)
    processes = numba.get_num_threads()
    data = load_data(request.data_dir)
    _check(data)
    given = _given_runs(request, data)
    make_directory(request.out / "plots")
    # A training of more epochs begins where a given run ends, unless that was stopped early: then
    # it counts as one of the epochs it has done.
    finished_runs = {k: run.options for k, run in given.items() if run.epoch == run.options.epochs}
    ended = {getattr(request, key): options for key, options in finished_runs.items()}
    for run in given.values():
        run.options = replace(run.options, epochs=run.epoch)
    others = _others([run.options for run in given.values()], ended, request, data)
    runs = [*given.values(), *(run for run in others if run is not None)]
    form = "{desc:38}{bar}{n}/{total}"
    with tqdm(total=3, desc="classifier and perfect match", bar_format=form) as progress:

        def stage(name: str) -> None:
            progress.set_description_str(name)
            progress.update()

        instruments = make_instruments(data, given["kl"].options.latent_dim, processes)
        stage(f"measuring {len(runs)} trainings")
        work = [delayed(_measure)(run, n < len(given), instruments) for n, run in enumerate(runs)]
        work += [delayed(_map)(run, data) for run in runs]  # each takes nearly as long
        done = Parallel(min(len(work), processes))(work)
        both = zip(done[: len(runs)], done[len(runs) :], strict=True)
        measured = [(*found, *of_map) for found, of_map in both]
        stage("pictures and report")
        _write(measured, len(given), instruments, request, processes, others.count(None))
        progress.update()
    print(f"{request.out / 'report.md'} and {request.out / 'report.html'} are written")


def _given_runs(request: Namespace, data: Dataset) -> dict[str, Run]:
    """Load the runs that are compared, by model: KL, WS, and SW and AE if they are there."""
    runs = {}
    for key in MODELS:
        directory = getattr(request, key)
        path = directory / "checkpoint.npz"
        if key in ("sw", "ae") and not path.exists():
            continue
        run = runs[key] = load_checkpoint(path)
        check_data(path, run, data)
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


def _others(
    given: list[Options], ended: dict[Path, Options], request: Namespace, data: Dataset
) -> list[Run | None]:
    """Return the trainings beside the given ones, trained now if they are not there.

    With --as-it-is nothing is trained, and a training that is not finished is None.
    """
    wanted = seed_trainings(given, request.seeds)
    if request.study:
        wanted = study_trainings(request.seeds)
    directory = request.kl.parent / "study"
    paths = {directory / directory_of(o): o for o in wanted if o not in given}
    if request.as_it_is:
        return [finished(path, o, data.fingerprint) for path, o in paths.items()]
    if not paths:
        return []
    found = train_missing(ended | paths, request.data_dir, data, request.dask)
    return [found[path] for path in paths]


def _measure(run: Run, keep: bool, instruments: Instruments) -> tuple[Trained, EncodedRun | None]:
    """Measure one run on one thread, in a process of its own; keep its codes if asked to."""
    set_threads(1)
    model = encode_run(run, instruments.data.test_images, SEED)
    found = measure(model, instruments)
    return Trained(run.options, found, run.fingerprint), model if keep else None


def _map(run: Run, data: Dataset) -> tuple[Measurement, Embedding]:
    """Measure a run's t-SNE map, likewise."""
    set_threads(1)
    return measure_map(encode(run.vae.w, data.test_images)[0], data.test_labels)


def _write(
    measured: list[Measured],
    given: int,
    instruments: Instruments,
    request: Namespace,
    processes: int,
    missing: int,
) -> None:
    """Draw what was measured, and write the report, its numbers and the explorer."""
    for trained, _, of_map, _ in measured:
        trained.measurement.values |= of_map.values
        trained.measurement.replicates |= of_map.replicates
    study = Study([trained for trained, *_ in measured], instruments.baselines)
    _, models, _, embeddings = zip(*measured[:given], strict=True)
    out, found, data = request.out, comparisons(study), instruments.data
    judged = {name: judge(c) for name, c in found.items()}
    first = next(iter(found.values()))
    plots = (out / "plots").absolute()  # for processes that were started elsewhere
    pictures = [
        (charts.draw_latents, models, plots),  # takes longest
        (image_grids.draw_first, models, data, plots),
        (image_grids.draw_tsne, models, embeddings, data, plots),
        (image_grids.draw_reconstructions, models, data, plots),
        (image_grids.draw_interpolations, models, data, plots),
        (image_grids.draw_samples, models, plots),
        (charts.draw_errors, models, plots),
        (charts.draw_training, models, plots),
        (charts.draw_law, first, plots),
        (charts.draw_claims, judged, plots),
        (charts.draw_trade_off, study, plots),
    ]
    Parallel(processes)(delayed(draw)(*shown) for draw, *shown in pictures)
    report = write_report(study, found, judged, data, missing, [model.key for model in models])
    write_text(out / "report.md", report)
    write_text(out / "report.html", write_page(report, out))
    write_numbers(study, out / "numbers.csv")
    if request.seeds > 1:
        asked = ["--study"] * request.study + ["--as-it-is"] * request.as_it_is
        command = " ".join(["python analyze.py", *asked, f"--seeds {request.seeds}"])
        write_text(out / "seed_spread.csv", study.spread_table(command))
    # The explorer shows the models that are pulled, and the report's first numbers.
    pulled = [pair for pair in zip(models, embeddings, strict=True) if pair[0].key != "ae"]
    write_text(out / "explorer.html", explorer_page(*zip(*pulled, strict=True), first, data))


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
