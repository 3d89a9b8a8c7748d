"""The images of the small runs, and one run of each kind that is trained once for many tests."""

import shutil

import numpy as np
import pytest
from own_runs import small, trained

from npvae.training.kinds import KINDS


def write_images(directory):
    pixels = np.random.default_rng(0).uniform(size=(50, 3, 4)).astype(np.float32)
    np.savez(directory / "own.npz", images=pixels[:40], test_images=pixels[40:])
    return directory / "own.npz"


@pytest.fixture
def own(tmp_path):
    return write_images(tmp_path)


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory):
    directory = tmp_path_factory.mktemp("once")
    data = write_images(directory)
    for kind in KINDS:
        trained(small(kind), directory / kind, data)
    return directory


@pytest.fixture
def there(trained_once, tmp_path):
    """A function that puts the run of a kind, of two epochs, into tmp_path / "out"."""
    return lambda kind="kl": shutil.copytree(trained_once / kind, tmp_path / "out")
