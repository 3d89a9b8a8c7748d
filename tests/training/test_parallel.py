"""Training many runs, here and on a Dask cluster: what is there is only loaded or gone on from."""

import asyncio
import os
import re
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module

import joblib
import numba
import numpy as np
import psutil
import pytest
from distributed import Client, LocalCluster
from own_runs import NAME, SMALL, bits, small, trained

from npvae.data.dataset import load_data
from npvae.errors import UserError
from npvae.training import parallel
from npvae.training.checkpoint import load_checkpoint, save_checkpoint
from npvae.training.parallel import train_missing
from npvae.training.train import STEP_MAKERS


@pytest.fixture
def counts(monkeypatch):
    """Trainings in this process, one by one; the number of processes that would have started."""

    def one_thread(most):
        kept.append(most)
        return ThreadPoolExecutor(1)

    kept = []
    monkeypatch.setattr(parallel, "processes", one_thread)
    return kept


def test_training_in_processes_is_what_a_training_is_or_gives_one_line(own, tmp_path, monkeypatch):
    wanted = {tmp_path / str(seed): small(seed=seed) for seed in (0, 1)}
    found = train_missing(wanted, own, load_data(own))
    assert list(found) == list(wanted)
    for path, run in found.items():
        assert bits(run) == bits(trained(wanted[path], tmp_path / "alone", own))
    monkeypatch.setenv("NUMBA_THREADING_LAYER", "no such layer")  # its imports fail
    with pytest.raises(UserError, match=r"^training failed \(.*finished epochs are saved") as info:
        train_missing({tmp_path / "a": SMALL}, own, load_data(own))
    assert "\n" not in str(info.value)


@pytest.mark.parametrize(("cores", "quota", "most"), [(2, 8, 2), (8, 2, 2), (8, 8, 3)])
def test_finished_runs_need_no_process_and_others_few(cores, quota, most, own, counts, monkeypatch):
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", cores)
    monkeypatch.setattr(joblib, "cpu_count", lambda: quota)
    limits = {"all": None, "few": 20, "more than there are": 1000}
    wanted = {own.with_name(name): small(limit=limit) for name, limit in limits.items()}
    data = load_data(own)
    first = train_missing(wanted, own, data)
    assert [run.data.split()[1] for run in first.values()] == ["40", "20", "40"]
    again = train_missing(wanted, own, data)
    assert [bits(run) for run in again.values()] == [bits(run) for run in first.values()]
    assert counts == [most]


def test_a_directory_with_another_run_is_refused_and_kept(there, own, tmp_path, counts):
    path, data = there(), load_data(own)
    before = (path / "checkpoint.npz").read_bytes()

    def refused(words, data=data, path=path, **changes):
        with pytest.raises(UserError, match=f"^{re.escape(str(path))}.*{words}"):
            train_missing({path: small(**changes)}, own, data)

    refused("beta 1.0", beta=3.0)
    refused("no longer finite", path=tmp_path / "b", lr=1e30)
    refused("the worker finds other images", replace(data, fingerprint="0"), tmp_path / "c")
    with np.load(own) as file:
        arrays = dict(file)
    np.savez(own, **(arrays | {"test_images": 1 - arrays["test_images"]}))
    refused(f"trained on {NAME}, and not on the images that are now in {NAME};", load_data(own))
    assert (path / "checkpoint.npz").read_bytes() == before
    run = load_checkpoint(path / "checkpoint.npz")
    save_checkpoint(path / "checkpoint.npz", replace(run, fingerprint=""))
    refused("older version, and has no fingerprint of its data", load_data(own))


def test_longer_runs_go_on_from_shorter_ones(there, own, tmp_path, counts, monkeypatch):
    """To the bits of their own run, from where they are or where a finished shorter one ends."""

    def spying(run, images, batch):
        epochs.add((run.options.epochs, run.epoch + 1))
        return make_step(run, images, batch)

    two, four, six, other = there("ws"), *(tmp_path / name for name in ("4", "6", "other"))
    trained(small("ws", epochs=3), four, own)  # killed in its fourth
    before = (two / "checkpoint.npz").read_bytes()
    epochs, make_step = set(), STEP_MAKERS["ws"]
    monkeypatch.setitem(STEP_MAKERS, "ws", spying)
    lengths = {six: 6, tmp_path / "1": 1, four: 4, two: 2}
    wanted = {path: small("ws", epochs=n) for path, n in lengths.items()}
    wanted[other] = small("kl", seed=1)  # no station of theirs
    found = train_missing(wanted, own, load_data(own))
    assert {path: run.options for path, run in found.items()} == wanted and len(counts) == 1
    assert epochs == {(1, 1), (4, 4), (6, 5), (6, 6)}
    assert (two / "checkpoint.npz").read_bytes() == before
    assert found[six].history[:4] == found[four].history  # with the seconds
    for path in (six, other):
        assert bits(found[path]) == bits(trained(wanted[path], tmp_path / "alone", own))


def test_workers_that_want_one_directory_wait_for_each_other_and_do_not_fail(own, tmp_path):
    work = [{tmp_path / "a": small(epochs=20)}, own, load_data(own).fingerprint]
    with ThreadPoolExecutor(3) as pool:
        runs = [run for (run,) in pool.map(lambda _: parallel._train(*work), range(3))]
    assert [run.epoch for run in runs] == [20] * 3
    assert len({str(run.history) for run in runs}) == 1  # with the seconds: it was trained once


def test_a_run_that_is_kept_elsewhere_gets_a_warning(own, tmp_path, counts, monkeypatch, capsys):
    run = trained(SMALL, tmp_path / "their own", own)
    monkeypatch.setattr(parallel, "_train", lambda *_: [run])
    assert train_missing({tmp_path / "a": SMALL}, own, load_data(own)) == {tmp_path / "a": run}
    assert f"{tmp_path / 'a'}: trained, but kept on another machine" in capsys.readouterr().err


def cluster(workers, threads=1, processes=False):
    """A scheduler with workers, for a `with`."""
    how = {"host": "tcp://127.0.0.1", "dashboard_address": None}
    return LocalCluster(None, workers, threads, processes, **how)


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
