"""Training many runs: what is there is only loaded, and longer runs go on from shorter ones."""

import contextlib
import re
import threading
import time
from dataclasses import replace

import numba
import numpy as np
import pytest
from own_runs import NAME, SMALL, bits

from npvae.data.dataset import load_data
from npvae.errors import UserError
from npvae.files.atomic import only_user
from npvae.training import parallel
from npvae.training.checkpoint import load_checkpoint, save_checkpoint
from npvae.training.options import Settings
from npvae.training.parallel import train_missing
from npvae.training.train import STEP_MAKERS, train


@pytest.fixture
def one_process(monkeypatch):
    """Trainings in this process: no other is started, and what is patched here holds for them."""
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 1)


def test_training_in_parallel_is_what_a_training_is(own, tmp_path):
    wanted = {tmp_path / "a": SMALL}
    found = train_missing(wanted, own, load_data(own))
    same = train(SMALL, Settings(tmp_path / "b", own, threads=1, resume=False))
    assert list(found) == list(wanted)
    assert found[tmp_path / "a"].epoch == 2
    assert np.array_equal(found[tmp_path / "a"].vae.theta, same.vae.theta)


def test_finished_runs_are_not_trained_again(own, tmp_path, one_process):
    wanted = {tmp_path / str(seed): replace(SMALL, seed=seed) for seed in (0, 1)}
    data = load_data(own)
    first = train_missing(wanted, own, data)
    own.unlink()  # so that no training is possible
    again = train_missing(wanted, own, data)
    assert [again[path].options for path in wanted] == list(wanted.values())
    assert all(np.array_equal(again[path].vae.theta, first[path].vae.theta) for path in wanted)


def test_a_run_that_stopped_early_goes_on_where_it_was(own, tmp_path):
    wanted = {tmp_path / "a": replace(SMALL, epochs=1)}
    before = train_missing(wanted, own, load_data(own))[tmp_path / "a"]
    before.options = SMALL  # as if it had been stopped after an epoch of two
    save_checkpoint(tmp_path / "a" / "checkpoint.npz", before)
    after = train_missing({tmp_path / "a": SMALL}, own, load_data(own))[tmp_path / "a"]
    assert after.epoch == 2 and after.options == SMALL
    assert after.history[0] == before.history[0]  # with its seconds


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (replace(SMALL, beta=3.0), "--beta 1.0"),
        (replace(SMALL, epochs=1), "of other options or data than are wanted"),
    ],
)
def test_a_directory_with_a_run_of_other_options_is_refused_and_kept(wanted, words, own, tmp_path):
    path = tmp_path / "a"
    train_missing({path: SMALL}, own, load_data(own))
    before = (path / "checkpoint.npz").read_bytes()
    with pytest.raises(UserError, match=words) as info:
        train_missing({path: wanted}, own, load_data(own))
    assert str(path) in str(info.value)
    assert (path / "checkpoint.npz").read_bytes() == before
    assert load_checkpoint(path / "checkpoint.npz").options == SMALL


def test_a_run_on_other_data_does_not_count(own, tmp_path):
    train_missing({tmp_path / "a": SMALL}, own, load_data(own))
    other = own.rename(tmp_path / "other.npz")
    with pytest.raises(UserError, match=f"trained on {NAME}, not on other.npz"):
        train_missing({tmp_path / "a": SMALL}, other, load_data(other))
    with pytest.raises(UserError, match=f"b: the data is other.npz, .* not {NAME}; check"):
        train_missing({tmp_path / "b": SMALL}, other, replace(load_data(other), name=NAME))
    with pytest.raises(UserError, match=r"b: other.npz, .* has other images there; check"):
        train_missing({tmp_path / "b": SMALL}, other, replace(load_data(other), fingerprint="0"))
    assert not (tmp_path / "b" / "checkpoint.npz").exists()


@pytest.mark.parametrize("part", ["images", "test_images"])
def test_a_run_on_as_many_other_images_does_not_count(part, own, tmp_path, one_process):
    train_missing({tmp_path / "a": SMALL}, own, load_data(own))
    kept = (tmp_path / "a" / "checkpoint.npz").read_bytes()
    with np.load(own) as file:
        arrays = dict(file)
    arrays[part] = 1 - arrays[part]
    np.savez(own, **arrays)
    words = f"a.checkpoint.npz: trained on {NAME}, and not on the images that are now in {NAME};"
    with pytest.raises(UserError, match=words):
        train_missing({tmp_path / "a": SMALL}, own, load_data(own))
    assert (tmp_path / "a" / "checkpoint.npz").read_bytes() == kept


def test_a_run_without_a_fingerprint_does_not_count(own, tmp_path, one_process):
    run = train_missing({tmp_path / "a": SMALL}, own, load_data(own))[tmp_path / "a"]
    save_checkpoint(tmp_path / "a" / "checkpoint.npz", replace(run, fingerprint=""))
    with pytest.raises(UserError, match="older version, without a fingerprint of its data; train"):
        train_missing({tmp_path / "a": SMALL}, own, load_data(own))


