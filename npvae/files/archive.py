"""Reading arrays from a .npz file strictly: nothing is unpickled, and no promise is believed.

The header of an array is read and judged first; memory is taken only for what the file can hold.
"""

import io
import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from npvae.errors import UserError

MAX_BYTES = 4 * 2**30  # one array: 4 GiB, some 90 times the MNIST training images
DEFLATE_RATIO = 1032  # deflate, of gzip and zip, cannot shrink anything by more than this
_MAX_HEADER = 2**14  # bytes, magic included; NumPy itself refuses headers above 10,000
_READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def check_promise(where: str | Path, promised: int, capacity: int) -> None:
    """Refuse, before any memory is taken, an array of more bytes than its file can hold.

    where: names the array in the message; promised: bytes that its header claims; capacity: the
    most bytes that the file could hold. Raises UserError, also above MAX_BYTES.
    """
    if promised > capacity:
        raise UserError(
            f"{where}: truncated or damaged: its header promises {promised:,} bytes, "
            "more than the file can hold; get the file again"
        )
    if promised > MAX_BYTES:
        raise UserError(
            f"{where}: holds {promised:,} bytes, more than the {MAX_BYTES:,} that are read; "
            "use fewer or smaller images"
        )


@contextmanager
def open_npz(path: Path, remedy: str) -> Iterator[zipfile.ZipFile]:
    """Open a .npz file; whatever damage makes the libraries raise becomes a UserError.

    remedy: how the message ends, what the user can do about it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except UserError:
        raise
    except MemoryError as error:
        raise UserError(f"{path}: does not fit into memory") from error
    except Exception as error:  # a damaged zip or array header makes the libraries raise anything
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UserError(f"{path}: not a readable .npz file ({reason}); {remedy}") from error


def array_names(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the arrays in the file."""
    return [name.removesuffix(".npy") for name in archive.namelist()]


def read_array(
    archive: zipfile.ZipFile,
    name: str,
    capacity: int,
    check_header: Callable[[str, tuple[int, ...], np.dtype], None],
) -> np.ndarray:
    """Read one array; its data must be as long as its header says, and its checksum right.

    capacity: the most bytes that the file could hold. check_header(where, shape, dtype) raises
    UserError for an array that is not wanted, before any memory is taken for it.
    """
    info = archive.getinfo(f"{name}.npy")
    where = f"{archive.filename}, array {name}"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UserError(f"{where}: compressed in a way that NumPy does not; use numpy.savez")
    with archive.open(info) as member:
        start = io.BytesIO(member.read(_MAX_HEADER))
    version = np.lib.format.read_magic(start)
    shape, _, dtype = _READ_HEADER[version](start)
    header_bytes = start.tell()
    check_header(where, shape, dtype)

    promised = math.prod(shape) * dtype.itemsize
    check_promise(where, promised, capacity)
    if header_bytes + promised != info.file_size:
        raise UserError(
            f"{where}: damaged: {info.file_size - header_bytes:,} bytes of data where its header "
            f"promises {promised:,}; write it again with numpy.savez"
        )
    with archive.open(info) as member:
        return np.lib.format.read_array(member, allow_pickle=False)
