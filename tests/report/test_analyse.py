"""The analysis: a small study from end to end, and what it refuses before it begins."""

import csv
import shutil
from argparse import Namespace
from unittest.mock import Mock

import numpy as np
import pytest
from matplotlib.image import imread

from npvae.data.dataset import load_data
from npvae.errors import UserError
from npvae.report import analyse as analyse_module
from npvae.report.analyse import analyse
from npvae.training import study as study_module
from npvae.training.checkpoint import save_checkpoint
from npvae.training.kinds import KINDS
from npvae.training.options import Options, Settings
from npvae.training.run import new_run
from npvae.training.study import directory_of
from npvae.training.train import train

SMALL = {"hidden_dim": 8, "latent_dim": 2, "batch_size": 16}
GIVEN = {"kl": Options("kl", 1, **SMALL), "ws": Options("ws", 1, critic_steps=1, **SMALL)}
HEAVY = Options("sw", 1, wasserstein_weight=3.0, **SMALL)


def request_of(directory, data, **others):
    """Return a request for a comparison of the runs in a directory."""
    values = {key: directory / key for key in ("kl", "ws", "sw", "ae")}
    values |= {"out": directory / "report", "data_dir": data, "threads": None, "dask": None}
    values |= {"seeds": 1, "study": False, "as_it_is": False}
    return Namespace(**values | others)


