"""Networks as lists of dense layers: their shapes, and what is refused."""

from typing import NamedTuple

import numpy as np
import pytest

from npvae.nn.parameters import dense_shapes, make_parameters


class Two(NamedTuple):
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray


def test_shapes_of_dense_layers():
    assert dense_shapes(Two, (5, 3), (3, 2)) == Two(W1=(5, 3), b1=(3,), W2=(3, 2), b2=(2,))
    with pytest.raises(TypeError):
        dense_shapes(Two, (5, 3))  # a layer is missing


@pytest.mark.parametrize(
    "shapes",
    [
        Two(W1=(5, 3), b1=(3,), W2=(3, 2), b2=(3,)),
        Two(W1=(5,), b1=(5,), W2=(3, 2), b2=(2,)),
        ((5, 3), (3,), (3, 2)),
    ],
)
def test_anything_but_matrices_with_their_biases_is_refused(shapes):
    with pytest.raises(ValueError):
        make_parameters(shapes, np.float64)
