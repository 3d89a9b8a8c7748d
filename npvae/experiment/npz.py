"""The user's own images from a NumPy .npz file, read strictly and never unpickled.

Arrays: images (N, rows, columns), float in [0, 1] or uint8; optionally labels (N,), integers from 0
to 255; optionally test_images and test_labels, likewise. Others in the file are not looked at.
"""

import io
import math
import zipfile
from pathlib import Path

import numpy as np

from npvae.errors import UserError
from npvae.experiment.idx import DEFLATE_RATIO, check_promise

_MEMBERS = ("images", "labels", "test_images", "test_labels")
_MAX_HEADER = 2**14  # bytes, magic included; NumPy itself refuses headers above 10,000
_READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read those of the four arrays that `path` holds: by name, in C order and native byte order.

    Images come as uint8 or, from any float, as float32 in [0, 1]; labels as int64 in 0..255.
    Raises UserError for wrong shapes, types or values, for damage, and for an unreadable file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            capacity = path.stat().st_size * DEFLATE_RATIO
            present = [name for name in _MEMBERS if f"{name}.npy" in archive.namelist()]
            return {name: _read_member(archive, name, capacity, path) for name in present}
    except UserError:
        raise
    except Exception as error:  # a damaged zip or array header makes the libraries raise anything
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UserError(
            f"{path}: not a readable .npz file ({reason}); write it again with numpy.savez"
        ) from error


def _read_member(archive: zipfile.ZipFile, name: str, capacity: int, path: Path) -> np.ndarray:
    info = archive.getinfo(f"{name}.npy")
    where = f"{path}, array {name}"
    with archive.open(info) as member:
        start = io.BytesIO(member.read(_MAX_HEADER))
    version = np.lib.format.read_magic(start)
    shape, _, dtype = _READ_HEADER[version](start)
    header_bytes = start.tell()

    is_labels = name.endswith("labels")
    if is_labels:
        _check_labels_header(where, shape, dtype)
    else:
        _check_images_header(where, shape, dtype)

    promised = math.prod(shape) * dtype.itemsize
    check_promise(where, promised, capacity)
    if header_bytes + promised != info.file_size:
        raise UserError(
            f"{where}: damaged: {info.file_size - header_bytes:,} bytes of data where its header "
            f"promises {promised:,}; write it again with numpy.savez"
        )
    with archive.open(info) as member:
        array = np.lib.format.read_array(member, allow_pickle=False)
    return _checked_labels(where, array) if is_labels else _checked_images(where, array)


def _check_images_header(where: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    if len(shape) != 3 or min(shape) < 1:
        raise UserError(f"{where}: has shape {shape}; it must be (images, rows, columns)")
    if dtype != np.uint8 and dtype.kind != "f":
        raise UserError(
            f"{where}: has type {_kind(dtype)}; "
            "it must be float with values in [0, 1], or uint8 with values in 0..255"
        )


def _check_labels_header(where: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    if len(shape) != 1 or min(shape) < 1:
        raise UserError(f"{where}: has shape {shape}; it must be (images,)")
    if dtype.kind not in "iu":
        raise UserError(f"{where}: has type {_kind(dtype)}; labels must be integers")


def _kind(dtype: np.dtype) -> str:
    return "structured" if dtype.kind == "V" else dtype.name


def _checked_images(where: str, images: np.ndarray) -> np.ndarray:
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images)
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):  # put so that NaN is refused too
        raise UserError(
            f"{where}: has values from {low:g} to {high:g}; "
            "they must be finite and in [0, 1] (divide bytes by 255)"
        )
    return np.ascontiguousarray(images, np.float32)


def _checked_labels(where: str, labels: np.ndarray) -> np.ndarray:
    if labels.min() < 0 or labels.max() > 255:
        raise UserError(
            f"{where}: has values from {labels.min()} to {labels.max()}; "
            "labels must be in 0..255, so number the classes from 0"
        )
    return labels.astype(np.int64)
