"""The report's tests know where every interval comes from: none from the shipped table."""

import pytest

from npvae.evaluation import comparison


@pytest.fixture(autouse=True)
def no_shipped_spread(tmp_path_factory, monkeypatch):
    """An empty table in place of the spread over seeds that comes with npvae."""
    path = tmp_path_factory.mktemp("spread") / "empty.csv"
    path.write_text("model,metric,deviation,seeds\n")
    monkeypatch.setattr(comparison, "SEED_SPREAD", path)
    read = comparison.shipped_spread  # tests may put another function in its place
    read.cache_clear()
    yield
    read.cache_clear()
