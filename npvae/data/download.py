"""The four official MNIST files: kept in a cache directory, fetched there from public mirrors.

A file counts only when the SHA-256 of its decompressed bytes is the official one. It gets its name
in the cache by a rename after that check, so nobody, not even another process, sees part of it.
"""

import errno
import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import numpy as np
import pooch
from tqdm import tqdm

from npvae.data import idx
from npvae.errors import UserError

MIRRORS: tuple[str, ...] = (
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
)

OFFICIAL_SHA256 = {
    idx.TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    idx.TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    idx.TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    idx.TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

ATTEMPTS = 2  # for each mirror that answers in time
CONNECT_TIMEOUT = 3.0  # seconds, for each address of a mirror
READ_TIMEOUT = 10.0  # seconds without a single byte
MIN_SPEED = 10_000  # bytes per second, on average, once READ_TIMEOUT has passed
MAX_DOWNLOAD = 64 * 2**20  # bytes; the largest official file has 10 million


def is_official(name: str, array: np.ndarray) -> bool:
    """Tell whether `array` is exactly the content of the official MNIST file `name`."""
    return hashlib.sha256(idx.idx_bytes(array)).hexdigest() == OFFICIAL_SHA256[name]


def fetch_mnist(cache: Path) -> dict[str, np.ndarray]:
    """Return the arrays of the four files by name, downloading into `cache` what it lacks.

    The mirrors are tried in turn, twice; one that is unreachable or slow is not tried again.
    Raises OSError, saying why in one line, when the four cannot be had.
    """
    arrays = _read_cache(cache)
    if len(arrays) == len(OFFICIAL_SHA256):
        return arrays

    import requests  # the library under pooch; here, because importing it takes a while

    cache.mkdir(parents=True, exist_ok=True)
    failures = {}
    given_up = set()
    for mirror in MIRRORS * ATTEMPTS:
        if mirror in given_up:
            continue
        try:
            for name in OFFICIAL_SHA256:
                if name not in arrays:
                    arrays[name] = _download(mirror, name, cache)
            return arrays
        except (OSError, ValueError, UserError) as error:  # UserError: not an intact IDX file
            failures[urlsplit(mirror).netloc] = _reason(error)
            if isinstance(error, (requests.ConnectionError, requests.Timeout, TimeoutError)):
                given_up.add(mirror)
    raise OSError(", ".join(f"{host}: {reason}" for host, reason in failures.items()))


def _read_cache(cache: Path) -> dict[str, np.ndarray]:
    arrays = {}
    for name in OFFICIAL_SHA256:
        try:
            array = idx.read_idx(cache / f"{name}.gz", idx.NDIM[name])
        except UserError:
            continue  # missing or damaged: it will be downloaded
        if is_official(name, array):
            arrays[name] = array
    return arrays


def _download(mirror: str, name: str, cache: Path) -> np.ndarray:
    with tempfile.TemporaryDirectory(dir=cache, prefix=f"{name}.") as directory:
        temporary = Path(directory, "download")
        progress = tqdm(
            desc=f"{name}.gz",
            total=1,  # until pooch sets the real one; it cannot take a bar without a total
            unit="B",
            unit_scale=True,
            leave=False,
            disable=None,  # no bar where stderr is not a terminal
        )
        with temporary.open("wb") as file, progress as bar:
            fetch = pooch.HTTPDownloader(
                progressbar=bar,
                chunk_size=256,  # small, so that a trickle soon comes before _GuardedFile
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                allow_redirects=False,  # a redirect could lead away from HTTPS
                headers={"Accept-Encoding": "identity"},
            )
            fetch(f"{mirror}/{name}.gz", _GuardedFile(file), None)
            file.flush()
            os.fsync(file.fileno())
        array = idx.read_idx(temporary, idx.NDIM[name])
        if not is_official(name, array):
            raise UserError(f"{mirror}/{name}.gz: not the official file")
        temporary.replace(cache / f"{name}.gz")
        return array


class _GuardedFile:
    """The file that pooch writes to; it gives up on a mirror that sends too much or too slowly."""

    def __init__(self, file: BinaryIO):
        self.file = file
        self.size = 0
        self.start = time.monotonic()

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size > MAX_DOWNLOAD:
            raise OSError(errno.EFBIG, "sent too much")
        seconds = time.monotonic() - self.start
        if seconds > READ_TIMEOUT and self.size < MIN_SPEED * seconds:
            raise OSError(errno.ETIMEDOUT, "too slow")
        self.file.write(chunk)

    def flush(self) -> None:
        """Do nothing: pooch asks for it after every chunk, and once at the end is enough."""


def _reason(error: Exception) -> str:
    if isinstance(error, UserError):
        return "wrong content"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"HTTP status {status}"
    return getattr(error, "strerror", None) or type(error).__name__
