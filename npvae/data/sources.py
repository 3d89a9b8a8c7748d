"""The arrays in a file: IDX, .npz, .npy and tables are told by content, gzipped or not.

IDX, the format of MNIST, is 00 00, a type code, the number of dimensions, their sizes (big-endian,
32 bits each), and the bytes of one array in C order.
"""

import gzip
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from npvae.errors import UserError
from npvae.files import each, load_npz, told

REMEDY = "get the file again, or save its arrays with numpy.savez"
FOREIGN = {  # how files begin that are no data, or not in a form that is read
    b"version https://git-lfs": "a Git LFS pointer in place of the data; run `git lfs pull`",
    b"<": "a web page in place of the data; get the file again",
    b"\x80": "a pickle, which could run any program; save its arrays with numpy.savez",
    b"PK": "a zip archive without arrays of NumPy; unpack it",
    b"PAR1": "a Parquet table; save its pixels with numpy.savez",
    b"\x89HDF": "an HDF5 file; save its arrays with numpy.savez",
}
IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_DATA_FILE = re.compile(
    r"ubyte|idx\d|\.(npz|npy|csv|parquet)(\.gz)?$|(train|test|t10k)[^.]*(\.txt)?(\.gz)?$"
)
_NUMBER = re.compile(r'[\s"]*[-+]?\.?\d')
_LABEL = re.compile("label|class|target|digit|y")
_INDEX = ("", "unnamed: 0", "index")  # a column that pandas writes unless told not to


class Source(NamedTuple):
    """An array that was found, for the tables of what is what."""

    where: str  # names it in messages
    names: tuple[str, ...]  # of the array and, in a directory, of its file
    shape: tuple[int, ...]
    dtype: np.dtype
    blocks: Callable[[], Iterable[np.ndarray]]  # reads its numbers in order, some at a time
    code: str = ""  # the NumPy expression for it


def find_sources(path: Path) -> list[Source]:
    """List the arrays in a file, or in a directory's; raises UserError for what cannot be read."""
    with told(path, "name a file or a directory of files"):
        path.stat()  # glob says nothing of a path that is not there
        if path.is_file():
            return _sources(path, path.name)
        files = _data_files(path)
    listed = each(files, lambda file: _sources(file, file.relative_to(path).as_posix(), file.name))
    return [source for sources in listed for source in sources]


def _data_files(directory: Path) -> list[Path]:
    """List the files of data on the first level that has any: only one of X, X.gz and x.gz."""
    for level in ("*", "*/*", "*/*/*"):  # X/X of some unpackers, MNIST/raw/X of torchvision
        files = {}
        for path in sorted(directory.glob(level)):
            name = path.name.lower()
            if _DATA_FILE.search(name) and not name.startswith(".") and path.is_file():
                stem = re.sub("[^a-z0-9]+", "-", name.removesuffix(".gz"))
                files.setdefault((path.parent, stem), path)
        if files:
            return list(files.values())
    raise UserError(f"{directory}: holds no IDX, .npz, .npy or CSV files")


def _sources(path: Path, where: str, name: str = "") -> list[Source]:
    """List the arrays in a file; `name` is its name where that may tell what they are."""
    with told(path, REMEDY), _unpacked(path) as file:
        start, code = file.peek(512)[:512], f"numpy.load({str(path)!r})"
        if start.startswith(b"PK") and (arrays := load_npz(file)):
            place = f" of {where}" if name else ""
            return [_held(k + place, (k, name), a, f"{code}[{k!r}]") for k, a in arrays.items()]
        if start.startswith(b"\x93NUMPY"):
            return [_held(where, (name,), np.load(file, allow_pickle=False), code)]
        if start.startswith(b"\0\0"):
            return [_idx(path, where, name, file)]
        for magic, what in FOREIGN.items():
            if start.lstrip().startswith(magic):
                raise UserError(f"{path}: is {what}")
        if b"\0" in start or (b"," not in start and not _NUMBER.match(start.decode("latin-1"))):
            begin = start[:4].hex(" ") or "nothing"
            raise UserError(f"{path}: begins with {begin}; it is neither IDX, .npz, .npy nor CSV")
        return _table(path, where, name)


