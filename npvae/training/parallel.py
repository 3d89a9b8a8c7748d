"""Training many runs in parallel processes, one thread each; finished ones are only loaded."""

import contextlib
import io
from pathlib import Path

import numba
from joblib import Parallel, delayed
from tqdm import tqdm

from npvae.errors import UserError
from npvae.training.checkpoint import Run, load_checkpoint
from npvae.training.options import Options, Settings


def train_missing(wanted: dict[Path, Options], data_dir: Path | None, data: str) -> dict[Path, Run]:
    """Return a finished run for each directory, training or resuming those that are not there.

    `data` is the name of the data set; a run on another one does not count.
    Raises UserError if a directory holds a run of other options or data, or a training fails.
    """
    found = {path: _load(path, options, data) for path, options in wanted.items()}
    missing = [path for path, run in found.items() if run is None]
    if missing:
        work = (delayed(_train)(wanted[path], path, data_dir) for path in missing)
        processes = min(len(missing), numba.config.NUMBA_NUM_THREADS)
        results = Parallel(processes, return_as="generator_unordered")(work)
        for error in tqdm(results, desc="training runs", total=len(missing), unit="run"):
            if error is not None:
                raise UserError(error)
        found |= {path: _load(path, wanted[path], data) for path in missing}
        for path in missing:
            if found[path] is None:
                raise UserError(
                    f"{path}: holds a run of other options or data than are wanted now; move it"
                    " away, or check --data-dir"
                )
    return found


def _load(path: Path, options: Options, data: str) -> Run | None:
    """Return the finished run in a directory, or None if it must be trained first."""
    if not (path / "checkpoint.npz").exists():
        return None
    run = load_checkpoint(path / "checkpoint.npz")
    fits = run.options == options and run.data == data
    return run if fits and run.epoch == options.epochs else None


def _train(options: Options, path: Path, data_dir: Path | None) -> str | None:
    """Train one run in a process of its own; return what went wrong, if anything did."""
    from npvae.training.train import train

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            train(options, Settings(path, data_dir, threads=1, resume=True))
    except UserError as error:
        return f"{path}: {error}"
    return None
