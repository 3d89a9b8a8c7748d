"""Networks as lists of dense layers: their shapes and their start."""

from typing import NamedTuple

import numpy as np
import pytest

from npvae import plain
from npvae.models.critic import critic_shapes
from npvae.nn.parameters import dense_shapes, make_parameters


class Two(NamedTuple):
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray


def test_layers_start_uniform_in_one_over_root_fan_in_here_and_in_plain():
    fast = make_parameters(Two((784, 256), (256,), (256, 400), (400,)), np.float64,
                           np.random.default_rng(1)).w  # fmt: skip
    network, _ = plain.new_network([(784, 256), (256, 400)], np.random.default_rng(1), np.float64)
    for weights in (fast, network.values()):
        for array, fan_in in zip(weights, (784, 784, 256, 256), strict=True):
            bound = 1 / np.sqrt(fan_in)
            assert 0.95 * bound < np.abs(array).max() <= bound
            assert array.var() == pytest.approx(bound**2 / 3, rel=4 / np.sqrt(array.size))


def test_shapes_of_dense_layers():
    assert dense_shapes(Two, (5, 3), (3, 2)) == Two(W1=(5, 3), b1=(3,), W2=(3, 2), b2=(2,))
    with pytest.raises(TypeError):
        dense_shapes(Two, (5, 3))  # a layer is missing
    assert critic_shapes(10) == ((10, 512), (512,), (512, 256), (256,), (256, 10), (10,))