def _unpacked(path: Path) -> BinaryIO:
    """Open a file, gzipped or not."""
    file = path.open("rb")
    is_packed = file.peek(2).startswith(b"\x1f\x8b")
    return gzip.GzipFile(fileobj=file, mode="rb") if is_packed else file


def _held(where: str, names: tuple[str, ...], array: np.ndarray, code: str = "") -> Source:
    return Source(where, names, array.shape, array.dtype, lambda: [array.ravel()], code)


def _idx(path: Path, where: str, name: str, stream: BinaryIO) -> Source:
    """Read the header of an IDX file; after that must come as many bytes as it promises."""
    magic = stream.read(4)
    sizes = stream.read(4 * magic[3]) if len(magic) == 4 else b""
    if len(magic) < 4 or magic[2] not in IDX_TYPES or len(sizes) < 4 * magic[3]:
        raise UserError(f"{path}: damaged IDX header {magic.hex(' ')}; get the file again")
    shape, dtype = tuple(np.frombuffer(sizes, ">u4").tolist()), np.dtype(IDX_TYPES[magic[2]])
    promised, step = math.prod(shape) * dtype.itemsize, 2**20

    def blocks() -> Iterator[np.ndarray]:
        problem = f"than the {promised:,} bytes it promises; get it again"
        with told(path, REMEDY), _unpacked(path) as file:
            file.read(4 + len(sizes))
            for start in range(0, promised, step):
                block = file.read(min(step, promised - start))
                if len(block) < min(step, promised - start):
                    raise UserError(f"{path}: shorter {problem}")
                yield np.frombuffer(block, dtype)
            if file.read(1):  # at the end of a gzip stream this also checks its CRC
                raise UserError(f"{path}: longer {problem}")

    return Source(where, (name,), shape, dtype, blocks)


def _table(path: Path, where: str, name: str) -> list[Source]:
    """Read a table with a row an image: the pixels and, if there is one, the column of labels."""
    with io.TextIOWrapper(_unpacked(path), "utf-8-sig") as lines:
        first = lines.readline()
        mark = next((mark for mark in ",;\t" if mark in first), None)
        head = [cell.strip(' "\n').lower() for cell in first.split(mark)]
        has_head = not _NUMBER.match(head[-1])
        skip = int(has_head and head[0] in _INDEX)
        lines.seek(0)
        table = np.loadtxt(
            lines, np.float32, delimiter=mark, quotechar='"', skiprows=int(has_head), ndmin=2,
            usecols=range(skip, len(head)),
        )  # fmt: skip

    column = next((i for i, cell in enumerate(head[skip:]) if _LABEL.fullmatch(cell)), None)
    if column is None and not is_square(table.shape[1]) and is_square(table.shape[1] - 1):
        first_is_pixel = np.ptp(table[:, 0]) == 0 < np.ptp(table[:, -1])  # a corner is always black
        column = table.shape[1] - 1 if first_is_pixel else 0
    labels = []
    if column is not None:
        labels = [_held(f"column {column + skip + 1} of {where}", (name,), table[:, column])]
        table = np.delete(table, column, axis=1)
    is_bytes = table.min() >= 0 and 1 < table.max() <= 255 and (table == np.rint(table)).all()
    pixels = table.astype(np.uint8) if is_bytes else table  # 0 and 1 are black and white
    return [_held(f"the pixels of {where}", (name,), pixels), *labels]


def is_square(pixels: int) -> bool:
    """Tell whether so many pixels, more than one, make a square image."""
    return pixels > 1 and math.isqrt(pixels) ** 2 == pixels
