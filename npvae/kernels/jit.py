"""How npvae compiles: one set of Numba options, one cache directory, one threading layer.

Numba keeps compiled code on disk, but does not notice when a function in another file changes.
So the cache directory is named after the content of `COMPILED_ROOMS`, where everything compiled
lives: edit a file there and all is compiled anew, leave them and the second start is quick.
"""

import hashlib
import importlib.util
import os
import platform
import tempfile
from functools import partial
from pathlib import Path

import numba
import pooch
from numba.core.event import register

from npvae.kernels.progress import CompilingBar

# A multiplication and an addition may become one instruction. The other "fast" flags stay off: some
# assume away NaN and infinity, and reordering sums would make the last bits depend on what else was
# compiled along with them.
FAST = {"contract"}

COMPILED_ROOMS = ("kernels", "nn", "models", "evaluation/classifier")

# OpenMP starts a parallel loop in about 2 microseconds, Numba's own workqueue in about 140.
LAYERS = {"omp": "omppool", "tbb": "tbbpool", "workqueue": "workqueue"}
_found = (n for n, m in LAYERS.items() if importlib.util.find_spec(f"numba.np.ufunc.{m}"))
THREADING_LAYER = next(_found, "workqueue")


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


CACHE = _cache_directory()
numba.config.THREADING_LAYER_PRIORITY = list(LAYERS)
numba.config.CACHE_DIR = str(CACHE)
register("numba:compile", CompilingBar())

jit = partial(numba.njit, cache=True, error_model="numpy", fastmath=FAST)


def is_compiled() -> bool:
    """Tell whether compiled code of these sources is on the disk already."""
    return any(CACHE.rglob("*.nbc"))
