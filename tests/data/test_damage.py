"""Damaged files: every kind of damage is told in one line, and takes no memory."""

import gzip
import struct
import tracemalloc
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest
from data_helpers import FUZZ, error_line, header, idx_bytes, mutations, npy, npy_of, zip_of
from hypothesis import given
from hypothesis import strategies as st

from npvae.data.dataset import load_data
from npvae.errors import UserError


@contextmanager
def little_memory(most=2**22):
    """Python and NumPy never hold more bytes than this."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def images(count, dtype=np.float64, shape=(4, 3)):
    return np.random.default_rng(2).random((count, *shape)).astype(dtype)


def npz_of(*npy_file, **more):
    return zip_of({"images": npy_of(*npy_file, **more)})


GOOD, NPY = idx_bytes(np.zeros((12, 3, 5), np.uint8)), npy(images(6))
ZIPPED = gzip.compress(GOOD)
SHORTER, LONGER = "shorter than the 180 bytes", "longer than the 180 bytes"
KILO = 2**10
BAD_FILES = {
    "another type": (header(1, 1, 1, kind=0x0A) + bytes(4), "damaged IDX header 00 00 0a 03"),
    "short header": (GOOD[:10], "damaged IDX header"),
    "shorter header": (GOOD[:3], "damaged IDX header"),
    "truncated": (GOOD[:-1], SHORTER),
    "too long": (GOOD + b"\0", LONGER),
    "no images": (header(0, 3, 5), "images-idx3-ubyte (0, 3, 5) uint8"),
    "no dimensions": (header(), "images-idx3-ubyte () uint8"),
    "gigabytes": (header(KILO, KILO, KILO) + bytes(100), "shorter than the 1,073,741,824"),
    "terabytes": (header(2**31, 2**20, 2**20) + bytes(100), "than the 2,361,183,241,434,822,606,8"),
    "gzip bomb": (gzip.compress(header(2, 3, 5) + bytes(64 * KILO**2), 1), "longer than the 30"),
    "gzip cut off": (ZIPPED[:-9], "cannot be read (Compressed file ended"),
    "gzip with wrong CRC": (ZIPPED[:-8] + bytes(8), "cannot be read (CRC check failed"),
    "gzip with a bad block": (ZIPPED[:10] + b"\xff" * 40, "cannot be read (Error -3 while decomp"),
    "npz of no array": (zip_of({"images": b"hello"}), "a zip archive without arrays of NumPy"),
    "npz of endless sizes": (npz_of(f"({'9' * 4000}, {'9' * 4000}, 1)"), "cannot be read"),
    "npz of a pickle": (npz_of("(2, 1, 1)", b"cos\nabort\n(tR.", "'|O'"), "Object arrays"),
    "npz truncated": (zip_of({"images": NPY})[:-30], "cannot be read (File is not a zip file)"),
    "npz with wrong CRC": (
        npz_of("(2, 2, 2)", b"SOMEBYTE").replace(b"SOMEBYTE", b"someBYTE"), "Bad CRC-32",
    ),
    "npy truncated and zipped": (gzip.compress(NPY[:-1]), "(EOF: reading array data"),
    "npy of objects": (npy(np.full((3, 4, 3), None)), "Object arrays cannot be loaded"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "problem"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file(tmp_path, content, problem):
    path = tmp_path / "images-idx3-ubyte"
    path.write_bytes(content)
    with little_memory():
        assert problem in error_line(path)


def test_gigabytes_in_a_small_archive_are_refused_before_they_are_expanded(tmp_path):
    path, size = tmp_path / "own.npz", struct.Struct("<I").pack
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", npy_of(f"({KILO}, {KILO}, {KILO})", bytes(10**6)))
        found = archive.getinfo("images.npy").file_size
    path.write_bytes(path.read_bytes().replace(size(found), size(KILO**3)))
    with little_memory():
        assert "images.npy would fill 1,073,741,824 bytes" in error_line(path)


@pytest.mark.parametrize("opened", [open, gzip.open])
def test_a_limit_takes_the_memory_of_the_images_that_it_keeps(tmp_path, opened):
    few = np.zeros((4, 32, 32), np.uint8)
    some = np.random.default_rng(4).integers(0, 256, (KILO + 9, KILO), np.uint8)  # over a megabyte
    with opened(tmp_path / "images-idx3-ubyte", "wb") as file:
        file.write(header(16 * KILO, 32, 32) + some.tobytes() + bytes(16 * KILO**2 - some.size))
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(few))
    with little_memory(8 * KILO**2):
        images = load_data(tmp_path, limit=len(some)).train_images
    np.testing.assert_array_equal(images, some)
    for more in ({}, {"test_images": few}):  # of an archive, the rest is let go
        np.savez(tmp_path / "own.npz", images=np.zeros((8 * KILO, 32, 32), np.uint8), **more)
        tracemalloc.start()
        data = load_data(tmp_path / "own.npz", limit=100)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(data.train_images) == 100 and held - data.test_images.nbytes < KILO**2


LABELS = "labels must be whole numbers in 0..255"
RANGE = "must be finite and in [0, 1]"
BAD_ARRAYS = {
    "no images": ({"pictures": images(3)[:, 0, 0]}, "there are no training images"),
    "zero images": ({"images": np.zeros((0, 4, 3))}, "images (0, 4, 3)"),
    "a number": ({"images": 3}, "images: neither"),
    "one image": ({"images": images(1)}, "a single image"),
    "booleans": ({"images": np.zeros((3, 4, 3), bool)}, "images: bool, but images must be"),
    "bytes as floats": ({"images": images(3) * 255}, RANGE),
    "NaN": ({"images": np.where(images(3) > 0.5, np.nan, 0.5)}, "values from nan"),
    "bad test images": ({"images": images(3), "test_images": images(3) - 1}, RANGE),
    "validation only": ({"val_images": images(3)}, "there are no training images"),
    "test labels only": ({"images": images(3), "test_labels": [1, 2, 3]}, "no test images"),
    "few labels": ({"images": images(3), "labels": [1, 2]}, "3 images in images, but 2 labels"),
    "fractions": ({"images": images(2), "labels": [1.5, 2.0]}, LABELS),
    "text labels": ({"images": images(2), "labels": ["a", "b"]}, "labels: neither"),
    "negative label": ({"images": images(2), "labels": [-1, 2]}, "values from -1 to 2"),
    "large label": ({"images": images(2), "labels": np.array([2**64 - 1, 0], "u8")}, "to 18446"),
    "one-sided labels": (
        {"images": images(2), "test_images": images(2), "labels": [1, 2]}, "for both or for none",
    ),
    "two sizes": ({"images": images(2), "test_images": images(2, shape=(3, 4))}, "one size"),
    "two types": ({"images": images(2), "test_images": images(2).astype("u1")}, "one type"),
    "two bad values": ({"images": images(2) - 1, "labels": [-1, 2]}, f"{RANGE}, and {LABELS}"),
}  # fmt: skip


@pytest.mark.parametrize(("arrays", "problem"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_bad_arrays(tmp_path, arrays, problem):
    np.savez_compressed(tmp_path / "own.npz", **arrays)
    message = error_line(tmp_path / "own.npz")
    assert all(words in message for words in problem.split(", and "))


TABLES = [b"label,a,b,c,d\n" + b"1,2,3,4,5\n" * 9, b"0 1 2 3 4\n" * 9]
VALID = [GOOD, ZIPPED, NPY, zip_of({"images": NPY, "labels": npy(np.arange(6))}), *TABLES]


@FUZZ
@given(st.one_of(*map(mutations, VALID), mutations(NPY).map(lambda npy: zip_of({"images": npy}))))
def test_any_damage_gives_arrays_or_a_user_error(tmp_path, content):
    (tmp_path / "fuzzed").write_bytes(content)
    try:
        data = load_data(tmp_path / "fuzzed")
    except UserError as error:
        assert "\n" not in str(error)
        return
    assert data.train_images.size > 0 and data.train_images.dtype in (np.uint8, np.float32)
    assert data.train_images.min() >= 0
