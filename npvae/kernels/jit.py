"""How npvae compiles: one set of Numba options, one cache directory, one threading layer.

Numba keeps compiled code on disk, but does not notice when a function in another file changes.
So the cache directory is named after the content of `COMPILED_ROOMS`, where everything compiled
lives: edit a file there and all is compiled anew, leave them and the second start is quick.
"""

import hashlib
import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numba
import pooch
from numba.core.event import Event, Listener, register

# A multiplication and an addition may become one instruction. The other "fast" flags stay off: some
# assume away NaN and infinity, and reordering sums would make the last bits depend on what else was
# compiled along with them.
FAST = {"contract"}

COMPILED_ROOMS = ("kernels", "nn", "models")

LAYERS = {"omp": "omppool", "tbb": "tbbpool", "workqueue": "workqueue"}
_found = (n for n, m in LAYERS.items() if importlib.util.find_spec(f"numba.np.ufunc.{m}"))
# OpenMP starts a parallel loop in about 2 microseconds, Numba's own workqueue in about 140: there a
# loop must be so many times as long before sharing it out pays.
SLOW_START = 70 if next(_found, "workqueue") == "workqueue" else 1


def _cache_directory() -> Path:
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    for room in COMPILED_ROOMS:
        for source in sorted((package / room).glob("*.py")):
            digest.update(source.read_bytes())
    for setting in (numba.__version__, platform.machine(), os.environ.get("NPVAE_SIMD", "")):
        digest.update(setting.encode())
    for parent in (pooch.os_cache("npvae"), Path(tempfile.gettempdir(), "npvae-cache")):
        directory = Path(parent) / f"compiled-{digest.hexdigest()[:12]}"
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(directory, os.W_OK):
            return directory
    return Path(tempfile.mkdtemp(prefix="npvae-"))


class _Notice(Listener):
    """Says on stderr, once, that kernels are being compiled. Nothing is said if all are on disk."""

    said = False

    def on_start(self, event: Event) -> None:
        own = event.data["dispatcher"].py_func.__module__.startswith("npvae.")
        if own and not self.said:
            print("compiling for this machine, once: about 10 seconds", file=sys.stderr, flush=True)
            self.said = True

    def on_end(self, event: Event) -> None:
        """A listener must have this method; there is nothing to say."""


CACHE = _cache_directory()
numba.config.THREADING_LAYER_PRIORITY = list(LAYERS)
numba.config.CACHE_DIR = str(CACHE)
register("numba:compile", _Notice())

OPTIONS = {"error_model": "numpy", "fastmath": FAST}
jit = partial(numba.njit, cache=True, **OPTIONS)


def shared_from(least: int) -> Callable[[Callable], Callable]:
    """Compile a function with a loop over `prange` twice: for one thread, and for all of them.

    Compiled code calls the result with the amount of work, then the function's own arguments. All
    threads share out the loop from an amount of `least` on; less is done before they are awake.
    Nothing is kept on disk but the callers, with all that they call.
    """

    def compile_both(loop: Callable) -> Callable:
        one, every = numba.njit(**OPTIONS)(loop), numba.njit(parallel=True, **OPTIONS)(loop)
        enough = least * SLOW_START

        @numba.njit(error_model="numpy")
        def by_size(work, *args):
            if work >= enough:
                every(*args)
            else:
                one(*args)

        return by_size

    return compile_both
