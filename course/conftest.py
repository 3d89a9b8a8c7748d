"""For `pytest course`: show each hint once, without the summary that repeats its beginning."""

from pathlib import Path


def pytest_configure(config):
    """Leave out the short summary, unless other tests are run as well or it is asked for."""
    only_here = all(Path(name).parts[:1] == ("course",) for name in config.args)
    if config.option.reportchars == "fE" and only_here:
        config.option.reportchars = ""
