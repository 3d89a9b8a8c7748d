"""The user's .npz file: what is taken from it, and the one line about anything wrong."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from data_helpers import FUZZ, error_line, mutations
from hypothesis import given
from hypothesis import strategies as st

from npvae.data.dataset import load_data
from npvae.data.npz import read_npz
from npvae.errors import UserError


def write_npz(path: Path, **arrays) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def images(count: int, dtype=np.float64, shape=(4, 3)) -> np.ndarray:
    return np.random.default_rng(2).random((count, *shape)).astype(dtype)


@pytest.mark.parametrize("dtype", ["f2", "<f4", ">f4", "f8"])
def test_npz_floats_become_float32(tmp_path, dtype):
    first, second = images(8, dtype), images(2, dtype)
    path = write_npz(tmp_path / "own.npz", images=np.asfortranarray(first), test_images=second)
    data = load_data(path)
    assert data.train_images.dtype == np.float32 and data.train_images.dtype.isnative
    np.testing.assert_array_equal(data.train_images, first.reshape(8, 12).astype(np.float32))
    np.testing.assert_array_equal(data.test_images, second.reshape(2, 12).astype(np.float32))
    assert read_npz(path)["images"].flags.c_contiguous
    assert data.train_labels is None and data.test_labels is None
    assert data.image_shape == (4, 3)
    assert data.name == "own.npz, 8 training and 2 test images"


def test_npz_bytes_and_labels(tmp_path):
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    labels = np.array([0, 255, 3, 3], np.uint16)
    arrays = {"images": pixels, "labels": labels, "test_images": pixels, "test_labels": labels}
    data = load_data(write_npz(tmp_path / "own.npz", **arrays))
    assert data.train_images.dtype == np.uint8
    assert data.train_labels.dtype == np.int64
    np.testing.assert_array_equal(data.train_images, pixels.reshape(4, 12))
    np.testing.assert_array_equal(data.test_labels, labels)


@pytest.mark.parametrize("labelled", [False, True])
def test_npz_without_test_images_holds_out_a_sixth(tmp_path, labelled):
    pixels = np.arange(60, dtype=np.uint8).reshape(60, 1, 1)  # each image tells which it is
    labels = {"labels": np.repeat([7, 1, 2], [12, 18, 30])} if labelled else {}
    path = write_npz(tmp_path / "own.npz", images=pixels, **labels)
    data = load_data(path)
    assert len(data.test_images) == 10
    everything = np.concatenate([data.train_images, data.test_images]).ravel()
    np.testing.assert_array_equal(np.sort(everything), pixels.ravel())
    if labelled:
        np.testing.assert_array_equal(np.bincount(data.test_labels)[[7, 1, 2]], [2, 3, 5])
        np.testing.assert_array_equal(data.train_labels, labels["labels"][data.train_images[:, 0]])
    np.testing.assert_array_equal(load_data(path).test_images, data.test_images)


def zip_of(npy: bytes) -> bytes:
    """Return an intact .npz file whose array `images` consists of the bytes `npy`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("images.npy", npy)
    return buffer.getvalue()


def raw_npz(path: Path, npy: bytes) -> Path:
    path.write_bytes(zip_of(npy))
    return path


