"""The images of the small runs."""

import numpy as np
import pytest


@pytest.fixture
def own(tmp_path):
    images = np.random.default_rng(0).uniform(size=(50, 3, 4)).astype(np.float32)
    np.savez(tmp_path / "own.npz", images=images[:40], test_images=images[40:])
    return tmp_path / "own.npz"
