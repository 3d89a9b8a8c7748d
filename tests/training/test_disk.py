"""Files that cannot be written, moved or replaced, runs in one place, and how a program ends."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from npvae.cli import run_program
from npvae.errors import UserError, why
from npvae.files import atomic
from npvae.files.atomic import make_directory, move_aside, replacing, write_text
from npvae.training.checkpoint import load_checkpoint
from npvae.training.options import Options, Settings
from npvae.training.train import train

ROOT = Path(__file__).resolve().parents[2]
FILES = ("checkpoint.npz", "history.csv", "config.json")
posix = pytest.mark.skipif(os.name == "nt", reason="what it does to a process, only POSIX has")


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, images=np.random.default_rng(0).random((200, 5, 4), dtype=np.float32))
    return path


def command(images, out, *options, program=(ROOT / "run_kl.py",)):
    small = ["--hidden-dim", "16", "--latent-dim", "2", "--threads", "1", "--epochs", "1"]
    return [sys.executable, *map(str, [*program, *small, "--data-dir", images, "--out", out]),
            *options]  # fmt: skip


def start(*words, **more):
    return subprocess.run(command(*words), **({"capture_output": True, "text": True} | more))


def one_line(process):
    """Return the line that a program which exited with 2 ended with; no traceback before it."""
    assert process.returncode == 2 and process.stderr.count("\n") == 1, process.stderr
    return process.stderr


def again(images, out, epochs=1, resume=False, seed=0):
    options = Options("kl", epochs, hidden_dim=16, latent_dim=2, seed=seed)
    train(options, Settings(out, images, 1, resume))


def content(directory):
    return {name: (directory / name).read_bytes() for name in FILES}


def failing(code, times=10**9):
    """A function of `os` that fails in its first calls, and then renames."""
    left = [times]

    def fails(*arguments):
        left[0] -= 1
        if left[0] >= 0:
            raise OSError(code, os.strerror(code), *map(str, arguments[:1]))
        return rename(*arguments)

    rename = os.replace
    return fails


@pytest.mark.parametrize("function", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path, monkeypatch, function, code):
    monkeypatch.setattr(atomic, "PATIENCE", 0.1)
    path = tmp_path / "kept.txt"
    write_text(path, "old")
    fails = failing(code)
    if function == "fsync":
        monkeypatch.setattr(os, function, lambda _: fails())
    else:
        monkeypatch.setattr(os, function, fails)
    with pytest.raises(UserError, match=os.strerror(code)) as info:
        write_text(path, "new")
    assert ("make room" in str(info.value)) == (code == errno.ENOSPC)
    assert path.read_text(encoding="utf-8") == "old" and list(tmp_path.iterdir()) == [path]


def test_an_open_handle_of_another_program_is_waited_for(tmp_path, images, monkeypatch):
    monkeypatch.setattr(os, "replace", failing(errno.EACCES, times=5))
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "new"
    again(images, tmp_path / "kl")
    monkeypatch.setattr(os, "replace", failing(errno.EACCES, times=5))
    assert move_aside(tmp_path / "kl", FILES) == tmp_path / "kl.1"
    assert content(tmp_path / "kl.1")


def test_an_error_while_writing_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "kept.txt"
    write_text(path, "old")
    for error in (RuntimeError(), OSError(errno.EACCES, "no entry", "fonts.json")):
        with pytest.raises(type(error)), replacing(path) as file:  # not an error of this file
            file.write("half of the new")
            raise error
    assert path.read_text(encoding="utf-8") == "old" and list(tmp_path.iterdir()) == [path]


def test_a_name_that_is_no_utf_8_is_written_as_it_is(tmp_path):
    write_text(tmp_path / "report.md", "data: \udcfc.npz")  # os.fsdecode(b"\xfc") on Linux
    assert (tmp_path / "report.md").read_bytes() == b"data: \xfc.npz"


@posix
def test_a_disk_that_fills_up_stops_the_run_and_keeps_the_checkpoint(tmp_path, images):
    import resource

    out = tmp_path / "out"
    again(images, out, 2)
    before = (out / "checkpoint.npz").read_bytes()

    def no_file_above_8_kb():
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    words = images, out, "--epochs", "4", "--resume"
    line = one_line(start(*words, preexec_fn=no_file_above_8_kb))
    assert "checkpoint.npz: cannot be written" in line and "make room" in line
    assert (out / "checkpoint.npz").read_bytes() == before
    assert {p.name for p in out.iterdir()} <= {*FILES, ".lock"}
    again(images, out, 4, resume=True)
    assert load_checkpoint(out / "checkpoint.npz").epoch == 4


def test_a_place_that_is_taken(tmp_path, images):
    with pytest.raises(UserError, match=r"own\.npz.out: cannot be made a directory \("):
        make_directory(images / "out")
    (tmp_path / "out" / "checkpoint.npz").mkdir(parents=True)
    with pytest.raises(UserError, match=r"checkpoint\.npz: cannot be written \("):
        again(images, tmp_path / "out")


def test_a_second_run_in_the_same_place_is_refused_and_harms_nothing(tmp_path, images):
    out = tmp_path / "out"
    endless = command(images, out, "--epochs", "1000000")
    with subprocess.Popen(endless, stdout=subprocess.PIPE, text=True) as first:
        try:
            for line in first.stdout:
                if line.startswith("epoch"):
                    break
            with pytest.raises(UserError, match="another run is writing there"):
                again(images, out)
            assert not (tmp_path / "out.1").exists()
            epoch = load_checkpoint(out / "checkpoint.npz").epoch
            assert all(first.stdout.readline().startswith("epoch") for _ in range(epoch + 2))
            assert load_checkpoint(out / "checkpoint.npz").epoch > epoch
        finally:
            first.kill()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_output_that_cannot_be_printed_gives_one_line(tmp_path, images):
    with open("/dev/full", "w") as full:
        line = one_line(start(images, tmp_path / "a", stdout=full, stderr=-1, capture_output=False))
    assert "No space left" in line and "look where its output goes" in line
    words = command(images, tmp_path / "b")
    child = subprocess.Popen(words, stdout=-1, stderr=-1, text=True)
    child.stdout.close()
    with child.stderr:
        said = child.stderr.read()
    assert child.wait() == 2 and said.count("\n") == 1 and "Broken pipe" in said


def test_letters_that_the_console_does_not_have_are_no_error(tmp_path, images):
    out = tmp_path / "Übung λ"
    done = start(images, out, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert r"\xdcbung \u03bb" in done.stdout and load_checkpoint(out / "checkpoint.npz").epoch == 1


ENDS = {  # what a program raises: its line, its status
    "bad input": (UserError("x: is\nwrong"), "x: is wrong", 2),
    "memory": (MemoryError(), "out of memory; make the batch, the hidden layer", 2),
    "Ctrl-C": (KeyboardInterrupt("in epoch 3"), "stopped in epoch 3", 130),
    "a file that is none of ours": (
        PermissionError(errno.EACCES, "no entry", "fonts.json"), "fonts.json: no entry", 2,
    ),
    "versions": (ImportError("Numba needs NumPy 2.3"), "NumPy 2.3; pip install -r requirements", 2),
}  # fmt: skip


@pytest.mark.parametrize(("error", "line", "status"), ENDS.values(), ids=ENDS.keys())
def test_a_program_ends_with_one_line(error, line, status, capsys):
    def main():
        raise error

    with pytest.raises(SystemExit) as stop:
        run_program(main)
    said = capsys.readouterr().err
    assert (stop.value.code, said.count("\n")) == (status, 1) and line in said
    assert "make room" not in said


def test_only_a_full_disk_needs_room():
    assert why(OSError(errno.ENOSPC, "full")) == "full; make room"
    assert why(OSError(errno.EROFS, "read-only")) == "read-only"
    assert why(OSError("something")) == "something"


def test_the_old_run_is_moved_to_the_next_free_number(tmp_path, images, capsys):
    (tmp_path / "kl.1").write_text("mine", encoding="utf-8")
    out, runs = tmp_path / "kl", []
    for seed in (3, 4, 5):
        again(images, out, seed=seed)
        (out / "notes.txt").write_text("mine", encoding="utf-8")  # it stays
        runs.append(content(out))
    shown = capsys.readouterr().out
    assert shown.count("the run that was here is now in") == 2 and f"in {out}.3\n" in shown
    assert [content(tmp_path / name) for name in ("kl.2", "kl.3", "kl")] == runs
    assert (tmp_path / "kl.1").read_text(encoding="utf-8") == "mine"
    assert sorted(p.name for p in (tmp_path / "kl.2").iterdir()) == sorted(FILES)
    again(images, out, 2, resume=True, seed=5)
    with pytest.raises(UserError, match="No such file"):
        again(tmp_path / "nothing.npz", out)
    assert capsys.readouterr().out.count("is now in") == 0 and content(out)


@pytest.mark.parametrize("here", [".", f"..{os.sep}here", "link"])
def test_other_names_of_a_directory(here, tmp_path, images, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    if here == "link":
        try:
            Path("link").symlink_to(tmp_path / "here")
        except OSError:
            pytest.skip("this user may not make links")
    again(images, Path(here))
    before = content(tmp_path / "here")
    again(images, Path(here), seed=1)
    assert content(tmp_path / "here.1") == before != content(tmp_path / "here")


# A process that runs run_kl.py and ends at once, as when it is killed, before its move number N.
KILLED = """
import os, runpy, sys
replace, left = os.replace, [int(sys.argv.pop(1))]
def killed_before(old, new):
    if os.path.dirname(new).endswith(".1"):
        left[0] -= 1
        if left[0] < 0:
            os._exit(9)
    replace(old, new)
