"""Training many runs in parallel processes, one thread each; finished ones are only loaded.

Runs whose options differ in the epochs alone are stations of one training: the longer one starts
from the checkpoint of the shorter. It is the same, to the last bit, as if it had started anew.
"""

import contextlib
import io
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numba
from joblib import Parallel, delayed
from tqdm import tqdm

from npvae.data.dataset import Dataset, load_data
from npvae.errors import UserError
from npvae.files.atomic import make_directory, only_user, replacing
from npvae.training.checkpoint import load_checkpoint
from npvae.training.cluster import dask_cluster
from npvae.training.options import Options, Settings
from npvae.training.run import Run

LATE = 100  # seconds after which a network file system has shown what another machine wrote
STUCK = 300  # seconds without an epoch after which a run that another process trains has stopped


@dataclass(frozen=True)
class Station:
    """A run that must be trained. Its paths are absolute: another process may have to find them."""

    path: Path
    options: Options
    data: tuple[str, str]  # the data set's name, with the options' limit, and its fingerprint
    before: Path | None  # where the shorter run is from which it may start
    done: int  # epochs that need no training: of the run in `path`, or else in `before`


def train_missing(
    wanted: dict[Path, Options], data_dir: Path | None, data: Dataset, dask: str | None = None
) -> dict[Path, Run]:
    """Return a finished run for each directory, training or resuming those that are not there.

    `data` is the whole data set; a run on another one, or on more or fewer training images than
    its option `limit` says, does not count. With `dask`, the workers of that cluster
    train (see cluster.py), which must see the same directories; without it, processes do.
    Raises UserError if a directory holds a run of other options or data, or a training fails.
    """
    sets = {path: _limited(data, options.limit) for path, options in wanted.items()}
    found = {path: _finished(path, options, sets[path]) for path, options in wanted.items()}
    chains = _chains(wanted, found, sets)
    if chains:
        data_dir = data_dir or os.environ.get("NPVAE_DATA_DIR") or None
        where = None if data_dir is None else Path(os.path.expanduser(data_dir)).absolute()
        stations = [station for chain in chains for station in chain]
        for station in stations:
            make_directory(station.path)
        processes = min(len(chains), numba.config.NUMBA_NUM_THREADS)
        work = [delayed(_train)(chain, where, dask is not None) for chain in chains]
        cluster = contextlib.nullcontext() if dask is None else dask_cluster(dask, processes)
        with cluster, _progress(stations):
            parallel = Parallel(
                processes, return_as="generator_unordered", batch_size=1, pre_dispatch="all"
            )
            for error in parallel(work):
                if error is not None:
                    raise UserError(error)
        for path in [path for path, run in found.items() if run is None]:
            found[path] = _just_trained(path, wanted[path], sets[path])
    return found


def _limited(data: Dataset, limit: int | None) -> tuple[str, str]:
    """Return the name of data of which the first `limit` training images are used; fingerprint."""

    def count(match: re.Match) -> str:
        n = int(match[1].replace(",", ""))
        return f", {n if limit is None else min(n, limit):,} training and "

    name = re.sub(r", ([\d,]+) training and (?=[\d,]+ test images$)", count, data.name)
    return name, data.fingerprint


def _finished(path: Path, options: Options, data: tuple[str, str]) -> Run | None:
    """Return the run in a directory if it is this one and finished."""
    if not (path / "checkpoint.npz").exists():
        return None
    run = load_checkpoint(path / "checkpoint.npz")
    found = run.options, (run.data, run.fingerprint), run.epoch
    return run if found == (options, data, options.epochs) else None


def _chains(
    wanted: dict[Path, Options], found: dict[Path, Run | None], sets: dict[Path, tuple[str, str]]
) -> list[list[Station]]:
    """Return what is missing: a list for each training, with its stations in order of epochs."""
    trainings: dict[Options, list[Path]] = {}
    for path, options in wanted.items():
        trainings.setdefault(replace(options, epochs=1), []).append(path)
    chains = []
    for paths in trainings.values():
        chain, before = [], None
        for path in sorted(paths, key=lambda path: wanted[path].epochs):
            if found[path] is None:
                if (path / "checkpoint.npz").exists():
                    done = load_checkpoint(path / "checkpoint.npz").epoch
                else:
                    done = 0 if before is None else wanted[before].epochs
                there = None if before is None else before.absolute()
                chain.append(Station(path.absolute(), wanted[path], sets[path], there, done))
            before = path
        if chain:
            chains.append(chain)
    return chains


def _train(chain: list[Station], data_dir: Path | None, is_remote: bool) -> str | None:
    """Train the stations in a process of their own; return what went wrong, if anything did."""
    from npvae.training.train import train

    silence = io.StringIO()
    for station in chain:
        path, options = station.path, station.options
        try:
            with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
                if not path.is_dir():
                    raise UserError("not there for the worker; all machines must share it")
                data, (name, fingerprint) = load_data(data_dir, options.limit), station.data
                if data.name != name:
                    raise UserError(f"the data is {data.name}, not {name}; check --data-dir")
                if data.fingerprint != fingerprint:
                    raise UserError(f"{name} has other images there; check --data-dir")
                _begin(station, is_remote)
                run = train(options, Settings(path, data_dir, threads=1, resume=True))
            if run.epoch != options.epochs:
                raise UserError(
                    f"holds a run of other options or data than are wanted now, {run.epoch} epochs"
                    f" instead of {options.epochs}; move it away"
                )
        except UserError as error:
            return f"{path}: {error}"
    return None


def _begin(station: Station, is_remote: bool) -> None:
    """Copy the checkpoint from which a run starts, unless it has one of its own.

    On another machine this first waits for a process that still holds the directory. That may be
    a worker that the scheduler took for lost, or a lock that the file server has yet to release.
    """
    path = station.path
    while True:
        epochs = _epochs(path)
        try:
            with only_user(path, wait=STUCK if is_remote else 0):
                if station.before is not None and not (path / "checkpoint.npz").exists():
                    with replacing(path / "checkpoint.npz", "wb") as file:
                        file.write((station.before / "checkpoint.npz").read_bytes())
                return
        except UserError:
            if _epochs(path) == epochs:
                raise


def _just_trained(path: Path, options: Options, data: tuple[str, str]) -> Run:
    """Load a run that has just been trained, maybe on another machine."""
    end = time.monotonic() + LATE
    while (run := _finished(path, options, data)) is None:
        if time.monotonic() > end:
            raise UserError(f"{path}: was trained, and is not there; all machines must share it")
        time.sleep(1)
    return run


@contextlib.contextmanager
def _progress(stations: list[Station]) -> Iterator[None]:
    """Show a bar over the epochs that are missing, counted every second in the histories."""
    total = sum(max(0, s.options.epochs - s.done) for s in stations)
    over = threading.Event()
    with tqdm(total=total, desc="training", unit="epoch") as bar:

        def count() -> None:
            done = sum(max(0, _epochs(s.path) - s.done) for s in stations)
            bar.update(max(0, done - bar.n))

        def watch() -> None:
            while not over.wait(1):
                count()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            count()


def _epochs(path: Path) -> int:
    """Count the epochs in a run's history."""
    try:
        return (path / "history.csv").read_bytes().count(b"\n") - 1
    except OSError:  # not there yet, or in this moment not on a network file system
        return 0
