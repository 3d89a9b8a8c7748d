"""The report's tests know where every interval comes from: none from the shipped table."""

import pytest

from npvae.evaluation import spread


@pytest.fixture(autouse=True)
def no_shipped_spread(tmp_path_factory, monkeypatch):
    """An empty table in place of the spread over seeds that comes with npvae."""
    path = tmp_path_factory.mktemp("spread") / "empty.csv"
    path.write_text("kind,weight,epochs,data,metric,deviation,seeds\n")
    monkeypatch.setattr(spread, "SEED_SPREAD", path)
    spread._table.cache_clear()
    yield
    spread._table.cache_clear()
