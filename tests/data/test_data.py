"""Finding and checking the user's directory; the sample; and the real MNIST where it is at hand."""

import os
from pathlib import Path

import numpy as np
import pooch
import pytest
from data_helpers import error_line, toy_arrays, write_toy

from npvae.data import download
from npvae.data.dataset import load_data
from npvae.data.idx import TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, idx_bytes
from npvae.errors import UserError

REAL_MNIST = os.environ.get("NPVAE_DATA_DIR")


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """Nothing named, nothing cached, nothing to download from."""
    monkeypatch.delenv("NPVAE_DATA_DIR", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setattr(download, "MIRRORS", ())


@pytest.mark.parametrize("zipped", [False, True])
def test_directory_gives_its_arrays_as_rows(tmp_path, zipped):
    data = load_data(write_toy(tmp_path / "toys", zipped))
    toy = toy_arrays()
    np.testing.assert_array_equal(data.train_images, toy[TRAIN_IMAGES].reshape(12, 15))
    np.testing.assert_array_equal(data.test_images, toy[TEST_IMAGES].reshape(6, 15))
    np.testing.assert_array_equal(data.train_labels, toy[TRAIN_LABELS])
    np.testing.assert_array_equal(data.test_labels, toy[TEST_LABELS])
    assert data.train_images.dtype == data.test_images.dtype == np.uint8
    assert data.train_labels.dtype == data.test_labels.dtype == np.int64
    assert data.train_images.flags.c_contiguous and data.train_images.flags.writeable
    assert data.image_shape == (3, 5)
    assert data.name == "toys, 12 training and 6 test images"
    assert not data.is_sample


def test_content_not_the_name_tells_gzip(tmp_path):
    write_toy(tmp_path)
    (tmp_path / TRAIN_IMAGES).rename(tmp_path / f"{TRAIN_IMAGES}.gz")
    images = load_data(tmp_path).train_images
    np.testing.assert_array_equal(images, toy_arrays()[TRAIN_IMAGES].reshape(12, 15))


def test_environment_names_the_directory_and_the_argument_wins(tmp_path, monkeypatch):
    write_toy(tmp_path / "one")
    monkeypatch.setenv("NPVAE_DATA_DIR", str(write_toy(tmp_path / "two")))
    assert load_data().name.startswith("two,")
    assert load_data(str(tmp_path / "one")).name.startswith("one,")


def test_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write_toy(tmp_path / "toys")
    assert load_data("~/toys").name.startswith("toys,")


def test_limit_keeps_the_first_training_images(tmp_path):
    whole = load_data(write_toy(tmp_path))
    part = load_data(tmp_path, limit=5)
    np.testing.assert_array_equal(part.train_images, whole.train_images[:5])
    np.testing.assert_array_equal(part.train_labels, whole.train_labels[:5])
    np.testing.assert_array_equal(part.test_images, whole.test_images)
    assert "5 training and 6 test images" in part.name
    assert len(load_data(tmp_path, limit=100).train_images) == 12


def test_labels_may_be_missing_but_only_for_both(tmp_path):
    write_toy(tmp_path)
    (tmp_path / TEST_LABELS).unlink()
    assert "labels for only one" in error_line(tmp_path)
    (tmp_path / TRAIN_LABELS).unlink()
    data = load_data(tmp_path)
    assert data.train_labels is None and data.test_labels is None


@pytest.mark.parametrize("name", [TRAIN_IMAGES, TEST_IMAGES])
def test_a_named_directory_must_be_complete(tmp_path, monkeypatch, name):
    write_toy(tmp_path)
    (tmp_path / name).unlink()
    assert f"{name} (or {name}.gz) is missing" in error_line(tmp_path)
    monkeypatch.setenv("NPVAE_DATA_DIR", str(tmp_path))
    with pytest.raises(UserError, match="is missing"):
        load_data()


@pytest.mark.parametrize("name", ["nowhere", "nowhere.npz"])
def test_a_named_path_must_exist(tmp_path, name):
    assert "no such" in error_line(tmp_path / name)


def test_a_file_is_not_a_directory(tmp_path):
    assert "no such directory" in error_line(write_toy(tmp_path) / TRAIN_IMAGES)


@pytest.mark.parametrize("name", [f"{TRAIN_IMAGES}.gz", "own.npz"])
def test_a_directory_is_not_a_file(tmp_path, name):
    (tmp_path / name).mkdir()
    data_dir = tmp_path if name.endswith("gz") else tmp_path / name
    assert "not a regular file" in error_line(data_dir)


def test_an_unreadable_file_is_named(tmp_path, monkeypatch):
    write_toy(tmp_path)

    def refuse(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    assert f"{TRAIN_IMAGES}: cannot be read (Permission denied)" in error_line(tmp_path)


def test_counts_of_images_and_labels_must_agree(tmp_path):
    write_toy(tmp_path)
    (tmp_path / TEST_LABELS).write_bytes(idx_bytes(np.zeros(7, np.uint8)))
    message = error_line(tmp_path)
    assert "6 images" in message and "7 labels" in message and TEST_LABELS in message


def test_training_and_test_images_must_have_one_size(tmp_path):
    write_toy(tmp_path)
    (tmp_path / TEST_IMAGES).write_bytes(idx_bytes(np.zeros((6, 5, 3), np.uint8)))
    message = error_line(tmp_path)
    assert "3 x 5" in message and "5 x 3" in message


def test_without_a_network_the_sample_is_used_and_says_so(capfd):
    data = load_data(limit=1000)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1 and captured.err.endswith("\n")
    for words in ("sample of 5,000 digits", "not comparable", "--data-dir", "NPVAE_DATA_DIR"):
        assert words in captured.err
    assert data.is_sample
    assert data.name == "sample of 5,000 MNIST digits, 1,000 training and 1,000 test images"
    assert data.image_shape == (28, 28)
    assert data.train_images.dtype == np.uint8 and data.train_images.max() == 255
    np.testing.assert_array_equal(np.bincount(data.test_labels), np.full(10, 100))
    assert np.bincount(data.train_labels, minlength=10).min() > 50  # a limit keeps all ten classes
    train, test = ({row.tobytes() for row in d} for d in (data.train_images, data.test_images))
    assert len(test) > 990 and not train & test


@pytest.mark.skipif(not REAL_MNIST, reason="NPVAE_DATA_DIR does not name the MNIST files")
def test_real_mnist():
    data = load_data(REAL_MNIST)
    assert data.name == "MNIST, 60,000 training and 10,000 test images"
    assert data.image_shape == (28, 28)
    assert abs(data.train_images.mean() / 255 - 0.1307) < 5e-5  # known mean of the training set
    assert list(data.train_labels[:5]) == [5, 0, 4, 1, 9]
    assert list(data.test_labels[:5]) == [7, 2, 1, 0, 4]


def test_the_fingerprint_is_that_of_all_images_and_nothing_else(tmp_path):
    images = np.arange(240, dtype=np.uint8).reshape(40, 2, 3)
    labels = np.arange(40) % 2

    def fingerprint(images=images, cut=30, limit=None, **labels):
        arrays = {"images": images[:cut], "test_images": images[cut:]}
        np.savez(tmp_path / "own.npz", **arrays, **labels)
        return load_data(tmp_path / "own.npz", limit).fingerprint

    first, changed = fingerprint(), images.copy()
    changed[29, 1, 2] += 1
    assert fingerprint(limit=5) == first
    assert fingerprint(labels=labels[:30], test_labels=labels[30:]) == first
    others = [
        fingerprint(changed),
        fingerprint(cut=31),
        fingerprint(images.reshape(40, 3, 2)),
        fingerprint((images / 255).astype(np.float32)),
    ]
    assert len({first, *others}) == 5 and all(len(found) == 64 for found in others)
