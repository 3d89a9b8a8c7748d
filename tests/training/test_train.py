"""The training loop: every image once an epoch, same seed same bits, resuming, stopping."""

import csv
import json
from dataclasses import replace

import numba
import numpy as np
import pytest

from npvae.errors import UserError
from npvae.training import train as training
from npvae.training.checkpoint import load_checkpoint
from npvae.training.options import Options, Settings
from npvae.training.train import train


@pytest.fixture
def digits(tmp_path):
    """150 images of 6 x 5 pixels in two classes, and 30 to test on, as the user's own .npz."""
    rng = np.random.default_rng(0)
    path = tmp_path / "own.npz"
    labels = rng.integers(0, 2, 180)
    images = rng.uniform(size=(180, 6, 5)).astype(np.float32) * (0.3 + 0.7 * labels)[:, None, None]
    np.savez(
        path,
        images=images[:150],
        labels=labels[:150],
        test_images=images[150:],
        test_labels=labels[150:],
    )
    return path


def options(run, **changes):
    small = {"epochs": 2, "batch_size": 64, "latent_dim": 3, "hidden_dim": 16, "critic_steps": 2}
    return Options(run, **(small | changes))


def settings(tmp_path, digits, name="out", threads=1, resume=False):
    return Settings(tmp_path / name, digits, threads, resume)


