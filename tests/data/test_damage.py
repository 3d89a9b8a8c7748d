"""Damaged files: every kind of damage is told in one line, and takes no memory."""

import gzip
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from data_helpers import FUZZ, error_line, header, idx_bytes, mutations, toy_arrays
from hypothesis import given
from hypothesis import strategies as st

from npvae.data.dataset import load_data
from npvae.data.idx import TEST_IMAGES, TRAIN_IMAGES
from npvae.errors import UserError

GOOD = idx_bytes(toy_arrays()[TRAIN_IMAGES])
ZIPPED = gzip.compress(GOOD)
SHORTER, LONGER = "shorter than the 180 bytes", "longer than the 180 bytes"
BAD_IDX = {
    "another type": (header(1, 1, 1, kind=0x0A) + bytes(4), "damaged IDX header 00 00 0a 03"),
    "short header": (GOOD[:10], "damaged IDX header"),
    "shorter header": (GOOD[:3], "damaged IDX header"),
    "truncated": (GOOD[:-1], SHORTER),
    "too long": (GOOD + b"\0", LONGER),
    "no images": (header(0, 3, 5), "is empty"),
    "no pixels": (header(12, 3, 0), "is empty"),
    "no dimensions": (header(), "is empty"),
    "gigabytes": (header(2**10, 2**10, 2**10) + bytes(100), "shorter than the 1,073,741,824"),
    "terabytes": (
        header(2**31, 2**20, 2**20) + bytes(100),
        "shorter than the 2,361,183,241,434,822,606,848",
    ),
    "gzip of truncated": (gzip.compress(GOOD[:-1]), SHORTER),
    "gzip of too long": (gzip.compress(GOOD + b"\0"), LONGER),
    "gzip cut off": (ZIPPED[:-9], "cannot be read (Compressed file ended"),
    "gzip with wrong CRC": (ZIPPED[:-8] + bytes(8), "cannot be read (CRC check failed"),
    "gzip with junk behind": (ZIPPED + b"junk", "cannot be read (Not a gzipped file"),
    "gzip with a bad block": (
        ZIPPED[:10] + b"\xff" * 40,
        "cannot be read (Error -3 while decompressing",
    ),
}


def peak_of_refusing(path, words):
    """Return the most bytes that Python and NumPy held while the file was refused."""
    tracemalloc.start()
    try:
        assert words in error_line(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("content", "problem"), BAD_IDX.values(), ids=BAD_IDX)
def test_bad_idx_file(tmp_path, content, problem):
    (tmp_path / TRAIN_IMAGES).write_bytes(content)
    assert peak_of_refusing(tmp_path, problem) < 2**22


def test_a_gzip_bomb_is_not_expanded(tmp_path):
    with gzip.open(tmp_path / TRAIN_IMAGES, "wb", compresslevel=1) as file:
        file.write(header(2, 3, 5))
        for _ in range(64):
            file.write(bytes(2**20))
    assert peak_of_refusing(tmp_path, "longer than the 30 bytes") < 2**22


@pytest.mark.parametrize("opened", [open, gzip.open])
def test_a_limit_takes_the_memory_of_the_images_that_it_keeps(tmp_path, opened):
    with opened(tmp_path / TRAIN_IMAGES, "wb") as file:
        file.write(header(64 * 1024, 32, 32))
        for _ in range(64):
            file.write(bytes(2**20))
    (tmp_path / TEST_IMAGES).write_bytes(idx_bytes(np.zeros((4, 32, 32), np.uint8)))
    tracemalloc.start()
    try:
        assert len(load_data(tmp_path, limit=1000).train_images) == 1000
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def images(count, dtype=np.float64, shape=(4, 3)):
    return np.random.default_rng(2).random((count, *shape)).astype(dtype)


LABELS = "labels must be whole numbers in 0..255"
RANGE = "must be finite and in [0, 1]"
BAD_ARRAYS = {
    "no images": ({"pictures": images(3)[:, 0, 0]}, "there are no training images"),
    "zero images": ({"images": np.zeros((0, 4, 3))}, "images (0, 4, 3)"),
    "zero pixels": ({"images": np.zeros((3, 4, 0))}, "images (3, 4, 0)"),
    "a number": ({"images": 3}, "images: neither"),
    "one image": ({"images": images(1)}, "a single image"),
    "booleans": ({"images": np.zeros((3, 4, 3), bool)}, "images: bool, but images must be"),
    "complex": ({"images": np.zeros((3, 4, 3), complex)}, "images: complex128"),
    "objects": ({"images": np.full((3, 4, 3), None)}, "Object arrays"),
    "bytes as floats": ({"images": images(3) * 255}, RANGE),
    "negative": ({"images": images(3) - 1}, RANGE),
    "NaN": ({"images": np.where(images(3) > 0.5, np.nan, 0.5)}, "values from nan"),
    "infinity": ({"images": np.where(images(3) > 0.5, np.inf, 0.5)}, "to inf"),
    "bad test images": ({"images": images(3), "test_images": images(3) - 1}, RANGE),
    "test labels only": ({"images": images(3), "test_labels": [1, 2, 3]}, "no test images"),
    "few labels": ({"images": images(3), "labels": [1, 2]}, "3 images in images, but 2 labels"),
    "fractions": ({"images": images(2), "labels": [1.5, 2.0]}, LABELS),
    "NaN label": ({"images": images(2), "labels": [np.nan, 2.0]}, LABELS),
    "text labels": ({"images": images(2), "labels": ["a", "b"]}, "labels: neither"),
    "negative label": ({"images": images(2), "labels": [-1, 2]}, "values from -1 to 2"),
    "large label": ({"images": images(2), "labels": np.array([2**64 - 1, 0], "u8")}, "to 18446"),
    "one-sided labels": (
        {"images": images(2), "test_images": images(2), "labels": [1, 2]},
        "labels for both or for none",
    ),
    "two sizes": ({"images": images(2), "test_images": images(2, shape=(3, 4))}, "one size"),
    "two types": ({"images": images(2), "test_images": images(2).astype("u1")}, "one type"),
    "two bad values": ({"images": images(2) - 1, "labels": [-1, 2]}, f"{RANGE}, and {LABELS}"),
}


