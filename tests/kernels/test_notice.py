"""While kernels are compiled a user sees one line on stderr, and none when they are on disk."""

import os
import subprocess
import sys

PROGRAM = """
import numpy as np
from npvae.nn.layers import mean_backward, mean_forward
mean_backward(np.ones(2, np.float32), np.empty((2, 3), np.float32))
mean_forward(np.ones((2, 3), np.float32), np.empty(2, np.float32))
"""


def test_one_line_says_that_kernels_are_compiled_and_not_again(tmp_path):
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    said = []
    for _ in range(2):
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        said.append(done.stdout + done.stderr)
    assert said == ["compiling for this machine, once: about 10 seconds\n", ""]
