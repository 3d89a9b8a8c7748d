"""The arrays in a file: IDX, .npz, .npy and tables are told by content, gzipped or not."""

import gzip
import io
import re
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from npvae.data.idx import idx_header, read_idx
from npvae.errors import UserError
from npvae.files.archive import load_npz, told

REMEDY = "get the file again, or save its arrays with numpy.savez"
FOREIGN = {  # how files begin that are no data, or not in a form that is read
    b"version https://git-lfs": "a Git LFS pointer in place of the data; run `git lfs pull`",
    b"<": "a web page in place of the data; get the file again",
    b"\x80": "a pickle, which could run any program; save its arrays with numpy.savez",
    b"PK": "a zip archive without arrays of NumPy; unpack it",
    b"PAR1": "a Parquet table; save its pixels with numpy.savez",
    b"\x89HDF": "an HDF5 file; save its arrays with numpy.savez",
    b"\xfd7zXZ": "compressed with xz; unpack it",
}
_DATA_FILE = re.compile(
    r"ubyte|idx\d|\.(npz|npy|csv|parquet)(\.gz)?$|(train|test|t10k)[^.]*(\.txt)?(\.gz)?$"
)
_NUMBER = re.compile(r'[\s"]*[-+]?\.?\d')
_LABEL = re.compile("label|class|target|digit|y")
_INDEX = ("", "unnamed: 0", "index")  # what pandas writes before the pixels unless told not to


class Source(NamedTuple):
    """An array that was found, for the tables of what is what."""

    where: str  # names it in messages
    names: tuple[str, ...]  # of the array and, in a directory, of its file
    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[..., np.ndarray]  # that of IDX takes `limit` and `hashed`: see read_idx
    code: str = ""  # the NumPy expression for it
    is_idx: bool = False


def find_sources(path: Path) -> list[Source]:
    """List the arrays in a file, or in the files of a directory.

    Raises UserError for files that cannot be read, are damaged, or are in none of the four forms.
    """
    with told(path, "name a file or a directory of files"):
        if path.is_file():
            return _sources(path)
        files = _data_files(path)
        inner = (
            [] if files else [d for at in ("raw", "*/raw") for d in path.glob(at) if _data_files(d)]
        )
    if len(inner) == 1:  # torchvision's ROOT/MNIST/raw
        return find_sources(inner[0])
    if not files:
        names = f"several data sets; name one: {', '.join(map(str, sorted(inner)))}"
        raise UserError(f"{path}: holds {names if inner else 'no IDX, .npz, .npy or CSV files'}")
    found, faults = [], []
    for file in files:
        try:
            found += _sources(file, stem=file.name)
        except UserError as error:  # noqa: PERF203
            faults.append(str(error))
    if faults:
        raise UserError("; ".join(faults))
    return found


def _data_files(directory: Path) -> list[Path]:
    """List the files of data: only one of X, X.gz and x.gz; for a folder X the file X in it."""
    files = {}
    for path in sorted(directory.iterdir()):
        stem = _stem(path)
        if _DATA_FILE.search(path.name.lower()) and not path.name.startswith("."):
            for file in sorted(path.iterdir()) if path.is_dir() else [path]:
                if file.is_file() and _stem(file) == stem:
                    files.setdefault(stem, file)
    return list(files.values())


def _stem(path: Path) -> str:
    return re.sub("[^a-z0-9]+", "-", path.name.lower().removesuffix(".gz"))


def _sources(path: Path, stem: str = "") -> list[Source]:
    """List the arrays in a file; `stem` is its name where that may tell what they are."""
    with told(path, REMEDY), _unpacked(path) as file:
        start = file.peek(512)[:512]
        if start.startswith(b"PK") and (held := load_npz(file)):
            code = f"numpy.load({str(path)!r})"
            place = f" of {stem}" if stem else ""
            return [_held(k + place, (k, stem), a, f"{code}[{k!r}]") for k, a in held.items()]
        if start.startswith(b"\x93NUMPY"):
            array = np.load(file, allow_pickle=False)
            return [_held(path.name, (stem,), array, f"numpy.load({str(path)!r})")]
        if start.startswith(b"\0\0"):
            header, read = idx_header(file, path), partial(_read_idx, path)
            return [Source(path.name, (stem,), *header, read, is_idx=True)]
        for magic, what in FOREIGN.items():
            if start.lstrip().startswith(magic):
                raise UserError(f"{path}: is {what}")
        if b"\0" in start or (b"," not in start and not _NUMBER.match(start.decode("latin-1"))):
            begin = start[:4].hex(" ") or "nothing"
            raise UserError(f"{path}: begins with {begin}; it is neither IDX, .npz, .npy nor CSV")
        return _table(path, stem)


def _unpacked(path: Path) -> BinaryIO:
    """Open a file, gzipped up to twice."""
    file = path.open("rb")
    for _ in range(2):
        if file.peek(2).startswith(b"\x1f\x8b"):
            file = gzip.GzipFile(fileobj=file, mode="rb")
    return file


def _read_idx(path: Path, limit: int | None = None, hashed: Callable = len) -> np.ndarray:
    with told(path, REMEDY), _unpacked(path) as file:
        return read_idx(file, path, limit, hashed)


def _held(where: str, names: tuple[str, ...], array: np.ndarray, code: str = "") -> Source:
    return Source(where, names, array.shape, array.dtype, lambda: array, code)


def _table(path: Path, stem: str) -> list[Source]:
    """Read a table with a row an image: the pixels and, if there is one, the column of labels."""
    with io.TextIOWrapper(_unpacked(path), "utf-8-sig") as lines:
        first = lines.readline()
    mark = next((mark for mark in ",;\t" if mark in first), None)
    head = [cell.strip(' "\n').lower() for cell in first.split(mark)]
    has_head = not _NUMBER.match(head[-1])
    skip = int(has_head and head[0] in _INDEX)
    for dtype in (np.uint8, np.float32):
        with io.TextIOWrapper(_unpacked(path), "utf-8-sig") as lines, warnings.catch_warnings():
            warnings.simplefilter("error")  # older NumPy cuts fractions off with a mere warning
            try:
                table = np.loadtxt(
                    lines, dtype, delimiter=mark, quotechar='"', skiprows=int(has_head), ndmin=2,
                    usecols=range(skip, len(head)),
                )  # fmt: skip
                break
            except (ValueError, Warning) as error:
                reason = " ".join(str(error).split())
    else:
        raise UserError(f"{path}: not a table of numbers ({reason:.80}); {REMEDY}")

    column = next((i for i, cell in enumerate(head[skip:]) if _LABEL.fullmatch(cell)), None)
    if column is None and not is_square(table.shape[1]) and is_square(table.shape[1] - 1):
        first_is_pixel = np.ptp(table[:, 0]) == 0 < np.ptp(table[:, -1])  # a corner is always black
        column = table.shape[1] - 1 if first_is_pixel else 0
    labels = []
    if column is not None:
        labels = [_held(f"column {column + skip + 1} of {path.name}", (stem,), table[:, column])]
        table = np.delete(table, column, axis=1)
    if table.max() <= 1:  # 0 and 1 are black and white, not two bytes
        table = table.astype(np.float32)
    elif table.min() >= 0 and table.max() <= 255 and (table == np.rint(table)).all():
        table = table.astype(np.uint8)
    return [_held(f"the pixels of {path.name}", (stem,), table), *labels]


def is_square(pixels: int) -> bool:
    """Tell whether so many pixels, more than one, make a square image."""
    return pixels > 1 and round(pixels**0.5) ** 2 == pixels
