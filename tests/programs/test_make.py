"""make.py: the commands that it would run on each system, where it stops, and what it then says."""

import contextlib
import subprocess
import sys

import pytest

import make

ROOT = make.ROOT


@pytest.mark.parametrize(("windows", "path"), [(False, "bin/python"), (True, "Scripts/python.exe")])
def test_the_commands_use_the_python_of_a_fresh_environment(windows, path):
    python = str(ROOT / ".venv" / path)
    fresh = [sys.executable, "-m", "venv", "--clear", ".venv"]
    for word, packages, first, count in (
        ("test", "requirements-dev.txt", ["-m", "pytest"], 3),
        ("experiment", "requirements.txt", ["run_kl.py"], 7),
    ):
        found = make.commands(word, windows)
        install = [python, "-m", "pip", "install", "--quiet", "-r", packages]
        assert found[:3] == [fresh, install, [python, *first]] and len(found) == count
    for packages, *programs in make.TARGETS.values():
        files = [packages, *(program[0] for program in programs if program[0] != "-m")]
        assert [file for file in files if not (ROOT / file).is_file()] == []


def test_anything_but_one_known_word_gives_one_line_of_help_and_status_2(capsys):
    for words in ([], ["unknown"], ["test", "experiment"]):
        assert make.main(words) == 2
        assert capsys.readouterr() == ("", "usage: make.py experiment | test | site\n")


def test_it_stops_at_the_first_command_that_fails(monkeypatch, capfd):
    sources = "print('first')", "raise SystemExit(7)", "print('third')"
    three = [[sys.executable, "-c", source] for source in sources]
    monkeypatch.setattr(make, "commands", lambda word: three)
    assert make.main(["test"]) == 7
    shown, said = capfd.readouterr()
    assert shown.split() == ["first"]
    assert said.splitlines()[-1] == f"make.py: status 7 from: {' '.join(three[1])}"


def test_ctrl_c_lets_the_command_end_in_its_own_way_and_gives_status_130(monkeypatch):
    class Command(contextlib.nullcontext):
        returncode, turns = None, 0

        def wait(self):
            self.turns += 1
            if self.turns < 3:
                raise KeyboardInterrupt
            self.returncode = 0

    command = Command()
    command.enter_result = command
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: command)
    assert make.main(["test"]) == 130
    assert (command.turns, command.returncode) == (3, 0)
