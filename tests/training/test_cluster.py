"""Training on a Dask cluster: a real scheduler and its workers over TCP, and what goes wrong."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from distributed import Client
from own_runs import SMALL, bits

from npvae.data.dataset import load_data
from npvae.errors import UserError
from npvae.training import cluster, parallel
from npvae.training import train as training
from npvae.training.options import Settings
from npvae.training.parallel import train_missing

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def dask(*arguments, where=ROOT):
    """A process of Dask's command line, of a Dask that lets no training lose a worker."""
    settings = {"PYTHONPATH": str(where), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
        env=os.environ | settings,
        cwd=where,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def running_scheduler():
    """A scheduler's process and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with dask("scheduler", "--host", "127.0.0.1", "--port", port) as process:
        yield process, f"tcp://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def scheduler():
    """The address of a scheduler."""
    with running_scheduler() as (_, address):
        yield address


def worker(scheduler, threads=1, where=ROOT):
    return dask("worker", scheduler, "--nthreads", str(threads), "--no-nanny", where=where)


def rows(path):
    return (path / "history.csv").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def elsewhere(monkeypatch):
    """A function after which no training is possible in this process."""
    return lambda: monkeypatch.setattr(parallel, "train", None)


def test_a_worker_killed_in_the_middle_costs_no_bit(scheduler, own, tmp_path, elsewhere):
    wanted = {tmp_path / str(seed): replace(SMALL, epochs=60, seed=seed) for seed in (0, 1)}
    alone = [
        training.train(options, Settings(tmp_path / "alone", own, threads=1, resume=False))
        for options in wanted.values()
    ]
    elsewhere()
    seen = {}

    def kill_in_the_middle(process):
        while not all((path / "history.csv").exists() for path in wanted):
            time.sleep(0.01)
        process.kill()
        seen.update({path: rows(path) for path in wanted})

    with worker(scheduler) as first, worker(scheduler):
        with Client(scheduler, set_as_default=False) as client:
            client.wait_for_workers(2)
            client.run(import_module, "npvae.training.train")  # so that they start together
        killer = threading.Thread(target=kill_in_the_middle, args=[first], daemon=True)
        killer.start()
        found = train_missing(wanted, own, load_data(own), scheduler)
        killer.join()
        assert all(1 < len(lines) < 61 for lines in seen.values())  # both were on their way
        for path in wanted:
            assert rows(path)[: len(seen[path])] == seen[path]  # with the seconds: it went on
        assert [bits(run) for run in found.values()] == [bits(run) for run in alone]
        # The worker that is left goes on from a run that is there, not this process.
        longer = tmp_path / "longer"
        wanted[longer] = replace(SMALL, epochs=61)
        assert train_missing(wanted, own, load_data(own), scheduler)[longer].epoch == 61
        assert rows(longer)[:61] == rows(tmp_path / "0")


def test_processes_of_this_machine(own, tmp_path, elsewhere):
    elsewhere()
    found = train_missing({tmp_path / "a": SMALL}, own, load_data(own), "local")
    assert found[tmp_path / "a"].epoch == 2


def refusal(own, tmp_path, address, capfd):
    """Return the one line with which an address is refused; nothing else is said."""
    with pytest.raises(UserError) as info:
        train_missing({tmp_path / "a": SMALL}, own, load_data(own), address)
    assert capfd.readouterr() == ("", "")
    line = str(info.value)
    assert line.startswith(f"--dask {address}: ") and "\n" not in line and len(line) < 300
    return line


def test_workers_are_needed_with_npvae_and_one_thread(scheduler, own, tmp_path, monkeypatch, capfd):
    with worker(scheduler, threads=2):
        line = refusal(own, tmp_path, scheduler, capfd)
        assert "has 2 threads" in line and "--nthreads 1" in line
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    assert (
        f"no worker has joined the scheduler; start one with `dask worker {scheduler}"
        in refusal(own, tmp_path, scheduler, capfd)
    )


def test_no_scheduler_gives_one_line(own, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # listens, and never answers
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        assert "there is no Dask scheduler" in refusal(own, tmp_path, address, capfd)
    for dead in (address, "class", "tcp://", "tcp://host", "http://host:8786", "tcp://host:port"):
        line = refusal(own, tmp_path, dead, capfd)
        assert "there is no Dask scheduler" in line and "`dask scheduler`" in line


@pytest.mark.parametrize("victim", ["worker", "scheduler"])
def test_a_cluster_that_fails_gives_one_line(victim, own, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(cluster, "LOSSES", 0)
    monkeypatch.setattr(cluster, "PATIENCE", 60)  # on a busy machine a scheduler starts slowly
    endless = replace(SMALL, epochs=10**6)

    def kill_when_it_trains(process):
        while not (tmp_path / "a" / "history.csv").exists():
            time.sleep(0.01)
        process.kill()

    with running_scheduler() as (scheduler, address), worker(address) as trains:
        process = trains if victim == "worker" else scheduler
        threading.Thread(target=kill_when_it_trains, args=[process], daemon=True).start()
        with pytest.raises(UserError) as info:
            train_missing({tmp_path / "a": endless}, own, load_data(own), address)
    why = {"worker": "it has lost 1 trainings", "scheduler": "its scheduler is lost"}
    assert why[victim] in str(info.value) and "finished epochs are saved" in str(info.value)
    assert not caplog.records  # Dask itself says nothing


def test_without_the_package_one_line_says_how_to_get_it(own, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        UserError, match=r"distributed is not installed; pip install .npvae\[dask\]"
    ):
        train_missing({tmp_path / "a": SMALL}, own, load_data(own), "local")
