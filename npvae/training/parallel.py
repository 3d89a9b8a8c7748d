"""Training many runs in parallel processes, one thread each; finished ones are only loaded.

Runs whose options differ in the epochs alone are stations of one training: the longer one starts
from the checkpoint of the shorter. It is the same, to the last bit, as if it had started anew.
"""

import contextlib
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import joblib
import numba
from tqdm import tqdm

from npvae.data.dataset import Dataset, load_data
from npvae.errors import UserError
from npvae.files.atomic import make_directory
from npvae.training.checkpoint import load_checkpoint
from npvae.training.cluster import dask_cluster
from npvae.training.options import Options, Settings
from npvae.training.run import Run
from npvae.training.train import train

LATE = 100  # seconds after which a network file system has shown what another machine wrote


@dataclass(frozen=True)
class Station:
    """A run that must be trained. Its paths are absolute: another process may have to find them."""

    path: Path
    options: Options
    before: Path | None  # where the shorter run is from which it may start


def train_missing(
    wanted: dict[Path, Options], data_dir: Path | None, data: Dataset, dask: str | None = None
) -> dict[Path, Run]:
    """Return a finished run for each directory, training or resuming those that are not there.

    `data` is the whole data set; a run on another one does not count. With `dask`, the workers of
    that cluster train (see cluster.py), which must see the same directories; without it, processes
    do. Raises UserError if a directory holds a run of other options or data, or a training fails.
    """
    found = {path: finished(path, options, data) for path, options in wanted.items()}
    chains = _chains(wanted, found)
    if chains:
        data_dir = data_dir or os.environ.get("NPVAE_DATA_DIR") or None
        where = None if data_dir is None else Path(os.path.expanduser(data_dir)).absolute()
        stations = [station for chain in chains for station in chain]
        for station in stations:
            make_directory(station.path)
        work = [(chain, where, data.fingerprint) for chain in chains]
        # A container or a scheduler may allow fewer processes than there are cores.
        most = min(len(chains), joblib.cpu_count(), numba.config.NUMBA_NUM_THREADS)
        local = contextlib.nullcontext(partial(_in_processes, most))
        with local if dask is None else dask_cluster(dask, most) as run, _epoch_bar(stations):
            for error in run(_train, work):
                if error is not None:
                    raise UserError(error)
        for path in [path for path, there in found.items() if there is None]:
            found[path] = _just_trained(path, wanted[path], data)
    return found


def finished(path: Path, options: Options, data: Dataset) -> Run | None:
    """Return the run in a directory if it is this one and finished."""
    if not (path / "checkpoint.npz").exists():
        return None
    run = load_checkpoint(path / "checkpoint.npz")
    found = run.options, run.fingerprint, run.epoch
    return run if found == (options, data.fingerprint, options.epochs) else None


def _chains(wanted: dict[Path, Options], found: dict[Path, Run | None]) -> list[list[Station]]:
    """Return what is missing: a list for each training, with its stations in order of epochs."""
    trainings: dict[Options, list[Path]] = {}
    for path in sorted(wanted, key=lambda path: wanted[path].epochs):
        trainings.setdefault(replace(wanted[path], epochs=1), []).append(path)
    chains = [
        [
            Station(path.absolute(), wanted[path], None if before is None else before.absolute())
            for before, path in pairwise([None, *paths])
            if found[path] is None
        ]
        for paths in trainings.values()
    ]
    return [chain for chain in chains if chain]


def _in_processes(most: int, function: Callable, work: list[tuple]) -> Iterator[object]:
    """Yield function(*arguments) for each of `work`, from up to `most` processes."""
    parallel = joblib.Parallel(
        most, return_as="generator_unordered", batch_size=1, pre_dispatch="all"
    )
    yield from parallel(joblib.delayed(function)(*arguments) for arguments in work)


def _train(chain: list[Station], data_dir: Path | None, fingerprint: str) -> str | None:
    """Train the stations in a process of their own; return what went wrong, if anything did."""
    silence = io.StringIO()
    for station in chain:
        options = station.options
        try:
            with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
                if not station.path.is_dir():
                    raise UserError("not there for the worker; all machines must share it")
                if load_data(data_dir).fingerprint != fingerprint:
                    raise UserError("the worker finds other images; check --data-dir")
                # Another process may be at it: a second study in the same place, or a worker that
                # a scheduler took for lost. It is waited for, and what it has done is not repeated.
                settings = Settings(station.path, data_dir, threads=1, resume=True)
                run = train(options, settings, wait=True, start=station.before)
            if run.epoch != options.epochs:
                raise UserError(
                    f"holds a run of other options or data than are wanted now, {run.epoch} epochs"
                    f" instead of {options.epochs}; move it away"
                )
        except UserError as error:
            return f"{station.path}: {error}"
    return None


@contextlib.contextmanager
def _epoch_bar(stations: list[Station]) -> Iterator[None]:
    """Show a bar over the epochs of all stations, counted every second in their histories."""

    def done() -> int:
        return sum(_epochs(station.path) for station in stations)

    total, over = sum(station.options.epochs for station in stations), threading.Event()
    with tqdm(total=total, initial=done(), desc="training", unit="epoch") as bar:

        def watch() -> None:
            while not over.wait(1):
                bar.update(done() - bar.n)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            bar.update(done() - bar.n)


def _epochs(path: Path) -> int:
    """Count the epochs in a run's history."""
    try:
        return (path / "history.csv").read_bytes().count(b"\n") - 1
    except OSError:  # not there yet, or in this moment not on a network file system
        return 0


def _just_trained(path: Path, options: Options, data: Dataset) -> Run:
    """Load a run that has just been trained, maybe on another machine."""
    end = time.monotonic() + LATE
    while (run := finished(path, options, data)) is None:
        if time.monotonic() > end:
            raise UserError(f"{path}: was trained, and is not there; all machines must share it")
        time.sleep(1)
    return run
