"""Coverage-guided fuzzing of the readers of data and of checkpoint files, with atheris.

An input is a file's bytes or, since most changes to a zip only spoil its checksum, those of one
array in an intact zip. Any exception but UserError, a hang, or more than 1 GB of memory ends it.

    python tests/fuzz/fuzz_readers.py data|images|checkpoint|weights|meta [-max_total_time=1800]
"""

import gzip
import os
import sys
import tempfile
from pathlib import Path

import atheris
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
ROOMS = ("npvae.data", "npvae.files", "npvae.training.checkpoint")
with atheris.instrument_imports(include=[*ROOMS, "zipfile", "gzip", "json"]):
    from data_helpers import idx_bytes, npy, small_run, zip_of

    from npvae.data.dataset import load_data
    from npvae.errors import UserError
    from npvae.training.checkpoint import load_checkpoint, save_checkpoint

os.chdir(tempfile.mkdtemp())
save_checkpoint(Path("whole.npz"), small_run())
run = {name: npy(array) for name, array in np.load("whole.npz").items()}
pixels, table = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), b"label,a,b,c,d\n1,2,3,4,5\n"
images, idx = npy(pixels / 255), idx_bytes(pixels)
forms = [idx, gzip.compress(idx), npy(pixels), zip_of({"images": images}), table]
weights, text = "encoder.output.weight", str(np.load("whole.npz")["meta"]).encode()
TARGETS = {  # the reader, inputs to start from, and the file that an input makes
    "data": (load_data, forms, bytes),
    "images": (load_data, [images], lambda data: zip_of({"images": data})),
    "checkpoint": (load_checkpoint, [Path("whole.npz").read_bytes()], bytes),
    "weights": (load_checkpoint, [run[weights]], lambda data: zip_of(run | {weights: data})),
    "meta": (load_checkpoint, [text],
             lambda data: zip_of(run | {"meta": npy(np.array(data.decode("latin-1")))})),
}  # fmt: skip
if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
    sys.exit(f"usage: {sys.argv[0]} {'|'.join(TARGETS)} [libFuzzer options]")
read, seeds, file = TARGETS[sys.argv[1]]


def test_one_input(data: bytes) -> None:
    Path("input").write_bytes(file(data))
    try:
        read(Path("input"))
    except UserError as error:
        assert "\n" not in str(error) and "input" in str(error)


Path("corpus").mkdir()
for number, seed in enumerate(seeds):
    Path("corpus", str(number)).write_bytes(seed)
limits = ["-rss_limit_mb=1024", "-timeout=10", "-max_len=16384"]
atheris.Setup([sys.argv[0], *limits, *sys.argv[2:], "corpus"], test_one_input)
atheris.Fuzz()
