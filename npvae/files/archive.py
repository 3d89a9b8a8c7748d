"""Reading arrays that NumPy wrote: nothing is unpickled, and all damage is told in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from npvae.errors import UserError


@contextmanager
def told(path: Path, remedy: str) -> Iterator[None]:
    """Turn whatever a file makes the libraries raise into a UserError that ends with the remedy."""
    try:
        yield
    except UserError:
        raise
    except MemoryError as error:
        raise UserError(f"{path}: does not fit into memory; {remedy}") from error
    except Exception as error:  # a damaged file makes gzip, zip and NumPy raise anything
        reason = " ".join((getattr(error, "strerror", None) or str(error)).split())
        reason = reason or type(error).__name__
        raise UserError(f"{path}: cannot be read ({reason:.100}); {remedy}") from error


def load_npz(file: Path | BinaryIO) -> dict[str, np.ndarray]:
    """Read all arrays of a .npz file; what else is in it is passed over.

    Raises ValueError where a gigabyte is packed a hundred times as small, as no images can be.
    """
    with np.load(file, allow_pickle=False) as arrays:
        for member in arrays.zip.infolist():
            if member.file_size >= 2**30 and member.file_size > 100 * member.compress_size:
                raise ValueError(f"{member.filename} would fill {member.file_size:,} bytes")
        return {name: a for name, a in arrays.items() if isinstance(a, np.ndarray)}
