"""Other programs' habits: forks, threads, Numba's variables; caches stale, damaged or planted."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from llvmlite import binding

from npvae.kernels import jit, simd

START = """
import multiprocessing, threading
import numba, numpy as np
from numba.core import event
def settings():
    config = numba.config
    return config.CACHE_DIR, [*config.THREADING_LAYER_PRIORITY], any(event._registered.values())
before = settings()
import npvae.library
from npvae.kernels import jit
from npvae.kernels.threads import set_threads
from npvae.models.inference import encode
from npvae.models.vae import make_vae
w = make_vae(784, 256, 10, np.float32, np.random.default_rng(0)).w
images = np.random.default_rng(1).random((100, 784), np.float32)  # enough to be shared out
def codes(_=0):
    return encode(w, images)[0].tobytes()
"""
THREADS = """
print(jit.LAYER, before == settings())
found = []
work = lambda: found.extend(codes() for _ in range(20))
threads = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(len(found), len(set(found)))
"""
FORK = """
first = codes()
with multiprocessing.get_context("fork").Pool(2, set_threads, [None]) as pool:  # as a training does
    print(set(pool.map_async(codes, range(4)).get(timeout=240)) == {first})
"""
NO_OPENMP = """
import sys
sys.modules.update(dict.fromkeys(["numba.np.ufunc.omppool", "numba.np.ufunc.tbbpool"]))
from npvae.kernels import jit
print(jit.LAYER, jit.SLOW_START)
"""
PROGRAM = "import runpy, sys; sys.argv = ['run_kl.py']; runpy.run_path('run_kl.py', {}, '__main__')"


def python(program, **variables):
    """Run a program with two threads; return its status and the lines that it printed."""
    environment = os.environ | {"NUMBA_NUM_THREADS": "2"} | variables
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


@pytest.mark.parametrize(
    ("program", "layer", "said"),
    [
        (START + THREADS, "workqueue", ["workqueue True", "80 1"]),
        (NO_OPENMP, "default", ["workqueue 70"]),
    ],
    ids=["other threads use the model, and Numba is the host's", "OpenMP is not there"],
)
def test_habits_that_must_not_hurt(program, layer, said):
    status, out, err = python(program, NUMBA_THREADING_LAYER=layer)
    assert (status, out) == (0, said), err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_process_that_is_forked_after_the_first_codes_can_go_on():
    status, out, err = python(START + FORK)
    assert (status, out) == (0, ["True"]), err


def test_a_variable_that_cannot_be_obeyed_is_named_in_one_line():
    for variable, value in (("NUMBA_THREADING_LAYER", "magic"), ("NUMBA_DISABLE_JIT", "1")):
        status, out, err = python(PROGRAM, **{variable: value})
        assert (status, out, len(err)) == (2, [], 1)
        assert err[0].startswith(f"run_kl.py: {variable}") and "unset it" in err[0]


MEANS = """
import numpy as np
from npvae.nn.layers import mean_backward, mean_forward, sum_rows
x, y, z = np.empty((2, 3), np.float32), np.empty(2, np.float32), np.empty(3, np.float32)
mean_backward(np.ones(2, np.float32), x)
mean_forward(x, y)
sum_rows(x, z)
print(np.allclose(y, 1 / 3), np.allclose(z, 2 / 3))
print(*(len(f.stats.cache_hits) for f in (mean_backward, mean_forward, sum_rows)))
"""


def test_compiling_is_told_in_one_line_and_done_again_only_where_a_file_is_damaged(tmp_path):
    where = {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    said = ["compiling for this machine, once: about 10 seconds"]
    assert python(MEANS, **where) == (0, ["True True", "0 0 0"], said)
    for pattern in ("*mean_backward*.nbc", "*mean_forward*.nbi"):
        (file,) = tmp_path.rglob(pattern)
        file.write_bytes(file.read_bytes()[:50])
    assert python(MEANS, **where) == (0, ["True True", "0 0 1"], said)


COMPILERS = {
    "jit", "shared_from", "njit", "vectorize", "guvectorize", "stencil", "cfunc", "jit_module",
    "intrinsic", "overload", "overload_method", "register_jitable", "generated_jit",
}  # fmt: skip


def test_every_file_that_compiles_is_in_a_room_whose_content_names_the_cache():
    package, rooms = Path(jit.__file__).parents[1], set()
    for file in package.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        names = {getattr(n, name, None) for n in nodes for name in ("id", "attr", "name")}
        if COMPILERS & names:
            # A room stands for the files in it, not for those of its subdirectories.
            rooms.add(file.parent.relative_to(package).as_posix())
    assert rooms == set(jit.COMPILED_ROOMS) == {"kernels", "nn", "models"}


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