@pytest.mark.parametrize(("arrays", "problem"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_bad_arrays(tmp_path, arrays, problem):
    np.savez_compressed(tmp_path / "own.npz", **arrays)
    message = error_line(tmp_path / "own.npz")
    assert all(words in message for words in problem.split(", and "))


def zip_of(npy):
    """Return an intact .npz file whose array `images` consists of the bytes `npy`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("images.npy", npy)
    return buffer.getvalue()


def npy_header(shape, descr="'|u1'"):
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


GIGABYTES = npy_header(f"({2**10}, {2**10}, {2**10})") + bytes(99)
BAD_FILES = {
    "not npy": (zip_of(b"hello"), "a zip archive without arrays of NumPy"),
    "gigabytes": (zip_of(GIGABYTES), "cannot be read (EOF: reading array data"),
    "gigabytes alone": (GIGABYTES, "cannot be read ("),
    "terabytes": (zip_of(npy_header(f"({2**50}, 1, 1)") + bytes(99)), "fit into memory; get"),
    "negative sizes": (zip_of(npy_header("(-3, -2, 4)") + bytes(24)), "cannot be read ("),
    "endless sizes": (zip_of(npy_header(f"({'9' * 4000}, {'9' * 4000}, 1)")), "cannot be read"),
    "long header": (zip_of(npy_header("(1, 1, 1)" + " " * 20000) + bytes(1)), "cannot be read"),
    "pickle": (zip_of(npy_header("(2, 1, 1)", "'|O'") + b"cos\nabort\n(tR."), "Object arrays"),
    "truncated": (zip_of(npy(images(6)))[:-30], "cannot be read (File is not a zip file)"),
    "npy truncated": (npy(images(6))[:-1], "cannot be read ("),
    "npy truncated and zipped": (gzip.compress(npy(images(6))[:-1]), "(EOF: reading array data"),
    "npy of objects": (npy(np.full((3, 4, 3), None)), "Object arrays cannot be loaded"),
}


@pytest.mark.parametrize(("content", "problem"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file_of_numpy(tmp_path, content, problem):
    (tmp_path / "own").write_bytes(content)
    assert problem in error_line(tmp_path / "own")


def test_gigabytes_in_a_small_archive_are_refused_before_they_are_expanded(tmp_path):
    with (
        zipfile.ZipFile(
            tmp_path / "own.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1
        ) as archive,
        archive.open("images.npy", "w") as member,
    ):
        member.write(npy_header(f"({2**10}, {2**10}, {2**10})"))
        for _ in range(2**10):
            member.write(bytes(2**20))
    assert peak_of_refusing(tmp_path / "own.npz", "images.npy would fill 1,073,7") < 2**22


def test_wrong_checksum(tmp_path):
    content = zip_of(npy_header("(2, 2, 2)") + b"SOMEBYTE").replace(b"SOMEBYTE", b"someBYTE")
    (tmp_path / "own.npz").write_bytes(content)
    assert "Bad CRC-32" in error_line(tmp_path / "own.npz")


VALID = [GOOD, ZIPPED, npy(images(6)), b"label,a,b,c,d\n" + b"1,2,3,4,5\n" * 9, b"0 1 2 3 4\n" * 9]
with io.BytesIO() as whole:
    np.savez_compressed(whole, images=images(6, "f4"), labels=np.arange(6))
    VALID.append(whole.getvalue())


@FUZZ
@given(st.one_of([mutations(v) for v in VALID] + [mutations(npy(images(6))).map(zip_of)]))
def test_any_damage_gives_arrays_or_a_user_error(tmp_path, content):
    (tmp_path / "fuzzed").write_bytes(content)
    try:
        data = load_data(tmp_path / "fuzzed")
    except UserError as error:
        assert "\n" not in str(error)
        return
    assert data.train_images.size > 0 and data.train_images.dtype in (np.uint8, np.float32)
    assert data.train_images.min() >= 0
