"""Which array is what, by shape and name; what its values must be; and what is likely a mistake."""

import math
import re
from pathlib import Path

import numpy as np

from npvae.data.sources import Source, is_square
from npvae.errors import UserError

ROLES = ("training images", "training labels", "test images", "test labels")
PARTS = {  # the words in names; an array without any is taken for training
    "validation": r"(?<![a-z])(val|valid|validation|dev)(?![a-z])",
    "test": "test|t10k",
    "training": "train",
}
FORMS = (
    "training and test images must have one size, one type (bytes or floats), and labels for both"
    " or for none; a labelled file may also be named alone"
)


def image_shape(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Return (N, rows, columns) of grey images, flat ones and those with a channel too, or None."""
    n, *size = shape or (0,)
    if len(size) == 3 and 1 in (size[0], size[2]):
        size = size[:2] if size[2] == 1 else size[1:]
    if size[1:] in ([], [1]) and is_square(math.prod(size)):
        size = [math.isqrt(size[0])] * 2
    return (n, *size) if len(size) == 2 and min(n, *size) > 0 else None


def assign(path: Path, found: list[Source]) -> dict[str, Source]:
    """Return the array of each role, of which some may be missing; validation parts have none.

    Raises one UserError with all that is wrong, all that is there, and how to convert it.
    """
    faults, fitting = [], {role: [] for role in ROLES}
    for source in (source for source in found if _part(source) != "validation"):
        kind, fault = _kind(source.shape, source.dtype)
        faults += [f"{source.where}: {fault}"] if fault else []
        if kind:
            fitting[f"{_part(source)} {kind}"].append(source)
    for role, several in fitting.items():
        if len(several) > 1:
            faults.append(f"the {role} may be {' or '.join(s.where for s in several)}")
    roles, forms = {role: several[0] for role, several in fitting.items() if several}, set()
    for part in ("training", "test"):
        images, labels = (roles.get(f"{part} {kind}") for kind in ("images", "labels"))
        if images:
            size = (image_shape(images.shape) or images.shape)[1:]
            forms.add((size, images.dtype == np.uint8, labels is None))
        elif labels or part == "training":
            faults.append(f"there are no {part} images")
        if images and labels and images.shape[0] != labels.shape[0]:
            n, m = images.shape[0], labels.shape[0]
            faults.append(f"{n:,} images in {images.where}, but {m:,} labels in {labels.where}")
    faults += [FORMS] if len(forms) > 1 else []
    if faults:
        raise UserError(f"{path}: {'; '.join(faults)}. {_conversion(found)}")
    return roles


def _part(source: Source) -> str:
    words = ((part, name.lower()) for name in source.names for part in PARTS)
    return next((part for part, name in words if re.search(PARTS[part], name)), "training")


def _kind(shape: tuple[int, ...], dtype: np.dtype) -> tuple[str, str]:
    """Return "images" or "labels", or nothing; and what is wrong with them."""
    if len(shape) == 4 and {3, 4} & {shape[1], shape[3]}:
        return "images", "colour images, and only grey ones are read"
    if image_shape(shape):
        fits = dtype == np.uint8 or dtype.kind == "f"
        return "images", "" if fits else f"{dtype}, but images must be uint8 or float in [0, 1]"
    if len(shape) in (1, 2) and min(shape) > 0 and dtype.kind in "iuf":
        return "labels", ""
    return "", "neither images (N, rows, columns) nor labels (N,), whole numbers"


def _conversion(found: list[Source]) -> str:
    """Tell what is there, and the two lines of NumPy that make a file of it that is read."""
    held = "Found: " + ", ".join(f"{s.where} {s.shape} {s.dtype}" for s in found)
    many = [s for s in found if len(s.shape) > 1 and s.dtype.kind in "iubf" and s.code]
    if not many:
        return held
    images = max(many, key=lambda s: math.prod(s.shape))
    n, code, is_flat = images.shape[0], images.code, len(images.shape) == 2
    if not image_shape(images.shape):
        axis = 1 if images.shape[1] in (3, 4) else 3
        code += ".reshape(-1, ROWS, COLUMNS)" if is_flat else f".mean({axis})"
    words = [code if images.dtype.kind == "f" else f"{code}.astype('uint8')"]
    words += [f"labels={s.code}.ravel()" for s in found if s.shape in ((n,), (n, 1)) and s.code][:1]
    return f"{held}. To convert: import numpy; numpy.savez('own.npz', images={', '.join(words)})"


def checked_images(where: str, images: np.ndarray) -> np.ndarray:
    """Return images in C order, uint8 or float32; raises UserError for other types or values."""
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images)
    if images.dtype.kind != "f":
        raise UserError(f"{where}: has type {images.dtype}; it must be float in [0, 1] or uint8")
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):  # put so that NaN is refused too
        what = "they must be finite and in [0, 1] (divide bytes by 255)"
        raise UserError(f"{where}: has values from {low:g} to {high:g}; {what}")
    return np.ascontiguousarray(images, np.float32)


def checked_labels(where: str, source: Source) -> tuple[np.ndarray, str]:
    """Return labels as int64 (N,), and in words where in rows of several numbers they were.

    Raises UserError unless they are whole numbers from 0 to 255.
    """
    rows, how = np.concatenate(list(source.blocks())).reshape(source.shape[0], -1), ""
    labels = rows[:, 0]
    if rows.shape[1] > 1:
        is_one_hot = ((rows == 0) | (rows == 1)).all() and (rows.sum(axis=1) == 1).all()
        how = "the place of the 1 in " if is_one_hot else "the first column of "
        labels = rows.argmax(axis=1) if is_one_hot else labels
    if not (labels == np.rint(labels)).all() or labels.min() < 0 or labels.max() > 255:
        what = "labels must be whole numbers in 0..255, so number the classes from 0"
        raise UserError(f"{where}: has values from {labels.min()} to {labels.max()}; {what}")
    return labels.astype(np.int64), how


def doubt(images: np.ndarray) -> str:
    """Say what is most likely wrong with images (N, pixels), uint8 or float32; "" if nothing is."""
    some = images[:: max(1, len(images) // 1000)]
    white, top = 255 if images.dtype == np.uint8 else 1, some.max()
    if (some == some[:, :1]).all() or (len(some) > 1 and (some == some[0]).all()):
        return "images of one single grey, or all alike, hold nothing that could be learnt"
    if top <= white / 8:
        return f"the brightest pixel is {top:.3g} where white is {white}; divide all by {top:.3g}"
    if (some > 0.8 * white).mean() > 0.5:
        return f"they look like dark ink on white paper; {white} - images is bright on black"
    return ""
