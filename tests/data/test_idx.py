"""One IDX file: every kind of damage is told in one line, and nothing else comes out."""

import gzip
import os
import tracemalloc

import numpy as np
import pytest
from data_helpers import FUZZ, error_line, header, mutations, toy_arrays
from hypothesis import given
from hypothesis import strategies as st

from npvae.data.idx import TRAIN_IMAGES, idx_bytes, read_idx
from npvae.errors import UserError
from npvae.files.archive import MAX_BYTES

GOOD = idx_bytes(toy_arrays()[TRAIN_IMAGES])
BAD_FILES = {
    "empty": (b"", "not an IDX file: begins with nothing"),
    "wrong magic": (b"\x89PNG" + GOOD, "not an IDX file: begins with 89 50 4e 47"),
    "floats": (header(1, 1, 1, kind=0x0D) + bytes(4), "type code 0d"),
    "labels for images": (header(4) + bytes(4), "has 1 dimensions, not 3"),
    "short header": (GOOD[:10], "truncated inside its header"),
    "truncated": (GOOD[:-1], "truncated"),
    "too long": (GOOD + b"\0", "longer than"),
    "no images": (header(0, 3, 5), "is empty"),
    "no pixels": (header(12, 3, 0), "is empty"),
    "terabytes": (header(2**31, 2**20, 2**20) + bytes(100), "more than the file can hold"),
    "gzip of truncated": (gzip.compress(GOOD[:-1]), "truncated"),
    "gzip of too long": (gzip.compress(GOOD + b"\0"), "longer than"),
    "gzip of terabytes": (gzip.compress(header(2**32 - 1, 2**32 - 1, 9)), "than the file can hold"),
    "gzip cut off": (gzip.compress(GOOD)[:-9], "damaged gzip"),
    "gzip without CRC": (gzip.compress(GOOD)[:-8], "damaged gzip"),
    "gzip with wrong CRC": (gzip.compress(GOOD)[:-8] + bytes(8), "damaged gzip"),
    "gzip with junk behind": (gzip.compress(GOOD) + b"junk", "damaged gzip"),
    "gzip with a bad block": (gzip.compress(GOOD)[:10] + b"\xff" * 40, "damaged gzip"),
}


@pytest.mark.parametrize("content, problem", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_bad_idx_file(tmp_path, content, problem):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert problem in error_line(path, lambda path: read_idx(path, 3))


def test_a_raw_file_above_the_cap_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge"
    path.write_bytes(header(2**16, 2**16, 2))
    os.truncate(path, 16 + 2 * MAX_BYTES)  # sparse
    assert "more than the 4,294,967,296" in error_line(path, lambda path: read_idx(path, 3))


def test_lack_of_memory_is_told(tmp_path, monkeypatch):
    def refuse(*args):
        raise MemoryError

    path = tmp_path / "file"
    path.write_bytes(GOOD)
    monkeypatch.setattr(np, "empty", refuse)
    assert "does not fit into memory" in error_line(path, lambda path: read_idx(path, 3))


def test_a_gzip_bomb_is_not_expanded(tmp_path):
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header(10))
        for _ in range(64):
            file.write(bytes(2**20))
    tracemalloc.start()
    try:
        assert "longer than the 10 bytes" in error_line(path, lambda path: read_idx(path, 1))
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@FUZZ
@given(st.one_of(mutations(GOOD), mutations(gzip.compress(GOOD))))
def test_any_damage_to_idx_gives_an_array_or_a_user_error(tmp_path, content):
    path = tmp_path / "fuzzed"
    path.write_bytes(content)
    try:
        array = read_idx(path, 3)
    except UserError:
        return
    assert array.ndim == 3 and array.size > 0 and array.dtype == np.uint8
