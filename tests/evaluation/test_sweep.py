"""The trade-off over many runs: tiny trainings, and points made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from sweep_points import POINTS, point

from npvae.data.dataset import load_data
from npvae.evaluation import sweep as sweep_module
from npvae.evaluation.distances import sliced_w1
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.measure import SEED, make_instruments, prior_draws
from npvae.evaluation.sweep import best_samples, dominated, sweep
from npvae.training.checkpoint import new_run
from npvae.training.options import Options
from npvae.training.runs import RUNS

SMALL = Options("kl", epochs=2, batch_size=16, latent_dim=2, hidden_dim=8)


@pytest.fixture
def own(tmp_path):
    images = np.random.default_rng(0).uniform(size=(50, 3, 4)).astype(np.float32)
    path = tmp_path / "own.npz"
    np.savez(path, images=images[:40], test_images=images[40:])
    return path


def test_a_sweep_has_a_point_for_every_weight_and_marks_the_runs_own(own, tmp_path, monkeypatch):
    data = load_data(own)
    runs = {kind: new_run(replace(SMALL, run=kind), data.image_shape) for kind in ("kl", "ws")}
    runs["ws"].options = replace(runs["ws"].options, wasserstein_weight=0.5)
    runs["kl"].data, runs["ws"].data = "these images", "more of them"
    asked, on = {}, {}

    def untrained(wanted, data_dir, name, dask):
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
