"""The four official MNIST files: kept in a cache directory, fetched there from public mirrors.

A file gets its name there once its SHA-256 is right, and is fetched again when it no longer is.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import pooch

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


def fetch_mnist(cache: Path) -> Path:
    """Return `cache` with the four files in it, downloading what it lacks from mirror after mirror.

    Raises OSError, saying why in one line, when the four cannot be had.
    """
    cache.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel("WARNING")
    fetch = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(), timeout=TIMEOUT, headers={"Accept-Encoding": "identity"}
    )
    failures = []
    for mirror in MIRRORS:
        try:
            for name, sha256 in SHA256.items():
                url = f"{mirror}/{name}.gz"
                pooch.retrieve(url, sha256, f"{name}.gz", cache, downloader=fetch)
            return cache
        except (OSError, ValueError) as error:  # noqa: PERF203
            # pooch raises ValueError for another SHA-256
            reason = "wrong content" if type(error) is ValueError else type(error).__name__
            failures.append(f"{urlsplit(mirror).netloc}: {reason}")
    raise OSError(", ".join(failures))
