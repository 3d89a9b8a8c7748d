"""Other programs' habits: forks, threads, Numba's variables, a cache that is damaged or planted."""

import os
import subprocess
import sys

import pytest
from llvmlite import binding

from npvae.kernels import jit, simd

START = """
import multiprocessing, sys, threading
import numpy as np
from npvae.models.inference import encode
from npvae.models.vae import make_vae
w = make_vae(784, 256, 10, np.float32, np.random.default_rng(0)).w
images = np.random.default_rng(1).random((500, 784), np.float32)  # enough to be shared out
def codes(_=0):
    return encode(w, images)[0].tobytes()
"""
FORK = """
from npvae.kernels.threads import set_threads
first = codes()
with multiprocessing.get_context("fork").Pool(2, set_threads, [None]) as pool:  # as a training does
    print(set(pool.map_async(codes, range(4)).get(timeout=60)) == {first})
"""
THREADS = """
found = []
work = lambda: found.extend(codes() for _ in range(20))
threads = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(len(found), len(set(found)))
"""
LAYER = "from npvae.kernels import jit; print(jit.LAYER, jit.SLOW_START)"
UNCHANGED = """
import numba
from numba.core import event
def settings():
    config = numba.config
    return config.CACHE_DIR, [*config.THREADING_LAYER_PRIORITY], any(event._registered.values())
before = settings()
import npvae.library
print(before == settings())
"""


def python(program, **variables):
    """Run a program with two threads; return its status and the lines that it printed."""
    environment = os.environ | {"NUMBA_NUM_THREADS": "2"} | variables
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


HABITS = {
    "other threads use the model": (START + THREADS, "workqueue", "80 1"),
    "a layer by its name": (LAYER, "workqueue", "workqueue 70"),
    "OpenMP is not there": (
        "import sys; sys.modules['numba.np.ufunc.omppool'] = None\n"
        "sys.modules['numba.np.ufunc.tbbpool'] = None\n" + LAYER, "default", "workqueue 70",
    ),
    "Numba is the host's": (UNCHANGED, "default", "True"),
}  # fmt: skip


@pytest.mark.parametrize(("program", "layer", "said"), HABITS.values(), ids=HABITS.keys())
def test_habits_that_must_not_hurt(program, layer, said):
    status, out, err = python(program, NUMBA_THREADING_LAYER=layer)
    assert (status, out) == (0, [said]), err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_process_that_is_forked_after_the_first_codes_can_go_on():
    status, out, err = python(START + FORK)
    assert (status, out) == (0, ["True"]), err


PROGRAM = "import runpy, sys; sys.argv = ['run_kl.py']; runpy.run_path('run_kl.py', {}, '__main__')"
BAD_VARIABLES = [("NUMBA_THREADING_LAYER", "magic"), ("NUMBA_DISABLE_JIT", "1")]


@pytest.mark.parametrize(("variable", "value"), BAD_VARIABLES)
def test_a_variable_that_cannot_be_obeyed_is_named_in_one_line(variable, value):
    status, out, err = python(PROGRAM, **{variable: value})
    assert (status, out, len(err)) == (2, [], 1)
    assert err[0].startswith(f"run_kl.py: {variable}") and "unset it" in err[0]


MEANS = """
import numpy as np
from npvae.nn.layers import mean_backward, mean_forward
x, y = np.empty((2, 3), np.float32), np.empty(2, np.float32)
mean_backward(np.ones(2, np.float32), x)
mean_forward(x, y)
print(np.allclose(y, 1 / 3))
"""


def test_compiling_is_told_in_one_line_and_done_again_only_where_a_file_is_damaged(tmp_path):
    where = {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    said = (0, ["True"], ["compiling for this machine, once: about 10 seconds"])
    assert python(MEANS, **where) == said
    assert python(MEANS, **where) == (0, ["True"], [])
    for file in (min(tmp_path.rglob("*.nbc")), max(tmp_path.rglob("*.nbi"))):  # of two functions
        file.write_bytes(file.read_bytes()[:50])
    assert python(MEANS, **where) == said


@pytest.mark.skipif(os.name == "nt", reason="the modes and owners of POSIX")
def test_a_cache_that_others_could_have_filled_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(jit.pooch, "os_cache", lambda name: tmp_path / name)
    monkeypatch.setattr(jit.tempfile, "tempdir", str(tmp_path))
    first = jit._cache_directory()
    assert first.parent == tmp_path / "npvae" and first.stat().st_mode & 0o777 == 0o700
    assert jit._cache_directory() == first
    first.chmod(0o750)
    second = jit._cache_directory()
    assert second.parent == tmp_path and second.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(jit.os, "getuid", lambda: 12345)  # now both are somebody else's
    assert jit._cache_directory() not in (first, second)
    monkeypatch.undo()
    (tmp_path / "link").symlink_to(second)
    assert jit.is_private(second) and not jit.is_private(tmp_path / "link")


def test_the_vector_unit_where_the_compiler_names_no_features(monkeypatch):
    monkeypatch.delenv("NPVAE_SIMD", raising=False)
    for machine, features, found in (
        ("arm64", {}, "neon"), ("ARM64", {}, "neon"), ("aarch64", {"neon": True}, "neon"),
        ("x86_64", {"avx2": True}, "avx2"), ("x86_64", {}, "plain"), ("riscv64", {}, "plain"),
    ):  # fmt: skip
        monkeypatch.setattr(binding, "get_host_cpu_features", lambda features=features: features)
        monkeypatch.setattr(simd.platform, "machine", lambda machine=machine: machine)
        assert simd.host_simd() == found, machine
