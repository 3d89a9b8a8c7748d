"""Bootstraps, and intervals and paired differences of made-up measurements, worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from npvae.evaluation.intervals import RESAMPLES, Measurement, Spread, resample
from npvae.evaluation.results import Comparison

T = {3: 4.3026527, 5: 2.7764451}  # Student's t(0.975) for so many seeds
SHIPPED = {"kl": {"x": Spread(0.25, 4), "only": Spread(1, 4)}, "ws": {"x": Spread(4.0, 2)}}


def runs(*values, key="x"):
    return [Measurement({key: value}) for value in values]


def on_images(*arrays, key="x"):
    """A training for each array of numbers of single images."""
    found = [Measurement() for _ in arrays]
    for measurement, array in zip(found, arrays, strict=True):
        measurement.add_means(**{key: array})
    return found


def compare(kl, ws, **others):
    return Comparison({"kl": kl, "ws": ws, **others}, {}, SHIPPED)


def welch(*parts):
    """Half of an interval whose parts have these variances and degrees of freedom."""
    v = sum(variance for variance, _ in parts)
    df = v**2 / sum(variance**2 / freedom for variance, freedom in parts)
    return stats.t.ppf(0.975, df) * v**0.5


def test_replicates_of_a_slope_resample_points_and_not_each_coordinate():
    rng = np.random.default_rng(1)
    x = rng.normal(size=2000)
    y = 3 * x + rng.normal(size=2000)  # the slope's standard error is 1 / √2000
    replicates = np.array(resample(lambda x, y: (x * y).sum() / (x * x).sum(), x=x, y=y))
    assert replicates.shape == (RESAMPLES,)
    assert replicates.mean() == pytest.approx(3, abs=0.1)
    # A standard deviation from 100 replicates is known to 7 %; 25 % is 3.5 times as much.
    assert replicates.std() == pytest.approx(2000**-0.5, rel=0.25)


def test_one_training_takes_the_shipped_tables_spread_and_several_take_their_own():
    c = compare(runs(3.0), runs(9.0))
    assert c.interval("kl", "x").half == pytest.approx(T[5] * 0.5)
    assert c.interval("ws", "x").half == pytest.approx(T[3] * 2.0)
    assert c.difference("x").mean == -6
    assert c.difference("x").half == pytest.approx(welch((0.25, 4), (4.0, 2)))
    c = compare(runs(1.0, 2.0, 3.0, 4.0, 5.0), runs(4.0, 4.0))
    assert c.interval("kl", "x").half == pytest.approx(T[5] * (2.5 / 5) ** 0.5)  # s = √2.5
    assert c.interval("ws", "x") == (4, 4, 4)
    assert c.difference("x").half == pytest.approx(T[5] * (2.5 / 5) ** 0.5)
    # As scipy has it, for two samples.
    x, y = [1.0, 2.0, 6.0], [4.0, 4.5, 5.0, 7.0, 3.0]
    expected = stats.ttest_ind(x, y, equal_var=False).confidence_interval(0.95)
    assert compare(runs(*x), runs(*y)).difference("x")[1:] == pytest.approx(tuple(expected))
    # One training on one side: its spread comes from the table, the other's from its seeds.
    mixed = compare(runs(1.0, 2.0, 3.0, 4.0, 5.0), runs(4.0))
    assert mixed.difference("x").half == pytest.approx(welch((2.5 / 5, 4), (4.0, 2)))


def test_the_images_chance_is_added_to_the_trainings():
    images = np.random.default_rng(0).normal(10, 5, 400)
    c = compare(on_images(images), on_images(images))
    error = 1.959964 * c.measured["kl"][0].replicates["x"].std(ddof=1)
    assert error == pytest.approx(1.96 * 5 / 20, rel=0.25)
    assert c.interval("kl", "x").half == pytest.approx(np.hypot(error, T[5] * 0.5))
    # Two trainings that err in opposite ways on every image: their mean does not vary.
    opposite = compare(on_images(images, 20 - images, key="y"), []).number("kl", "y")
    np.testing.assert_allclose(opposite.replicates, 10)
    # Not in the table, and one training: the images alone.
    c = compare(on_images(images, key="y"), on_images(images, key="y"))
    assert c.interval("kl", "y").half == pytest.approx(error)


def test_what_was_not_measured_is_none():
    c = compare(runs(1.0, key="y"), runs(2.0, key="y"))
    assert c.value("kl", "z") is c.interval("kl", "z") is c.difference("z") is None
    assert c.interval("kl", "y") is c.difference("y") is None  # nothing is known of its chance
    assert c.value("ae", "y") is c.interval("ae", "y") is c.difference("y", b="ae") is None
    images = on_images([1.0, 2.0], key="y")
    c = compare(images, runs(2.0, key="y"))
    assert c.interval("kl", "y") is not None and c.difference("y") is None
    # The table knows of one model alone: the chance of a difference is not known.
    c = compare(runs(1.0, key="only"), runs(2.0, key="only"))
    assert c.interval("kl", "only") is not None and c.difference("only") is None
    several = compare(runs(1.0, 2.0), [Measurement(), Measurement()])
    assert several.interval("kl", "x") is not None and several.difference("x") is None


def test_the_chance_of_a_single_training_is_not_known_and_is_not_made_up():
    images = np.random.default_rng(5).normal(10, 5, 50)
    one, other = on_images(images, key="y"), on_images(images + 1, key="y")
    c = compare(one, other)
    assert not c.chance_known("y", "kl", "ws") and not c.chance_known("z", "kl")
    # What other images would change, taken image by image.
    assert c.difference("y") == pytest.approx((-1, -1, -1)) and c.interval("kl", "y").half > 1
    assert c.difference("y", a="ws", b="kl") == pytest.approx((1, 1, 1))
    several = compare(on_images(images, images + 2, key="y"), other)
    assert several.chance_known("y", "kl") and not several.chance_known("y", "kl", "ws")
    # Half of the chance would look like all of it.
    assert several.difference("y").half == pytest.approx(0, abs=1e-12)
    assert not several.chance_known("y", "ws", "kl")
