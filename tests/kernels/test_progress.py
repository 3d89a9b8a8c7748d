"""What a user sees while kernels are compiled: a bar on a terminal, once, and nothing in a file."""

import os
import struct
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="only Unix has terminals that a program can open")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")

PROGRAM = """
import numpy as np
from npvae.nn.layers import mean_backward, reparameterise_forward
mean_backward(np.ones(2, np.float32), np.empty((2, 3), np.float32))
reparameterise_forward(*np.ones((5, 2, 3), np.float32))
"""


def output(cache, terminal: bool) -> str:
    """Return what PROGRAM writes to stderr, which is a terminal of 100 columns or a file."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache), "HOME": str(cache)}
    command = [sys.executable, "-c", PROGRAM]
    if not terminal:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 30, 100, 0, 0))
    with subprocess.Popen(command, env=environment, stderr=theirs) as program:
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 1 << 16):
                text += piece
        except OSError:  # Linux: the program has closed its end
            pass
    os.close(ours)
    assert program.returncode == 0
    return text.decode()


def test_a_bar_names_the_kernels_while_they_are_compiled_and_not_again(tmp_path):
    first = output(tmp_path, terminal=True)
    assert "compiling mean_backward: 0 of " in first
    assert "compiling reparameterise_forward: 1 of " in first
    # At the end: mean_backward; then guarded and exp, which the last one calls, and itself.
    assert "compiling reparameterise_forward: 4 of " in first
    assert first.rsplit("\r")[-1].strip() == ""  # the bar is gone
    assert output(tmp_path, terminal=True) == ""


def test_no_bar_is_written_to_a_file(tmp_path):
    assert output(tmp_path, terminal=False) == ""
