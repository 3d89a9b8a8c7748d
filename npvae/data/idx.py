"""IDX, the file format of MNIST: a big-endian header, then the bytes of one array in C order.

Header: 00 00, a type code (08 = unsigned byte, the only one read here), the number of dimensions,
then one 32-bit size per dimension. A file may be gzipped; its content tells, not its name.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from npvae.errors import UserError
from npvae.files.archive import DEFLATE_RATIO, check_promise

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
NDIM = {TRAIN_IMAGES: 3, TRAIN_LABELS: 1, TEST_IMAGES: 3, TEST_LABELS: 1}

_UNSIGNED_BYTE = 0x08
_GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """Read the array of `ndim` dimensions in the IDX file `path`: uint8, C order, none of size 0.

    The file must hold exactly what its header promises, and its gzip checksum must be right.
    Nothing is allocated for a promise that the file is too short to keep.
    Raises UserError for anything else, and for a file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            capacity = path.stat().st_size
            zipped = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            if not zipped:
                return _read_array(file, ndim, capacity, path)
            with gzip.GzipFile(fileobj=file) as unzipped:
                return _read_array(unzipped, ndim, capacity * DEFLATE_RATIO, path)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        reason = type(error).__name__
        raise UserError(f"{path}: damaged gzip data ({reason}); get the file again") from error
    except MemoryError as error:
        raise UserError(f"{path}: does not fit into memory; use fewer images") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(f"{path}: cannot be read ({reason}); check the file") from error


def idx_bytes(array: np.ndarray) -> bytes:
    """Return the bytes of the IDX file, not gzipped, that holds the uint8 `array`."""
    header = struct.pack(f">HBB{array.ndim}I", 0, _UNSIGNED_BYTE, array.ndim, *array.shape)
    return header + array.tobytes()


def _read_array(stream: BinaryIO, ndim: int, capacity: int, path: Path) -> np.ndarray:
    magic = stream.read(4)
    wanted = bytes([0, 0, _UNSIGNED_BYTE, ndim])
    if len(magic) < 4 or magic[:2] != wanted[:2]:
        raise UserError(
            f"{path}: not an IDX file: begins with {magic.hex(' ') or 'nothing'}, "
            f"not {wanted.hex(' ')}; get the file again"
        )
    if magic[2] != _UNSIGNED_BYTE:
        raise UserError(
            f"{path}: IDX type code {magic[2]:02x}, but only 08 (unsigned bytes) is read; "
            "convert the data to bytes"
        )
    if magic[3] != ndim:
        raise UserError(
            f"{path}: has {magic[3]} dimensions, not {ndim}; "
            "images need 3 and labels 1, so check that they are not swapped"
        )
    sizes = stream.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise UserError(f"{path}: truncated inside its header; get the file again")
    shape = struct.unpack(f">{ndim}I", sizes)
    if 0 in shape:
        raise UserError(f"{path}: is empty: its header says {shape}; it must hold some data")

    promised = math.prod(shape)
    check_promise(path, promised, capacity)
    array = np.empty(promised, np.uint8)
    found = stream.readinto(array)
    if found < promised:
        raise UserError(
            f"{path}: truncated: {found:,} bytes of data where the header promises "
            f"{promised:,}; get the file again"
        )
    if stream.read(1):  # at the end of a gzip stream this also checks its CRC
        raise UserError(
            f"{path}: longer than the {promised:,} bytes of data that its header promises; "
            "get the file again"
        )
    return array.reshape(shape)
