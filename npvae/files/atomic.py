"""Writing files so that nothing is lost: temporary name, flush to disk, rename.

Whoever reads a file sees the old one or the new one, whole; a kill or a full disk leaves the old.
"""

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from npvae.errors import UserError, why

PATIENCE = 1.0  # seconds in which another program must let go of a file that is to be replaced


def _other_out(problem: str) -> UserError:
    return UserError(f"{problem}; choose another --out")


def make_directory(path: Path) -> Path:
    """Create a directory and its parents; raises UserError where that is not possible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _other_out(f"{path}: cannot be made a directory ({why(error)})") from error
    return path


@contextmanager
def only_user(directory: Path, wait: bool = False) -> Iterator[None]:
    """Hold a directory for this process, and remove what a killed one left half-written there.

    Raises UserError if another process holds it, unless it is to `wait` until that one has ended,
    and if it cannot be written to.
    """
    lock = FileLock(directory / ".lock")
    try:
        lock.acquire(timeout=-1 if wait else 0)  # -1: for ever
    except Timeout as error:
        raise _other_out(f"{directory}: another run is writing there and must end first") from error
    except OSError as error:
        raise _other_out(f"{directory}: cannot be written to ({why(error)})") from error
    try:
        for left in directory.glob(".*.tmp"):
            left.unlink()
        yield
    finally:
        lock.release()


def move_aside(directory: Path, names: Sequence[str]) -> Path:
    """Move these files of a directory, those that are there, to NAME.1 beside it; return that path.

    If NAME.1 is there already, it is NAME.2, or the next free number. The files go one by one, in
    the order given, so a kill on the way leaves each of them whole in one place or the other.
    Raises UserError if they cannot be moved.
    """
    is_alias = directory.is_symlink() or directory.name in ("", "..")
    place = directory.resolve() if is_alias else directory
    try:
        for number in itertools.count(1):
            aside = Path(f"{place}.{number}")
            with suppress(FileExistsError):
                aside.mkdir()
                break
        for name in names:
            with suppress(FileNotFoundError):
                rename(directory / name, aside / name)
    except OSError as error:
        with suppress(OSError):
            aside.rmdir()
        problem = f"holds a run that cannot be moved to {aside} ({why(error)})"
        raise _other_out(f"{directory}: {problem}") from error
    return aside


def rename(old: Path, new: Path) -> None:
    """Rename a file; `new` is replaced. Windows refuses while another program has either open.

    That is a virus scanner, or a reader of history.csv, and soon over.
    """
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
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
        raise _other_out(f"{path}: cannot be written ({why(error)})") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Replace the file `path` by `text`."""
    with replacing(path) as file:
        file.write(text)