def npy_header(shape: str, descr: str = "'|u1'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


BAD_ARRAYS = {
    "no images": ({"pictures": images(3)}, "no array named images"),
    "flat images": ({"images": np.zeros((3, 12), np.uint8)}, "shape (3, 12)"),
    "zero images": ({"images": np.zeros((0, 4, 3))}, "shape (0, 4, 3)"),
    "zero pixels": ({"images": np.zeros((3, 4, 0))}, "shape (3, 4, 0)"),
    "one image": ({"images": images(1)}, "a single image"),
    "integers": ({"images": np.zeros((3, 4, 3), np.int64)}, "type int64"),
    "booleans": ({"images": np.zeros((3, 4, 3), bool)}, "type bool"),
    "complex": ({"images": np.zeros((3, 4, 3), complex)}, "type complex128"),
    "objects": ({"images": np.full((3, 4, 3), None)}, "type object"),
    "structured": ({"images": np.zeros((3, 4, 3), "f4,f4")}, "type structured"),
    "bytes as floats": ({"images": images(3) * 255}, "must be finite and in [0, 1]"),
    "negative": ({"images": images(3) - 1}, "must be finite and in [0, 1]"),
    "NaN": ({"images": np.where(images(3) > 0.5, np.nan, 0.5)}, "values from nan"),
    "infinity": ({"images": np.where(images(3) > 0.5, np.inf, 0.5)}, "to inf"),
    "bad test images": ({"images": images(3), "test_images": images(3) - 1}, "array test_images"),
    "test labels only": ({"images": images(3), "test_labels": [1, 2, 3]}, "without test_images"),
    "few labels": ({"images": images(3), "labels": [1, 2]}, "3 images, but 2 labels"),
    "float labels": ({"images": images(2), "labels": [1.0, 2.0]}, "labels must be integers"),
    "text labels": ({"images": images(2), "labels": ["a", "b"]}, "labels must be integers"),
    "label column": ({"images": images(2), "labels": [[1], [2]]}, "shape (2, 1)"),
    "negative label": ({"images": images(2), "labels": [-1, 2]}, "values from -1 to 2"),
    "large label": ({"images": images(2), "labels": np.array([2**64 - 1, 0], "u8")}, "to 18446"),
    "one-sided labels": (
        {"images": images(2), "test_images": images(2), "labels": [1, 2]},
        "labels for only one",
    ),
    "two sizes": ({"images": images(2), "test_images": images(2, shape=(3, 4))}, "one size"),
    "two types": ({"images": images(2), "test_images": images(2).astype(np.uint8)}, "one type"),
}


@pytest.mark.parametrize("arrays, problem", BAD_ARRAYS.values(), ids=BAD_ARRAYS.keys())
def test_bad_npz_arrays(tmp_path, arrays, problem):
    assert problem in error_line(write_npz(tmp_path / "own.npz", **arrays))


BAD_MEMBERS = {
    "not npy": (b"hello", "not a readable .npz file"),
    "terabytes": (npy_header(f"({2**30}, {2**30}, 1)") + bytes(99), "more than the file can hold"),
    "negative sizes": (npy_header("(-3, -2, 4)") + bytes(24), "shape (-3, -2, 4)"),
    "endless sizes": (npy_header(f"({'9' * 4000}, {'9' * 4000}, 1)"), "not a readable"),
    "long header": (npy_header("(1, 1, 1)" + " " * 20000) + bytes(1), "not a readable"),
    "too few bytes": (npy_header("(9, 2, 2)") + bytes(35), "35 bytes of data where"),
    "too many bytes": (npy_header("(9, 2, 2)") + bytes(37), "37 bytes of data where"),
    "pickle": (npy_header("(2, 1, 1)", "'|O'") + b"cos\nabort\n(tR.", "type object"),
}


@pytest.mark.parametrize("npy, problem", BAD_MEMBERS.values(), ids=BAD_MEMBERS.keys())
def test_bad_npz_member(tmp_path, npy, problem):
    assert problem in error_line(raw_npz(tmp_path / "own.npz", npy))


def good_npz() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=images(6, "f4"), labels=np.arange(6))
    return buffer.getvalue()


def good_npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, images(6, "f4"))
    return buffer.getvalue()


def test_npz_compressed_otherwise_is_refused(tmp_path):
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:  # whose bombs are unbounded
        archive.writestr("images.npy", good_npy())
    assert "compressed in a way" in error_line(path)


def test_npz_wrong_checksum(tmp_path):
    path = raw_npz(tmp_path / "own.npz", npy_header("(2, 2, 2)") + b"SOMEBYTE")
    path.write_bytes(path.read_bytes().replace(b"SOMEBYTE", b"someBYTE"))
    assert "BadZipFile" in error_line(path)


def test_npz_truncated(tmp_path):
    path = tmp_path / "own.npz"
    path.write_bytes(good_npz()[:-30])
    assert "BadZipFile" in error_line(path)


@FUZZ
@given(st.one_of(mutations(good_npz()), mutations(good_npy()).map(zip_of)))
def test_any_damage_to_npz_gives_arrays_or_a_user_error(tmp_path, content):
    path = tmp_path / "fuzzed.npz"
    path.write_bytes(content)
    try:
        arrays = read_npz(path)
    except UserError:
        return
    if "images" in arrays:
        assert arrays["images"].ndim == 3 and arrays["images"].size > 0
        assert arrays["images"].min() >= 0 and arrays["images"].max() <= 255
