"""Copies of npvae/plain.py in which functions, or parts of them, are replaced by others."""

import importlib.util
import inspect
from collections.abc import Callable
from types import ModuleType

from npvae import plain


def plain_with(**functions: Callable) -> ModuleType:
    """Return a fresh copy of npvae.plain in which these functions stand under these names.

    The functions of the copy call each other by name, so they call the new ones. The imported
    npvae.plain stays as it is. Raises ValueError for a name that is no function of it.
    """
    copy = _copy(plain)
    for name in functions:
        if getattr(getattr(copy, name, None), "__module__", None) != copy.__name__:
            raise ValueError(f"npvae/plain.py has no function {name!r}")
    vars(copy).update(functions)
    return copy


def edited(module: ModuleType, function: str, *texts: str) -> ModuleType:
    """Return a fresh copy of a module; in the source of one function, new text stands for old.

    `texts` are old, new, old, new, .. Raises ValueError for old text that is not there once.
    """
    copy = _copy(module)
    whole = getattr(copy, function)
    source = inspect.getsource(whole).replace(whole.__doc__, "")  # its equations stay as they are
    for old, new in zip(texts[::2], texts[1::2], strict=True):
        if source.count(old) != 1:
            raise ValueError(f"{function} has {old!r} {source.count(old)} times")
        source = source.replace(old, new)
    exec(compile(source, "<edited>", "exec"), vars(copy))  # noqa: S102
    return copy


def _copy(module):
    spec = importlib.util.find_spec(module.__name__)
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy
