"""The files people have: what is read of each, and the line that says what was taken for what."""

import gzip

import numpy as np
import pytest
from data_helpers import TEST_LABELS, TRAIN_IMAGES, error_line, idx_bytes

from npvae.data.dataset import load_data

rng = np.random.default_rng(3)
TRAIN, TEST = rng.integers(0, 256, (24, 6, 6), np.uint8), rng.integers(0, 256, (12, 6, 6), np.uint8)
TRAIN[:, 0, 0] = TEST[:, 0, 0] = 0  # a corner, always black
TRAIN_Y, TEST_Y = np.arange(24) % 3, np.arange(12) % 3
FOUR = {"train-images": TRAIN, "train-labels": TRAIN_Y, "t10k-images": TEST, "t10k-labels": TEST_Y}
FLAT, FLAT_TEST = TRAIN.reshape(24, 36), TEST.reshape(12, 36)


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def kmnist(tmp):
    for name, array in FOUR.items():
        npz(tmp / f"kmnist-{name.replace('images', 'imgs')}.npz", arr_0=array)
    return tmp


def medmnist(tmp):
    parts = {"train": (TRAIN, TRAIN_Y), "val": (TEST[::-1], TEST_Y), "test": (TEST, TEST_Y)}
    labels = {f"{part}_labels": y[:, None] for part, (_, y) in parts.items()}
    return npz(tmp / "m.npz", **{f"{part}_images": x for part, (x, _) in parts.items()}, **labels)


def write(directory, name, data):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(data)


def idx(tmp, name="{}-idx{}-ubyte", pack=idx_bytes, folder=""):
    for stem, array in FOUR.items():
        file = name.format(stem, array.ndim)
        write(tmp / folder.format(file), file, pack(array.astype(np.uint8)))
    return tmp


def qmnist(tmp):
    for part, images, labels in (("train", TRAIN, TRAIN_Y), ("test", TEST, TEST_Y)):
        write(tmp, f"qmnist-{part}-images-idx3-ubyte", idx_bytes(images))
        eight = np.c_[labels, np.full((len(labels), 7), 300)]
        write(tmp, f"qmnist-{part}-labels-idx2-int.gz", gzip.compress(idx_bytes(eight)))
    return tmp


def torchvision(tmp):
    raw = idx(tmp / "MNIST" / "raw")
    idx(raw, "{}-idx{}-ubyte.gz", lambda array: gzip.compress(idx_bytes(array)))
    return tmp


def with_others(tmp):
    """macOS adds files of its own, and there is a validation part."""
    for name in FOUR:
        write(tmp, f"._{name}-idx3-ubyte", b"\0\5\x16\7\0")
    write(tmp, "val-images-idx3-ubyte", idx_bytes(TEST))
    return idx(tmp)


def npy(tmp):
    for name, array in zip(("x_train", "y_train", "x_test", "y_test"), FOUR.values(), strict=True):
        np.save(tmp / f"{name}.npy", array)
    return tmp


def table(path, columns, head="", **how):
    np.savetxt(path, columns, **({"fmt": "%d", "delimiter": ","} | how), header=head, comments="")


def csv(tmp, columns=lambda x, y: np.c_[y, x], head="", **how):
    for part, x, y in (("train", FLAT, TRAIN_Y), ("test", FLAT_TEST, TEST_Y)):
        table(tmp / f"mnist_{part}.csv", columns(x, y), head, **how)
    return tmp


Y = {"y_train": TRAIN_Y, "y_test": TEST_Y}
CHANNELS = {"x_train": TRAIN[..., None], "x_test": TEST[:, None], **Y}
OURS = {"images": TRAIN, "labels": TRAIN_Y, "test_images": TEST, "test_labels": TEST_Y}
ONE_HOT = {"Y_train": np.eye(3)[TRAIN_Y], "Y_test": np.eye(3)[TEST_Y]}
FORTRAN = {"x_train": np.asfortranarray(FLAT), "x_test": FLAT_TEST[..., None]}
LAST = lambda x, y: np.c_[x, y]  # noqa: E731
PIXELS = ",".join(f"pixel{i}" for i in range(36))
FORMS = {  # how to make it, and what the line about it says
    "keras": (
        lambda tmp: npz(tmp / "mnist.npz", x_train=TRAIN, x_test=TEST, **Y),
        "took x_train for the training images, y_train for the training labels, x_test for the te",
    ),
    "ours, among others": (lambda tmp: npz(tmp / "o.npz", **OURS, mean=TRAIN.mean(axis=0)), ""),
    "KMNIST": (kmnist, "arr_0 of kmnist-train-imgs.npz for the training images"),
    "MedMNIST": (medmnist, "left out val_images, left out val_labels"),
    "with a channel": (lambda tmp: npz(tmp / "c.npz", **CHANNELS), "x_train for the training imag"),
    "flat, one-hot": (
        lambda tmp: npz(tmp / "f.npz", **FORTRAN, **ONE_HOT),
        "the place of the 1 in Y_test for the test labels",
    ),
    "IDX": (idx, ""),
    "IDX with a dot": (lambda tmp: idx(tmp, "{}.idx{}-ubyte"), "took train-images.idx3-ubyte for"),
    "IDX in folders": (lambda tmp: idx(tmp, folder="{}"), ""),
    "IDX in folders called .gz": (lambda tmp: idx(tmp, folder="{}.gz"), ""),
    "IDX unpacked, still called .gz": (lambda tmp: idx(tmp, "{}-idx{}-ubyte.gz"), ""),
    "EMNIST": (lambda tmp: idx(tmp, "emnist-digits-{}-idx{}-ubyte"), "emnist-digits-train-images"),
    "QMNIST": (qmnist, "the first column of qmnist-train-labels-idx2-int.gz for the training lab"),
    "torchvision": (torchvision, ""),
    "torchvision's MNIST": (lambda tmp: torchvision(tmp) / "MNIST", ""),
    "IDX among others": (with_others, "left out val-images-idx3-ubyte"),
    "NumPy": (npy, "x_train.npy for the training images"),
    "CSV": (csv, "column 1 of mnist_train.csv for the training labels"),
    "CSV with a header": (lambda tmp: csv(tmp, head="label," + PIXELS), "column 1 of mnist_test.c"),
    "CSV, class last": (lambda tmp: csv(tmp, LAST, PIXELS + ",class"), "column 37"),
    "CSV, class last, no header": (lambda tmp: csv(tmp, LAST), "column 37"),
    "CSV of pandas, with its index": (
        lambda tmp: csv(tmp, lambda x, y: np.c_[300 + np.arange(len(x)), y, x], ",label," + PIXELS),
        "column 2 of mnist_train.csv",
    ),
    "CSV of savetxt, fractions": (lambda tmp: csv(tmp, fmt="%.18e", delimiter=" "), "column 1"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "words"), FORMS.values(), ids=FORMS)
