"""For `pytest exercises`: show each hint once, without the summary that repeats its beginning."""


def pytest_configure(config):
    """Leave out the short summary, unless other tests are run as well or it is asked for."""
    if config.option.reportchars == "fE" and all("exercises" in name for name in config.args):
        config.option.reportchars = ""
