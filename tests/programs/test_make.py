"""make.py: the commands that it would run on each system, where it stops, and what it then says."""

import os
import signal
import subprocess
import sys

import pytest

import make

ROOT = make.ROOT


@pytest.mark.parametrize(("windows", "path"), [(False, "bin/python"), (True, "Scripts/python.exe")])
def test_the_commands_use_the_python_of_a_fresh_environment(windows, path):
    python = str(ROOT / ".venv" / path)
    fresh = [sys.executable, "-m", "venv", "--clear", ".venv"]
    install = [python, "-m", "pip", "install", "--quiet", "-r"]
    assert make.commands("test", windows) == [
        fresh,
        [*install, "requirements-dev.txt"],
        [python, "-m", "pytest"],
    ]
    assert make.commands("experiment", windows) == [
        fresh,
        [*install, "requirements.txt"],
        [python, "run_kl.py"],
        [python, "run_ws.py"],
        [python, "run_ws.py", "--distance", "sliced"],
        [python, "run_kl.py", "--beta", "0", "--out", "runs/ae"],
        [python, "analyze.py"],
    ]


def test_every_list_and_program_that_it_names_exists():
    for packages, *programs in make.TARGETS.values():
        files = [packages, *(program[0] for program in programs if program[0] != "-m")]
        assert [file for file in files if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize("words", [[], ["unknown"], ["test", "experiment"]])
def test_anything_but_one_known_word_gives_one_line_of_help_and_status_2(words, tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "make.py", *words], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == "usage: make.py experiment | test | site\n"


def test_it_stops_at_the_first_command_that_fails(monkeypatch, tmp_path, capfd):
    sources = "print('first')", "raise SystemExit(7)", "print('third')"
    three = [[sys.executable, "-c", source] for source in sources]
    monkeypatch.setattr(make, "commands", lambda word: three)
    assert make.main(["test"]) == 7
    shown, said = capfd.readouterr()
    assert shown.split() == ["first"]
    assert said.splitlines()[-1] == f"make.py: status 7 from: {' '.join(three[1])}"


@pytest.mark.skipif(os.name == "nt", reason="sends a signal to a group of processes")
def test_ctrl_c_lets_the_command_end_in_its_own_way_and_gives_status_130():
    child = """
import time
try:
    print("begun", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.6)  # as a training finishes its step
    print("tidied")
"""
    source = f"""
import sys, make
make.commands = lambda word: [[sys.executable, "-c", {child!r}], [sys.executable, "--version"]]
sys.exit(make.main(["test"]))
"""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    program = subprocess.Popen(
        [sys.executable, "-c", source], cwd=ROOT, start_new_session=True, **pipes
    )
    assert program.stdout.readline() == "begun\n"
    os.killpg(program.pid, signal.SIGINT)
    shown, said = program.stdout.read(), program.stderr.read()
    assert program.wait() == 130
    assert shown == "tidied\n" and "Traceback" not in said
