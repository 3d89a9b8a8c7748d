"""Files: written so that nothing is lost, read so that nothing is unpickled.

A file gets a temporary name, is flushed to the disk, and renamed: a reader, a kill or a full disk
finds the old one or the new one, whole.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
from filelock import FileLock, Timeout

from npvae.errors import UserError, why

PATIENCE = 1.0  # seconds in which another program must let go of a file that is to be replaced
REMEDY = "choose another --out"


def make_directory(path: Path) -> Path:
    """Create a directory and its parents; raises UserError where that is not possible."""
    with told(path, REMEDY, "cannot be made a directory"):
        path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def only_user(directory: Path, wait: bool = False) -> Iterator[None]:
    """Hold a directory for this process, and remove what a killed one left half-written there.

    Raises UserError if it cannot be written to, or another process holds it, unless it is to `wait`
    until that one has ended.
    """
    with told(directory, REMEDY, "cannot be written to"):
        try:
            held = FileLock(directory / ".lock").acquire(timeout=-1 if wait else 0)  # -1: for ever
        except Timeout as error:
            raise UserError(f"{directory}: another run is writing there; {REMEDY}") from error
    with held:
        for left in directory.glob(".*.tmp"):
            left.unlink()
        yield


def move_aside(directory: Path, names: Sequence[str]) -> Path:
    """Move these files of a directory, those that are there, to NAME.1 beside it; return that path.

    Or to NAME.2, or the next free number. The files go one by one, in the order given, so a kill on
    the way leaves each whole in one place or the other. Raises UserError if one cannot be moved.
    """
    is_alias = directory.is_symlink() or directory.name in ("", "..")
    place = directory.resolve() if is_alias else directory
    try:
        paths = (Path(f"{place}.{number}") for number in itertools.count(1))
        aside = next(path for path in paths if not os.path.lexists(path))
        aside.mkdir()
        for name in names:
            with suppress(FileNotFoundError):
                rename(directory / name, aside / name)
    except OSError as error:
        with suppress(OSError):
            aside.rmdir()
        problem = f"holds a run that cannot be moved to {aside} ({why(error)})"
        raise UserError(f"{directory}: {problem}; {REMEDY}") from error
    return aside


def rename(old: Path, new: Path) -> None:
    """Replace `new` by `old`; wait while Windows refuses, as a virus scanner has either open."""
    for _ in range(round(PATIENCE / 0.02)):
        with suppress(PermissionError):
            return os.replace(old, new)
        time.sleep(0.02)
    os.replace(old, new)


@contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO]:
    """Open a file that takes the place of `path` once it is complete and on the disk.

    Raises UserError if it cannot be written; `path` is then as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        # A name that is no UTF-8, as Python holds it, is written with its own bytes.
        text = {} if "b" in mode else {"encoding": "utf-8", "errors": "surrogateescape"}
        with open(temporary, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        rename(temporary, path)
    except OSError as error:
        if error.filename is not None and Path(error.filename) != temporary:
            raise  # another file's, which was needed to write this one
        raise UserError(f"{path}: cannot be written ({why(error)}); {REMEDY}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Replace the file `path` by `text`."""
    with replacing(path) as file:
        file.write(text)


@contextmanager
def told(path: Path, remedy: str, problem: str = "cannot be read") -> Iterator[None]:
    """Turn whatever a path makes the libraries raise into a UserError that ends with the remedy."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # a damaged file makes gzip, zip and NumPy raise anything
        reason = (why(error) if isinstance(error, OSError) else str(error)) or type(error).__name__
        raise UserError(f"{path}: {problem} ({' '.join(reason.split()):.100}); {remedy}") from error


def each(items: Iterable, read: Callable) -> list:
    """Return read(item) of each; raises one UserError with the faults of all that have any."""
    found, faults = [], []
    for item in items:
        try:
            found.append(read(item))
        except UserError as error:  # noqa: PERF203
            faults.append(str(error))
    if faults:
        raise UserError("; ".join(faults))
    return found


def load_npz(file: Path | BinaryIO) -> dict[str, np.ndarray]:
    """Read all arrays of a .npz file; what else is in it is passed over.

    Raises ValueError where a gigabyte is packed a hundred times as small, as no images can be.
    """
    with np.load(file, allow_pickle=False) as arrays:
        for member in arrays.zip.infolist():
            if member.file_size >= 2**30 and member.file_size > 100 * member.compress_size:
                raise ValueError(f"{member.filename} would fill {member.file_size:,} bytes")
        return {name: a for name, a in arrays.items() if isinstance(a, np.ndarray)}
