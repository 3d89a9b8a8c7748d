"""npvae: a variational autoencoder and a Wasserstein critic by hand, in NumPy and Numba.

model = npvae.load("runs/ws")     a trained model, to encode, decode and sample with
"""

from os import PathLike
from typing import TYPE_CHECKING

from npvae.errors import UserError

if TYPE_CHECKING:
    from npvae.library import Model

__all__ = ["UserError", "load"]


def load(directory: str | PathLike[str]) -> "Model":
    """Load the trained model in a run's directory, such as `runs/ws`; see `npvae.library.Model`.

    Reads `checkpoint.npz` there. Raises UserError if it is missing or damaged.
    """
    from npvae.library import Model  # here: its libraries take half a second to import

    return Model(directory)
