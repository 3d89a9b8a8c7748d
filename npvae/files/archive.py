"""Reading arrays that NumPy wrote: nothing is unpickled, and no promise of a header is believed."""

import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from npvae.errors import UserError

MAX_BYTES = 4 * 2**30  # of one array: 4 GiB, some 90 times the MNIST training images
_MAX_HEADER = 2**14  # bytes; NumPy itself refuses headers above 10,000
_READERS = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}


@contextmanager
def told(path: Path, remedy: str) -> Iterator[None]:
    """Turn whatever a file makes the libraries raise into a UserError that ends with the remedy."""
    try:
        yield
    except UserError:
        raise
    except MemoryError as error:
        raise UserError(f"{path}: does not fit into memory; use fewer or smaller images") from error
    except Exception as error:  # a damaged file makes gzip, zip and NumPy raise anything
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UserError(f"{path}: cannot be read ({reason}); {remedy}") from error


def check_size(where: str | Path, size: int) -> None:
    """Raise UserError, before any memory is taken, for more bytes than are read."""
    if size > MAX_BYTES:
        raise UserError(
            f"{where}: promises {size:,} bytes, more than the {MAX_BYTES:,} it may hold"
        )


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of a .npz file; one of Python objects only for its shape and type."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        check_size(path, sum(info.file_size for info in members))
        for info in members:
            name = info.filename.removesuffix(".npy")
            with archive.open(info) as member:
                arrays[name] = read_npy(member, f"{path}, array {name}", info.file_size)
    return arrays


def read_npy(stream: BinaryIO, where: str, size: int | None = None) -> np.ndarray:
    """Read a .npy file whose header must promise what `size`, if known, leaves for the data."""
    start = io.BytesIO(stream.read(_MAX_HEADER))
    shape, _, dtype = _READERS[np.lib.format.read_magic(start)[0]](start)
    if dtype.hasobject:
        return np.broadcast_to(np.array(None, object), shape)
    promised = math.prod(shape) * dtype.itemsize
    check_size(where, promised)
    if size is not None and start.tell() + promised != size:
        raise UserError(
            f"{where}: damaged: {size - start.tell():,} bytes of data where its header promises"
            f" {promised:,}"
        )
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)