os.replace = killed_before
sys.path.insert(0, os.path.dirname(sys.argv[1]))
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


@pytest.mark.parametrize("moves", [0, 1, 3])
def test_a_kill_on_the_way_loses_nothing(moves, tmp_path, images):
    again(images, tmp_path / "kl")
    before = content(tmp_path / "kl")
    program = ["-c", KILLED, moves, ROOT / "run_kl.py"]
    words = command(images, tmp_path / "kl", program=program)
    assert subprocess.run(words).returncode == (9 if moves < 3 else 0)
    kept = tmp_path / ("kl" if moves == 0 else "kl.1")
    assert (kept / "checkpoint.npz").read_bytes() == before["checkpoint.npz"]
    again(images, kept, resume=True)  # writes its other files again
    assert content(kept)["history.csv"] == before["history.csv"]
    again(images, tmp_path / "kl")  # the same command again just works
    kept = tmp_path / ("kl.2" if moves == 0 else "kl.1")
    assert content(kept)["checkpoint.npz"] == before["checkpoint.npz"]


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EACCES, errno.ENAMETOOLONG])
def test_a_move_that_fails_gives_one_line_and_changes_nothing(code, tmp_path, images, monkeypatch):
    monkeypatch.setattr(atomic, "PATIENCE", 0.1)
    again(images, tmp_path / "kl")
    before = content(tmp_path / "kl")
    monkeypatch.setattr(os, "replace", failing(code))
    with pytest.raises(UserError, match=rf"kl.1 \({os.strerror(code)}\); choose"):
        again(images, tmp_path / "kl")
    assert content(tmp_path / "kl") == before and not (tmp_path / "kl.1").exists()


def test_files_that_are_not_there_are_passed_over(tmp_path):
    (tmp_path / "kl").mkdir()
    (tmp_path / "kl" / "b").write_text("here", encoding="utf-8")
    assert move_aside(tmp_path / "kl", ["a", "b"]) == tmp_path / "kl.1"
    assert [p.name for p in (tmp_path / "kl.1").iterdir()] == ["b"]
