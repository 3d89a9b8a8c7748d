"""Kills, files that cannot be written or moved, runs in one place, and how a program ends."""

import errno
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from own_runs import bits, small, trained

from npvae import files
from npvae.errors import UserError
from npvae.files import make_directory, move_aside, only_user, replacing, write_text
from npvae.training.checkpoint import load_checkpoint

FILES = ("checkpoint.npz", "history.csv", "config.json")


def content(directory):
    return {name: (directory / name).read_bytes() for name in FILES}


def failing(code, times=10**9):
    """In place of `os.replace`: it fails in its first calls, and then renames."""

    def fails(*arguments):
        if next(left, None) is None:
            return rename(*arguments)
        raise OSError(code, os.strerror(code), *map(str, arguments[:1]))

    rename, left = os.replace, iter(range(times))
    return fails


@pytest.mark.parametrize("function", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path, monkeypatch, function, code):
    path = tmp_path / "kept.txt"
    write_text(path, "old")
    for error in (RuntimeError(), OSError(errno.EACCES, "no entry", "fonts.json")):
        with pytest.raises(type(error)), replacing(path) as file:  # not an error of this file
            file.write("half of the new")
            raise error
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    monkeypatch.setattr(os, function, lambda *_: failing(code)())
    with pytest.raises(UserError, match=os.strerror(code)) as info:
        write_text(path, "new")
    assert ("make room" in str(info.value)) == (code == errno.ENOSPC)
    assert path.read_text(encoding="utf-8") == "old" and list(tmp_path.iterdir()) == [path]


def test_an_open_handle_of_another_program_is_waited_for(there, monkeypatch):
    out = there()
    monkeypatch.setattr(os, "replace", failing(errno.EACCES, times=5))
    write_text(out / "a.txt", "new")
    monkeypatch.setattr(os, "replace", failing(errno.EACCES, times=5))
    assert move_aside(out, ["not there", "a.txt", *FILES]) == out.with_name("out.1")
    assert content(out.with_name("out.1"))
    assert (out.with_name("out.1") / "a.txt").read_text(encoding="utf-8") == "new"


