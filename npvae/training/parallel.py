"""Training many runs at once, one thread each; finished ones are only loaded.

Runs whose options differ in the epochs alone are stations of one training: the longer one starts
from the checkpoint of the shorter. It is the same, to the last bit, as if it had started anew.

The trainings run in processes of this machine, or on the workers of a Dask cluster. Both are
executors of `concurrent.futures`.
"""

import asyncio
import io
import logging
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import joblib
import numba
from joblib.externals.loky import ProcessPoolExecutor
from tqdm import tqdm

from npvae.data.dataset import Dataset, load_data
from npvae.errors import UserError
from npvae.training.checkpoint import load_checkpoint
from npvae.training.options import Options, Settings
from npvae.training.run import Run
from npvae.training.train import train

PATIENCE = 10  # seconds in which a Dask scheduler must answer

Stations = dict[Path, Options]  # of one training, the shortest first


def train_missing(
    wanted: dict[Path, Options], data_dir: Path | None, data: Dataset, dask: str | None = None
) -> dict[Path, Run]:
    """Return a finished run for each directory, training or resuming those that are not there.

    `data` is the whole data set; a run on another one does not count. With `dask`, the address of a
    scheduler, the workers of that cluster train, which must see the same directories.
    Raises UserError if a directory holds a run of other options or data, or a training fails.
    """
    found = {path: finished(path, options, data.fingerprint) for path, options in wanted.items()}
    trainings: dict[Options, Stations] = {}
    for path, options in sorted(wanted.items(), key=lambda item: item[1].epochs):
        trainings.setdefault(replace(options, epochs=1), {})[path] = options
    work = [stations for stations in trainings.values() if None in map(found.get, stations)]
    if not work:
        return found
    # A container or a scheduler may allow fewer processes than there are cores.
    most = min(len(work), joblib.cpu_count(), numba.config.NUMBA_NUM_THREADS)
    where = None if data_dir is None else data_dir.expanduser().absolute()
    try:
        with processes(most) if dask is None else dask_workers(dask) as pool:
            tasks = {}
            for stations in work:
                anywhere = {path.absolute(): options for path, options in stations.items()}
                tasks[pool.submit(_train, anywhere, where, data.fingerprint)] = stations
            for task in tqdm(as_completed(tasks), "training", len(tasks)):
                found |= zip(tasks[task], task.result(), strict=True)
    except UserError:
        raise
    except Exception as error:  # whatever the pool raises when a worker is lost
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(
            f"training failed ({reason:.120}); finished epochs are saved, and the same command goes"
            " on from there"
        ) from error
    unseen = [path for path in wanted if not (path / "checkpoint.npz").exists()]
    if unseen:  # the machines of a cluster must share it
        print(f"warning: {unseen[0]}: trained, but kept on another machine", file=sys.stderr)
    return found


def finished(path: Path, options: Options, fingerprint: str) -> Run | None:
    """Return the run in a directory if it is this one, on these data, and finished."""
    if not (path / "checkpoint.npz").exists():
        return None
    run = load_checkpoint(path / "checkpoint.npz")
    found = run.options, run.fingerprint, run.epoch
    return run if found == (options, fingerprint, options.epochs) else None


def _train(stations: Stations, data_dir: Path | None, fingerprint: str) -> list[Run]:
    """Train the stations of one training, in a process of its own, and return their runs."""
    runs, before = [], None
    for path, options in stations.items():
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                if load_data(data_dir).fingerprint != fingerprint:
                    raise UserError("the worker finds other images; check --data-dir")
                # Another process may be at it: a second study in the same place, or a worker that
                # a scheduler took for lost. It is waited for, and what it has done is not repeated.
                settings = Settings(path, data_dir, threads=1, resume=True)
                run = finished(path, options, fingerprint)
                runs.append(run or train(options, settings, wait=True, start=before))
        except UserError as error:
            raise UserError(f"{path}: {error}") from error
        before = path
    return runs


@contextmanager
def processes(most: int) -> Iterator[Executor]:
    """Start up to `most` processes, and end them afterwards, whatever they are doing."""
    pool = ProcessPoolExecutor(most)
    try:
        yield pool
    finally:
        pool.shutdown(kill_workers=True)


@contextmanager
def dask_workers(address: str) -> Iterator[Executor]:
    """Connect to the Dask cluster whose scheduler has this address, such as tcp://host:8786.

    Raises UserError unless the package is there, the scheduler answers, and has workers, each of
    one thread, as a training has.
    """
    logging.disable(logging.CRITICAL)  # Dask's own messages: errors are told in one line
    try:
        try:
            from distributed import Client, rpc

            async def threads() -> list[int]:
                async with rpc(address) as scheduler:
                    workers = (await scheduler.identity())["workers"]
                return [worker["nthreads"] for worker in workers.values()]

            with ThreadPoolExecutor(1) as alone:  # a notebook has an event loop that runs already
                found = alone.submit(asyncio.run, asyncio.wait_for(threads(), PATIENCE)).result()
            if set(found) != {1}:
                raise ValueError(f"it has {len(found)} workers with {sum(found)} threads")
        except Exception as error:  # whatever answers there, or does not
            reason = " ".join(str(error).split()) or "no answer"
            raise UserError(
                f"--dask {address}: a scheduler is needed there that has workers of one thread each"
                f" ({reason:.120}); docs/running.md says how to start them"
            ) from error
        with Client(address, timeout=PATIENCE, set_as_default=False) as client:
            yield client.get_executor(pure=False)
    finally:
        logging.disable(logging.NOTSET)
