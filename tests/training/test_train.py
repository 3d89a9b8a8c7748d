"""The training loop: every image once an epoch, same seed same bits, resuming, stopping, notes."""

import csv
import json
import re
import signal
from functools import partial

import numba
import numpy as np
import pytest
from own_runs import NAME, bits, small, trained

from npvae.data.dataset import load_data
from npvae.errors import UserError
from npvae.models.inference import encode, errors_on_test_images, posterior_sigma
from npvae.training import train as training
from npvae.training.checkpoint import load_checkpoint
from npvae.training.kinds import KINDS
from npvae.training.run import new_run

every_kind = pytest.mark.parametrize("kind", ["kl", "ws", "sw"])


def around_each_step(monkeypatch, kind, around):
    """Let `around(step, index, rng)` stand in the place of each training step."""
    make_step = training.STEP_MAKERS[kind]

    def made(*args):
        step = make_step(*args)
        return lambda index, rng: around(step, index, rng)

    monkeypatch.setitem(training.STEP_MAKERS, kind, made)


def test_every_image_once_per_epoch_and_the_smaller_last_batch(own, tmp_path, monkeypatch, capsys):
    def kept(step, index, rng):
        seen.append(index.copy())
        losses.append(step(index, rng))
        return losses[-1]

    seen, losses = [], []
    around_each_step(monkeypatch, "kl", kept)
    run = trained(small(), tmp_path / "out", own)
    assert [len(index) for index in seen] == [16, 16, 8] * 2
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    assert sorted(first) == sorted(second) == list(range(40))
    assert not np.array_equal(first, second)
    mean = np.average([bce for bce, *_ in losses[:3]], weights=[16, 16, 8])
    assert run.history[0]["train_bce"] == pytest.approx(mean)
    tested = errors_on_test_images(run.vae.w, load_data(own).test_images, seed=0)
    assert run.history[1].items() >= tested.items()
    shown = f"test BCE {tested['test_bce_z']:.2f}  SSE {tested['test_sse_z']:.2f}"
    assert shown in capsys.readouterr().out


