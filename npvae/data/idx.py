"""IDX, the file format of MNIST: a big-endian header, then the bytes of one array in C order.

Header: 00 00, a type code, the number of dimensions, then one 32-bit size per dimension.
"""

import math
import struct
from collections.abc import Iterator
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


def idx_blocks(stream: BinaryIO, where: object) -> Iterator[np.ndarray]:
    """Yield all numbers of an IDX file in order, a megabyte at a time.

    Raises UserError unless there are exactly as many as the header promises.
    """
    shape, dtype = idx_header(stream, where)
    promised = missing = math.prod(shape) * dtype.itemsize
    problem = f"than the {promised:,} bytes it promises; get it again"
    while missing:
        block = stream.read(min(2**20, missing))
        if len(block) < min(2**20, missing):
            raise UserError(f"{where}: shorter {problem}")
        missing -= len(block)
        yield np.frombuffer(block, dtype)
    if stream.read(1):  # at the end of a gzip stream this also checks its CRC
        raise UserError(f"{where}: longer {problem}")
