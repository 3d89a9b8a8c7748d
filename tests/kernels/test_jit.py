"""Whatever is compiled lies in a room whose content names the cache directory."""

import ast
from pathlib import Path

from npvae.kernels.jit import COMPILED_ROOMS

PACKAGE = Path(__file__).resolve().parents[2] / "npvae"
COMPILERS = {
    "jit", "shared_from", "njit", "vectorize", "guvectorize", "stencil", "cfunc", "jit_module",
    "intrinsic", "overload", "overload_method", "register_jitable", "generated_jit",
}  # fmt: skip


def names(source: str) -> set[str]:
    """Return all names, attributes and imports of a source."""
    nodes = list(ast.walk(ast.parse(source)))
    found = {n.id for n in nodes if isinstance(n, ast.Name)}
    found |= {n.attr for n in nodes if isinstance(n, ast.Attribute)}
    return found | {n.name for n in nodes if isinstance(n, ast.alias)}


def test_every_file_that_compiles_is_in_a_compiled_room():
    files = [f for f in PACKAGE.rglob("*.py") if COMPILERS & names(f.read_text(encoding="utf-8"))]
    rooms = {file.parent.relative_to(PACKAGE).as_posix() for file in files}
    # A room stands for the files in it, not for those of its subdirectories.
    assert rooms <= set(COMPILED_ROOMS)
    assert {"kernels", "nn", "models"} <= rooms  # the search finds what there is
