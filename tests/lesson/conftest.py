"""What the program prints, once for all tests of the lesson."""

import pytest
from pages import run
from traces import RUNS


@pytest.fixture(scope="session")
def outputs():
    """What `python -m npvae.trace` prints into a pipe, for both runs."""
    return {name: run(f"-m npvae.trace {name}") for name in RUNS}
