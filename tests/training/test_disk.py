"""Disks that are full, places that cannot be written to, and two runs that want the same place."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from npvae.cli import run_program
from npvae.errors import UserError
from npvae.files.atomic import replacing, write_text
from npvae.training.checkpoint import load_checkpoint

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, images=np.random.default_rng(0).random((200, 5, 4), dtype=np.float32))
    return path


def command(images, out, *options):
    small = ["--hidden-dim", "16", "--latent-dim", "2", "--threads", "1", "--data-dir", images]
    return [sys.executable, ROOT / "run_kl.py", *small, "--out", out, *options]


def one_line(process: subprocess.CompletedProcess) -> str:
    """Return the line that a program which exited with 2 ended with; no traceback before it."""
    assert process.returncode == 2, process.stderr
    assert process.stderr.count("\n") == 1
    return process.stderr


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path, monkeypatch, code):
    def fails(_):
        raise OSError(code, os.strerror(code))

    path = tmp_path / "kept.txt"
    write_text(path, "old")
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(UserError, match=os.strerror(code)):
        write_text(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_an_error_while_writing_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "kept.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as file:
        file.write("half of the new")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_up_stops_the_run_and_keeps_the_checkpoint(tmp_path, images):
    out = tmp_path / "out"
    subprocess.run(command(images, out, "--epochs", "2"), check=True)
    before = (out / "checkpoint.npz").read_bytes()

    def no_file_above_8_kb():
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    line = one_line(
        subprocess.run(
            command(images, out, "--epochs", "4", "--resume"),
            preexec_fn=no_file_above_8_kb,
            capture_output=True,
            text=True,
        )
    )
    assert "checkpoint.npz: cannot be written" in line and "make room" in line
    assert (out / "checkpoint.npz").read_bytes() == before
    assert not list(out.glob("*.tmp")) and not list(out.glob(".*.tmp"))
    subprocess.run(command(images, out, "--epochs", "4", "--resume"), check=True)
    assert load_checkpoint(out / "checkpoint.npz").epoch == 4


def test_a_place_that_cannot_be_a_directory(tmp_path, images):
    result = subprocess.run(command(images, "/dev/null/out"), capture_output=True, text=True)
    assert "/dev/null/out: cannot be made a directory" in one_line(result)


def test_a_directory_in_place_of_a_file(tmp_path, images):
    (tmp_path / "out" / "checkpoint.npz").mkdir(parents=True)
    result = subprocess.run(command(images, tmp_path / "out"), capture_output=True, text=True)
    assert "checkpoint.npz: cannot be written" in one_line(result)


def test_a_second_run_in_the_same_place_is_refused_and_harms_nothing(tmp_path, images):
    out = tmp_path / "out"
    with subprocess.Popen(
        command(images, out, "--epochs", "1000000"), stdout=subprocess.PIPE, text=True
    ) as first:
        try:
            for line in first.stdout:
                if line.startswith("epoch"):
                    break
            result = subprocess.run(command(images, out), capture_output=True, text=True)
            assert "another run is writing there" in one_line(result)
            assert not (tmp_path / "out.1").exists()
            epoch = load_checkpoint(out / "checkpoint.npz").epoch
            assert all(first.stdout.readline().startswith("epoch") for _ in range(epoch + 2))
            assert load_checkpoint(out / "checkpoint.npz").epoch > epoch
        finally:
            first.kill()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_under_the_printed_lines_costs_no_epoch(tmp_path, images):
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            command(images, tmp_path / "out"), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert "No space left" in one_line(result)


def test_a_reader_that_hangs_up_gets_one_line(tmp_path, images):
    child = subprocess.Popen(
        command(images, tmp_path / "out"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    child.stdout.close()
    said = child.stderr.read()
    assert child.wait() == 2 and said.count("\n") == 1 and "Broken pipe" in said
    child.stderr.close()


def test_too_little_memory_gives_one_line(capsys):
    def main():
        np.empty(2**62, np.uint8)

    with pytest.raises(SystemExit) as stop:
        run_program(main)
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "out of memory" in said
