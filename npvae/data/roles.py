"""Which array is what: shapes tell images from labels, names tell training from test."""

import math
import re
from pathlib import Path

import numpy as np

from npvae.data.idx import IDX_NAMES, TEST_IMAGES, TRAIN_IMAGES
from npvae.data.sources import Source, is_square
from npvae.errors import UserError

PARTS = {  # the words in names; an array without any is taken for training
    "validation": r"(?<![a-z])(val|valid|validation|dev)(?![a-z])",
    "test": "test|t10k",
    "training": "train",
}
DOCUMENTED = ("images", "labels", "test_images", "test_labels")  # beside `images` no other counts
ROLES = [(part, kind) for part in ("training", "test") for kind in ("images", "labels")]


def image_shape(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Return (N, rows, columns) of grey images, flat ones and those with a channel too, or None."""
    n, *size = shape or (0,)
    if len(size) == 3 and 1 in (size[0], size[2]):
        size = size[:2] if size[2] == 1 else size[1:]
    if size[1:] in ([], [1]) and is_square(math.prod(size)):
        size = [math.isqrt(size[0])] * 2
    return (n, *size) if len(size) == 2 and min(n, *size) > 0 else None


def assign(path: Path, found: list[Source]) -> tuple[dict[tuple[str, str], Source], list[Source]]:
    """Return the array of each role, of which some may be missing, and those that are left out.

    Raises UserError where nothing fits, or two arrays do: with all that is wrong, all that is
    there, and how to convert it, in one line.
    """
    if any(source.names[0] == "images" for source in found):
        found = [source for source in found if source.names[0] in DOCUMENTED]
    left_out = [source for source in found if _part(source) == "validation"]
    faults, fitting = [], {role: [] for role in ROLES}
    for source in found:
        if source not in left_out:
            kind, fault = _kind(source.shape, source.dtype)
            faults += [f"{source.where}: {fault}"] if fault else []
            if kind:
                fitting[_part(source), kind].append(source)
    for (part, kind), several in fitting.items():
        if len(several) > 1:
            faults.append(f"the {part} {kind} may be {' or '.join(s.where for s in several)}")
    roles = {role: several[0] for role, several in fitting.items() if several}
    forms = set()
    for part in ("training", "test"):
        images, labels = (roles.get((part, kind)) for kind in ("images", "labels"))
        if images:
            size = (image_shape(images.shape) or images.shape)[1:]
            forms.add((size, images.dtype == np.uint8, labels is None))
        elif labels or part == "training":
            faults.append(f"there are no {part} images")
        if images and labels and images.shape[0] != labels.shape[0]:
            n, m = images.shape[0], labels.shape[0]
            faults.append(f"{n:,} images in {images.where}, but {m:,} labels in {labels.where}")
    if len(forms) > 1:
        faults.append(
            "training and test images must have one size, one type (bytes or floats), and labels"
            " for both or for none; a labelled file may also be named alone"
        )
    if faults:
        raise UserError(f"{path}: {'; '.join(faults)}. {_conversion(found)}")
    return roles, left_out


def is_usual(roles: dict[tuple[str, str], Source]) -> bool:
    """Tell whether all arrays have the names of the documented .npz file, or of MNIST's files."""
    names = {source.names[0].removesuffix(".gz") for source in roles.values()}
    return names <= set(DOCUMENTED) or {TRAIN_IMAGES, TEST_IMAGES} <= names <= set(IDX_NAMES)


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
    call = f"numpy.savez('own.npz', images={', '.join(words)})"
    return f"{held}. To convert them: import numpy; {call}"
