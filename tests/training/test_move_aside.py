"""A run that would replace another one moves it aside first, and no kill or failure loses it."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from npvae.errors import UserError
from npvae.files.atomic import move_aside
from npvae.training.checkpoint import load_checkpoint
from npvae.training.options import Options, Settings
from npvae.training.train import train

ROOT = Path(__file__).resolve().parents[2]
FILES = ("checkpoint.npz", "history.csv", "config.json")
SMALL = {"hidden_dim": 16, "latent_dim": 2}

# A process that runs run_kl.py and kills itself, as with kill -9, before its rename number N.
KILLED = """
import os, runpy, signal, sys
rename, left = os.rename, [int(sys.argv.pop(1))]
def killed_before(*args):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(*args)
os.rename = killed_before
sys.path.insert(0, os.path.dirname(sys.argv[1]))
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, images=np.random.default_rng(0).random((200, 5, 4), dtype=np.float32))
    return path


def again(images, out, epochs=1, **changes):
    """Train without --resume."""
    train(Options("kl", epochs, **SMALL, **changes), Settings(out, images, 1, resume=False))


def content(directory):
    return {name: (directory / name).read_bytes() for name in FILES}


def process(program, images, out, cwd):
    small = ["--hidden-dim", "16", "--latent-dim", "2", "--threads", "1", "--epochs", "1"]
    command = [sys.executable, *program, *small, "--data-dir", images, "--out", out]
    return subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True)


def test_the_old_run_is_moved_to_the_next_free_number(tmp_path, images, capsys):
    out, runs = tmp_path / "kl", []
    for n, seed in enumerate((3, 4, 5)):
        again(images, out, seed=seed)
        runs.append(content(out))
        assert ("is now in" in capsys.readouterr().out) == (n > 0)
    assert [content(tmp_path / name) for name in ("kl.1", "kl.2", "kl")] == runs


def test_a_file_of_that_name_is_not_overwritten(tmp_path, images):
    (tmp_path / "kl.1").write_text("mine")
    again(images, tmp_path / "kl")
    again(images, tmp_path / "kl")
    assert (tmp_path / "kl.1").read_text() == "mine"
    assert (tmp_path / "kl.2" / "checkpoint.npz").exists()


def test_other_files_in_the_directory_stay(tmp_path, images):
    again(images, tmp_path / "kl")
    (tmp_path / "kl" / "notes.txt").write_text("mine")
    again(images, tmp_path / "kl")
    assert (tmp_path / "kl" / "notes.txt").read_text() == "mine"
    assert sorted(p.name for p in (tmp_path / "kl.1").iterdir()) == sorted(FILES)


def test_one_line_says_so_and_its_command_brings_the_run_back(tmp_path, images):
    out = "my runs/kl"  # a shell needs quotes for it
    program = [ROOT / "run_kl.py"]
    assert "is now in" not in process(program, images, out, tmp_path).stdout
    before = content(tmp_path / out)
    result = process(program, images, out, tmp_path)
    assert result.returncode == 0 and result.stderr == ""
    lines = [line for line in result.stdout.splitlines() if "is now in" in line]
    assert len(lines) == 1 and lines[0].startswith(f"{out}: ") and f"{out}.1" in lines[0]
    assert content(tmp_path / out) != before and content(tmp_path / f"{out}.1") == before
    subprocess.run(lines[0].split("to get it back: ")[1], shell=True, check=True, cwd=tmp_path)
    assert content(tmp_path / out) == before


def test_resuming_moves_nothing(tmp_path, images, capsys):
    again(images, tmp_path / "kl")
    train(Options("kl", 2, **SMALL), Settings(tmp_path / "kl", images, 1, resume=True))
    assert "is now in" not in capsys.readouterr().out
    assert not (tmp_path / "kl.1").exists()


def test_data_that_is_refused_moves_nothing(tmp_path, images):
    again(images, tmp_path / "kl")
    with pytest.raises(UserError, match="no such file"):
        again(tmp_path / "nothing.npz", tmp_path / "kl")
    assert not (tmp_path / "kl.1").exists() and content(tmp_path / "kl")


@pytest.mark.skipif(os.name == "nt", reason="there, only administrators make links")
@pytest.mark.parametrize("here", [".", "../here", "link"])
def test_other_names_of_a_directory(here, tmp_path, images, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("link").symlink_to(tmp_path / "here")
    again(images, Path(here))
    before = content(tmp_path / "here")
    again(images, Path(here))
    assert content(tmp_path / "here.1") == before
    assert content(tmp_path / "here") != before


@pytest.mark.skipif(os.name == "nt", reason="has no kill -9")
@pytest.mark.parametrize("renames", range(4))
def test_a_kill_on_the_way_loses_nothing(renames, tmp_path, images):
    again(images, tmp_path / "kl")
    before = content(tmp_path / "kl")
    result = process(["-c", KILLED, renames, ROOT / "run_kl.py"], images, "kl", tmp_path)
    assert result.returncode == (-signal.SIGKILL if renames < 3 else 0)
    kept = tmp_path / ("kl" if renames == 0 else "kl.1")
    assert (kept / "checkpoint.npz").read_bytes() == before["checkpoint.npz"]
    if renames == 0:
        assert content(kept) == before
    # Going on with what was kept writes its other files again.
    train(Options("kl", 1, **SMALL), Settings(kept, images, 1, resume=True))
    assert content(kept) == before
    # The same command again just works, and leaves the old run where it is or moves it whole.
    assert process([ROOT / "run_kl.py"], images, "kl", tmp_path).returncode == 0
    assert load_checkpoint(tmp_path / "kl" / "checkpoint.npz").epoch == 1
    assert content(tmp_path / ("kl.2" if renames == 0 else "kl.1")) == before


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EACCES])
def test_a_rename_that_fails_gives_one_line_and_changes_nothing(
    code, tmp_path, images, monkeypatch
):
    def fails(*_):
        raise OSError(code, os.strerror(code))

    again(images, tmp_path / "kl")
    before = content(tmp_path / "kl")
    monkeypatch.setattr(os, "rename", fails)
    with pytest.raises(UserError, match=rf"kl.1 \({os.strerror(code)}\); choose") as info:
        again(images, tmp_path / "kl")
    assert str(info.value).count("\n") == 0
    assert content(tmp_path / "kl") == before and not (tmp_path / "kl.1").exists()


def test_a_name_that_cannot_grow_gives_one_line(tmp_path, images):
    out = "k" * 255  # the longest name that a directory can have
    assert process([ROOT / "run_kl.py"], images, out, tmp_path).returncode == 0
    before = content(tmp_path / out)
    result = process([ROOT / "run_kl.py"], images, out, tmp_path)
    assert result.returncode == 2 and result.stderr.count("\n") == 1
    assert "cannot be moved" in result.stderr and "File name too long" in result.stderr
    assert content(tmp_path / out) == before


def test_files_that_are_not_there_are_passed_over(tmp_path):
    (tmp_path / "kl").mkdir()
    (tmp_path / "kl" / "b").write_text("here")
    assert move_aside(tmp_path / "kl", ["a", "b"]) == tmp_path / "kl.1"
    assert [p.name for p in (tmp_path / "kl.1").iterdir()] == ["b"]
