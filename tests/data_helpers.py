"""What the tests of reading data share: toy files, their damage, and the form of an error."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from npvae.data.dataset import SHA256, load_data
from npvae.errors import UserError
from npvae.training.kinds import KINDS
from npvae.training.options import Options
from npvae.training.run import Run, new_run

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = SHA256  # their names
FUZZ = settings(
    max_examples=60, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


def toy_arrays():
    """12 training and 6 test images of 3 x 5 pixels, in the four files' arrays."""
    rng = np.random.default_rng(1)
    return {
        TRAIN_IMAGES: rng.integers(0, 256, (12, 3, 5), np.uint8),
        TRAIN_LABELS: np.arange(12, dtype=np.uint8) % 4,
        TEST_IMAGES: rng.integers(0, 256, (6, 3, 5), np.uint8),
        TEST_LABELS: np.arange(6, dtype=np.uint8) % 3,
    }


def write_toy(directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    for name, array in toy_arrays().items():
        (directory / name).write_bytes(idx_bytes(array))
    return directory


def small_run(run: str = "kl") -> Run:
    """A run of 2 epochs, as training leaves it, of a network for images of 3 x 2 pixels."""
    made = new_run(Options(run, latent_dim=1, hidden_dim=2), (3, 2), "toys", "f1")
    made.epoch, made.steps = 2, 10
    made.history = [dict.fromkeys(KINDS[run].columns, 0.5) | {"epoch": n} for n in (1, 2)]
    rng = np.random.default_rng(0)
    made.vae.m[:], made.vae.v[:] = rng.random((2, made.vae.m.size))
    return made


def error_line(path: Path | str, load=load_data) -> str:
    """Return the message of the UserError that loading raises: one line that names the path."""
    with pytest.raises(UserError) as info:
        load(path)
    message = str(info.value)
    assert "\n" not in message and str(path) in message
    return message


def header(*sizes: int, kind: int = 8) -> bytes:
    return struct.pack(f">HBB{len(sizes)}I", 0, kind, len(sizes), *sizes)


def idx_bytes(array: np.ndarray) -> bytes:
    """Return the IDX file of bytes, or of 32-bit integers where the array has any others."""
    if array.dtype == np.uint8:
        return header(*array.shape) + array.tobytes()
    return header(*array.shape, kind=0x0C) + array.astype(">i4").tobytes()


def npy(array: np.ndarray) -> bytes:
    """Return the .npy file of an array."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npy_of(shape, content: bytes = bytes(99), descr: str = "'|u1'") -> bytes:
    """Return a .npy file whose header says this shape and type, whatever the content."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


def zip_of(members: dict[str, bytes]) -> bytes:
    """Return an intact .npz file of these arrays, each given by the bytes of its .npy file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


@st.composite
def mutations(draw, valid: bytes) -> bytes:
    """A valid file with some bytes overwritten, a piece cut out, or a piece put in."""
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 8))
        data[at : at + length] = draw(st.binary(max_size=8))
    return bytes(data)
