"""The critic's calibration: the distances that are claimed to be known, and the law it follows."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from npvae.evaluation import calibration
from npvae.evaluation.calibration import (
    LATENT,
    Calibrated,
    calibrate,
    known_pairs,
    law,
    mixture_w1,
)
from npvae.evaluation.distances import lipschitz_w1
from npvae.report import charts


def test_the_pairs_are_what_their_truths_say():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 4_000, LATENT), dtype=np.float32)
    pairs = known_pairs()
    assert [pair.name for pair in pairs] == 3 * ["shift"] + 3 * ["scaling"] + 2 * ["mixture"]
    for pair in pairs:
        moved = pair.move(x)
        assert moved.dtype == np.float32
        numbers = lipschitz_w1(moved, y)  # below the truth, and reached by its best functions
        error = 3 * numbers.std() / np.sqrt(len(x)) + 0.04
        assert numbers.mean() == pytest.approx(pair.truth, rel=0.03, abs=error)
        if pair.name != "mixture":  # the map is the best transport: its mean length is W1
            mean_length = np.linalg.norm(moved - x, axis=1).mean()
            assert mean_length == pytest.approx(pair.truth, rel=0.01)


def test_the_length_of_a_normal_vector_in_ten_dimensions():
    scaling = next(pair for pair in known_pairs() if pair.name == "scaling")  # s = 0.9
    assert scaling.truth == pytest.approx(0.1 * 3.084, abs=1e-4)


def test_the_mixtures_distance_agrees_with_samples_on_a_line():
    x, y = np.random.default_rng(1).standard_normal((2, 400_000))
    for m in (0.5, 1.5, 4):
        mixture = np.concatenate([x[:200_000] - m, x[200_000:] + m])
        assert mixture_w1(m) == pytest.approx(wasserstein_distance(mixture, y), abs=0.01)
    assert mixture_w1(0) == 0
    # Far apart, half of the mass goes to either side: E |m - |z||.
    assert mixture_w1(50) == pytest.approx(50 - np.sqrt(2 / np.pi), rel=1e-5)


@pytest.mark.parametrize(("w1", "weight"), [(0.5, 10), (3, 10), (2, 1)])
def test_the_law_is_the_best_slope_of_a_critic_under_a_soft_penalty(w1, weight):
    slopes = np.linspace(0, 5, 100_001)
    gains = slopes * w1 - weight * (slopes - 1) ** 2
    slope, estimate = law(w1, weight)
    assert slope == pytest.approx(slopes[gains.argmax()], abs=1e-4)
    assert estimate == pytest.approx(slope * w1)


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr(calibration, "SIZE", 3000)
    monkeypatch.setattr(calibration, "ASSIGNED", 200)


def test_the_critic_follows_the_law_and_not_the_truth(few_draws):
    shift = known_pairs()[2]
    (found,) = calibrate(0, [shift], updates=500)
    slope, estimate = law(shift.truth)
    assert (found.name, found.truth) == ("shift", 4)
    assert found.estimate == pytest.approx(estimate, rel=0.03)  # 4.8
    assert found.slope == pytest.approx(slope, abs=0.02)  # 1.2
    assert found.low == pytest.approx(4, abs=0.1)
    assert 4 < found.high < 5.5


def test_the_seed_decides_every_bit_of_a_calibration(few_draws):
    first, again, other = (calibrate(seed, known_pairs()[:2], updates=5) for seed in (0, 0, 1))
    assert first == again
    assert not {point.estimate for point in first} & {point.estimate for point in other}


def test_the_picture_holds_every_point_and_the_law(monkeypatch, tmp_path):
    kept = {}
    monkeypatch.setattr(charts, "save", lambda figure, path: kept.update({path.name: figure}))
    points = [
        Calibrated("shift", 1, 1.05, 1.06, 0.9, 2.5),
        Calibrated("shift", 4, 4.8, 1.2, 3.9, 5),
        Calibrated("mixture", 3, 3.3, 1.15, 2.9, 4.2),
    ]
    charts.draw_calibration(points, tmp_path)
    (ax,) = kept["calibration.png"].axes
    drawn = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert drawn["critic, shift"] == [[1, 1.05], [4, 4.8]]
    assert drawn["critic, mixture"] == [[3, 3.3]]
    x, y = np.transpose(drawn["law of the soft penalty"])
    np.testing.assert_allclose(y, x + x**2 / 20)
    bars = ax.collections[0].get_segments()
    assert [bar.tolist() for bar in bars] == [
        [[1, 0.9], [1, 2.5]],
        [[4, 3.9], [4, 5]],
        [[3, 2.9], [3, 4.2]],
    ]
