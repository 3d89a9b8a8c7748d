"""The user's own images from a NumPy .npz file, read strictly and never unpickled.

Arrays: images (N, rows, columns), float in [0, 1] or uint8; optionally labels (N,), integers from 0
to 255; optionally test_images and test_labels, likewise. Others in the file are not looked at.
"""

from pathlib import Path
from zipfile import ZipFile

import numpy as np

from npvae.errors import UserError
from npvae.files.archive import DEFLATE_RATIO, array_names, open_npz, read_array

_MEMBERS = ("images", "labels", "test_images", "test_labels")


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read those of the four arrays that `path` holds: by name, in C order and native byte order.

    Images come as uint8 or, from any float, as float32 in [0, 1]; labels as int64 in 0..255.
    Raises UserError for wrong shapes, types or values, for damage, and for an unreadable file.
    """
    with open_npz(path, "write it again with numpy.savez") as archive:
        capacity = path.stat().st_size * DEFLATE_RATIO
        present = [name for name in _MEMBERS if name in array_names(archive)]
        return {name: _read_member(archive, name, capacity, path) for name in present}


def _read_member(archive: ZipFile, name: str, capacity: int, path: Path) -> np.ndarray:
    where = f"{path}, array {name}"
    if name.endswith("labels"):
        return _checked_labels(where, read_array(archive, name, capacity, _check_labels_header))
    return checked_images(where, read_array(archive, name, capacity, check_images_header))


def check_images_header(where: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Raise UserError unless these are images (N, rows, columns), uint8 or float."""
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


def checked_images(where: str, images: np.ndarray) -> np.ndarray:
    """Return images in C order, uint8 or float32; raises UserError for floats outside [0, 1]."""
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
