"""Writing files so that nothing is lost: temporary name, flush to disk, rename.

Whoever reads a file sees the old one or the new one, whole; a kill or a full disk leaves the old.
"""

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from npvae.errors import UserError


def make_directory(path: Path) -> Path:
    """Create a directory and its parents; raises UserError where that is not possible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be made a directory ({error.strerror}); choose another with --out"
        ) from error
    return path


@contextmanager
def only_user(directory: Path, wait: float = 0) -> Iterator[None]:
    """Hold a directory for this process, and remove what a killed one left half-written there.

    Raises UserError if another process holds it for more than `wait` seconds, or it cannot be
    written to.
    """
    lock = FileLock(directory / ".lock")
    try:
        lock.acquire(timeout=wait)
    except Timeout as error:
        raise UserError(
            f"{directory}: another run is writing there; wait for it or choose another --out"
        ) from error
    except OSError as error:
        raise UserError(
            f"{directory}: cannot be written to ({error.strerror}); choose another --out"
        ) from error
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
                os.rename(directory / name, aside / name)
    except OSError as error:
        with suppress(OSError):
            aside.rmdir()
        raise UserError(
            f"{directory}: holds a run that cannot be moved to {aside} ({error.strerror});"
            " choose another --out"
        ) from error
    return aside


@contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO]:
    """Open a file that takes the place of `path` once it is complete and on the disk.

    Raises UserError if it cannot be written; `path` is then as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(
            f"{path}: cannot be written ({reason}); make room or choose another --out"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Replace the file `path` by `text`."""
    with replacing(path) as file:
        file.write(text)