def test_a_disk_that_fills_up_stops_the_run_and_keeps_the_checkpoint(there, own):
    out = there()
    before = (out / "checkpoint.npz").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(UserError, match=r"checkpoint\.npz: cannot be written .*make room"):
            trained(small(epochs=4), out, own, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (out / "checkpoint.npz").read_bytes() == before
    assert {p.name for p in out.iterdir()} <= {*FILES, ".lock"}
    assert trained(small(epochs=4), out, own, resume=True).epoch == 4


def test_a_place_that_is_taken(tmp_path, own):
    with pytest.raises(UserError, match=r"own\.npz.out: cannot be made a directory \("):
        make_directory(own / "out")
    (tmp_path / "out" / "checkpoint.npz").mkdir(parents=True)
    with pytest.raises(UserError, match=r"checkpoint\.npz: cannot be written \("):
        trained(small(), tmp_path / "out", own)
    (tmp_path / "out" / ".lock").unlink()
    (tmp_path / "out" / ".lock").mkdir()
    with pytest.raises(UserError, match=r"out: cannot be written to \(Is a directory\); choose"):
        trained(small(), tmp_path / "out", own)


def python(code, **how):
    """Run a program in a process of its own."""
    code = f"from npvae.cli import run_program; run_program(lambda: {code})"
    return subprocess.Popen([sys.executable, "-c", code], stderr=-1, text=True, **how)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_output_that_cannot_be_printed_gives_one_line():
    with open("/dev/full", "w") as full, python("print('a')", stdout=full) as child:
        said = child.stderr.read()
    assert "No space left" in said and "look where its output goes" in said
    assert child.returncode == 2 and said.count("\n") == 1
    with python("(input(), print('a'))", stdin=-1, stdout=-1) as child:
        child.stdout.close()
        said = child.communicate("now\n")[1]
    assert child.returncode == 2 and said.count("\n") == 1 and "Broken pipe" in said


def test_letters_that_the_console_does_not_have_are_no_error(tmp_path, own):
    assert trained(small(), tmp_path / "Übung λ", own).epoch == 2
    write_text(tmp_path / "report.md", "data: \udcfc.npz")  # os.fsdecode(b"\xfc"): no UTF-8
    assert (tmp_path / "report.md").read_bytes() == b"data: \xfc.npz"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    with python(r"print('\xdcbung \u03bb')", stdout=-1, env=environment) as child:
        assert r"\xdcbung \u03bb" in child.stdout.read()
    assert child.returncode == 0


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
def test_a_program_ends_with_one_line(error, line, status, ends):
    def main():
        raise error

    found, _, said = ends(main)
    assert (found, said.count("\n")) == (status, 1) and said.startswith("program: ")
    assert line in said and "make room" not in said


def test_the_old_run_is_moved_to_the_next_free_number(tmp_path, own, capsys):
    (tmp_path / "kl.1").write_text("mine", encoding="utf-8")
    out, runs = tmp_path / "kl", []
    for seed in (3, 4, 5):
        trained(small(seed=seed), out, own)
        (out / "notes.txt").write_text("mine", encoding="utf-8")  # it stays
        runs.append(content(out))
    shown = capsys.readouterr().out
    assert shown.count("the run that was here is now in") == 2 and f"in {out}.3\n" in shown
    assert [content(tmp_path / name) for name in ("kl.2", "kl.3", "kl")] == runs
    assert (tmp_path / "kl.1").read_text(encoding="utf-8") == "mine"
    assert sorted(p.name for p in (tmp_path / "kl.2").iterdir()) == sorted(FILES)
    trained(small(seed=5, epochs=3), out, own, resume=True)
    with pytest.raises(UserError, match="No such file"):
        trained(small(), out, tmp_path / "nothing.npz")
    assert capsys.readouterr().out.count("is now in") == 0 and content(out)


@pytest.mark.parametrize("name", [".", "../out", "link"])
def test_other_names_of_a_directory(name, tmp_path, there, own, monkeypatch):
    before = content(there())
    monkeypatch.chdir(tmp_path / "out")
    Path("link").symlink_to(tmp_path / "out")
    trained(small(seed=1), Path(name), own)
    assert content(tmp_path / "out.1") == before != content(tmp_path / "out")


@pytest.mark.parametrize("moves", [0, 1, 2])
def test_a_kill_on_the_way_loses_nothing(moves, tmp_path, there, own, monkeypatch):
    """The process is killed before its move number N: nothing after it is done."""

    def killed_before(old, new):
        if Path(new).parent.name == "out.1" and next(left, None) is None:
            raise SystemExit
        rename(old, new)

    before, rename, left = content(there()), os.replace, iter(range(moves))
    monkeypatch.setattr(os, "replace", killed_before)
    with pytest.raises(SystemExit):
        trained(small(), tmp_path / "out", own)
    monkeypatch.undo()
    kept = tmp_path / ("out.1" if moves else "out")
    assert (kept / "checkpoint.npz").read_bytes() == before["checkpoint.npz"]
    trained(small(), kept, own, resume=True)  # writes its other files again
    assert content(kept)["history.csv"] == before["history.csv"]
    trained(small(), tmp_path / "out", own)  # the same command again just works
    kept = tmp_path / ("out.1" if moves else "out.2")
    assert content(kept)["checkpoint.npz"] == before["checkpoint.npz"]


def test_a_run_in_use_or_that_cannot_be_moved_is_kept_and_one_line_says_so(there, own, monkeypatch):
    out = there()
    before = content(out)
    with only_user(out), pytest.raises(UserError, match="another run is writing there"):
        trained(small(), out, own)
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    for code in (errno.EXDEV, errno.EACCES):
        monkeypatch.setattr(os, "replace", failing(code))
        with pytest.raises(UserError, match=rf"out.1 \({os.strerror(code)}\); choose"):
            trained(small(), out, own)
        assert content(out) == before and not out.with_name("out.1").exists()


# Most of a start is imports. These processes are forked from one that has them.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "npvae.training.train", "npvae.models.steps"])
ENDLESS = small("ws", epochs=10**6)  # the run is killed before


def epochs(out):
    """Count the epochs in the history of a run."""
    path = out / "history.csv"
    return path.read_bytes().count(b"\n") - 1 if path.exists() else 0


def test_kill_at_random_moments_and_resume_to_the_same_bytes(own, tmp_path):
    """Four times, while a run starts, or so many epochs and milliseconds later."""
    rng, out, saved = np.random.default_rng(0), tmp_path / "killed", [0]
    for _ in range(4):
        child = FORKS.Process(target=trained, args=(ENDLESS, out, own, True))
        child.start()
        if new := rng.integers(0, 4):
            end = epochs(out) + new
            while epochs(out) < end:
                assert child.is_alive()
                time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.03))
        child.kill()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        path = out / "checkpoint.npz"
        saved.append(load_checkpoint(path).epoch if path.exists() else 0)
    assert saved == sorted(saved) and saved[-1] > 0
    longer = small("ws", epochs=saved[-1] + 2)
    assert bits(trained(longer, out, own, resume=True)) == bits(
        trained(longer, tmp_path / "whole", own)
    )
    assert not list(out.glob(".*.tmp"))