def test_a_training_that_fails_is_an_error_that_names_its_directory(own, tmp_path):
    with pytest.raises(UserError, match="no longer finite") as info:
        train_missing({tmp_path / "a": replace(SMALL, lr=1e30)}, own, load_data(own))
    assert str(info.value).startswith(str(tmp_path / "a"))


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
    alone = train(replace(small, epochs=4), Settings(tmp_path / "alone", own, 1, resume=False))
    assert bits(found[tmp_path / "4"]) == bits(alone)
    alone = train(replace(small, seed=1), Settings(tmp_path / "alone", own, 1, resume=False))
    assert bits(found[tmp_path / "other"]) == bits(alone)


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


def test_runs_of_different_limits_in_one_call(own, tmp_path, one_process):
    limits = {"all": None, "few": 20, "more than there are": 1000}
    wanted = {tmp_path / name: replace(SMALL, limit=limit) for name, limit in limits.items()}
    data = load_data(own)
    found = train_missing(wanted, own, data)
    counts = [re.search(r"(\d+) training", run.data)[1] for run in found.values()]
    assert counts == ["40", "20", "40"]
    own.unlink()  # so that no training is possible
    again = train_missing(wanted, own, data)
    assert [bits(run) for run in again.values()] == [bits(run) for run in found.values()]


def test_a_limited_run_on_other_data_does_not_count(own, tmp_path, one_process):
    limited = replace(SMALL, limit=20)
    path = tmp_path / "a"
    train_missing({path: limited}, own, load_data(own))
    kept = (path / "checkpoint.npz").read_bytes()
    with np.load(own) as file:
        images, test_images = file["images"], file["test_images"]
    np.savez(own, images=images[:19], test_images=test_images)
    with pytest.raises(UserError, match=r"own.npz, 20 training .* not on own.npz, 19 training"):
        train_missing({path: limited}, own, load_data(own))
    np.savez(own, images=images, test_images=test_images[:9])
    with pytest.raises(UserError, match=r"10 test images, not on .* 9 test images"):
        train_missing({path: limited}, own, load_data(own))
    assert (path / "checkpoint.npz").read_bytes() == kept


class Bar:
    """In the place of the progress bar: what is shown."""

    def __init__(self, total, desc, unit):
        self.total, self.unit, self.n = total, unit, 0
        Bar.shown = self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def update(self, n):
        self.n += n


def test_the_bar_counts_epochs_while_a_run_trains(own, tmp_path, one_process, monkeypatch):
    seen = threading.Event()
    make_step = STEP_MAKERS["kl"]

    def waiting(run, images, batch):
        if run.options.seed == 1 and run.epoch == 3:
            until = time.monotonic() + 20
            while Bar.shown.n < 2 and time.monotonic() < until:  # a run that is not finished
                time.sleep(0.01)
            if Bar.shown.n == 2:
                seen.set()
        return make_step(run, images, batch)

    monkeypatch.setitem(STEP_MAKERS, "kl", waiting)
    monkeypatch.setattr(parallel, "tqdm", Bar)
    train(replace(SMALL, seed=1, epochs=1), Settings(tmp_path / "a", own, 1, resume=False))
    wanted = {tmp_path / "a": replace(SMALL, seed=1, epochs=4), tmp_path / "b": SMALL}
    wanted[tmp_path / "c"] = replace(SMALL, epochs=5)  # goes on from b
    train_missing(wanted, own, load_data(own))
    assert seen.is_set()
    assert (Bar.shown.n, Bar.shown.total, Bar.shown.unit) == (3 + 2 + 3, 8, "epoch")


@pytest.fixture
def far(monkeypatch, one_process):
    """What trains for the address "far" is this process, but is taken for another machine."""
    monkeypatch.setattr(parallel, "dask_cluster", lambda *_: contextlib.nullcontext())


def test_another_machine_waits_for_a_lost_worker_that_still_gets_on(
    own, tmp_path, far, monkeypatch
):
    monkeypatch.setattr(parallel, "STUCK", 0.3)
    (tmp_path / "a").mkdir()
    held, gone = threading.Event(), []

    def lost_worker():
        with only_user(tmp_path / "a"):
            for n in range(6):
                (tmp_path / "a" / "history.csv").write_text("epoch\n" * (n + 2))
                held.set()
                time.sleep(0.15)
            gone.append(True)

    thread = threading.Thread(target=lost_worker)
    thread.start()
    held.wait()
    found = train_missing({tmp_path / "a": SMALL}, own, load_data(own), "far")
    assert gone and found[tmp_path / "a"].epoch == 2
    thread.join()
    (tmp_path / "b").mkdir()
    with only_user(tmp_path / "b"), pytest.raises(UserError, match="b: another run is writing"):
        train_missing({tmp_path / "b": SMALL}, own, load_data(own), "far")


def test_a_network_file_system_may_show_a_run_late_or_not_at_all(own, tmp_path, far, monkeypatch):
    path, hidden = tmp_path / "a" / "checkpoint.npz", tmp_path / "hidden"
    real = parallel._train

    def train_and_hide(*arguments):
        error = real(*arguments)
        path.rename(hidden)
        threading.Timer(0.5, lambda: hidden.rename(path)).start()
        return error

    monkeypatch.setattr(parallel, "_train", train_and_hide)
    assert train_missing({path.parent: SMALL}, own, load_data(own), "far")[path.parent].epoch == 2
    monkeypatch.setattr(parallel, "LATE", 0)
    path.unlink()
    with pytest.raises(UserError, match=r"is not there; all machines must share it"):
        train_missing({path.parent: SMALL}, own, load_data(own), "far")
