"""Training many runs: what is there is only loaded, and longer runs go on from shorter ones."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import joblib
import numba
import numpy as np
import pytest
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


def test_training_in_processes_is_what_a_training_is(own, tmp_path):
    wanted = {tmp_path / str(seed): small(seed=seed) for seed in (0, 1)}
    found = train_missing(wanted, own, load_data(own))
    assert list(found) == list(wanted)
    for path, run in found.items():
        assert bits(run) == bits(trained(wanted[path], tmp_path / "alone", own))


def test_a_process_that_dies_gives_one_line(own, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_THREADING_LAYER", "no such layer")  # its imports fail
    with pytest.raises(UserError, match=r"^training failed \(.*finished epochs are saved") as info:
        train_missing({tmp_path / "a": SMALL}, own, load_data(own))
    assert "\n" not in str(info.value)


@pytest.mark.parametrize(("cores", "quota", "most"), [(2, 8, 2), (8, 2, 2), (8, 8, 3)])
def test_no_more_processes_than_cores_trainings_and_the_quota(
    cores, quota, most, own, tmp_path, counts, monkeypatch
):
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", cores)
    monkeypatch.setattr(joblib, "cpu_count", lambda: quota)
    wanted = {tmp_path / f"{n}": small(seed=n, epochs=1) for n in range(3)}
    assert len(train_missing(wanted, own, load_data(own))) == 3 and counts == [most]


def test_finished_runs_are_not_trained_again(own, tmp_path, counts):
    limits = {"all": None, "few": 20, "more than there are": 1000}
    wanted = {tmp_path / name: small(limit=limit) for name, limit in limits.items()}
    data = load_data(own)
    first = train_missing(wanted, own, data)
    assert [run.data.split()[1] for run in first.values()] == ["40", "20", "40"]
    again = train_missing(wanted, own, data)
    assert [bits(run) for run in again.values()] == [bits(run) for run in first.values()]
    assert len(counts) == 1


def test_a_directory_with_another_run_is_refused_and_kept(there, own, tmp_path, counts):
    path, data = there(), load_data(own)
    before = (path / "checkpoint.npz").read_bytes()

    def refused(words, data=data, path=path, **changes):
        with pytest.raises(UserError, match=f"^{re.escape(str(path))}.*{words}"):
            train_missing({path: small(**changes)}, own, data)

    refused("beta 1.0", beta=3.0)
    refused("epochs 2, not 1", epochs=1)
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


def test_longer_runs_go_on_from_shorter_ones_to_the_bits_of_a_run_of_their_own(
    there, own, tmp_path, counts, monkeypatch
):
    """Each begins where it is, or else where the finished one before it ends."""

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