@every_kind
def test_what_a_run_leaves_behind(kind, there):
    out = there(kind)
    columns = {
        "kl": ["epoch", "train_bce", "train_kl"],
        "ws": ["epoch", "train_bce", "train_w1", "train_gp", "critic_grad_norm"],
        "sw": ["epoch", "train_bce", "train_sw"],
    }[kind] + ["test_bce_mu", "test_bce_z", "test_sse_mu", "test_sse_z", "mean_sigma", "seconds"]
    with open(out / "history.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == columns and [row["epoch"] for row in rows] == ["1", "2"]
    history = load_checkpoint(out / "checkpoint.npz").history
    for row, kept in zip(rows, history, strict=True):
        assert [float(v) for v in row.values()] == pytest.approx(list(kept.values()), rel=1e-5)
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    assert config["options"]["seed"] == 0 and config["data"] == NAME
    assert config["versions"]["numba"] == numba.__version__ and len(config["versions"]) == 3
    files = {"history.csv", "config.json", "checkpoint.npz"}
    assert {p.name for p in out.iterdir()} - {".lock"} == files


@every_kind
def test_same_seed_same_bits_on_any_number_of_threads(kind, tmp_path):
    pixels = np.random.default_rng(0).uniform(size=(180, 6, 5)).astype(np.float32)
    np.savez(tmp_path / "own.npz", images=pixels)
    wide = small(kind, hidden_dim=256, batch_size=150)  # large enough to be shared out
    one, most = (trained(wide, tmp_path / f"{n}", tmp_path / "own.npz", threads=n)
                 for n in (1, numba.config.NUMBA_NUM_THREADS))  # fmt: skip
    assert bits(one) == bits(most)


@every_kind
def test_resuming_gives_the_bits_of_an_uninterrupted_run(kind, there, own, tmp_path, capsys):
    out = there(kind)
    whole = trained(small(kind, epochs=3), tmp_path / "whole", own)
    assert bits(trained(small(kind, epochs=3), out, own, resume=True)) == bits(whole)
    before = (out / "checkpoint.npz").read_bytes()
    trained(small(kind, epochs=3), out, own, resume=True)
    assert "nothing to do: 3 epochs are done" in capsys.readouterr().out
    assert (out / "checkpoint.npz").read_bytes() == before


OTHER_DATA = r"trained on own\.npz, .* and not on the images that are now in"
OTHERS = [  # the options that are wanted, what is changed in the data, words
    (small(lr=0.1), None, r"was trained with lr 0\.001, not 0\.1; give lr 0\.001, or another --o"),
    (small("ws"), None, r"was trained with kind kl, not ws"),
    (small(epochs=1), None, r"was trained with epochs 2, not 1"),
    (small(epochs=3), "images", OTHER_DATA),
    (small(epochs=3), "test_images", OTHER_DATA),
]


def test_only_the_same_run_is_resumed(there, own):
    out = there()
    before = (out / "checkpoint.npz").read_bytes()
    with np.load(own) as file:
        data = dict(file)
    for wanted, part, words in OTHERS:
        np.savez(own, **(data | ({part: data[part][::-1]} if part else {})))
        with pytest.raises(UserError, match=words):
            trained(wanted, out, own, resume=True)
        assert (out / "checkpoint.npz").read_bytes() == before
    other = own.with_name("other.npz")  # labels and another name make no other data
    np.savez(other, labels=np.arange(40) % 10, test_labels=np.arange(10), **data)
    assert trained(small(epochs=3), out, other, resume=True).epoch == 3


@pytest.mark.parametrize("moment", ["a step", "a file"])
def test_ctrl_c_at_any_moment_keeps_the_finished_epochs(moment, there, own, monkeypatch):
    when = iter([False] * 4 + [True] if moment == "a step" else [False, True])  # in epoch 4

    def stop(work, *args, **named):
        if next(when):
            signal.raise_signal(signal.SIGINT)
        return work(*args, **named)

    out, whole = there(), trained(small(epochs=3), own.with_name("whole"), own)
    if moment == "a step":
        around_each_step(monkeypatch, "kl", stop)
    else:
        monkeypatch.setattr(np, "savez", partial(stop, np.savez))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
    try:
        with pytest.raises(KeyboardInterrupt, match=r"in epoch 4; the 3 before are saved: .* --"):
            trained(small(epochs=4), out, own, resume=True)
    finally:
        signal.signal(signal.SIGINT, before)
    assert bits(load_checkpoint(out / "checkpoint.npz")) == bits(whole)
    assert not list(out.glob(".*.tmp"))


def test_a_test_error_that_is_not_finite_stops_the_run(there, own, monkeypatch):
    out = there()
    before = (out / "checkpoint.npz").read_bytes()
    monkeypatch.setattr(training, "errors_on_test_images", lambda *_: {"test_bce_mu": np.inf})
    with pytest.raises(UserError, match=r"\(epoch 3\).*test_bce_mu inf.* 2 epochs are saved"):
        trained(small(epochs=3), out, own, resume=True)
    assert (out / "checkpoint.npz").read_bytes() == before


@every_kind
def test_sigma_of_every_image_stays_as_given_and_everything_else_moves(kind, own, tmp_path):
    held = small(kind, sigma=0.3, latent_dim=3, hidden_dim=16)
    trained(held, tmp_path / "out", own)
    run = load_checkpoint(tmp_path / "out" / "checkpoint.npz")  # as any other program gets it
    mu, logvar = encode(run.vae.w, load_data(own).test_images)
    np.testing.assert_allclose(posterior_sigma(logvar), 0.3, rtol=1e-6)  # rounded to float32
    assert np.ptp(logvar) == 0 < np.ptp(mu)
    assert [row["mean_sigma"] for row in run.history] == pytest.approx([0.3, 0.3], rel=1e-6)
    start = new_run(held, run.image_shape)
    for name, before, after in zip(start.vae.w._fields, start.vae.w, run.vae.w, strict=True):
        moved = before != after
        if name in ("W2", "b2"):  # columns: first the means, then the log-variances
            assert not moved[..., 3:].any()
            moved = moved[..., :3]
        assert moved.mean() > 0.5, name  # ReLU units that are off do not move


DIVERGES = "(this run diverges: knowing nothing gives BCE 8, W1 1.4)"
NO_DISTANCE = "(W1 is no distance: with --gp-weight 0 nothing keeps the critic's slope at 1)"
MEANS = "(training: the mean over the epoch; test: after it)"
LABELS = {"kl": "KL", "ws": "W1 .* penalty", "sw": "SW"}
NOTES = [  # a run, and the notes on each of its epochs
    *((small(kind), []) for kind in KINDS),
    (small("kl", lr=100.0), [DIVERGES]),
    (small("sw", lr=4.0), [DIVERGES]),
    (small("ws", critic_lr=100.0), [DIVERGES]),
    (small("ws", gp_weight=0.0), [NO_DISTANCE]),
]


@pytest.mark.parametrize(("options", "notes"), NOTES)
def test_the_line_of_an_epoch_says_what_its_losses_are_worth(options, notes, own, tmp_path, capsys):
    trained(options, tmp_path / "out", own)
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"{NAME}; results go to {tmp_path / 'out'}"
    for line, told in zip(lines, ([*notes, MEANS], notes), strict=True):
        assert all(note in line for note in told) and line.count("(") == len(told), line
        assert re.match(rf"epoch +\d/2  BCE .*  {LABELS[options.kind]} .* images/s", line), line