@pytest.fixture
def own(tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.random((60, 3, 3)).astype(np.float32), np.arange(60) % 3
    np.savez(tmp_path / "own.npz", images=images[:40], test_images=images[40:],
             labels=labels[:40], test_labels=labels[40:])  # fmt: skip
    return tmp_path / "own.npz"


def rows_of(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[0], list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_a_study_trains_what_is_missing_and_is_shown_as_it_is(own, tmp_path, monkeypatch):
    """Three settings for 1 and 2 epochs in place of 35 and 140, with two seeds and one."""
    table = {GIVEN["kl"]: (1, 2), GIVEN["ws"]: (1, 2), HEAVY: (1,)}
    monkeypatch.setattr(study_module, "SETTINGS", table)
    monkeypatch.setattr(study_module, "LONG", 2)
    monkeypatch.setattr(study_module, "LONG_SEEDS", 1)
    for key, options in GIVEN.items():
        train(options, Settings(tmp_path / key, own, 1, resume=False))
    with monkeypatch.context() as patch, pytest.raises(StopIteration):
        patch.setattr(analyse_module, "make_instruments", Mock(side_effect=StopIteration))
        analyse(request_of(tmp_path, own, study=True, seeds=2))
    trained = {path.parent.parent.name + "/" + path.parent.name
               for path in (tmp_path / "study").glob("*/*/checkpoint.npz")}  # fmt: skip
    kl, ws, sw = (str(directory_of(o).parent)[:-1] for o in table)  # without the seed
    assert trained == {f"{kl}0/2", f"{kl}1/1", f"{ws}0/2", f"{ws}1/1", f"{sw}0/1", f"{sw}1/1"}
    for missing in (f"{kl}0", f"{ws}0", f"{sw}1"):
        shutil.rmtree(tmp_path / "study" / missing)

    analyse(request_of(tmp_path, own, study=True, seeds=2, as_it_is=True))
    assert not (tmp_path / "study" / f"{sw}1").exists()
    report = tmp_path / "report"
    _, rows = rows_of(report / "numbers.csv")
    shown = {(r["setting"], r["epochs"], r["seed"]) for r in rows if r["setting"]}
    seeds = {"kl": ("0", "1", "all"), "ws": ("0", "1", "all"), "sw": ("0", "all")}
    assert shown == {(key, "1", seed) for key in seeds for seed in seeds[key]}
    asked = "ws", "sse_mu"
    *both, mean = [float(r["value"]) for r in rows if (r["setting"], r["metric"]) == asked]
    assert len(both) == 2 and mean == pytest.approx(np.mean(both), rel=1e-4)
    head, spreads = rows_of(report / "seed_spread.csv")
    assert head == "# python analyze.py --study --as-it-is --seeds 2"
    identities = {(r["kind"], r["weight"], r["epochs"]) for r in spreads}
    assert identities == {("kl", "1", "1"), ("ws", "0.1736", "1")}
    (row,) = [r for r in spreads if (r["kind"], r["metric"]) == ("ws", "sse_mu")]
    assert float(row["deviation"]) == pytest.approx(np.std(both, ddof=1), rel=0.02, abs=1e-4)
    assert row["data"] == load_data(own).fingerprint[:16]
    pictures = {path.name: path for path in (report / "plots").iterdir()}
    kinds = "error", "latent_dist", "reconstruction", "interpol", "samples", "tsne"
    alone = {f"{name}.png" for name in ("first", "law", "trade_off", "claims", "training_loss")}
    assert set(pictures) == alone | {f"{kind}_{key}.png" for kind in kinds for key in GIVEN}
    for name, path in pictures.items():
        height, width, _ = imread(path).shape
        assert 600 <= width <= 1200 and 150 <= height <= 1700, name
        assert path.stat().st_size < 200_000, name
    text = (report / "report.md").read_text(encoding="utf-8")
    assert "3 are not finished, and not shown" in text and "| SW, λ = 3 | 1 | 1 |" in text
    assert "explorer.html" in (report / "report.html").read_text(encoding="utf-8")


def save(directory, data, **options):
    """Save a run of random weights that has been trained for one epoch of 35."""
    images = load_data(data)
    options = Options(epochs=35, hidden_dim=8, **options)
    run = new_run(options, (3, 3), images.name, images.fingerprint)
    run.epoch = run.steps = 1
    run.history = [dict.fromkeys(KINDS[options.kind].columns, 1.0) | {"epoch": 1}]
    directory.mkdir(parents=True)
    save_checkpoint(directory / "checkpoint.npz", run)


def test_runs_that_cannot_be_compared_are_told_apart(own, tmp_path):
    for n, (key, run, words) in enumerate((
        ("ws", {"kind": "ws", "latent_dim": 3}, "has 10 latent dimensions, .*ws has 3"),
        ("ae", {"kind": "kl", "beta": 2.0}, "ae: holds a KL model, .* weight 2, .* --beta 0"),
        ("ws", {"kind": "ws", "wasserstein_weight": 0.0}, "ws: holds a plain .* with weight 0"),
    )):  # fmt: skip
        directory = tmp_path / str(n)
        for name, options in ({"kl": {"kind": "kl"}, "ws": {"kind": "ws"}} | {key: run}).items():
            save(directory / name, own, **options)
        with pytest.raises(UserError, match=words):
            analyse(request_of(directory, own))
        assert not (directory / "report").exists()


def test_runs_on_unlike_images_are_not_compared_nor_on_images_that_tell_nothing(own, tmp_path):
    with np.load(own) as file:
        images, test = file["images"], file["test_images"]
    files = {  # training and test images, and words of the line
        "own": (images, test, "ws.checkpoint.npz: trained on unlike.npz, .* now in own.npz, "),
        "unlike": (images[::-1], test, "kl.checkpoint.npz: trained on own.npz, .* in unlike.npz, "),
        "few": (images[:10], test, "at least 11 training images, not 10"),
        "fewer": (images, test[:10], "at least 11 test images, not 10"),
        "alike": (images, np.repeat(test[:1], 20, axis=0), "are alike"),
        "grey": (images, np.tile(test[:, :1, :1], (1, 3, 3)), "of one grey"),
    }
    for name, (train_images, test_images, _) in files.items():
        np.savez(tmp_path / f"{name}.npz", images=train_images, test_images=test_images)
    save(tmp_path / "kl", own, kind="kl")
    save(tmp_path / "ws", tmp_path / "unlike.npz", kind="ws")
    for name, (*_, words) in files.items():
        with pytest.raises(UserError, match=words):
            analyse(request_of(tmp_path, tmp_path / f"{name}.npz"))
        assert not (tmp_path / "report").exists()
