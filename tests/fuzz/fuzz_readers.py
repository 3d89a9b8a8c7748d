"""Coverage-guided fuzzing of the readers of data and of checkpoint files, with atheris.

An input is a file's bytes or, since most changes to a zip only spoil its checksum, what goes into
an intact zip. Any exception but UserError, a hang, or more than 1 GB of memory ends it as a crash.

    pip install atheris
    python tests/fuzz/fuzz_readers.py data|checkpoint [-max_total_time=1800]
"""

import gzip
import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import atheris
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
READERS = [
    f"npvae.{name}"
    for name in ("data.sources", "data.idx", "data.roles", "files.archive", "training.checkpoint")
]
with atheris.instrument_imports(include=[*READERS, "zipfile", "gzip", "json"]):
    from npvae.data.dataset import load_data
    from npvae.errors import UserError
    from npvae.training.checkpoint import load_checkpoint, save_checkpoint
from data_helpers import idx_bytes, small_run  # noqa: E402  (found only through the path set above)


def zip_of(members: dict[str, bytes]) -> bytes:
    """Return an intact .npz file of these arrays, each given by the bytes of its .npy file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    """Return the bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@dataclass(frozen=True)
class Target:
    """A reader: inputs to start from, the file that an input makes, and the check of the result."""

    seeds: list[bytes]
    file: Callable[[bytes], bytes]
    read: Callable[[Path], None]


def data_target() -> Target:
    """Return the target of data files; the inputs' first byte tells what follows.

    That is a file in any form, or the images or labels of an intact .npz file.
    """
    idx = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    images = np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 3, 4)
    pixels = npy((255 * images).astype(np.uint8))
    valid = {"images": npy(images), "labels": npy(np.arange(2))}
    files = [
        idx,
        gzip.compress(idx),
        pixels,
        zip_of(valid),
        b"label,a,b,c,d\n" + b"1,2,3,4,5\n" * 3,
    ]

    def file(data: bytes) -> bytes:
        kind, rest = {b"\1": "images", b"\2": "labels"}.get(data[:1]), data[1:]
        return zip_of(valid | {kind: rest}) if kind else rest

    def read(path: Path) -> None:
        data = load_data(path)
        assert data.train_images.size > 0 and data.train_images.min() >= 0

    seeds = [b"\0" + start for start in files] + [b"\1" + pixels]
    return Target([*seeds, *(bytes([n + 1]) + v for n, v in enumerate(valid.values()))], file, read)


def checkpoint_target() -> Target:
    """Return the target whose inputs' first byte tells what follows.

    That is a file, the text of `meta`, the array `meta`, or an array of weights.
    """
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "checkpoint.npz")
        save_checkpoint(path, small_run())
        whole = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        valid = {n.removesuffix(".npy"): archive.read(n) for n in archive.namelist()}
    text = str(np.load(io.BytesIO(valid["meta"]))).encode()
    weights = "encoder.output.weight"
    starts = {"file": whole, "text": text, "meta": valid["meta"], weights: valid[weights]}
    kinds = {bytes([number]): kind for number, kind in enumerate(starts)}

    def file(data: bytes) -> bytes:
        kind, rest = kinds.get(data[:1], "file"), data[1:]
        if kind == "text":
            return zip_of(valid | {"meta": npy(np.array(rest.decode("latin-1")))})
        return rest if kind == "file" else zip_of(valid | {kind: rest})

    def read(path: Path) -> None:
        run = load_checkpoint(path)
        assert np.isfinite(run.vae.theta).all() and len(run.history) == run.epoch

    return Target([byte + starts[kind] for byte, kind in kinds.items()], file, read)


def tester(target: Target, path: Path) -> Callable[[bytes], None]:
    """Return the function that tries one input."""

    def test_one_input(data: bytes) -> None:
        path.write_bytes(target.file(data))
        try:
            target.read(path)
        except UserError as error:
            assert "\n" not in str(error) and str(path) in str(error)

    return test_one_input


def main() -> None:
    """Fuzz the reader named on the command line until stopped, or as libFuzzer's options say."""
    targets = {"data": data_target, "checkpoint": checkpoint_target}
    if len(sys.argv) < 2 or sys.argv[1] not in targets:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(targets)} [libFuzzer options]")
    target, options = targets[sys.argv[1]](), sys.argv[2:]
    shared_memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared_memory if shared_memory.is_dir() else None) as work:
        corpus = Path(work, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(target.seeds):
            (corpus / str(number)).write_bytes(seed)
        limits = ["-rss_limit_mb=1024", "-timeout=10", "-max_len=8192"]
        os.chdir(work)
        atheris.Setup([sys.argv[0], *limits, *options, str(corpus)], tester(target, Path("input")))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
