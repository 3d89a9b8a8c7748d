"""Training many runs: what is there is only loaded, and longer runs go on from shorter ones."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import joblib
import numba
import numpy as np
import pytest
from own_runs import NAME, SMALL, bits

from npvae.data.dataset import load_data
from npvae.errors import UserError
from npvae.training import parallel
from npvae.training.checkpoint import load_checkpoint, save_checkpoint
from npvae.training.options import Settings
from npvae.training.parallel import Station, train_missing
from npvae.training.train import STEP_MAKERS, train


@pytest.fixture
def one_process(monkeypatch):
    """Trainings in this process: no other is started, and what is patched here holds for them."""
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 1)


def test_training_in_processes_is_what_a_training_is(own, tmp_path, monkeypatch):
    """In two of them, if the machine has two; a quota of one wins over its cores."""
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 2)
    wanted = {tmp_path / str(seed): replace(SMALL, seed=seed) for seed in (0, 1)}
    found = train_missing(wanted, own, load_data(own))
    assert list(found) == list(wanted)
    for path, run in found.items():
        same = train(wanted[path], Settings(tmp_path / "b", own, threads=1, resume=False))
        assert bits(run) == bits(same)
    counts = []
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1)
    monkeypatch.setattr(joblib, "Parallel", lambda n, **_: counts.append(n) or (lambda work: []))
    monkeypatch.setattr(parallel, "LATE", 0)
    with pytest.raises(UserError, match="is not there"):  # nothing was trained
        train_missing({tmp_path / x: replace(SMALL, lr=n) for n, x in enumerate("cd", 1)}, own,
                      load_data(own))  # fmt: skip
    assert counts == [1]


def test_finished_runs_are_not_trained_again(own, tmp_path, one_process):
    limits = {"all": None, "few": 20, "more than there are": 1000}
    wanted = {tmp_path / name: replace(SMALL, limit=limit) for name, limit in limits.items()}
    data = load_data(own)
    first = train_missing(wanted, own, data)
    assert [run.data.split()[1] for run in first.values()] == ["40", "20", "40"]
    own.unlink()  # so that no training is possible
    again = train_missing(wanted, own, data)
    assert [bits(run) for run in again.values()] == [bits(run) for run in first.values()]


def test_a_directory_with_another_run_is_refused_and_kept(own, tmp_path, one_process):
    path, data = tmp_path / "a", load_data(own)
    run = train_missing({path: SMALL}, own, data)[path]
    before = (path / "checkpoint.npz").read_bytes()
    others = [
        (replace(SMALL, beta=3.0), "--beta 1.0"),
        (replace(SMALL, epochs=1), "of other options or data than are wanted"),
    ]
    for options, words in others:
        with pytest.raises(UserError, match=f"{path}.*{words}"):
            train_missing({path: options}, own, data)
    with pytest.raises(UserError, match="b: the worker finds other images; check --data-dir"):
        train_missing({tmp_path / "b": SMALL}, own, replace(data, fingerprint="0"))
    with np.load(own) as file:
        arrays = dict(file)
    for part in ("images", "test_images"):
        np.savez(own, **(arrays | {part: 1 - arrays[part]}))
        words = f"trained on {NAME}, and not on the images that are now in {NAME};"
        with pytest.raises(UserError, match=f"{path}.*{words}"):
            train_missing({path: SMALL}, own, load_data(own))
    assert (path / "checkpoint.npz").read_bytes() == before
    np.savez(own, **arrays)
    save_checkpoint(path / "checkpoint.npz", replace(run, fingerprint=""))
    with pytest.raises(UserError, match="older version, without a fingerprint of its data; train"):
        train_missing({path: SMALL}, own, load_data(own))


def test_a_training_that_fails_is_an_error_that_names_its_directory(own, tmp_path, one_process):
    with pytest.raises(UserError, match=f"^{tmp_path / 'a'}.*no longer finite"):
        train_missing({tmp_path / "a": replace(SMALL, lr=1e30)}, own, load_data(own))


@pytest.mark.parametrize("kind", ["kl", "ws", "sw"])
def test_longer_runs_go_on_from_shorter_ones_to_the_bits_of_a_run_of_their_own(
    kind, own, tmp_path, one_process
):
    small = replace(SMALL, kind=kind)
    wanted = {tmp_path / str(n): replace(small, epochs=n) for n in (4, 1, 2)}
    wanted[tmp_path / "other"] = replace(small, seed=1)  # no station of theirs
    found = train_missing(wanted, own, load_data(own))
    assert {path: run.options for path, run in found.items()} == wanted
    seconds = [row["seconds"] for row in found[tmp_path / "4"].history]
    for n in (1, 2):  # what was measured once was trained once
        assert [row["seconds"] for row in found[tmp_path / str(n)].history] == seconds[:n]
    for name, options in (("4", replace(small, epochs=4)), ("other", replace(small, seed=1))):
        alone = train(options, Settings(tmp_path / "alone", own, 1, resume=False))
        assert bits(found[tmp_path / name]) == bits(alone)


def test_a_station_begins_where_it_is_or_else_where_the_finished_one_before_it_ends(
    own, tmp_path, one_process, monkeypatch
):
    trained = []
    make_step = STEP_MAKERS["kl"]

    def spying(run, images, batch):
        trained.append((run.options.epochs, run.epoch + 1))  # once an epoch for each size of batch
        return make_step(run, images, batch)

    monkeypatch.setitem(STEP_MAKERS, "kl", spying)
    two, four, six = (tmp_path / str(n) for n in (2, 4, 6))
    options = {path: replace(SMALL, epochs=int(path.name)) for path in (two, four, six)}
    train_missing({two: options[two]}, own, load_data(own))
    train(replace(SMALL, epochs=3), Settings(four, own, 1, resume=False))  # killed in its fourth
    before = (two / "checkpoint.npz").read_bytes()
    trained.clear()
    train_missing(options, own, load_data(own))
    assert sorted(set(trained)) == [(4, 4), (6, 5), (6, 6)]
    assert (two / "checkpoint.npz").read_bytes() == before


class Bar(contextlib.nullcontext):
    """In the place of the progress bar: what it shows."""

    def __init__(self, total, initial, desc, unit):
        super().__init__(self)
        self.shown, self.n = [(initial, total, unit)], initial
        Bar.last = self

    def update(self, n):
        self.n += n
        self.shown.append(self.n)


def test_the_bar_counts_epochs_while_a_run_trains(own, tmp_path, one_process, monkeypatch):
    make_step = STEP_MAKERS["kl"]

    def waiting(run, images, batch):
        until = time.monotonic() + 20
        while run.epoch == 3 and Bar.last.n < 3 and time.monotonic() < until:
            time.sleep(0.01)  # until the bar has seen three epochs of a run that is not finished
        return make_step(run, images, batch)

    train(replace(SMALL, epochs=1), Settings(tmp_path / "a", own, 1, resume=False))
    monkeypatch.setitem(STEP_MAKERS, "kl", waiting)
    monkeypatch.setattr(parallel, "tqdm", Bar)
    train_missing({tmp_path / "a": replace(SMALL, epochs=4)}, own, load_data(own))
    assert Bar.last.shown[0] == (1, 4, "epoch")
    assert 3 in Bar.last.shown and Bar.last.shown[-1] == 4


def test_workers_that_want_one_directory_wait_for_each_other_and_do_not_fail(own, tmp_path):
    station = Station(tmp_path / "a", replace(SMALL, epochs=20), before=None)
    station.path.mkdir()
    work = [[station], own, load_data(own).fingerprint]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda _: parallel._train(*work), range(3))) == [None] * 3
    assert load_checkpoint(station.path / "checkpoint.npz").epoch == 20


def test_a_network_file_system_may_show_a_run_late(own, tmp_path, one_process, monkeypatch):
    path, hidden = tmp_path / "a" / "checkpoint.npz", tmp_path / "hidden"
    real = parallel._train

    def train_and_hide(*arguments):
        error = real(*arguments)
        path.rename(hidden)
        threading.Timer(0.5, lambda: hidden.rename(path)).start()
        return error

    monkeypatch.setattr(parallel, "_train", train_and_hide)
    assert train_missing({path.parent: SMALL}, own, load_data(own))[path.parent].epoch == 2
