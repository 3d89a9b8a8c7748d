"""Training many runs, and the trade-off over them: tiny trainings, and points made by hand."""

from dataclasses import replace

import numba
import numpy as np
import pytest
from sweep_points import POINTS, point

from npvae.data.dataset import load_data
from npvae.errors import UserError
from npvae.evaluation import sweep as sweep_module
from npvae.evaluation.distances import sliced_w1
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.measure import SEED, make_instruments, prior_draws
from npvae.evaluation.sweep import best_samples, dominated, sweep
from npvae.training.checkpoint import load_checkpoint, new_run, save_checkpoint
from npvae.training.options import Options, Settings
from npvae.training.parallel import train_missing
from npvae.training.runs import RUNS
from npvae.training.train import train

SMALL = Options("kl", epochs=2, batch_size=16, latent_dim=2, hidden_dim=8)
NAME = "own.npz, 40 training and 10 test images"


@pytest.fixture
def own(tmp_path):
    images = np.random.default_rng(0).uniform(size=(50, 3, 4)).astype(np.float32)
    path = tmp_path / "own.npz"
    np.savez(path, images=images[:40], test_images=images[40:])
    return path


def test_training_in_parallel_is_what_a_training_is(own, tmp_path):
    wanted = {tmp_path / "a": SMALL}
    found = train_missing(wanted, own, NAME)
    same = train(SMALL, Settings(tmp_path / "b", own, threads=1, resume=False))
    assert list(found) == list(wanted)
    assert found[tmp_path / "a"].epoch == 2
    assert np.array_equal(found[tmp_path / "a"].vae.theta, same.vae.theta)


def test_finished_runs_are_not_trained_again(own, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 1)  # no other processes
    wanted = {tmp_path / str(seed): replace(SMALL, seed=seed) for seed in (0, 1)}
    first = train_missing(wanted, own, NAME)
    own.unlink()  # so that no training is possible
    again = train_missing(wanted, own, NAME)
    assert [again[path].options for path in wanted] == list(wanted.values())
    assert all(np.array_equal(again[path].vae.theta, first[path].vae.theta) for path in wanted)


def test_a_run_that_stopped_early_goes_on_where_it_was(own, tmp_path):
    before = train_missing({tmp_path / "a": replace(SMALL, epochs=1)}, own, NAME)[tmp_path / "a"]
    before.options = SMALL  # as if it had been stopped after an epoch of two
    save_checkpoint(tmp_path / "a" / "checkpoint.npz", before)
    after = train_missing({tmp_path / "a": SMALL}, own, NAME)[tmp_path / "a"]
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
    train_missing({path: SMALL}, own, NAME)
    before = (path / "checkpoint.npz").read_bytes()
    with pytest.raises(UserError, match=words) as info:
        train_missing({path: wanted}, own, NAME)
    assert str(path) in str(info.value)
    assert (path / "checkpoint.npz").read_bytes() == before
    assert load_checkpoint(path / "checkpoint.npz").options == SMALL


def test_a_run_on_other_data_does_not_count(own, tmp_path):
    train_missing({tmp_path / "a": SMALL}, own, NAME)
    other = own.rename(tmp_path / "other.npz")
    with pytest.raises(UserError, match=f"trained on {NAME}, not on other.npz"):
        train_missing({tmp_path / "a": SMALL}, other, NAME.replace("own", "other"))
    with pytest.raises(UserError, match="of other options or data than are wanted"):
        train_missing({tmp_path / "b": SMALL}, other, NAME)


def test_a_training_that_fails_is_an_error_that_names_its_directory(own, tmp_path):
    with pytest.raises(UserError, match="no longer finite") as info:
        train_missing({tmp_path / "a": replace(SMALL, lr=1e30)}, own, NAME)
    assert str(info.value).startswith(str(tmp_path / "a"))


def test_a_sweep_has_a_point_for_every_weight_and_marks_the_runs_own(own, tmp_path, monkeypatch):
    data = load_data(own)
    runs = {kind: new_run(replace(SMALL, run=kind), data.image_shape) for kind in ("kl", "ws")}
    runs["ws"].options = replace(runs["ws"].options, wasserstein_weight=0.5)
    runs["kl"].data, runs["ws"].data = "these images", "more of them"
    asked, on = {}, {}

    def untrained(wanted, data_dir, name):
        asked.update(wanted)
        on.update({path.name: name for path in wanted})
        return {path: new_run(options, data.image_shape) for path, options in wanted.items()}

    monkeypatch.setattr(sweep_module, "train_missing", untrained)
    points = sweep(runs, make_instruments(data, latent=2), tmp_path, own)
    kl, ws = RUNS["kl"].sweep, RUNS["ws"].sweep
    assert [p.weight for p in points] == [*sorted(kl), *sorted([*ws, 0.5])]
    assert [(p.run, p.weight) for p in points if p.is_reference] == [("kl", 1), ("ws", 0.5)]
    model = encode_run(runs["kl"], data.test_images, SEED)
    own_point = next(p for p in points if p.is_reference)
    assert own_point.sse_mu == model.at_mu.sse.mean() != model.at_z.sse.mean() == own_point.sse_z
    assert own_point.distance == sliced_w1(model.z, prior_draws(10, 2, draw=0))
    assert asked[tmp_path / "kl-0.03"] == replace(SMALL, beta=0.03)
    assert asked[tmp_path / "ws-30"] == replace(runs["ws"].options, wasserstein_weight=30.0)
    assert len(asked) == len(points) - 2
    assert (on["kl-0.03"], on["ws-30"]) == ("these images", "more of them")


def test_best_samples_are_those_of_the_lowest_frechet_distance():
    assert best_samples(POINTS, "kl") == POINTS[1]
    assert best_samples(POINTS, "ws") == POINTS[4]


def test_dominated_points_are_beaten_or_equalled_in_both_by_the_other_model():
    # KL 8 loses to WS 2 in both; WS 0.2 has the SSE of KL 0.1 and worse samples.
    assert (dominated(POINTS, "kl"), dominated(POINTS, "ws")) == (1, 1)
    assert dominated([point("kl", 1, 10, 50), point("ws", 1, 10, 50)], "kl") == 1
    # A better point of the same model does not count, nor one that is better in one number only.
    assert dominated([point("kl", 1, 10, 50), point("kl", 2, 9, 40)], "kl") == 0
    assert dominated([point("kl", 1, 10, 50), point("ws", 1, 11, 20)], "kl") == 0
