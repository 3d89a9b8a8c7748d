"""The analysis refuses data that it cannot compare models on, before it looks for any run."""

from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest

from npvae.data.dataset import load_data
from npvae.errors import UserError
from npvae.report import analyse as module
from npvae.report.analyse import analyse
from npvae.training.checkpoint import save_checkpoint
from npvae.training.kinds import KINDS
from npvae.training.options import Options
from npvae.training.run import new_run


def request_of(directory, data, **others):
    """Return a request for a comparison of the runs in a directory."""
    values = {key: directory / key for key in ("kl", "ws", "sw", "ae")}
    values |= {"out": directory / "report", "data_dir": data, "threads": None, "dask": None}
    values |= {"on_training_images": False, "seeds": 1, "study": False}
    return Namespace(**values | others)


@pytest.fixture
def own(tmp_path):
    images = np.random.default_rng(0).random((60, 3, 3)).astype(np.float32)
    np.savez(tmp_path / "own.npz", images=images[:40], test_images=images[40:])
    return tmp_path / "own.npz"


def save(directory, data, epochs=1, **options):
    """Save a run of random weights under a key: kl, ws or ae."""
    data = load_data(data)
    run = new_run(Options(epochs=35, hidden_dim=8, **options), (3, 3), data.name, data.fingerprint)
    columns = KINDS[run.options.kind].columns
    run.epoch, run.steps = epochs, epochs
    run.history = [dict.fromkeys(columns, 1.0) | {"epoch": n + 1} for n in range(epochs)]
    directory.mkdir()
    save_checkpoint(directory / "checkpoint.npz", run)


@pytest.mark.parametrize(
    ("ws", "ae", "words"),
    [
        ({"latent_dim": 3}, None, "has 10 latent dimensions, .*ws has 3"),
        (
            {},
            {"beta": 2.0},
            "ae: holds a KL run of weight 2, .* autoencoder is trained with --beta 0",
        ),
        ({"wasserstein_weight": 0.0}, None, "ws: holds a AE run"),
    ],
)
def test_runs_that_cannot_be_compared_are_told_apart(ws, ae, words, own, tmp_path):
    save(tmp_path / "kl", own, kind="kl")
    save(tmp_path / "ws", own, kind="ws", **ws)
    if ae is not None:
        save(tmp_path / "ae", own, kind="kl", **ae)
    request = request_of(tmp_path, own)
    with pytest.raises(UserError, match=words):
        analyse(request)
    assert not request.out.exists()


def test_runs_on_unlike_images_are_not_compared(own, tmp_path):
    save(tmp_path / "kl", own, kind="kl")
    unlike = tmp_path / "unlike.npz"
    with np.load(own) as file:
        np.savez(unlike, images=file["images"][::-1], test_images=file["test_images"])
    save(tmp_path / "ws", unlike, kind="ws")
    for data, model, trained_on in ((own, "ws", unlike), (unlike, "kl", own)):
        words = f"{model}.checkpoint.npz: trained on {trained_on.name}, .* now in {data.name}, "
        with pytest.raises(UserError, match=words):
            analyse(request_of(tmp_path, data))


def test_a_run_without_a_fingerprint_is_not_compared(own, tmp_path, monkeypatch):
    save(tmp_path / "kl", own, kind="kl")
    older = replace(load_data(own), fingerprint="")
    monkeypatch.setitem(globals(), "load_data", lambda data: older)
    save(tmp_path / "ws", own, kind="ws")
    monkeypatch.undo()
    with pytest.raises(UserError, match=r"ws.checkpoint\.npz: was made by an older version"):
        analyse(request_of(tmp_path, own))


@pytest.mark.parametrize(("training", "test", "too_few"), [(10, 40, "training"), (40, 10, "test")])
def test_comparing_takes_a_few_images_of_either_part(training, test, too_few, tmp_path):
    images = np.random.default_rng(0).random((training + test, 3, 3)).astype(np.float32)
    np.savez(tmp_path / "own.npz", images=images[:training], test_images=images[training:])
    request = request_of(tmp_path, tmp_path / "own.npz")
    with pytest.raises(UserError, match=f"at least 11 {too_few} images, not 10"):
        analyse(request)
    assert not request.out.exists()


def test_training_images_are_measured_in_place_of_as_many_test_images(own, tmp_path, monkeypatch):
    checked = []
    monkeypatch.setattr(module, "_check", checked.append)
    with pytest.raises(UserError, match="kl"):  # there are no runs
        analyse(request_of(tmp_path, own, on_training_images=True))
    (found,), given = checked, load_data(own)
    np.testing.assert_array_equal(found.test_images, given.train_images[:20])
    assert found.name == f"{given.name}; measured on 20 training images"
