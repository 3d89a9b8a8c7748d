"""Coverage-guided fuzzing of the readers of data and of checkpoint files, with atheris.

An input is a file's bytes or, since most changes to a zip only spoil its checksum, those of one
array in an intact zip. Any exception but UserError, a hang, or more than 1 GB of memory ends it.

    pip install atheris
    python tests/fuzz/fuzz_readers.py data|images|checkpoint|weights|meta [-max_total_time=1800]
"""

import gzip
import io
import os
import sys
import tempfile
import zipfile
from pathlib import Path

import atheris
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
ROOMS = ("npvae.data", "npvae.files.archive", "npvae.training.checkpoint")
with atheris.instrument_imports(include=[*ROOMS, "zipfile", "gzip", "json"]):
    from npvae.data.dataset import load_data
    from npvae.errors import UserError
    from npvae.training.checkpoint import load_checkpoint, save_checkpoint
from data_helpers import idx_bytes, small_run  # noqa: E402  (found only through the path set above)


def zip_of(members: dict[str, bytes]) -> bytes:
    """Return an intact .npz file of these arrays, each given by the bytes of its .npy file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    """Return the bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def main() -> None:
    """Fuzz the reader named on the command line until stopped, or as libFuzzer's options say."""
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    images, idx = {"images.npy": npy(pixels / 255)}, idx_bytes(pixels)
    with tempfile.TemporaryDirectory() as directory:
        save_checkpoint(Path(directory, "checkpoint.npz"), small_run())
        whole = Path(directory, "checkpoint.npz").read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        run = {name: archive.read(name) for name in archive.namelist()}
    text = str(np.load(io.BytesIO(run["meta.npy"]))).encode()
    table = b"label,a,b,c,d\n" + b"1,2,3,4,5\n" * 3
    weights = "encoder.output.weight.npy"
    targets = {  # the reader, inputs to start from, and the file that an input makes
        "data": (load_data, [idx, gzip.compress(idx), npy(pixels), zip_of(images), table], bytes),
        "images": (load_data, images.values(), lambda data: zip_of({"images.npy": data})),
        "checkpoint": (load_checkpoint, [whole], bytes),
        "weights": (load_checkpoint, [run[weights]], lambda data: zip_of(run | {weights: data})),
        "meta": (
            load_checkpoint,
            [text],
            lambda data: zip_of(run | {"meta.npy": npy(np.array(data.decode("latin-1")))}),
        ),
    }
    if len(sys.argv) < 2 or sys.argv[1] not in targets:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(targets)} [libFuzzer options]")
    read, seeds, file = targets[sys.argv[1]]

    def test_one_input(data: bytes) -> None:
        Path("input").write_bytes(file(data))
        try:
            read(Path("input"))
        except UserError as error:
            assert "\n" not in str(error) and "input" in str(error)

    with tempfile.TemporaryDirectory() as work:
        corpus = Path(work, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / str(number)).write_bytes(seed)
        limits = ["-rss_limit_mb=1024", "-timeout=10", "-max_len=16384"]
        os.chdir(work)
        atheris.Setup([sys.argv[0], *limits, *sys.argv[2:], str(corpus)], test_one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
