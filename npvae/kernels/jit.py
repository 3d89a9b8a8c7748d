"""How npvae compiles: one set of Numba options, one cache directory, and Numba's threads.

Numba keeps compiled code on disk, but does not notice when a function in another file changes.
So the cache directory is named after the content of `COMPILED_ROOMS`, where everything compiled
lives. Nothing here changes what Numba does with the functions of a program that imports npvae.
"""

import hashlib
import os
import platform
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numba
import pooch
from numba import types
from numba.core.caching import FunctionCache

from npvae.errors import UserError

# "contract" makes one instruction of a multiplication and an addition. The other "fast" flags stay
# off: some assume away NaN and infinity, and reordered sums would depend on what else is compiled.
OPTIONS = {"error_model": "numpy", "fastmath": {"contract"}}
COMPILED_ROOMS = ("kernels", "nn", "models")


def _start_threads() -> str:
    """Start Numba's threads; return the library: "omp" (OpenMP), "tbb" or "workqueue".

    Only loading one tells if it is there. Raises UserError where Numba's variables forbid it.
    """
    if numba.config.DISABLE_JIT:
        raise UserError("NUMBA_DISABLE_JIT is set; unset it, or run npvae/plain.py (plain NumPy)")
    try:
        numba.get_num_threads()
    except ValueError as error:
        layer, reason = numba.config.THREADING_LAYER, " ".join(str(error).split())
        raise UserError(f"NUMBA_THREADING_LAYER={layer}: {reason}; unset it") from error
    return numba.threading_layer()


LAYER = _start_threads()
# OpenMP starts a parallel loop in about 2 microseconds, Numba's workqueue in 140: there a loop must
# be so many times as long before sharing it out pays.
SLOW_START = 70 if LAYER == "workqueue" else 1


def _cache_directory() -> Path:
    """Return a directory in which nobody else can write: compiled code is a pickle."""
    settings = numba.__version__, platform.machine(), os.environ.get("NPVAE_SIMD"), SLOW_START
    digest, package = hashlib.sha256(str(settings).encode()), Path(__file__).parent.parent
    for room in COMPILED_ROOMS:
        for source in sorted((package / room).glob("*.py")):
            digest.update(source.read_bytes())
    name = f"compiled-{digest.hexdigest()[:12]}"
    for directory in (pooch.os_cache("npvae") / name, Path(tempfile.gettempdir(), f"npvae-{name}")):
        with suppress(OSError):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if is_private(directory):
                return directory
    return Path(tempfile.mkdtemp(prefix="npvae-"))


def is_private(directory: Path) -> bool:
    """Return whether a directory is this user's, and closed to others."""
    info = directory.lstat()
    closed = stat.S_ISDIR(info.st_mode) and not info.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    mine = not hasattr(os, "getuid") or (info.st_uid == os.getuid() and closed)
    return mine and os.access(directory, os.W_OK)  # a profile of Windows is its user's own


CACHE = _cache_directory()


class _Cache(FunctionCache):
    """Numba's cache, in npvae's directory. What is damaged there is thrown away."""

    said = False

    def __init__(self, function: Callable):
        before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(CACHE)
        try:
            super().__init__(function)
        finally:
            numba.config.CACHE_DIR = before

    def load_overload(self, *args) -> object | None:
        """Return compiled code, or None; then Numba compiles, and one line on stderr says so."""
        try:
            found = super().load_overload(*args)
        except Exception:  # a pickle that is cut short raises anything
            self.flush()
            found = None
        if found is None and not _Cache.said:
            print("compiling for this machine, once: about 10 seconds", file=sys.stderr, flush=True)
            _Cache.said = True
        return found


def jit(function: Callable) -> Callable:
    """Compile a function with npvae's options, and keep the result in npvae's cache."""
    compiled = numba.njit(**OPTIONS)(function)
    compiled._cache = _Cache(function)  # what `cache=True` does, with a class of Numba's own
    return compiled


# What `numba.get_num_threads` calls. That itself would keep compiled code out of the cache.
_threads = types.ExternalFunction("get_num_threads", types.intp())


def shared_from(least: int) -> Callable[[Callable], Callable]:
    """Compile a function with a loop over `prange` twice: for one thread, and for all of them.

    Compiled code calls the result with the amount of work, then the function's own arguments. All
    threads share out the loop from an amount of `least` on; less is done before they are awake.
    """
    enough = least * SLOW_START

    def compile_both(loop: Callable) -> Callable:
        one, every = numba.njit(**OPTIONS)(loop), numba.njit(parallel=True, **OPTIONS)(loop)

        @numba.njit(error_model="numpy")
        def by_size(work, *args):
            if work >= enough and _threads() > 1:
                every(*args)
            else:
                one(*args)

        return by_size

    return compile_both
