"""Training on a Dask cluster: a real scheduler and its workers over TCP, and what goes wrong."""

import asyncio
import os
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module

import psutil
import pytest
from distributed import Client, LocalCluster
from own_runs import SMALL, bits, small, trained

from npvae.data.dataset import load_data
from npvae.errors import UserError
from npvae.training import parallel
from npvae.training.parallel import train_missing


def cluster(workers, threads=1, processes=False):
    """A scheduler with workers, for a `with`."""
    count = {"n_workers": workers, "threads_per_worker": threads, "processes": processes}
    return LocalCluster(**count, host="tcp://127.0.0.1", dashboard_address=None)


@pytest.fixture(scope="module")
def two_workers():
    with cluster(2, processes=True) as found:
        yield found


@contextmanager
def when_all_train(paths, do):
    """Do something once all runs have finished an epoch."""

    def watch():
        while not all((path / "history.csv").exists() for path in paths):
            time.sleep(0.01)
        do()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield
    thread.join(60)  # where the training fails, nothing is written


def test_a_worker_killed_in_the_middle_costs_no_bit(two_workers, own, tmp_path, monkeypatch):
    wanted = {tmp_path / str(seed): small(epochs=60, seed=seed) for seed in (0, 1)}
    alone = [trained(options, tmp_path / "alone", own) for options in wanted.values()]
    monkeypatch.setattr(parallel, "train", None)  # none is possible in this process
    address, seen = two_workers.scheduler_address, {}
    with Client(address, set_as_default=False) as client:
        client.run(import_module, "npvae.training.train")  # so that they start together
        process = psutil.Process(next(iter(client.run(os.getpid).values())))

    def rows():
        return {path: (path / "history.csv").read_text("utf-8").splitlines() for path in wanted}

    def kill():
        process.kill()
        seen.update(rows())

    async def cell():  # as in a notebook, whose event loop runs already
        return train_missing(wanted, own, load_data(own), address)

    with when_all_train(wanted, kill), ThreadPoolExecutor(1) as pool:
        runs = pool.submit(asyncio.run, cell()).result()
    assert all(1 < len(lines) < 61 for lines in seen.values())  # both were on their way
    for path, lines in rows().items():
        assert lines[: len(seen[path])] == seen[path]  # with the seconds: it went on
    assert [bits(run) for run in runs.values()] == [bits(run) for run in alone]


def test_a_cluster_that_fails_gives_one_line(two_workers, own, tmp_path):
    def close():
        for nanny in two_workers.workers.values():  # they would wait for the training
            nanny.auto_restart = False
            psutil.Process(nanny.pid).kill()
        two_workers.close()

    endless = {tmp_path / "a": small(epochs=10**6)}
    with when_all_train(endless, close), pytest.raises(UserError) as info:
        train_missing(endless, own, load_data(own), two_workers.scheduler_address)
    line = str(info.value)
    assert line.startswith("training failed (") and "finished epochs are saved" in line
    assert "\n" not in line


def test_a_scheduler_with_workers_of_one_thread_is_needed(own, tmp_path, monkeypatch, capfd):
    def refused(address, words=""):
        """In one line; nothing else is said."""
        with pytest.raises(UserError) as info:
            train_missing({tmp_path / "a": SMALL}, own, load_data(own), address)
        line, start = str(info.value), "a scheduler is needed there that has workers of one thread"
        assert line.startswith(f"--dask {address}: {start}") and words in line
        assert line.endswith("; docs/running.md says how to start them") and "\n" not in line
        assert capfd.readouterr() == ("", "")

    for workers, threads in ((0, 1), (1, 2)):
        with cluster(workers, threads) as found:
            words = f"(it has {workers} workers with {workers * threads} threads)"
            refused(found.scheduler_address, words)
    monkeypatch.setattr(parallel, "PATIENCE", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # listens, and never answers
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        refused(address, "(no answer)")
    for dead in (address, "class", "tcp://", "tcp://host", "http://host:8786", "tcp://host:port"):
        refused(dead)
    monkeypatch.setitem(sys.modules, "distributed", None)
    refused("tcp://127.0.0.1:8786", "distributed")
