"""For `pytest course`: show each hint once, and a prediction beside what is measured."""

from pathlib import Path


def pytest_configure(config):
    """Leave out the short summary, unless other tests are run as well or it is asked for."""
    only_here = all(Path(name).parts[:1] == ("course",) for name in config.args)
    if config.option.reportchars == "fE" and only_here:
        config.option.reportchars = ""


def pytest_terminal_summary(terminalreporter):
    """Show what was predicted and what is measured, for each exercise that is done."""
    for report in terminalreporter.stats.get("passed", []):
        for name, lines in report.user_properties:
            if name == "predicted":
                terminalreporter.write_line("\n    ".join(lines))