def test_what_people_have_is_the_same_data(tmp_path, capsys, make, words):
    """Whatever the form, images, labels and the fingerprint are those of the same arrays."""
    data = load_data(make(tmp_path))
    np.testing.assert_array_equal(data.train_images, FLAT)
    np.testing.assert_array_equal(data.test_images, FLAT_TEST)
    np.testing.assert_array_equal(data.train_labels, TRAIN_Y)
    np.testing.assert_array_equal(data.test_labels, TEST_Y)
    assert data.train_labels.dtype == np.int64
    assert data.train_images.flags.c_contiguous and data.train_images.flags.writeable
    usual = npz(tmp_path / "usual.npz", images=TRAIN, test_images=TEST)
    line = capsys.readouterr().err
    assert data.fingerprint == load_data(usual).fingerprint
    assert words in line and line.count("\n") == bool(words)


def test_a_table_of_zeros_and_ones_is_black_and_white_and_a_sixth_is_held_out(tmp_path, capsys):
    for form in ("%d", "%.1f"):
        table(tmp_path / "own.csv", FLAT > 127, fmt=form)
        data = load_data(tmp_path / "own.csv")
        assert data.train_images.dtype == np.float32 and data.train_images.max() == 1
        assert len(data.train_images) == 20 and len(data.test_images) == 4
        assert "held out one image in six for testing" in capsys.readouterr().err


def test_kaggles_test_file_has_no_labels_and_torchvisions_root_has_several_data_sets(tmp_path):
    idx(tmp_path / "root/MNIST/raw")
    idx(tmp_path / "root/FashionMNIST/raw")
    message = error_line(tmp_path / "root")
    assert all(f"{name}/raw/train-images" in message for name in ("MNIST", "FashionMNIST"))
    table(tmp_path / "train.csv", np.c_[TRAIN_Y, FLAT], "label," + PIXELS)
    table(tmp_path / "test.csv", FLAT_TEST, PIXELS)
    assert "a labelled file may also be named alone" in error_line(tmp_path)
    assert len(load_data(tmp_path / "train.csv").train_labels) == 20


REFUSED = {
    "colours": (
        {"train_images": np.stack([TRAIN] * 3, -1), "train_labels": TRAIN_Y},
        ["colour images", "train_images (24, 6, 6, 3) uint8", "train_labels (24,) int64"],
    ),
    "colours first": ({"x": np.stack([TRAIN] * 3, 1)}, ["colour images", "x (24, 3, 6, 6) uint8"]),
    "whole numbers": ({"x": TRAIN.astype(int), "y": TRAIN_Y}, ["x: int64", "y (24,) int64"]),
    "two readings": ({"x": TRAIN, "data": FLAT}, ["the training images may be x or data"]),
    "not square": ({"data": FLAT[:, :30]}, ["there are no training images", "data (24, 30) uint8"]),
    "many faults": (
        {"x_train": TRAIN.astype(int), "y_train": TRAIN_Y[:5], "x_test": TEST, "who": ["a"]},
        ["x_train: int64", "24 images in x_train, but 5 labels", "who: neither", "labels for both"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arrays", "words"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_lists_all_and_says_how_to_convert_it(tmp_path, monkeypatch, arrays, words):
    message = error_line(npz(tmp_path / "theirs.npz", **arrays))
    assert all(word in message for word in [*words, "numpy.savez('own.npz', images="])
    code = message.partition("To convert: ")[2]
    monkeypatch.chdir(tmp_path)
    exec(code.replace("ROWS, COLUMNS", "6, 5"))
    assert load_data("own.npz").image_shape[0] == 6


FOREIGN = {
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
    "a web page": b"\n<!DOCTYPE html>\n<html>404, not found</html>",
    "a pickle": b"\x80\x03csomething, anything",
    "a Parquet table": b"PAR1\x15\x04, and so on",
    "begins with nothing": b"",
    "begins with 89 50 4e 47": b"\x89PNG\r\n\x1a\n\0\0",
    "could not convert string 'five'": b"1,2,3\n4,five,6\n",
}


@pytest.mark.parametrize(("what", "content"), FOREIGN.items(), ids=FOREIGN)
@pytest.mark.parametrize("zipped", [False, True])
def test_what_is_no_data_is_called_by_its_name(tmp_path, what, content, zipped):
    idx(tmp_path)
    (tmp_path / TRAIN_IMAGES).write_bytes(gzip.compress(content) if zipped else content)
    (tmp_path / TEST_LABELS).write_bytes(b"<html>")
    message = error_line(tmp_path)
    assert what in message and TRAIN_IMAGES in message
    assert "a web page" in message and TEST_LABELS in message  # all faults at once
