"""IDX, the file format of MNIST: a big-endian header, then the bytes of one array in C order.

Header: 00 00, a type code, the number of dimensions, then one 32-bit size per dimension.
"""

import math
import struct
from collections.abc import Callable
from typing import BinaryIO

import numpy as np

from npvae.errors import UserError

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
IDX_NAMES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def idx_header(stream: BinaryIO, where: object) -> tuple[tuple[int, ...], np.dtype]:
    """Read the array's shape, without a size 0, and its type; raises UserError."""
    magic = stream.read(4)
    sizes = stream.read(4 * magic[3]) if len(magic) == 4 else b""
    if len(magic) < 4 or magic[2] not in TYPES or len(sizes) < 4 * magic[3]:
        raise UserError(f"{where}: damaged IDX header {magic.hex(' ')}; get the file again")
    shape = struct.unpack(f">{magic[3]}I", sizes)
    if 0 in shape or not shape:
        raise UserError(f"{where}: is empty: its header says {shape}; it must hold some data")
    return shape, np.dtype(TYPES[magic[2]])


def read_idx(
    stream: BinaryIO, where: object, limit: int | None, hashed: Callable[[bytes], object]
) -> np.ndarray:
    """Read an IDX file; keep its first `limit` rows, and hand the bytes of all to `hashed`.

    It must hold exactly what its header promises, or UserError is raised. Memory is taken for the
    rows that are kept, and only as their bytes come in.
    """
    shape, dtype = idx_header(stream, where)
    count = min(shape[0], limit or shape[0])
    row = math.prod(shape[1:]) * dtype.itemsize
    promised, found, kept = shape[0] * row, 0, bytearray()
    while chunk := stream.read(min(2**20, promised - found)):
        found += len(chunk)
        kept += chunk[: count * row - len(kept)]
        hashed(chunk)
    if found < promised or stream.read(1):  # at the end of a gzip stream this also checks its CRC
        problem = "shorter" if found < promised else "longer"
        raise UserError(f"{where}: {problem} than the {promised:,} bytes it promises; get it again")
    return np.frombuffer(kept, dtype).reshape(count, *shape[1:])