def history(directory):
    with open(directory / "history.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def without_seconds(directory):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history(directory)]


def stored(directory):
    with np.load(directory / "checkpoint.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files if name != "meta"}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[n], b[n]) for n in a)


@pytest.mark.parametrize("run", ["kl", "ws", "sw"])
def test_every_image_once_per_epoch_and_the_smaller_last_batch(run, tmp_path, digits, monkeypatch):
    seen = []
    make_step = training.STEP_MAKERS[run]

    def spying(state, images, batch):
        step = make_step(state, images, batch)

        def wrapper(index, rng):
            assert len(index) == batch
            seen.append(index.copy())
            return step(index, rng)

        return wrapper

    monkeypatch.setitem(training.STEP_MAKERS, run, spying)
    train(options(run), settings(tmp_path, digits))
    assert [len(index) for index in seen] == [64, 64, 22] * 2
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    assert sorted(first) == sorted(second) == list(range(150))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("run", ["kl", "ws", "sw"])
def test_what_a_run_leaves_behind(run, tmp_path, digits):
    train(options(run), settings(tmp_path, digits))
    out = tmp_path / "out"
    columns = {
        "kl": ["epoch", "train_bce", "train_kl"],
        "ws": ["epoch", "train_bce", "train_w1", "train_gp", "critic_grad_norm"],
        "sw": ["epoch", "train_bce", "train_sw"],
    }[run] + ["test_bce_mu", "test_bce_z", "test_sse_mu", "test_sse_z", "mean_sigma", "seconds"]
    rows = history(out)
    assert list(rows[0]) == columns and [row["epoch"] for row in rows] == ["1", "2"]
    assert all(np.isfinite(float(v)) for row in rows for v in row.values())
    assert float(rows[1]["train_bce"]) < float(rows[0]["train_bce"])
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    assert config["options"]["seed"] == 0 and "150 training" in config["data"]
    assert config["versions"]["numba"] == numba.__version__ and len(config["versions"]) == 3
    arrays = stored(out)
    assert arrays["encoder.hidden.weight"].shape == (30, 16)
    assert arrays["encoder.output.weight"].shape == (16, 6)
    assert ("critic.output.bias" in arrays) == (run == "ws")
    assert {p.name for p in out.iterdir()} <= {
        "history.csv",
        "config.json",
        "checkpoint.npz",
        ".lock",
    }


@pytest.mark.parametrize("run", ["kl", "ws", "sw"])
def test_same_seed_same_bits_on_any_number_of_threads(run, tmp_path, digits):
    wide = options(run, hidden_dim=256, batch_size=150)  # large enough to be shared out
    most = numba.config.NUMBA_NUM_THREADS
    train(wide, settings(tmp_path, digits, "one", threads=1))
    train(wide, settings(tmp_path, digits, "all", threads=most))
    train(replace(wide, seed=1), settings(tmp_path, digits, "other"))
    assert same(stored(tmp_path / "one"), stored(tmp_path / "all"))
    assert without_seconds(tmp_path / "one") == without_seconds(tmp_path / "all")
    assert not same(stored(tmp_path / "one"), stored(tmp_path / "other"))


@pytest.mark.parametrize("run", ["kl", "ws", "sw"])
def test_resuming_gives_the_bits_of_an_uninterrupted_run(run, tmp_path, digits):
    train(options(run, epochs=3), settings(tmp_path, digits, "whole"))
    train(options(run, epochs=1), settings(tmp_path, digits, "parts"))
    train(options(run, epochs=3), settings(tmp_path, digits, "parts", resume=True))
    assert same(stored(tmp_path / "whole"), stored(tmp_path / "parts"))
    assert without_seconds(tmp_path / "whole") == without_seconds(tmp_path / "parts")


def test_resuming_a_finished_run_says_so_and_changes_nothing(tmp_path, digits, capsys):
    train(options("kl"), settings(tmp_path, digits))
    before = (tmp_path / "out" / "checkpoint.npz").read_bytes()
    train(options("kl"), settings(tmp_path, digits, resume=True))
    assert "nothing to do: 2 epochs are done" in capsys.readouterr().out
    assert (tmp_path / "out" / "checkpoint.npz").read_bytes() == before


OTHERS = {  # the run that is there, the run that is wanted, what is changed in the data, words
    "option": ({}, {"lr": 0.1}, None, r"was trained with --lr 0\.001, not 0\.1; give --lr 0\.001"),
    "KL": ({}, {"run": "ws"}, None, r"holds a run of KL; use run_kl\.py, or give another --out"),
    "SW": ({"run": "sw"}, {"run": "ws"}, None, r"use run_ws\.py --distance sliced, or give"),
    "images": ({}, {}, "images", r"trained on own\.npz, .* and not on the images that are now in"),
    "test": ({}, {}, "test_images", r"trained on own\.npz, .* and not on the images that are now"),
}


@pytest.mark.parametrize(("there", "wanted", "part", "words"), OTHERS.values(), ids=OTHERS.keys())
def test_only_the_same_run_is_resumed(there, wanted, part, words, tmp_path, digits):
    train(options(**({"run": "kl", "epochs": 1} | there)), settings(tmp_path, digits))
    if part is not None:
        with np.load(digits) as file:
            arrays = dict(file)
        np.savez(digits, **(arrays | {part: arrays[part][::-1]}))
    with pytest.raises(UserError, match=words):
        train(options(**({"run": "kl"} | wanted)), settings(tmp_path, digits, resume=True))
    assert load_checkpoint(tmp_path / "out" / "checkpoint.npz").epoch == 1


def test_other_labels_and_another_name_make_no_other_data(tmp_path, digits):
    train(options("kl", epochs=1), settings(tmp_path, digits))
    with np.load(digits) as file:
        arrays = dict(file)
    other = digits.with_name("other.npz")
    np.savez(other, **(arrays | {"labels": arrays["labels"][::-1]}))
    assert train(options("kl", epochs=2), settings(tmp_path, other, resume=True)).epoch == 2


def test_ctrl_c_stops_between_steps_and_keeps_the_finished_epochs(tmp_path, digits, monkeypatch):
    make_step = training.STEP_MAKERS["kl"]

    def interrupting(state, images, batch):
        step = make_step(state, images, batch)

        def wrapper(index, rng):
            if state.steps == 4:
                training.signal.raise_signal(training.signal.SIGINT)
            return step(index, rng)

        return wrapper

    monkeypatch.setitem(training.STEP_MAKERS, "kl", interrupting)
    with pytest.raises(KeyboardInterrupt, match="--resume"):
        train(options("kl", epochs=3), settings(tmp_path, digits))
    assert load_checkpoint(tmp_path / "out" / "checkpoint.npz").epoch == 1
    monkeypatch.undo()
    train(options("kl", epochs=3), settings(tmp_path, digits, resume=True))
    train(options("kl", epochs=3), settings(tmp_path, digits, "whole"))
    assert same(stored(tmp_path / "whole"), stored(tmp_path / "out"))


def test_a_test_error_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(
    tmp_path, digits, monkeypatch
):
    train(options("kl", epochs=1), settings(tmp_path, digits))
    before = (tmp_path / "out" / "checkpoint.npz").read_bytes()
    monkeypatch.setattr(training, "errors_on_test_images", lambda *_: {"test_bce_mu": np.inf})
    with pytest.raises(UserError, match=r"\(epoch 2\).*test_bce_mu inf.* 1 epochs are saved"):
        train(options("kl"), settings(tmp_path, digits, resume=True))
    assert (tmp_path / "out" / "checkpoint.npz").read_bytes() == before
