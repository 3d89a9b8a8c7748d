"""Averages, intervals and paired differences of made-up measurements, worked out by hand."""

import numpy as np
import pytest

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.measure import Measurement


def runs(*values, **per_image):
    """A measurement of "x" for each value, and numbers for each image."""
    images = {key: np.array(array, float) for key, array in per_image.items()}
    return [Measurement({"x": value}, images) for value in values]


def compare(kl, ws):
    return Comparison({"kl": kl, "ws": ws}, perfect_match={})


def test_values_are_averaged_over_the_seeds():
    c = compare(runs(1.0, 2.0, 6.0), runs(5.0, 7.0, 0.0))
    assert (c.value("kl", "x"), c.value("ws", "x"), c.seeds) == (3, 4, 3)
    assert compare(runs(8.0), runs(9.0)).value("ws", "x") == 9


def test_one_run_has_the_bootstrap_interval_over_its_images():
    # Means of four draws are 0 1 2 3 4, binomial(4, 1/4): 94.9 % are at most 2, 99.6 % at most 3.
    c = compare(runs(1.0, x=[0, 0, 0, 4]), runs(1.0, x=[5, 5, 5, 5]))
    assert c.interval("kl", "x") == (1, 0, 3)
    assert c.interval("ws", "x") == (5, 5, 5)


def test_the_difference_of_two_runs_is_taken_image_by_image():
    images = np.random.default_rng(0).normal(10, 5, 50)
    c = compare(runs(10.0, x=images + 0.5), runs(9.5, x=images))
    assert c.difference("x") == pytest.approx((0.5, 0.5, 0.5))
    c = compare(runs(1.0, x=[0, 0, 0, 4]), runs(0.0, x=[0, 0, 0, 0]))
    assert c.difference("x") == (1, 0, 3)


def test_several_seeds_have_students_interval_whatever_their_images():
    # Mean 3, s = √2.5, t(0.975; 4) = 2.7764451
    c = compare(runs(1.0, 2.0, 3.0, 4.0, 5.0, x=[7, 7]), runs(*[2.0] * 5))
    half_width = 2.7764451 * (2.5 / 5) ** 0.5
    assert c.interval("kl", "x") == pytest.approx((3, 3 - half_width, 3 + half_width))
    assert c.interval("ws", "x") == (2, 2, 2)


def test_the_difference_over_seeds_is_paired_by_seed():
    # Differences 1 2 3: mean 2, s = 1, t(0.975; 2) = 4.3026527
    c = compare(runs(11.0, 22.0, 33.0), runs(10.0, 20.0, 30.0))
    half_width = 4.3026527 / 3**0.5
    assert c.difference("x") == pytest.approx((2, 2 - half_width, 2 + half_width))


def test_what_was_not_measured_is_none():
    c = compare(runs(1.0), runs(2.0))
    assert c.value("kl", "y") is c.interval("kl", "y") is c.difference("y") is None
    assert c.interval("kl", "x") is c.difference("x") is None  # not a mean over images
    c = compare(runs(1.0, x=[1, 2]), runs(2.0))
    assert c.interval("kl", "x") is not None and c.difference("x") is None
    nothing = Measurement({"x": None})
    assert compare([nothing], [nothing]).value("kl", "x") is None
    several = compare(runs(1.0, 2.0), [Measurement(), Measurement()])
    assert several.interval("kl", "x") is not None and several.difference("x") is None
