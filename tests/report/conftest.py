"""The report's tests know where every interval comes from: none from the shipped table."""

import pytest

from npvae.evaluation import results


@pytest.fixture(autouse=True)
def no_shipped_spread(tmp_path_factory, monkeypatch):
    """An empty table in place of the spread over seeds that comes with npvae."""
    path = tmp_path_factory.mktemp("spread") / "empty.csv"
    path.write_text("kind,weight,epochs,data,metric,deviation,seeds\n")
    monkeypatch.setattr(results, "SEED_SPREAD", path)
